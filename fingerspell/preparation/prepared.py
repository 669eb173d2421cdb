"""The folder of arrays that the stage `prepare` leaves and training reads.

A prepared folder holds:

- `images.npy`: uint8 (n, size, size, channels), values 0–255, in the order of `table.csv`
- `embeddings.npy`, for a frozen backbone or the encoder of an autoencoder: float32 (n, …); where training
  flips also `mirrored.npy`, of the mirror images of the training split, zeros elsewhere
- of a reader (see `crops`), instead of images: `embeddings.npy`, `mirrored.npy`, `view-1.npy`, …: float16 (n, 1280)
- `photographs.npy`, where training composes its images: uint8 (m, side, side, channels), the m images of the training
  split at the size of drawn hands
- `table.csv`: member, label, split, one row an image, in the order of the manifest
- `prepared.json`: the classes in their order (row k of every probability belongs to class k), the letters that
  they stand for, and how the pixels were made
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fingerspell import files, tables
from fingerspell.errors import FingerspellError

ABOUT = "prepared.json"
BACKBONE = "backbone.weights.h5"  # beside the embeddings that it made
ENCODER = "encoder.weights.h5"  # of an autoencoder, among the weights
TABLE = "table.csv"
PLAIN = ("embeddings", "mirrored")  # what a reader is asked about: the hand, and its mirror image


@dataclass(frozen=True)
class Image:
    """One image; the columns of `table.csv`."""

    member: str  # path inside the archive
    label: str
    split: str  # "train", "validation" or "test"


@dataclass(frozen=True)
class Prepared:
    """A prepared folder, opened; the arrays stay on disk and are read as they are needed."""

    folder: Path
    members: list[str]
    labels: np.ndarray  # int64 (n,), indices into classes
    splits: np.ndarray  # str (n,)
    classes: tuple[str, ...]
    settings: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "Prepared":
        """Open a prepared folder; raises `FingerspellError` if it is not there."""
        try:
            settings = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise FingerspellError(f"{folder} holds no prepared images; run `dvc repro` first") from error
        rows = tables.read(folder / TABLE, Image, "table of prepared images")
        classes = tuple(settings["classes"])
        index = {label: k for k, label in enumerate(classes)}
        return cls(
            folder=folder,
            members=[row.member for row in rows],
            labels=np.array([index[row.label] for row in rows]),
            splits=np.array([row.split for row in rows]),
            classes=classes,
            settings=settings,
        )

    def rows(self, split: str) -> np.ndarray:
        """Return the indices of the images of one split (`train`, `validation` or `test`)."""
        return np.flatnonzero(self.splits == split)

    def some_rows(self, split: str, count: int) -> np.ndarray:
        """Return `count` of a split's rows, int, evenly spread over all of them, or all if there are no more."""
        rows = self.rows(split)
        some: np.ndarray = rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]
        return some

    def views(self) -> list[str]:
        """Return the names of the arrays of a reader's rows: those that are plain first."""
        return [
            *PLAIN,
            *sorted((path.stem for path in self.folder.glob("view-*.npy")), key=lambda name: (len(name), name)),
        ]

    def array(self, name: str) -> np.ndarray:
        """Return `images`, `embeddings` or `mirrored`, memory-mapped; raises `FingerspellError` if it is damaged."""
        path = self.folder / f"{name}.npy"
        try:
            array: np.ndarray = np.load(path, mmap_mode="r")
        except (ValueError, EOFError) as error:  # its header is wrong, or its pixels are fewer than that says
            raise FingerspellError(f"{path} is damaged ({error}); delete {self.folder} and run `dvc repro`") from error
        return array


def write_table(folder: Path, images: Iterable[Image], settings: dict[str, Any]) -> None:
    """Write `table.csv` and `prepared.json` into a folder."""
    tables.write(folder / TABLE, Image, images)
    files.write_json(folder / ABOUT, settings)
