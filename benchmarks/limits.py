"""What bounds a machine: how fast it copies memory, multiplies matrices, reads a file and decodes JPEG."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg

COPIED = 2**28  # bytes: no cache holds as many
MATRIX, PRODUCTS = 512, 200  # rows and columns; a millisecond each: of many, some have the machine to themselves
BLOCK = 2**20  # bytes of a file that are read at once
CHUNK = 64  # pictures a task


def best(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the least of the seconds that `rounds` calls take."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def copy_bandwidth() -> float:
    """Return the bytes a second that NumPy copies from memory to memory, in one thread."""
    source = np.ones(COPIED, np.uint8)
    target = np.empty_like(source)
    return COPIED / best(lambda: np.copyto(target, source))


def matrix_peak() -> float:
    """Return the floating-point operations a second of a product of float32 matrices, the better of NumPy's and
    TensorFlow's, with the threads that they may use."""
    import tensorflow as tf

    matrix = np.random.default_rng(0).random((MATRIX, MATRIX), np.float32)
    tensor = tf.constant(matrix)
    products: tuple[Callable[[], object], ...] = (lambda: matrix @ matrix, lambda: tf.matmul(tensor, tensor).numpy())
    return 2 * MATRIX**3 / min(best(product, PRODUCTS) for product in products)


def reading(path: Path) -> float:
    """Return the seconds to read a file once from start to end, as the system has it: in its cache, if it fits."""
    buffer = bytearray(BLOCK)
    start = time.perf_counter()
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return time.perf_counter() - start


def decoding(pictures: Sequence[bytes], size: int) -> float:
    """Return the seconds in which libjpeg-turbo alone decodes JPEG files held in memory, on all cores.

    size: pixels; each picture is halved while it is decoded, as often as both its sides stay that long.
    """

    def chunk(start: int) -> None:
        for data in pictures[start : start + CHUNK]:
            height, width, _, _ = simplejpeg.decode_jpeg_header(data)
            shrink = next((by for by in (8, 4, 2) if min(height, width) // size >= by), 1)
            simplejpeg.decode_jpeg(
                data, "RGB", min_height=-(-height // shrink), min_width=-(-width // shrink), min_factor=shrink
            )

    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(chunk, range(0, len(pictures), CHUNK)))
    return time.perf_counter() - start


def operations(model: Any) -> int:
    """Count the multiplications and additions that a network of Keras takes for one picture, forwards: of its
    convolutions and dense layers alone, which take nearly all."""
    return sum(_operations(layer) for layer in model.layers)


def training_operations(model: Any) -> int:
    """Count those of a training step, for one picture: forwards once; backwards once for the weights and, but for the
    first layer, once for what goes in."""
    counts = [count for layer in model.layers if (count := _operations(layer))]
    return 3 * sum(counts) - counts[0]


def _operations(layer: Any) -> int:
    import keras

    if hasattr(layer, "layers"):
        return operations(layer)
    if not hasattr(layer, "kernel"):
        return 0
    kernel = tuple(layer.kernel.shape)
    # A depthwise kernel (height, width, channels, multiplier) meets one channel of what goes in, not all.
    each = kernel[:2] if isinstance(layer, keras.layers.DepthwiseConv2D) else kernel[:-1]
    return 2 * int(np.prod(layer.output.shape[1:])) * int(np.prod(each))
