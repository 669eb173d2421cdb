"""Turn a trained network into what serving needs, checked on its own test images."""

import os
from pathlib import Path

from stages.runner import run

from fingerspell import files
from fingerspell.errors import FingerspellError
from fingerspell.inference import export
from fingerspell.preparation.prepared import Prepared


def main(name: str) -> None:
    os.environ["KERAS_BACKEND"] = "tensorflow"  # it alone writes LiteRT files; weights of any backend are its too
    prepared = Prepared.open(Path("data/prepared") / name)
    images = prepared.array("images")[prepared.rows("test")]
    with files.write_aside(Path("data/exported") / name) as folder:
        folder.mkdir()
        description = export.export(Path("models") / name, images, folder)
        if list(prepared.classes) != description["classes"]:
            raise FingerspellError(f"models/{name} knows other classes than data/prepared/{name}; run `dvc repro`")


if __name__ == "__main__":
    run(main)
