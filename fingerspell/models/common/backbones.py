"""What the backbones share: grey or colour, their own range inside, frozen until told otherwise, and a dense head."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.errors import FingerspellError
from fingerspell.models.common.weights import load_application

if TYPE_CHECKING:
    import keras

BLOCK = re.compile(r".*(block|expanded_conv_)\d+[a-z]?(?=_)")  # in the names that Keras gives to layers


def build(
    application: "Callable[..., keras.Model]",
    name: str,
    image_size: int,
    channels: int,
    weights: Path | None,
    to_range: "Callable[[keras.KerasTensor], keras.KerasTensor]" = lambda pixels: pixels,
    averaged: bool = True,
) -> "keras.Model":
    """Return a frozen backbone: pixels 0–255 of shape (batch, image_size, image_size, channels) in, features out.

    `application` comes from `keras.applications`, `name` is the model's in the registry, `weights` a folder of
    weights or None for random ones. `to_range` takes RGB pixels to the range that the application expects; those
    that take 0–255 need none. Features are float32, of shape (batch, m) where `averaged` over the image, else
    (batch, n, n, m).
    """
    from keras import Model, layers

    pixels = layers.Input((image_size, image_size, channels))
    colour = pixels if channels == 3 else layers.Concatenate(dtype="float32")([pixels] * 3)
    network = load_application(application, name, image_size, weights)
    for layer in network.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0  # Keras passes `training` on to all layers, whatever they were called with
    finish = layers.GlobalAveragePooling2D if averaged else layers.Identity
    backbone = Model(pixels, finish(dtype="float32")(network(to_range(colour))), name="backbone")
    backbone.trainable = False
    return backbone


def head(shape: tuple[int, ...], classes: int, dropout: float, widths: tuple[int, ...] = (512,)) -> "keras.Model":
    """Return the head: the features, flat and normalised, through dense layers of `widths` with dropout.

    Without the normalisation it learns nothing from random weights, whose features lie far from zero.
    """
    from keras import Sequential, layers

    hidden = []
    for width in widths:
        hidden += [layers.Dense(width, activation="relu"), layers.Dropout(dropout)]
    return Sequential(
        [
            layers.Input(shape),
            layers.Flatten(),
            layers.BatchNormalization(momentum=0.9),
            *hidden,
            layers.Dense(classes, activation="softmax", dtype="float32"),
        ],
        name="head",
    )


def unfreeze(backbone: "keras.Model", from_layer: str) -> None:
    """Make the layers of a backbone trainable from the named one on, in Keras's order; all before it stay frozen.

    Batch normalisation stays frozen everywhere, and with it in inference mode: batches of a small set would spoil
    its statistics. Compile the model afterwards. Raises `FingerspellError` if there is nothing of that name to train.
    """
    from keras import layers

    network = inner(backbone)
    names = [layer.name for layer in network.layers]
    first = names.index(from_layer) if from_layer in names else len(names)
    trained = [layer for layer in network.layers[first:] if not isinstance(layer, layers.BatchNormalization)]
    if not any(layer.weights for layer in trained):
        raise FingerspellError(
            f"fine_tune.from_layer is {from_layer!r}, but {network.name} has no layer of that name, or nothing to "
            f"train from it on; name the first layer of a block, such as {', '.join(_starts(network)[-1:-4:-1])}"
        )
    backbone.trainable = True
    for layer in network.layers:
        layer.trainable = layer in trained


def inner(backbone: "keras.Model") -> "keras.Model":
    """Return the network of `keras.applications` inside a backbone."""
    from keras import Model

    return next(layer for layer in backbone.layers if isinstance(layer, Model))


def _starts(network: "keras.Model") -> list[str]:
    """Return the names of the first layer of every block."""
    starts: dict[str, str] = {}
    for layer in network.layers:
        if found := BLOCK.match(layer.name):
            starts.setdefault(found[0], layer.name)
    return list(starts.values())
