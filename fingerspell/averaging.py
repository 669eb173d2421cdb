"""Test-time averaging: a network that looks at every image from several distances and answers the mean."""

import numpy as np


def averaged(network, zooms: list[float]):
    """Return a Keras network that answers the mean of the network's answers at these zooms, weights shared.

    zooms: 1 is the image as it is, 1.15 its middle, 0.85 the image with its border drawn on outwards. It takes and
    gives what the network does: pixels (n, size, size, channels), values 0–255, and probabilities (n, classes).
    """
    if zooms == [1]:
        return network
    from keras import Model, layers

    pixels = layers.Input(network.input_shape[1:])
    answers = [network(_zoomed(pixels, zoom)) for zoom in zooms]
    return Model(pixels, layers.Average()(answers) if len(answers) > 1 else answers[0])


def _zoomed(pixels, zoom: float):
    from keras import ops

    size = pixels.shape[1]
    side = round(size / zoom)  # of what is seen, in the image's pixels
    if side == size:
        return pixels
    places = np.clip(np.arange(side) + (size - side) // 2, 0, size - 1)
    seen = ops.take(ops.take(pixels, places, axis=1), places, axis=2)
    return ops.image.resize(seen, (size, size), interpolation="bilinear")
