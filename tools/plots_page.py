"""Write the page around the plots of `dvc plots`, with Vega inside: it opens without a network.

    python -m tools.plots_page FILE

`make setup` does it; `.dvc/config` names the file. DVC's own page would load Vega from a public server.
"""

import sys
from pathlib import Path

import vl_convert

from fingerspell import files

VEGA_LITE = "5.21"  # whose schema DVC's templates follow
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
    <meta charset="utf-8">
    {refresh_tag}
    <title>Fingerspell: plots</title>
    <style>body { font-family: sans-serif; margin: 1.5rem; } table { border-spacing: 15px; }</style>
    <script>(() => {{vega}})();</script>
</head>
<body>
    {plot_divs}
</body>
</html>
"""


def main(path: str) -> None:
    vega = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]  # its stubs want a snippet
    files.write_text(Path(path), PAGE.replace("{vega}", vega))


if __name__ == "__main__":
    main(*sys.argv[1:])
