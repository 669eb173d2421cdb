"""A residual network for hands before any ground: as `small_resnet`, two stages deeper."""

from fingerspell.models import Architecture

ARCHITECTURE = Architecture(
    title="the robust residual network",
    paper="He et al. 2016, https://arxiv.org/abs/1512.03385 (fewer and narrower stages; section 3.3, option B)",
    kind="network",
    input_range="−1–1, scaled inside",
    parameters=1_376_957,
    recommended_size=64,
    minimum_size=16,
)

STAGES = (64, 128, 192)


def build(image_size: int, channels: int, classes: int, dropout: float):
    """Return the untrained network: a stem and a residual stage of 32 filters, then stages of 64, 128 and 192.

    The stem makes the maps four times smaller, each of the later stages halves them. The last features, the layer
    `features`, are averaged over the image, which may have any size.
    """
    from keras import Model, layers

    def convolution(x, filters: int, size: int = 3, stride: int = 1):
        return layers.Conv2D(filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)

    def normalised(x):
        return layers.BatchNormalization(momentum=0.95)(x)

    def block(x, filters: int, **name):
        change = layers.ReLU()(normalised(convolution(x, filters)))
        change = normalised(convolution(change, filters))
        return layers.ReLU(**name)(layers.Add()([x, change]))

    pixels = layers.Input((image_size, image_size, channels))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.ReLU()(normalised(layers.MaxPooling2D()(convolution(x, 32, size=5, stride=2))))
    x = block(x, 32)
    for filters in STAGES:
        x = layers.ReLU()(normalised(convolution(x, filters, stride=2)))
        x = block(x, filters, **({"name": "features"} if filters == STAGES[-1] else {}))
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return Model(pixels, layers.Dense(classes, activation="softmax", dtype="float32")(x), name="robust_resnet")
