"""Layers of the networks that read hands from landmarks; what they draw at random they draw in training alone."""

from typing import Any

import keras
import numpy as np
from keras import ops

from fingerspell.hands.layout import LANDMARKS

TIPS = [4, 8, 12, 16, 20]  # of the fingers


@keras.saving.register_keras_serializable("fingerspell")
class Turned(keras.layers.Layer):
    """Turns hands, (batch, sets, 21, 3), in space by random angles, and moves each landmark a little.

    turn: standard deviation of the angle about each axis, in radians. noise: of the place, in the unit of the hand.
    """

    def __init__(self, turn: float, noise: float, **others: Any) -> None:
        super().__init__(**others)
        self.turn, self.noise = turn, noise
        self.random = keras.random.SeedGenerator()

    def call(self, points: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        if not training:
            return points
        count = ops.shape(points)[0]
        axis = keras.random.normal((count, 3), stddev=self.turn, seed=self.random)
        angle = ops.sqrt(ops.sum(axis * axis, axis=1, keepdims=True) + 1e-12)
        x, y, z = ops.split(axis / angle, 3, axis=1)
        none = ops.zeros_like(x)
        cross = ops.reshape(ops.concatenate([none, -z, y, z, none, -x, -y, x, none], axis=1), (-1, 3, 3))
        sin, cos = ops.sin(angle)[..., None], ops.cos(angle)[..., None]
        turns = ops.eye(3) + sin * cross + (1 - cos) * ops.matmul(cross, cross)  # Rodrigues
        turned = ops.matmul(points, ops.transpose(turns, (0, 2, 1))[:, None])
        return turned + keras.random.normal(ops.shape(points), stddev=self.noise, seed=self.random)

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_config()
        return config | {"turn": self.turn, "noise": self.noise}


@keras.saving.register_keras_serializable("fingerspell")
class OneMissing(keras.layers.Layer):
    """Hides one of two things that are given, (batch, 2) of 0 and 1, in a share of the rows, each as often."""

    def __init__(self, share: float, **others: Any) -> None:
        super().__init__(**others)
        self.share = share
        self.random = keras.random.SeedGenerator()

    def call(self, given: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        if not training:
            return given
        drawn = keras.random.uniform((ops.shape(given)[0], 1), seed=self.random)
        first, second = drawn < self.share / 2, drawn > 1 - self.share / 2
        shown = 1 - ops.cast(ops.concatenate([first, second], axis=1), given.dtype)
        return ops.where(ops.sum(given, axis=1, keepdims=True) > 1, given * shown, given)

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_config()
        return config | {"share": self.share}


@keras.saving.register_keras_serializable("fingerspell")
class Temperature(keras.layers.Layer):
    """Divides logits by a temperature, which training leaves alone (Guo et al. 2017, https://arxiv.org/abs/1706.04599)."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.temperature = self.add_weight(shape=(), initializer="ones", trainable=False, name="temperature")

    def call(self, logits: keras.KerasTensor) -> keras.KerasTensor:
        return logits / self.temperature


def described(points: keras.KerasTensor) -> keras.KerasTensor:
    """Return what tells hands apart in landmarks (batch, 2, 21, 3), in space and in the picture: (batch, 130).

    The landmarks in space, x and y of those in the picture, and how far apart the fingertips are.
    """
    space, picture = points[:, 0], points[:, 1, :, :2]
    tips = ops.take(space, np.array(TIPS), axis=1)
    apart = ops.sqrt(ops.sum(ops.square(tips[:, :, None] - tips[:, None]), axis=-1) + 1e-9)
    flat = [(space, 3 * LANDMARKS), (picture, 2 * LANDMARKS), (apart, len(TIPS) ** 2)]
    return ops.concatenate([ops.reshape(values, (-1, size)) for values, size in flat], axis=1)
