"""How much of the machine a training step of the study's CNN uses, against the step that Keras takes by itself."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import limits
from benchmarks.measurement import Measurement
from fingerspell.training.fitting import STEPS

SIZE, CLASSES = 50, 30
BATCHES = (32, 128)
SECONDS = 0.4
ROUNDS = 3


def measurements() -> Iterator[Measurement]:
    ours, rival = compiled(SIZE, executions=STEPS), compiled(SIZE, jit="auto")
    each = limits.training_operations(ours) / 1e9
    for batch in BATCHES:
        rates: list[tuple[float, float, float]] = []
        for _ in range(ROUNDS):
            seconds_each = (seconds(ours, SIZE, batch, STEPS), seconds(rival, SIZE, batch))
            rates.append((batch / seconds_each[0], batch / seconds_each[1], limits.matrix_peak() / 1e9))
        best = [max(column) for column in zip(*rates)]
        yield Measurement(
            f"Steps of the CNN, batch {batch}",
            "GFLOP/s",
            best[0] * each,
            best[1] * each,
            "compile and fit as they come (XLA, one step at a time)",
            best[2],
            "arithmetic: a float32 matrix product",
        )


def compiled(size: int, jit: bool | str = False, executions: int = 1) -> Any:
    """Return the study's CNN for colour pictures of that size, ready to be trained."""
    import keras

    from fingerspell.models import cnn

    keras.utils.set_random_seed(0)
    model = cnn.build(size, 3, CLASSES, 0.3)
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=jit, steps_per_execution=executions
    )
    return model


def held(model: Any, images: np.ndarray, labels: np.ndarray) -> Callable[[], object]:
    """Return a function that takes as many training steps as `fit` does at once on this batch, held in memory."""
    import tensorflow as tf

    iterator = iter(tf.data.Dataset.from_tensors((np.array(images), np.array(labels))).repeat())
    model.make_train_function()
    return lambda: model.train_function(iterator)


def seconds(model: Any, size: int, batch: int, executions: int = 1) -> float:
    """Return the seconds of a training step on a batch of noise in memory."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (batch, size, size, 3), np.uint8)
    step = held(model, images, random.integers(CLASSES, size=batch))
    for _ in range(3):
        step()
    model.get_metrics_result()["loss"].numpy()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        step()
        count += executions
    model.get_metrics_result()["loss"].numpy()
    return (time.perf_counter() - start) / count
