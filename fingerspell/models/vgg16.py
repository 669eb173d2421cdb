"""VGG16 under a small head."""

from pathlib import Path

from fingerspell.models import Architecture

ARCHITECTURE = Architecture(
    title="VGG16",
    paper="Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556",
    kind="backbone",
    input_range="0–255, BGR, less the ImageNet mean (subtracted inside)",
    minimum_size=32,
)

# Below the address of keras.applications' weights; the MD5 that Keras's source states.
IMAGENET = ("vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc")


def backbone(image_size: int, channels: int, weights: Path | None):
    """Return the convolutional part: pixels 0–255 in, features of shape (n, n, 512) out, n = image_size // 32.

    `weights` is a folder of weights, or None for random ones.
    """
    from keras import Model, applications, layers

    from fingerspell.models.weights import load_application

    pixels = layers.Input((image_size, image_size, channels))
    colour = pixels if channels == 3 else layers.Concatenate()([pixels] * 3)
    expected = applications.vgg16.preprocess_input(colour)
    network = load_application(applications.VGG16, "vgg16", image_size, weights)
    return Model(pixels, network(expected), name="backbone")


def head(shape: tuple[int, ...], classes: int, dropout: float):
    """Return the head: flattened features, normalised, through two dense layers."""
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Input(shape),
            layers.Flatten(),
            layers.BatchNormalization(momentum=0.9),
            layers.Dense(512, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(256, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(classes, activation="softmax", dtype="float32"),
        ],
        name="head",
    )
