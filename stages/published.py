"""List the published collections that are there, for those who ask models about all of them.

Datasets of one's own are left out: one more of them is no reason to ask again.
"""

import json
from pathlib import Path

from stages.places import PUBLISHED
from stages.runner import run

from fingerspell import files


def main() -> None:
    sources = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/raw").glob("*/source.json"))]
    files.write_json(PUBLISHED, {one["dataset"]: one["sha256"] for one in sources if one["source"] != "own"})


if __name__ == "__main__":
    run(main)
