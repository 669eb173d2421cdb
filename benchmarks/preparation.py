"""How fast the images of an archive become an array: this project against Keras's folder reader, in one run.

    python -m benchmarks.preparation DATASET ARCHIVE [SIZE …]

The conventional way reads the same images unpacked into class folders (unpacking is not timed) with
`keras.utils.image_dataset_from_directory`, as float32 batches that nobody uses; ours reads the archive and leaves a
.npy. Rounds of both alternate, the best of each counts; `of_conventional` compares whole rounds, listing the folder
or opening the archive included. Writes benchmarks/results/preparation-DATASET.json.
"""

import os
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from PIL import Image

from benchmarks import machine
from fingerspell import files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.images import RESAMPLING, load
from fingerspell.preparation import arrays

ROUNDS = 8
COMPARED = 300  # images whose pixels are compared with those of a whole decoding and Pillow's own filter


def main(name: str, archive: str, *sizes: str) -> None:
    dataset = catalogue.find(name)
    channels = 1 if name == "arasl" else 3
    wanted = [int(size) for size in sizes] or [50, 90]
    with tempfile.TemporaryDirectory() as scratch:
        out, folder = Path(scratch) / "images.npy", Path(scratch) / "folder"
        with Archive(Path(archive)) as opened:
            members = [member for one in opened.names if (member := dataset.parse(one)) and member.part == "train"]
            _unpack(opened, members, folder)
            names = [member.name for member in members]
            differences = _differences(opened, names[:: max(1, len(names) // COMPARED)], channels, wanted)
        rows = []
        for size in wanted:
            conventional, ours = [], []
            for _ in range(ROUNDS):
                conventional.append(_conventional(folder, size, channels))
                ours.append(_ours(Path(archive), names, out, size, channels, "bilinear"))
            filters = {
                resample: min(_ours(Path(archive), names, out, size, channels, resample)[1] for _ in range(2))
                for resample in RESAMPLING
            }
            rows.append(_row(len(names), size, conventional, ours, filters) | differences[size])
            print(rows[-1], flush=True)
    result = {"dataset": name, "images": len(names), "machine": machine.describe(), "sizes": rows}
    files.write_json(Path(f"benchmarks/results/preparation-{name}.json"), result)


def _unpack(archive: Archive, members: list, folder: Path) -> None:
    for number, member in enumerate(members):
        path = folder / member.label / f"{number}{Path(member.name).suffix.lower()}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.read(member.name))


def _conventional(folder: Path, size: int, channels: int) -> tuple[float, float]:
    """Return the seconds to list the images, and those to read them."""
    start = time.perf_counter()
    batches = keras.utils.image_dataset_from_directory(
        folder, image_size=(size, size), color_mode="rgb" if channels == 3 else "grayscale", verbose=False
    )
    listed = time.perf_counter()
    for _ in batches:
        pass
    return listed - start, time.perf_counter() - listed


def _ours(archive: Path, names: list[str], out: Path, size: int, channels: int, resample: str) -> tuple[float, float]:
    """Return the seconds to open the archive, and those to read the images and write the array."""
    start = time.perf_counter()
    with Archive(archive) as opened:
        listed = time.perf_counter()
        arrays.write_images(opened, names, out, size, channels, resample)
    return listed - start, time.perf_counter() - listed


def _differences(archive: Archive, names: list[str], channels: int, sizes: list[int]) -> dict[int, dict]:
    """Compare `load` with decoding every pixel and shrinking with Pillow's filter: grey levels, mean and largest."""
    found = {}
    for size in sizes:
        gaps = []
        for name in names:
            data = archive.read(name)
            whole = Image.open(BytesIO(data)).convert("RGB" if channels == 3 else "L")
            exact = np.asarray(whole.resize((size, size), Image.Resampling.BILINEAR), int).reshape(size, size, channels)
            gaps.append(np.abs(load(data, size, channels) - exact))
        found[size] = {"differs_by_mean": round(float(np.mean(gaps)), 2), "differs_by_at_most": int(np.max(gaps))}
    return found


def _row(images: int, size: int, conventional: list, ours: list, filters: dict[str, float]) -> dict:
    reading = {key: min(read for _, read in rounds) for key, rounds in (("c", conventional), ("o", ours))}
    whole = {key: min(map(sum, rounds)) for key, rounds in (("c", conventional), ("o", ours))}
    return {
        "image_size": size,
        "conventional_images_per_second": round(images / reading["c"]),
        "images_per_second": round(images / reading["o"]),
        "of_conventional_reading_alone": round(reading["c"] / reading["o"], 2),
        "of_conventional": round(whole["c"] / whole["o"], 2),
        "images_per_second_by_filter": {key: round(images / seconds) for key, seconds in filters.items()},
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
