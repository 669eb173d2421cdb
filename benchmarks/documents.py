"""Tables and sentences that documents show between markers, `<!-- name -->` and `<!-- /name -->` on lines of their own.

What stands between them is rendered from a kept file and never written by hand; `make results` brings all up to date.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from fingerspell import files
from fingerspell.errors import FingerspellError

MARKED = re.compile(r"^<!-- ([\w-]+) -->\n(.*?)^<!-- /\1 -->$", re.MULTILINE | re.DOTALL)
Blocks = Mapping[tuple[str, str], str]  # document, marker -> Markdown that ends a line


def shown(text: str) -> dict[str, str]:
    """Return what a document shows between its markers: marker -> Markdown."""
    return {name: block for name, block in MARKED.findall(text)}


def write(blocks: Blocks) -> None:
    """Put blocks between their markers; raises FingerspellError, and changes nothing, where a marker is missing."""
    wanted: dict[str, dict[str, str]] = defaultdict(dict)
    for (document, name), block in blocks.items():
        wanted[document][name] = block
    texts = {document: _filled(document, named) for document, named in wanted.items()}
    for document, text in texts.items():
        files.write_text(Path(document), text)


def _filled(document: str, wanted: Mapping[str, str]) -> str:
    text = Path(document).read_text(encoding="utf-8")
    for name in wanted.keys() - shown(text).keys():
        raise FingerspellError(
            f"{document} has no place for {name}; write <!-- {name} --> and <!-- /{name} --> into it"
        )
    return MARKED.sub(lambda at: f"<!-- {at[1]} -->\n{wanted.get(at[1], at[2])}<!-- /{at[1]} -->", text)
