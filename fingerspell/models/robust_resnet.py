"""A residual network for hands in any room: as `small_resnet`, deeper by a block on the stem and a stage."""

from fingerspell.models import Architecture

ARCHITECTURE = Architecture(
    title="the robust residual network",
    paper="He et al. 2016, https://arxiv.org/abs/1512.03385 (fewer and narrower stages; section 3.3, option B)",
    kind="network",
    input_range="−1–1, scaled inside",
    parameters=1_376_957,
    recommended_size=72,
    minimum_size=32,
)


def build(image_size: int, channels: int, classes: int, dropout: float):
    """Return the untrained network: a stem of 32 filters, a residual block on it, stages of 64, 128 and 192.

    The stem makes the maps four times smaller, every stage halves them again. The last features, the layer
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

    def stage(x, filters: int, **name):
        return block(layers.ReLU()(normalised(convolution(x, filters, stride=2))), filters, **name)

    pixels = layers.Input((image_size, image_size, channels))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.ReLU()(normalised(layers.MaxPooling2D()(convolution(x, 32, size=5, stride=2))))
    x = stage(stage(block(x, 32), 64), 128)
    x = stage(x, 192, name="features")
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return Model(pixels, layers.Dense(classes, activation="softmax", dtype="float32")(x), name="robust_resnet")
