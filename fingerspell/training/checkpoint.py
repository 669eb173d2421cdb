"""Where an interrupted training goes on: all that the next epoch depends on, written after every epoch."""

import hashlib
import json
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fingerspell.files import sha256, write_aside

CODE = Path(__file__).parents[1]


def recipe(data: Path, settings: dict[str, Any]) -> str:
    """Return a hash of all that the outcome of a training depends on.

    data: the folder of its arrays, or the one file. settings: JSON's types. The rest is the code of models, scenes and
    training, and the packages that do the sums. It is the same wherever the repository lies.
    """
    import keras

    code = [CODE / "datasets/hands.py", CODE / "preparation/prepared.py"]
    for place in ("models/**/*.py", "scenes/*.py", "training/*.py"):
        code += sorted(CODE.glob(place))
    inputs = [data] if data.is_file() else sorted(data.iterdir())
    files = {str(path): sha256(path) for path in inputs}
    files |= {str(path.relative_to(CODE)): sha256(path) for path in code}
    packages = {name: import_module(name).__version__ for name in ("keras", keras.config.backend(), "numpy")}
    return hashlib.sha256(json.dumps([files, packages, settings], sort_keys=True).encode()).hexdigest()


class Checkpoint:
    """A file that holds the state of one training between two of its epochs.

    A state that another recipe left is not gone on from but replaced.
    """

    def __init__(self, path: Path, recipe: str) -> None:
        self.path, self._recipe = path, recipe

    def write(self, progress: dict[str, Any], **arrays: list[np.ndarray]) -> None:
        """Replace the state by `progress` (JSON's types) and named lists of arrays."""
        held: dict[str, Any] = {
            f"{name}-{at}": array for name, group in arrays.items() for at, array in enumerate(group)
        }
        about = {"recipe": self._recipe, "progress": progress, "lists": {key: len(arrays[key]) for key in arrays}}
        with write_aside(self.path) as aside, open(aside, "wb") as file:
            np.savez(file, about=np.array(json.dumps(about)), **held)

    def read(self) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]] | None:
        """Return what `write` was given last; None where there is nothing, or nothing of this recipe."""
        try:
            opened = self._open()
        except FileNotFoundError:
            return None
        try:
            with opened as file, np.load(file) as held:
                about = json.loads(str(held["about"]))
                if about["recipe"] != self._recipe:
                    return None
                return about["progress"], {
                    name: [held[f"{name}-{at}"] for at in range(count)] for name, count in about["lists"].items()
                }
        except (EOFError, zipfile.BadZipFile, ValueError, KeyError):  # damaged: as good as none
            return None

    def _open(self) -> BinaryIO:
        return open(self.path, "rb")
