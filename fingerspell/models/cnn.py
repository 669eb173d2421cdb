"""The four-block network that the ASL study trained from scratch."""

from typing import TYPE_CHECKING

from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="the four-block CNN",
    paper="Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167 (the normalisation between its layers)",
    kind="network",
    input_range="0–1, scaled inside",
    parameters=703_373,
    recommended_size=50,
    minimum_size=16,
)


def build(image_size: int, channels: int, classes: int, dropout: float) -> "keras.Model":
    """Return the untrained network: convolutions of 16, 32, 64 and 128 filters, a dense layer of 512."""
    from keras import Sequential, layers

    blocks = []
    for filters in (16, 32, 64, 128):
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
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(classes, activation="softmax", dtype="float32"),
        ],
        name="cnn",
    )
