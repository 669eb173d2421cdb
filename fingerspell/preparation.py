"""From the images of a manifest to the arrays that a model reads, straight from the archive.

A prepared folder holds:

- `images.npy`: uint8 (n, size, size, channels), values 0–255, in the order of `table.csv`
- `embeddings.npy`, and `mirrored.npy` where training flips: float32 (n, …), for a frozen backbone
- `table.csv`: member, label, split, one row an image, in the order of the manifest
- `prepared.json`: the classes in their order (row k of every probability belongs to class k), the letters that
  they stand for, and how the pixels were made
"""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fingerspell import files
from fingerspell.datasets.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.images import decode, to_array
from fingerspell.progress import progress

CHUNK = 256  # images decoded and written at a time; memory holds a few chunks, however many images there are
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Prepared:
    """A prepared folder, opened; the arrays stay on disk and are read as they are needed."""

    folder: Path
    members: list[str]
    labels: np.ndarray  # int64 (n,), indices into classes
    splits: np.ndarray  # str (n,)
    classes: tuple[str, ...]
    settings: dict

    @classmethod
    def open(cls, folder: Path) -> "Prepared":
        """Open a prepared folder; raises `FingerspellError` if it is not there."""
        try:
            settings = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
            with open(folder / "table.csv", newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        except FileNotFoundError as error:
            raise FingerspellError(f"{folder} holds no prepared images; run `dvc repro` first") from error
        classes = tuple(settings["classes"])
        index = {label: k for k, label in enumerate(classes)}
        return cls(
            folder=folder,
            members=[row["member"] for row in rows],
            labels=np.array([index[row["label"]] for row in rows]),
            splits=np.array([row["split"] for row in rows]),
            classes=classes,
            settings=settings,
        )

    def rows(self, part: str) -> np.ndarray:
        """Return the indices of the images of one split (`train`, `validation` or `test`)."""
        return np.flatnonzero(self.splits == part)

    def array(self, name: str) -> np.ndarray:
        """Return `images`, `embeddings` or `mirrored`, memory-mapped."""
        return np.load(self.folder / f"{name}.npy", mmap_mode="r")


def write_images(archive: Archive, members: list[str], path: Path, size: int, channels: int, resample: str) -> None:
    """Decode the members, in their order, into `path`: a .npy of uint8 (n, size, size, channels)."""

    def row(member: str) -> np.ndarray:
        try:
            return to_array(decode(archive.read(member)), size, channels, resample)
        except FingerspellError as error:
            raise FingerspellError(f"{member} in {archive.path}: {error}") from error

    with open(path, "wb") as out, ThreadPoolExecutor(os.cpu_count()) as pool:
        _write_header(out, np.uint8, (len(members), size, size, channels))
        images = (image for chunk in _batched(members, CHUNK) for image in pool.map(row, chunk))
        for image in progress(images, len(members), "decoding"):
            out.write(image.tobytes())


def write_embeddings(
    embed: Callable[[np.ndarray], np.ndarray], images: np.ndarray, path: Path, mirrored: bool, batch: int = 32
) -> None:
    """Write what `embed` makes of every image (of its mirror image if `mirrored`): a .npy of float32 (n, …)."""
    starts = range(0, len(images), batch)
    what = "embedding mirrored" if mirrored else "embedding"
    with open(path, "wb") as out:
        for start in progress(starts, len(starts), what, "batches"):
            pixels = np.asarray(images[start : start + batch])
            features = np.asarray(embed(pixels[:, :, ::-1] if mirrored else pixels), np.float32)
            if start == 0:
                _write_header(out, np.float32, (len(images), *features.shape[1:]))
            out.write(features.tobytes())


def write_table(folder: Path, rows: list[tuple[str, str, str]], settings: dict) -> None:
    """Write `table.csv` from (member, label, split) rows, and `prepared.json`."""
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("member", "label", "split"))
        writer.writerows(rows)
    files.write_json(folder / "prepared.json", settings)


def _write_header(out: BinaryIO, dtype: type, shape: tuple[int, ...]) -> None:
    """Begin a .npy, whose rows follow by `write`: through a memory map, a full disk would be a bus error."""
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    np.lib.format.write_array_header_1_0(out, {"descr": descr, "fortran_order": False, "shape": shape})


def _batched(items: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """`itertools.batched`, which Python 3.11 does not have yet."""
    iterator = iter(items)
    while batch := tuple(islice(iterator, size)):
        yield batch
