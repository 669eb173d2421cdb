"""The manifest of an experiment: which image is for training, validation and test."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fingerspell import tables
from fingerspell.errors import FingerspellError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Assignment:
    """One image of an experiment; the columns of `data/splits/<experiment>.csv`."""

    member: str  # path inside the archive
    label: str
    group: str  # capture burst, with those that its near-duplicates join to it
    split: str  # "train", "validation" or "test"


def order(one: Assignment) -> tuple[int, str, str]:
    """Return the key that sorts a manifest: by split (train, validation, test), label and member."""
    return SPLITS.index(one.split), one.label, one.member


def write(path: Path, assignments: Iterable[Assignment]) -> None:
    """Write the manifest as CSV, sorted by split, label and member."""
    tables.write(path, Assignment, sorted(assignments, key=order))


def read(path: Path) -> list[Assignment]:
    """Read a manifest that `write` wrote; raises FingerspellError if it is missing or something else."""
    assignments = tables.read(path, Assignment, "manifest of a split", "run the split again")
    if unknown := {one.split for one in assignments} - set(SPLITS):
        raise FingerspellError(
            f"{path} is no manifest of a split (it names the split {unknown.pop()!r}); run the split again"
        )
    return assignments


def bursts(path: Path) -> dict[str, str]:
    """Return the burst of every image of a manifest, by its member."""
    return {one.member: one.group for one in read(path)}
