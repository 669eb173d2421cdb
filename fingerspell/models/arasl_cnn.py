"""The network of the ArASL study: convolutions of 64, 64, 128 and 128 filters and global average pooling."""

from typing import TYPE_CHECKING

from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="the ArASL CNN",
    paper="Lin, Chen & Yan 2014, https://arxiv.org/abs/1312.4400 (global average pooling)",
    kind="network",
    input_range="0–1, scaled inside",
    parameters=265_053,
    recommended_size=32,
    minimum_size=16,
)


def build(image_size: int, channels: int, classes: int, dropout: float) -> "keras.Model":
    """Return the untrained network; it accepts any size, since the last features are averaged over the image."""
    from keras import Sequential, layers

    blocks = []
    for filters in (64, 64, 128, 128):
        blocks += [
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.MaxPooling2D(),  # before the normalisation, which then has a quarter of the values to pass over
            layers.BatchNormalization(momentum=0.9),  # soon right, with few steps an epoch
            layers.ReLU(),
        ]
    return Sequential(
        [
            layers.Input((image_size, image_size, channels)),
            layers.Rescaling(1 / 255),
            *blocks,
            layers.GlobalAveragePooling2D(),
            layers.Dropout(dropout),
            layers.Dense(classes, activation="softmax", dtype="float32"),
        ],
        name="arasl_cnn",
    )
