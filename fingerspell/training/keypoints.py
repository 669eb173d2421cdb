"""Finding the keypoints of the hand as a second task, in training alone: what helps to find them helps to tell signs
apart (Caruana 1997, "Multitask Learning", https://doi.org/10.1023/A:1007379606734).

Targets are float32 (n, 1 + 42): the label, then x and y of the 21 keypoints, NaN where nobody knows them. The network
answers all in one row: probabilities of the classes, then the keypoints.
"""

from collections.abc import Callable

import keras
import numpy as np

from fingerspell.datasets.hands import KEYPOINTS

FEATURES = "features"  # the layer of a network whose map the keypoints are read from
VALUES = 2 * KEYPOINTS

Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def targets(labels: np.ndarray) -> np.ndarray:
    """Return targets of images of which the labels (n,) alone are known."""
    return np.concatenate([labels[:, None], np.full((len(labels), VALUES), np.nan)], axis=1).astype(np.float32)


def attach(network: keras.Model) -> keras.Model:
    """Return a network that also answers keypoints and shares its layers with `network`, which stays as it is."""
    layers = keras.layers
    x = layers.Conv2D(32, 1, use_bias=False)(network.get_layer(FEATURES).output)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    places = layers.Dense(VALUES, dtype="float32")(x)
    return keras.Model(network.input, layers.Concatenate(dtype="float32")([network.output, places]))


def both(classify: Loss, weight: float) -> tuple[Loss, keras.metrics.Metric]:
    """Return the loss of both tasks and the accuracy of the first; `classify` is the loss of the first.

    The second's is the mean distance, |x| and |y| apart, times `weight`.
    """
    ops = keras.ops

    def loss(wanted: keras.KerasTensor, said: keras.KerasTensor) -> keras.KerasTensor:
        there = wanted[:, 1:]
        apart = ops.where(ops.isnan(there), 0.0, ops.abs(ops.nan_to_num(there) - said[:, -VALUES:]))
        return classify(wanted[:, 0], said[:, :-VALUES]) + weight * ops.mean(apart, axis=-1)

    def right(wanted: keras.KerasTensor, said: keras.KerasTensor) -> keras.KerasTensor:
        return keras.metrics.sparse_categorical_accuracy(wanted[:, 0], said[:, :-VALUES])

    return loss, keras.metrics.MeanMetricWrapper(right, name="accuracy")
