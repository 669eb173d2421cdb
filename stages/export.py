"""Turn a trained network into what serving needs, checked on its own test images."""

import os
from pathlib import Path

from stages.runner import run

from fingerspell import files
from fingerspell.errors import FingerspellError
from fingerspell.inference import export
from fingerspell.inference.predictor import reads_whole
from fingerspell.models.common import saved
from fingerspell.preparation.prepared import PLAIN, Prepared


def main(name: str) -> None:
    os.environ["KERAS_BACKEND"] = "tensorflow"  # it alone writes LiteRT files; weights of any backend are its too
    with saved.whole_model(Path("models") / name):
        description = saved.read_description(Path("models") / name)
    kind, view = ("crops", PLAIN[0]) if reads_whole(description) else ("prepared", "images")
    prepared = Prepared.open(Path("data") / kind / name)
    inputs = prepared.array(view)[prepared.rows("test")]
    with files.write_aside(Path("data/exported") / name) as folder:
        folder.mkdir()
        description = export.export(Path("models") / name, inputs, folder)
        if list(prepared.classes) != description["classes"]:
            raise FingerspellError(f"models/{name} knows other classes than {prepared.folder}; run `dvc repro`")


if __name__ == "__main__":
    run(main)
