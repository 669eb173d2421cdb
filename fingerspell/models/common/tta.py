"""Test-time augmentation: a network that looks at every image from several views and answers the mean."""

import math
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

FINER = 3  # odd: the middles of the pixels stay middles of pixels


def averaged(network: "keras.Model", scales: list[float], rotations: list[float]) -> "keras.Model":
    """Return a Keras network that answers the mean of the network's answers at these views, weights shared.

    There is a view for every scale with every rotation. scales: 1 is the image as it is, 1.15 its middle, 0.85 the
    image with its border drawn on outwards; rotations: degrees anticlockwise, about the middle. It takes and gives what
    the network does: pixels (n, size, size, channels), values 0–255, and probabilities (n, classes).
    """
    if scales == [1] and rotations == [0]:
        return network
    from keras import Model, layers

    pixels = layers.Input(network.input_shape[1:])
    answers = [network(_rotated(_scaled(pixels, scale), rotation)) for scale, rotation in product(scales, rotations)]
    return Model(pixels, layers.Average()(answers) if len(answers) > 1 else answers[0])


def _scaled(pixels: "keras.KerasTensor", scale: float) -> "keras.KerasTensor":
    from keras import ops

    size = pixels.shape[1]
    side = round(size / scale)  # of what is seen, in the image's pixels
    if side == size:
        return pixels
    places = np.clip(np.arange(side) + (size - side) // 2, 0, size - 1)
    seen = ops.take(ops.take(pixels, places, axis=1), places, axis=2)
    return ops.image.resize(seen, (size, size), interpolation="bilinear")


def _rotated(pixels: "keras.KerasTensor", degrees: float) -> "keras.KerasTensor":
    """Each pixel is the nearest of the image at FINER times its size: LiteRT has no operation that turns an image."""
    from keras import ops

    if degrees == 0:
        return pixels
    size, channels = pixels.shape[2:]
    fine = FINER * size
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    row, column = (
        np.clip(np.rint(FINER * place + (fine - 1) / 2), 0, fine - 1).astype(int)
        for place in (sin * x + cos * y, cos * x - sin * y)
    )
    large = ops.image.resize(pixels, (fine, fine), interpolation="bilinear")
    places = (fine * row + column).ravel()
    seen = ops.take(ops.reshape(large, (-1, fine * fine, channels)), places, axis=1)
    return ops.reshape(seen, (-1, size, size, channels))
