"""Folders that stages share and DVC does not keep."""

import os
from pathlib import Path

CHECKPOINTS = Path("data/checkpoints")  # where interrupted trainings go on; empty between runs


def archives() -> Path:
    """Return the folder of what a person put there, and what was fetched; no tool keeps it.

    A queued or temporary experiment runs in a copy below `.dvc/tmp/exps`, and shares that of the repository it is of.
    """
    origin, temporary, _ = str(Path.cwd()).partition(f"{os.sep}.dvc{os.sep}tmp{os.sep}exps{os.sep}")
    return Path(origin, "data/archives") if temporary else Path("data/archives")
