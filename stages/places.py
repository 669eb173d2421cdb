"""Folders that stages share and DVC does not keep."""

import os
from pathlib import Path

PUBLISHED = Path("data/published.json")  # the published collections that are there
CHECKPOINTS = Path("data/checkpoints")  # where interrupted trainings go on; empty between runs


def origin() -> Path:
    """Return the repository, for a queued or temporary run, which has a copy below `.dvc/tmp/exps`, that it is of."""
    before, temporary, _ = str(Path.cwd()).partition(f"{os.sep}.dvc{os.sep}tmp{os.sep}exps{os.sep}")
    return Path(before) if temporary else Path()


def archives() -> Path:
    """Return the folder of what a person put there, and what was fetched; no tool keeps it, and all runs share it."""
    return origin() / "data/archives"
