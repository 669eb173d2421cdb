"""Peak memory of preparing images and training an epoch on them, by their number.

    python -m benchmarks.memory DATASET ARCHIVE [IMAGES …]

Each number is measured in a process of its own, on an archive made of the images of ARCHIVE, each as often as it takes
(under another name every time). Memory of the process alone (RssAnon) is told apart from pages of files that it has
mapped (RssFile), which the system takes back when it needs them. Writes benchmarks/results/memory-DATASET.json.
"""

import subprocess
import sys
import tempfile
import threading
import zipfile
from itertools import cycle, islice
from pathlib import Path

from fingerspell import files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.preparation import arrays

SIZE = 50


def main(name: str, archive: str, *sizes: str) -> None:
    from benchmarks import machine

    rows = []
    for images in map(int, sizes or ("8700", "87000")):
        with tempfile.TemporaryDirectory() as scratch:
            _repeat(name, Path(archive), Path(scratch) / "many.zip", images)
            # A process begins with the peak of its parent, so what is reported here is sampled, not the system's peak.
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.memory", "--measure", scratch],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        rows.append({"images": images} | dict(zip(FIGURES, map(int, done.stdout.split()[-len(FIGURES) :]))))
        print(rows[-1], flush=True)
    result = {"dataset": name, "image_size": SIZE, "machine": machine.describe(), "runs": rows}
    files.write_json(Path(f"benchmarks/results/memory-{name}.json"), result)


FIGURES = ("opened_mib", "prepared_mib", "prepared_files_mib", "trained_mib", "trained_files_mib")


def _repeat(name: str, archive: Path, out: Path, images: int) -> None:
    parse = catalogue.find(name).parse
    with Archive(archive) as source, zipfile.ZipFile(out, "w") as target:
        names = [one for one in source.names if (member := parse(one)) and member.part == "train"]
        for number, one in enumerate(islice(cycle(names), images)):
            target.writestr(f"{number:06d}/{one}", source.read(one))


def _measure(folder: Path) -> None:
    """Print, in MiB: own memory with the archive open; peaks of own and mapped memory in preparing and training."""
    with Archive(folder / "many.zip") as archive:
        opened = _resident()[0]
        with _Peak() as preparing:
            arrays.write_images(archive, archive.names, folder / "images.npy", SIZE, 3, "bilinear")
        images = len(archive.names)
    import keras
    import numpy as np

    from fingerspell.training.batches import Batches

    model = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(29)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    array = np.load(folder / "images.npy", mmap_mode="r")
    with _Peak() as training:
        model.fit(Batches([array], np.arange(images) % 29, np.arange(images), 32, 0), verbose=0, shuffle=False)
    print(opened, *preparing.peak, *training.peak)


class _Peak:
    """The largest memory seen, own and mapped, in looks a twentieth of a second apart."""

    def __enter__(self) -> "_Peak":
        self.peak, self._over = _resident(), threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self.peak = tuple(map(max, self.peak, _resident()))


def _resident() -> tuple[int, int]:
    """Return MiB of memory of this process alone, and MiB of pages of files."""
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return tuple(int(lines[name].split()[0]) // 1024 for name in ("RssAnon", "RssFile"))


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        _measure(Path(sys.argv[2]))
    else:
        main(*sys.argv[1:])
