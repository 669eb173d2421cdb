"""Add pictures of your own to params.yaml: a dataset, and an experiment that learns to read its signs.

    python -m tools.own_signs my_signs data/own/my_signs

NAME is what both are called, PATH a folder or zip of class folders. The sections can be written by hand as well.
Nothing that stands in the file is changed, and nothing else runs again because of it.
"""

import argparse
import re
import sys
from pathlib import Path

from fingerspell import config, files
from fingerspell.datasets import own
from fingerspell.errors import FingerspellError, counted

PARAMS = Path("params.yaml")
# What is put below the line of a section.
SECTIONS = {
    "datasets": """\
  {name}:
    source: own
    path: {path}
""",
    "crops": """\
  {name}: {{dataset: {name}, hands: none, joints: 0, views: 12}}
""",
    "experiments": """\
  # Signs of your own, read by what MediaPipe's network sees of a hand (docs/own-signs.md).
  {name}:
    dataset: {name}
    classes: all
    clean: {{copies: true, contradictions: true, unreadable: true}}
    split: {{method: grouped, test: 0.2, validation: 0.2, burst: 5}}
    sample_size:
    undersample: false
    image_size: 224
    channels: 3
    resample: bilinear
    model: hand_reader
    trains_on: crops
    weights: none
    precision: float32
    dropout: 0.5
    epochs: 30
    batch_size: 32
    seeds: 1
    training:
      optimizer: adamw
      learning_rate: 0.002
      schedule: cosine
      warmup: 1
      label_smoothing: 0.05
    fine_tune:
    augment: {{flip: false}}
    tta_scales:
    - 1
    tta_rotations:
    - 0
    grid:
    composition:

""",
    "exports": """\
  {name}: crops
""",
    "landmarks": """\
- {name}
""",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.own_signs", description=__doc__.partition("\n")[0])
    parser.add_argument("name", metavar="NAME", help="letters, digits, _ and - alone")
    parser.add_argument("path", metavar="PATH", help="a folder or a zip of class folders")
    arguments = parser.parse_args()
    try:
        print(add(arguments.name, Path(arguments.path)))
    except FingerspellError as error:
        sys.exit(f"own_signs: {error}")


def add(name: str, path: Path) -> str:
    """Add the sections of a set of signs to `params.yaml` and say in Markdown what was found, and what to run.

    Raises FingerspellError, and changes nothing, if the name is taken or no dataset can be made of the pictures.
    """
    params = config.load(PARAMS)
    if not re.fullmatch(config.NAME, name):
        raise FingerspellError(f"{name!r} is no name; use letters, digits, _ and - alone")
    for section in SECTIONS:
        if name in getattr(params, section):
            raise FingerspellError(f"{section} in {PARAMS} has {name} already; choose another name, or run `dvc repro`")
    counts = own.count(name, config.DatasetSettings(source="own", path=str(path)))
    text = PARAMS.read_text(encoding="utf-8")
    for section, lines in SECTIONS.items():
        head, line, tail = re.split(rf"^({section}:)(?: *\{{\}}| *\[\])?\n", text, maxsplit=1, flags=re.MULTILINE)
        text = f"{head}{line}\n{lines.format(name=name, path=path.as_posix())}{tail}"
    with files.write_aside(PARAMS) as aside:
        aside.write_text(text, encoding="utf-8")
        config.load(aside)
    found = ", ".join(f"{label} {count}" for label, count in counts.items())
    return (
        f"{counted(len(counts), 'sign')}, {counted(sum(counts.values()), 'picture')}: {found}\n"
        f"added to {PARAMS}; now run\n"
        f"  dvc repro export@{name} evaluate@{name}\n"
        f"  fingerspell serve --reader data/exported/{name}"
    )


if __name__ == "__main__":
    main()
