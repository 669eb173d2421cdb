"""The convolutional autoencoder whose codes the scikit-learn classifiers read (Hinton & Salakhutdinov 2006,
https://doi.org/10.1126/science.1127647)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

CODE = 512  # values of a code at most
FILTERS = (32, 64, 128, 256)
STRIDES = (2, 2, 2, 1)


def build(image_size: int, channels: int) -> "tuple[keras.Model, keras.Model]":
    """Return (autoencoder, encoder), sharing their layers.

    The encoder takes pixels 0–255 of shape (batch, image_size, image_size, channels) to codes of shape (batch, m),
    m ≤ 512: as many channels as fit of a map an eighth as wide as the image. The autoencoder takes the pixels to the
    same pixels scaled to 0–1. `image_size` must be a multiple of 8, at most 176.

    The code is a map and no dense layer, and kernels are as wide as their strides, so that a code tells of its own
    8×8 pixels alone and the decoder restores them from nothing else: trees ask for one value at a time, and read far
    more from values that belong to a place (docs/decisions/codes.md).
    """
    from keras import Model, layers

    pixels = layers.Input((image_size, image_size, channels))
    x = layers.Rescaling(1 / 255)(pixels)
    for filters, stride in zip(FILTERS, STRIDES):
        x = layers.Conv2D(filters, stride, strides=stride, activation="elu")(x)
    places = x.shape[1] * x.shape[2]
    code = layers.Conv2D(CODE // places, 1, name="code")(x)
    x = layers.Conv2D(FILTERS[-1], 1, activation="relu")(code)
    for filters, stride in zip((*FILTERS[-2::-1], channels), reversed(STRIDES)):
        last = filters == channels
        x = layers.Conv2DTranspose(filters, stride, strides=stride, activation="sigmoid" if last else "elu")(x)
    return Model(pixels, x, name="autoencoder"), Model(pixels, layers.Flatten()(code), name="encoder")
