"""What feeding costs a training: its epochs against its steps alone, and against what Keras feeds with.

Trains the study's CNN on pictures of noise in a memory-mapped file, with and without augmentation, and before and after
every epoch takes as many steps on one batch that lies in memory. Told are medians of the ratios to the mean of these
two, times the median rate of the steps: the machine's speed moves.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import limits, steps
from benchmarks.limits import best
from benchmarks.measurement import Measurement
from fingerspell.config import Augmentation
from fingerspell.training.fitting import STEPS

SIZE, BATCHES = 50, (32, 128)
ROUNDS = 5
SECONDS = 0.6  # of an epoch, about: the speed of machines moves within some
GATHERED = 20_000  # pictures
TARGET = 1 / 1.05  # feeding adds a twentieth
NOTHING = Augmentation(
    flip=False, shift=0.0, scale=0.0, rotation=0.0, perspective=0.0,
    brightness=0.0, contrast=0.0, colour=0.0, blur=0.0, noise=0.0, cutout=0.0,
)  # fmt: skip
MOVED = NOTHING.model_copy(update={"shift": 0.07, "scale": 0.07})  # as in the study
EVERYTHING = Augmentation(
    flip=True, shift=0.1, scale=0.15, rotation=15.0, perspective=0.08,
    brightness=0.15, contrast=0.3, colour=0.3, blur=1.0, noise=0.05, cutout=0.3,
)  # fmt: skip
WAYS = {"plain": None, "shift and scale": MOVED, "all changes": EVERYTHING}
RIVALS = {"plain": "fit on an array in memory", "shift and scale": "ImageDataGenerator"}


def measurements() -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        yield _gathered(_noise(path, GATHERED))
        for batch in BATCHES:
            yield from _epochs(path, batch)


def _noise(path: Path, count: int) -> np.ndarray:
    """Return pictures of noise, uint8 (count, 50, 50, 3), of a file that is mapped into memory."""
    np.save(path, np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8))
    mapped: np.ndarray = np.load(path, mmap_mode="r")
    return mapped


def _gathered(images: np.ndarray) -> Measurement:
    import tensorflow as tf

    from fingerspell.training.batches import Batches

    labels = np.zeros(len(images), int)
    ours = Batches([images], labels, np.arange(len(images)), 128, 0)
    array = np.array(images)
    rival = tf.data.Dataset.from_tensor_slices((array, labels)).shuffle(len(images)).batch(128).prefetch(2)
    return Measurement(
        "Gather shuffled batches of 128, 50 px",
        "MB/s",
        images.nbytes / 1e6 / best(lambda: [ours[at] for at in range(len(ours))]),
        images.nbytes / 1e6 / best(lambda: [None for _ in rival]),
        "tf.data from an array in memory",
        limits.copy_bandwidth() / 1e6,
        "memory: NumPy's copy, one thread",
    )


def _epochs(path: Path, batch: int) -> Iterator[Measurement]:
    from fingerspell.training.batches import Batches

    model = steps.compiled(SIZE, executions=STEPS)
    count = STEPS * max(2, round(SECONDS / STEPS / steps.seconds(model, SIZE, batch, STEPS)))
    images, random = _noise(path, count * batch), np.random.default_rng(0)
    labels = random.integers(steps.CLASSES, size=len(images))
    fed: dict[str, Callable[[], float]] = {
        way: _fed(model, Batches([images], labels, np.arange(len(images)), batch, 0, changes))
        for way, changes in WAYS.items()
    }
    fed |= {RIVALS[way]: _fed(model, one) for way, one in _conventional(np.array(images), labels, batch).items()}
    step = steps.held(model, images[:batch], labels[:batch])

    def alone() -> float:
        start = time.perf_counter()
        for _ in range(count // STEPS):
            step()
        model.get_metrics_result()["loss"].numpy()
        return time.perf_counter() - start

    ratios: dict[str, list[float]] = {way: [] for way in fed}
    taken = [alone()]
    for _ in range(ROUNDS):
        for way in random.permutation(list(fed)).tolist():
            seconds = fed[way]()
            taken.append(alone())
            ratios[way].append(float(seconds / np.mean(taken[-2:])))
    rate = len(images) / float(np.median(taken))
    rates = {way: rate / float(np.median(found)) for way, found in ratios.items()}
    for way in WAYS:
        rival = RIVALS.get(way, "")
        yield Measurement(
            f"An epoch of the CNN, batch {batch}, {way}",
            "pictures/s",
            rates[way],
            rates.get(rival),
            rival,
            rate,
            "the steps alone, on a batch in memory",
            TARGET,
            "share",
        )


def _conventional(images: np.ndarray, labels: np.ndarray, batch: int) -> dict[str, Any]:
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    moving = ImageDataGenerator(width_shift_range=MOVED.shift, height_shift_range=MOVED.shift, zoom_range=MOVED.scale)
    return {"plain": (images, labels, batch), "shift and scale": moving.flow(images, labels, batch)}


def _fed(model: Any, batches: Any) -> Callable[[], float]:
    """Return a function that gives the seconds of one epoch of `fit`, from its beginning to its end, without the set-up
    of `fit` itself."""
    import keras

    at_once = isinstance(batches, tuple)
    what = dict(zip(("x", "y", "batch_size"), batches if at_once else (batches,)))

    def epoch() -> float:
        times: list[float] = []
        watch = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: times.append(time.perf_counter()),
            on_epoch_end=lambda epoch, logs: times.append(time.perf_counter()),
        )
        model.fit(**what, epochs=1, shuffle=at_once, verbose=0, callbacks=[watch])
        return times[1] - times[0]

    return epoch
