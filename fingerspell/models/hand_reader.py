"""Reads a hand from its picture and its landmarks, of which either may be missing.

The picture is seen by MediaPipe's landmark network, frozen; its last features and the landmarks each give their
evidence for every sign, and the evidence is added up (a product of experts: Hinton 2002,
https://doi.org/10.1162/089976602760128018). In training one of the two is hidden from half of the hands.
"""

from typing import TYPE_CHECKING

from fingerspell.hands import layout
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="the hand reader",
    paper="Zhang et al. 2020, https://arxiv.org/abs/2006.10214 (what it sees with); Hinton 2002 (how it adds up)",
    kind="reader",
    input_range="rows of fingerspell.hands.embedding, normalised inside",
    parameters=783_675,
    recommended_size=224,
    minimum_size=224,
    maximum_size=224,
)
TURN, NOISE = 0.25, 0.015  # of landmarks, in training: radians about each axis; of a palm
HIDDEN = 2 / 3  # share of hands of which one part is hidden
WIDTHS = {"picture": (512,), "landmarks": (256, 256, 256)}


def build(classes: int, dropout: float) -> "keras.Model":
    """Return the untrained network: rows (batch, 1280) of `hands.embedding` to probabilities (batch, classes)."""
    from keras import Input, Model, layers, ops

    from fingerspell.models.common.hand_layers import OneMissing, Temperature, Turned, described

    row = Input((layout.WIDTH,), name="hand")
    points = ops.reshape(row[:, layout.IN_SPACE.start : layout.IN_PICTURE.stop], (-1, 2, 21, 3))
    given = OneMissing(HIDDEN)(row[:, layout.GIVEN])
    pointing = points[:, 1, layout.MIDDLE, :2]  # which way: the picture shows the hand upright
    features = layers.LayerNormalization()(row[:, : layout.IN_SPACE.start])
    seen = layers.Concatenate()([layers.Dropout(0.3)(features), pointing])
    posed = described(Turned(TURN, NOISE)(points))
    evidence = [
        _evidence(seen, WIDTHS["picture"], classes, dropout) * given[:, :1],
        _evidence(posed, WIDTHS["landmarks"], classes, 0.4 * dropout) * given[:, 1:],
    ]
    logits = Temperature(name="temperature")(layers.Add()(evidence))
    return Model(row, layers.Softmax(dtype="float32")(logits), name="hand_reader")


def _evidence(x: "keras.KerasTensor", widths: tuple[int, ...], classes: int, dropout: float) -> "keras.KerasTensor":
    from keras import layers

    for width in widths:
        x = layers.ReLU()(layers.LayerNormalization()(layers.Dense(width)(x)))
        x = layers.Dropout(dropout)(x)
    return layers.Dense(classes)(x)
