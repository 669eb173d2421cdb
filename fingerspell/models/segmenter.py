"""The network that finds hands in photographs: a small U-Net (Ronneberger et al. 2015,
https://arxiv.org/abs/1505.04597)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

MULTIPLE = 16  # of pixels: an image must have such a side
FILTERS = (16, 32, 64, 96)


def build(image_size: int) -> "keras.Model":
    """Return the untrained network.

    It takes pixels 0–255 of shape (batch, image_size, image_size, 3) to probabilities of the same places, of shape
    (batch, image_size, image_size, 2): that the pixel shows hand or arm, and that it shows the hand.
    """
    from keras import Model, layers

    def convolution(x: "keras.KerasTensor", filters: int, stride: int = 1) -> "keras.KerasTensor":
        x = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    def enlarged(x: "keras.KerasTensor") -> "keras.KerasTensor":
        return layers.UpSampling2D(interpolation="bilinear")(x)

    pixels = layers.Input((image_size, image_size, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    passed = [x]
    for filters in FILTERS:
        x = convolution(x, filters, stride=2)
        x = x if filters == FILTERS[0] else convolution(x, filters)  # the largest maps cost the most
        passed.append(x)
    x = convolution(passed.pop(), FILTERS[-1])
    for filters in (*FILTERS[-2::-1], 12):
        x = convolution(layers.Concatenate()([enlarged(x), passed.pop()]), filters)
    return Model(pixels, layers.Conv2D(2, 3, padding="same", activation="sigmoid")(x), name="segmenter")
