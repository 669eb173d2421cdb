"""Peak memory of preparing pictures and training an epoch on them, and how it grows with their number.

Each is measured in a process of its own. Memory of the process alone (RssAnon) counts, not pages of files that it has
mapped, which the system takes back when it needs them. Linux alone tells.
"""

import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import pictures
from benchmarks.measurement import Measurement
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.images import load
from fingerspell.preparation import arrays
from fingerspell.processes import in_processes

SIZE = 50  # pixels
FEW, MANY = 3000, 30_000  # pictures
STATUS = Path("/proc/self/status")
RIVALS = {
    "open an archive": "zipfile",
    "prepare": "all pictures decoded into an array in memory",
    "train an epoch": "fit on that array",
}


def measurements() -> Iterator[Measurement]:
    if not STATUS.exists():
        raise FingerspellError("only Linux tells the memory of a process alone (/proc/self/status); measure there")
    with tempfile.TemporaryDirectory() as scratch:
        few, many = (Path(scratch) / f"{count}.zip" for count in (FEW, MANY))
        pictures.pack(few, FEW)
        pictures.pack(many, MANY)
        # Two processes at once would measure as well, but their pictures would not fit small machines.
        [limit], [ours], [rival] = (
            [*in_processes(peaks, [task], 2)] for task in ((few, "ours"), (many, "ours"), (many, "rival"))
        )
    for what, against in RIVALS.items():
        yield Measurement(
            f"Memory, to {what}, {MANY:,} pictures",
            "MiB",
            ours[what],
            rival[what],
            against,
            limit[what],
            f"the same with {FEW:,} pictures: the archive's directory grows",
            1.0,
            "share",
        )


def peaks(task: tuple[Path, str]) -> dict[str, float]:
    """Return the memory of each step in this process, MiB: of an archive, in "ours" or the "rival"'s way."""
    archive, way = task
    return dict(zip(RIVALS, (_ours if way == "ours" else _conventional)(archive)))


def _ours(path: Path) -> Iterator[float]:
    out = path.with_suffix(".npy")
    with Archive(path) as archive:
        yield _resident()
        yield _peak(lambda: arrays.write_images(archive, archive.names, out, SIZE, 3, "bilinear"))
        images = len(archive.names)
    from fingerspell.training.batches import Batches

    array = np.load(out, mmap_mode="r")
    batches = Batches([array], np.arange(images) % 29, np.arange(images), 32, 0)
    model = _model()
    yield _peak(lambda: model.fit(batches, verbose=0, shuffle=False))


def _conventional(path: Path) -> Iterator[float]:
    held: list[np.ndarray] = []
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        yield _resident()
        yield _peak(lambda: held.append(np.array([load(archive.read(name), SIZE, 3) for name in names])))
    model = _model()
    yield _peak(lambda: model.fit(held[0], np.arange(len(names)) % 29, verbose=0))


def _model() -> Any:
    import keras

    model = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(29)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    return model


def _peak(work: Callable[[], object]) -> float:
    """Return the largest memory seen while `work` ran, in looks a twentieth of a second apart."""
    seen, over = [_resident()], threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            seen.append(_resident())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        work()
    finally:
        over.set()
        thread.join()
    return max(*seen, _resident())


def _resident() -> float:
    """Return MiB of memory of this process alone."""
    lines = dict(line.split(":", 1) for line in STATUS.read_text(encoding="utf-8").splitlines())
    return int(lines["RssAnon"].split()[0]) / 1024
