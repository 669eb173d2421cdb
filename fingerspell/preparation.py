"""From the images of a manifest to the arrays that a model reads, straight from the archive.

A prepared folder holds:

- `images.npy`: uint8 (n, size, size, channels), values 0–255, in the order of `table.csv`
- `embeddings.npy`, for a frozen backbone: float32 (n, …); where training flips also `mirrored.npy`, of the mirror
  images of the training part, zeros elsewhere
- `table.csv`: member, label, split, one row an image, in the order of the manifest
- `prepared.json`: the classes in their order (row k of every probability belongs to class k), the letters that
  they stand for, and how the pixels were made
"""

import csv
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingerspell import files
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.images import load
from fingerspell.progress import progress

CHUNK = 64  # images a task: enough that handing over costs nothing
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

    def some_rows(self, part: str, count: int) -> np.ndarray:
        """Return `count` of a split's rows, int, evenly spread over all of them, or all if there are no more."""
        rows = self.rows(part)
        return rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]

    def array(self, name: str) -> np.ndarray:
        """Return `images`, `embeddings` or `mirrored`, memory-mapped; raises `FingerspellError` if it is damaged."""
        path = self.folder / f"{name}.npy"
        try:
            return np.load(path, mmap_mode="r")
        except (ValueError, EOFError) as error:  # its header is wrong, or its pixels are fewer than that says
            raise FingerspellError(f"{path} is damaged ({error}); delete {self.folder} and run `dvc repro`") from error


def write_images(archive: Archive, members: list[str], path: Path, size: int, channels: int, resample: str) -> None:
    """Decode the members, in their order, into `path`: a .npy of uint8 (n, size, size, channels).

    Every task writes its own rows; a writer of all would be one more thread to wait for.
    """
    with open(path, "wb") as out:
        files.write_array_header(out, np.uint8, (len(members), size, size, channels))
        begin = out.tell()

    def chunk(start: int) -> None:
        names = members[start : start + CHUNK]
        pixels = np.empty((len(names), size, size, channels), np.uint8)
        for place, member in enumerate(names):
            try:
                pixels[place] = load(archive.read(member), size, channels, resample)
            except FingerspellError as error:
                raise FingerspellError(f"{member} in {archive.path}: {error}") from error
        with open(path, "r+b") as out:
            out.seek(begin + start * pixels[0].nbytes)
            out.write(pixels)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        starts = range(0, len(members), CHUNK)
        try:
            for _ in progress(pool.map(chunk, starts), len(starts), "decoding", f"times {CHUNK} images"):
                pass
        finally:
            pool.shutdown(cancel_futures=True)


def write_embeddings(
    embed: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    path: Path,
    mirrored: bool,
    rows: np.ndarray | None = None,
    batch: int = 64,
) -> None:
    """Write what `embed` makes of every image (of its mirror image if `mirrored`): a .npy of float32 (n, …).

    `rows`: indices of the images that are wanted, None for all; the others are zeros in the file, holes that take
    no space where the file system knows them.
    """
    rows = np.arange(len(images)) if rows is None else rows
    starts = range(0, len(rows), batch)
    what = "embedding mirrored" if mirrored else "embedding"
    with open(path, "wb") as out:
        for start in progress(starts, len(starts), what, "batches"):
            part = rows[start : start + batch]
            pixels = np.asarray(images[part])
            features = np.asarray(embed(pixels[:, :, ::-1] if mirrored else pixels), np.float32)
            if start == 0:
                files.write_array_header(out, np.float32, (len(images), *features.shape[1:]))
                begin = out.tell()
            for row, feature in zip(part.tolist(), features):
                out.seek(begin + row * feature.nbytes)
                out.write(feature)
        out.truncate(begin + len(images) * feature.nbytes)


def write_table(folder: Path, rows: list[tuple[str, str, str]], settings: dict) -> None:
    """Write `table.csv` from (member, label, split) rows, and `prepared.json`."""
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("member", "label", "split"))
        writer.writerows(rows)
    files.write_json(folder / "prepared.json", settings)
