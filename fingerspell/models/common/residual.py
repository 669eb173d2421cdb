"""What residual networks are built of; no model by itself.

He et al. 2016, https://arxiv.org/abs/1512.03385. `momentum`: of the averages that batch normalisation keeps.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

STEM = 32  # filters


def stem(pixels: "keras.KerasTensor", momentum: float) -> "keras.KerasTensor":
    """Return maps four times smaller than the pixels, 0–255: on a CPU it is the large maps that cost time."""
    from keras import layers

    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    return layers.ReLU()(_normalised(layers.MaxPooling2D()(_convolution(x, STEM, size=5, stride=2)), momentum))


def block(x: "keras.KerasTensor", filters: int, momentum: float, **name: str) -> "keras.KerasTensor":
    """Return the maps and what two convolutions add to them."""
    from keras import layers

    change = layers.ReLU()(_normalised(_convolution(x, filters), momentum))
    change = _normalised(_convolution(change, filters), momentum)
    return layers.ReLU(**name)(layers.Add()([x, change]))


def stage(x: "keras.KerasTensor", filters: int, momentum: float, **name: str) -> "keras.KerasTensor":
    """Return maps half as large, and a block on them."""
    from keras import layers

    x = layers.ReLU()(_normalised(_convolution(x, filters, stride=2), momentum))
    return block(x, filters, momentum, **name)


def answer(x: "keras.KerasTensor", classes: int, dropout: float) -> "keras.KerasTensor":
    """Return the probabilities of the classes, from maps of any size: their features are averaged over the image."""
    from keras import layers

    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return layers.Dense(classes, activation="softmax", dtype="float32")(x)


def _convolution(x: "keras.KerasTensor", filters: int, size: int = 3, stride: int = 1) -> "keras.KerasTensor":
    from keras import layers

    return layers.Conv2D(filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)


def _normalised(x: "keras.KerasTensor", momentum: float) -> "keras.KerasTensor":
    from keras import layers

    return layers.BatchNormalization(momentum=momentum)(x)
