"""The models that come with the project, in `models/released/`, which Git keeps."""

import os
from pathlib import Path

from fingerspell.errors import FingerspellError
from fingerspell.models.common.description import DESCRIPTION, MODEL

FOLDER = Path(__file__).parents[2] / "models" / "released"
DEFAULT = "asl_reader"
READERS = {"american": "asl_reader", "arabic": "arasl_reader"}  # by the alphabet that they read


def names() -> list[str]:
    """Return the names of all released models, sorted."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{DESCRIPTION}"))


def find(model: str) -> Path:
    """Return the folder of a released model, by its name, or of any exported one, by its path.

    Raises FingerspellError if there is neither.
    """
    if any(folder.name == model for folder in FOLDER.glob("*/")):
        return FOLDER / model
    if os.path.isfile(Path(model) / MODEL):
        return Path(model)
    if os.path.isdir(model):
        raise FingerspellError(f"{model} holds no exported model; name a folder with {MODEL} and {DESCRIPTION}")
    raise FingerspellError(f"there is no released model {model!r} in {FOLDER}; {remedy()}")


def remedy() -> str:
    """Say what a person can do who looked for a released model that is not there, as the end of a sentence."""
    if there := names():
        return f"there {'is' if len(there) == 1 else 'are'} {', '.join(there)}"
    return "install the project from a whole checkout, or name a folder with an exported model"
