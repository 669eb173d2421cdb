"""How fast the pictures of an archive become an array, against Keras's folder reader.

The conventional way reads the same pictures unpacked into class folders (unpacking is not timed) with
`keras.utils.image_dataset_from_directory`, as float32 batches that nobody uses; ours reads the archive and leaves a
.npy. Rounds alternate, the best of each counts; listing the folder or opening the archive is included.
"""

import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import limits, pictures
from benchmarks.limits import best
from benchmarks.measurement import Measurement
from fingerspell.datasets.published.archive import Archive
from fingerspell.images import load
from fingerspell.preparation import arrays

PICTURES, ROUNDS = 4350, 4
SIZES = (50, 90)  # pixels
COMPARED = 145  # pictures whose pixels are compared with those of a whole decoding and Pillow's own filter


def measurements() -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory() as scratch:
        archive, folder, out = (Path(scratch) / name for name in ("pictures.zip", "folder", "images.npy"))
        pictures.pack(archive, PICTURES)
        yield _members(archive)
        pictures.unpack(archive, folder)
        for size in SIZES:
            yield _prepared(archive, folder, out, size)
            yield _difference(size)


def _members(archive: Path) -> Measurement:
    with Archive(archive) as ours, zipfile.ZipFile(archive) as rival:
        names, size = ours.names, archive.stat().st_size / 1e6
        return Measurement(
            "Read the members of a zip, two threads",
            "MB/s",
            size / best(lambda: _in_threads(ours.read, names)),
            size / best(lambda: _in_threads(rival.read, names)),
            "zipfile",
            size / min(limits.reading(archive) for _ in range(3)),
            "reading the file once, as it is",
        )


def _in_threads(read: object, names: list[str]) -> None:
    assert callable(read)
    with ThreadPoolExecutor(2) as pool:
        parts = [names[at::2] for at in range(2)]
        list(pool.map(lambda part: [len(read(name)) for name in part], parts))


def _prepared(archive: Path, folder: Path, out: Path, size: int) -> Measurement:
    data = [data for _, data in pictures.many(PICTURES)]
    rival, ours, alone = [], [], []
    for _ in range(ROUNDS):
        rival.append(_conventional(folder, size))
        ours.append(_ours(archive, out, size))
        alone.append(limits.decoding(data, size))
    return Measurement(
        f"Prepare pictures, {size} px",
        "pictures/s",
        PICTURES / min(ours),
        PICTURES / min(rival),
        "image_dataset_from_directory",
        PICTURES / min(alone),
        "JPEG decoding: libjpeg-turbo alone, all cores",
        2,
        "ratio",
    )


def _conventional(folder: Path, size: int) -> float:
    import keras

    start = time.perf_counter()
    for _ in keras.utils.image_dataset_from_directory(folder, image_size=(size, size), verbose=False):
        pass
    return time.perf_counter() - start


def _ours(archive: Path, out: Path, size: int) -> float:
    start = time.perf_counter()
    with Archive(archive) as opened:
        arrays.write_images(opened, opened.names, out, size, 3, "bilinear")
    return time.perf_counter() - start


def _difference(size: int) -> Measurement:
    """Compare `load` with decoding every pixel and shrinking with Pillow's filter."""
    gaps = []
    for _, data in pictures.many(COMPARED):
        whole = Image.open(BytesIO(data)).convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
        gaps.append(np.abs(load(data, size, 3) - np.asarray(whole, int)).mean())
    return Measurement(f"What preparing changes in a value, {size} px", "of 255, in the mean", float(np.mean(gaps)))
