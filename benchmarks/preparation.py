"""How fast the images of an archive become an array, by resampling filter.

    python -m benchmarks.preparation DATASET ARCHIVE [SIZE]

Writes benchmarks/results/preparation-DATASET.json; ratios are against `nearest` in the same run.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from fingerspell import files, preparation
from fingerspell.datasets import catalogue
from fingerspell.datasets.archive import Archive
from fingerspell.images import RESAMPLING


def main(name: str, archive: str, size: str = "50") -> None:
    dataset = catalogue.find(name)
    channels = 1 if name == "arasl" else 3
    speeds = {}
    with Archive(Path(archive)) as opened, tempfile.TemporaryDirectory() as folder:
        members = [member for member in opened.names if dataset.parse(member)]
        out = Path(folder) / "images.npy"
        preparation.write_images(opened, members[:500], out, int(size), channels, "nearest")  # warm the file cache
        for resample in RESAMPLING:
            start = time.perf_counter()
            preparation.write_images(opened, members, out, int(size), channels, resample)
            speeds[resample] = len(members) / (time.perf_counter() - start)
    result = {
        "dataset": name,
        "images": len(members),
        "image_size": int(size),
        "cores": os.cpu_count(),
        "images_per_second": {key: round(speed) for key, speed in speeds.items()},
        "of_nearest": {key: round(speed / speeds["nearest"], 3) for key, speed in speeds.items()},
    }
    files.write_json(Path(f"benchmarks/results/preparation-{name}.json"), result)
    print(result)


if __name__ == "__main__":
    main(*sys.argv[1:])
