"""A small residual network for hands that fill the image: as exact as a large one here, and quick on a CPU."""

from fingerspell.models import Architecture

ARCHITECTURE = Architecture(
    title="the small residual network",
    paper="He et al. 2016, https://arxiv.org/abs/1512.03385 (fewer and narrower stages; section 3.3, option B)",
    kind="network",
    input_range="−1–1, scaled inside",
    parameters=469_373,
    recommended_size=64,
    minimum_size=16,
)


def build(image_size: int, channels: int, classes: int, dropout: float):
    """Return the untrained network: a stem of 32 filters, two residual stages of 64 and 128.

    The stem makes the maps four times smaller at once, since on a CPU it is the large maps that cost time; each
    stage halves them again. The last features are averaged over the image, which may have any size.
    """
    from keras import Model, layers

    def convolution(x, filters: int, size: int = 3, stride: int = 1):
        return layers.Conv2D(filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)

    def normalised(x):
        return layers.BatchNormalization(momentum=0.9)(x)  # soon right, with few steps an epoch

    def stage(x, filters: int):
        x = layers.ReLU()(normalised(convolution(x, filters, stride=2)))
        change = layers.ReLU()(normalised(convolution(x, filters)))
        change = normalised(convolution(change, filters))
        return layers.ReLU()(layers.Add()([x, change]))

    pixels = layers.Input((image_size, image_size, channels))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.MaxPooling2D()(convolution(x, 32, size=5, stride=2))
    x = layers.ReLU()(normalised(x))
    for filters in (64, 128):
        x = stage(x, filters)
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return Model(pixels, layers.Dense(classes, activation="softmax", dtype="float32")(x), name="small_resnet")
