"""Members of an archive to arrays on disk, and arrays to what a frozen network makes of them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from fingerspell import files
from fingerspell.datasets.published.archive import Archive, Reference
from fingerspell.errors import FingerspellError
from fingerspell.images import load
from fingerspell.processes import in_threads
from fingerspell.progress import progress

CHUNK = 64  # images a task: enough that handing over costs nothing


def write_images(archive: Archive, members: list[str], path: Path, size: int, channels: int, resample: str) -> None:
    """Decode the members, in their order, into `path`: a .npy of uint8 (n, size, size, channels).

    Threads of this machine decode, or the processes of the scheduler that is named.
    """
    chunks = [members[start : start + CHUNK] for start in range(0, len(members), CHUNK)]
    parts = in_threads(partial(_decode, archive.reference, size, channels, resample), chunks, None)
    shape = size, size, channels
    files.write_array(path, np.uint8, shape, progress(parts, len(chunks), "decoding", f"times {CHUNK} images"))


def _decode(reference: Reference, size: int, channels: int, resample: str, members: list[str]) -> np.ndarray:
    """Return the pixels of some images, uint8 (n, size, size, channels)."""
    archive = reference.opened()
    archive.fetch(members)
    pixels = np.empty((len(members), size, size, channels), np.uint8)
    for place, member in enumerate(members):
        try:
            pixels[place] = load(archive.read(member), size, channels, resample)
        except FingerspellError as error:
            raise FingerspellError(f"{member} in {archive.path}: {error}") from error
    return pixels


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
