"""ResNet50 under a small head."""

from pathlib import Path

from fingerspell.models import Architecture

ARCHITECTURE = Architecture(
    title="ResNet50",
    paper="He et al. 2016, https://arxiv.org/abs/1512.03385",
    kind="backbone",
    input_range="0–255, BGR, less the ImageNet mean (subtracted inside)",
    minimum_size=32,
)

# Below the address of keras.applications' weights; the MD5 that Keras's source states.
IMAGENET = ("resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "4d473c1dd8becc155b73f8504c6f6626")


def backbone(image_size: int, channels: int, weights: Path | None):
    """Return the convolutional part, averaged over the image: pixels 0–255 in, features of shape (2048,) out.

    `weights` is a folder of weights, or None for random ones. Its batch normalisation stays in inference mode,
    whether the backbone is frozen or fine-tuned: batches of a small set would spoil its statistics.
    """
    from keras import Model, applications, layers

    from fingerspell.models.weights import load_application

    pixels = layers.Input((image_size, image_size, channels))
    colour = pixels if channels == 3 else layers.Concatenate()([pixels] * 3)
    expected = applications.resnet50.preprocess_input(colour)
    network = load_application(applications.ResNet50, "resnet50", image_size, weights)
    features = network(expected, training=False)
    return Model(pixels, layers.GlobalAveragePooling2D()(features), name="backbone")


def head(shape: tuple[int, ...], classes: int, dropout: float):
    """Return the head: a dense layer of 512 with dropout, on normalised features.

    Without the normalisation it learns nothing from random weights, whose features lie far from zero.
    """
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Input(shape),
            layers.BatchNormalization(momentum=0.9),
            layers.Dense(512, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(classes, activation="softmax", dtype="float32"),
        ],
        name="head",
    )
