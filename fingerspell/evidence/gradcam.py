"""Where in a picture a network finds what speaks for its answer.

Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391), cell by cell: every feature is weighed by its own
gradient, not by the mean over its map (HiResCAM: Draelos & Carin 2020, https://arxiv.org/abs/2011.08891). On the last
maps, where these are averaged, both are the same. But of a small picture the last maps have as few as 2 × 2 cells,
which cannot tell a hand from its background: finer ones are read here, and there the mean mixes what the cells say.

tf-keras-vis does Grad-CAM too, but its last release (0.8.7, March 2024) does not see into a backbone nested in another
network, and brings two packages more for what takes a few lines.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import keras

CELLS = 6  # of a side, at least: a hand that fills half of it is three of them wide


class GradCAM:
    """A trained Keras network on TensorFlow, of pixels, that ends in a dense layer; asked without dropout.

    Takes batches of images, (n, size, size, channels), values 0–255.
    """

    def __init__(self, network: "keras.Model") -> None:
        self._network = network
        *layers, self._dense = _leaves(network)
        maps = [layer for layer in layers if len(layer.output.shape) == 4 and _activates(layer)]
        cells = min(CELLS, max(layer.output.shape[1] for layer in maps))
        self._maps = [layer for layer in maps if layer.output.shape[1] >= cells][-1]

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return what the network answers, float32 (n, classes)."""
        answers: np.ndarray = self._network(np.asarray(images, np.float32), training=False).numpy()
        return answers

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return what its last layer goes by, float32 (n, m)."""
        with _heard(self._dense) as heard:
            self._network(np.asarray(images, np.float32), training=False)
        features: np.ndarray = heard["in"].numpy()
        return features

    def maps(self, images: np.ndarray) -> np.ndarray:
        """Return how much each pixel speaks for the answer, float32 (n, size, size), ≥ 0 and 1 in sum.

        The answer is the most probable class. Where nothing speaks for it, the map is even.
        """
        import tensorflow as tf

        found = np.empty(images.shape[:3], np.float32)
        if not len(images):  # Keras takes no empty batch
            return found
        tape = tf.GradientTape(watch_accessed_variables=False)  # keeps what is made of the maps alone
        with tape, _heard(self._maps, tape.watch) as middle, _heard(self._dense) as end:
            said = tf.argmax(self._network(np.asarray(images, np.float32), training=False), axis=1)
            # Before the softmax, and less the bias, which has no gradient
            scores = tf.reduce_sum(end["in"] * tf.gather(tf.transpose(self._dense.kernel), said), axis=1)
        cells = middle["out"]
        speaks = tf.nn.relu(tf.reduce_sum(cells * tape.gradient(scores, cells), axis=3)).numpy()
        for one, finer in zip(speaks, found):
            cv2.resize(one, finer.shape[::-1], finer)  # linear between the middles of the cells
        found[~found.any(axis=(1, 2))] = 1
        shares: np.ndarray = found / found.sum(axis=(1, 2), keepdims=True)
        return shares


def _leaves(network: "keras.Model") -> list["keras.layers.Layer"]:
    """Return the layers of a network in their order, those of networks nested in it in their places."""
    from keras import Model

    return [leaf for layer in network.layers for leaf in (_leaves(layer) if isinstance(layer, Model) else [layer])]


def _activates(layer: "keras.layers.Layer") -> bool:
    from keras import activations, layers

    return isinstance(layer, layers.ReLU) or getattr(layer, "activation", activations.linear) is not activations.linear


@contextmanager
def _heard(
    layer: "keras.layers.Layer", tell: Callable[["keras.KerasTensor"], None] = lambda out: None
) -> Iterator[dict[str, "keras.KerasTensor"]]:
    """Keep what goes `in` and `out` of a layer in a `with` block, however deep in a network, and `tell` the latter."""
    heard: dict[str, keras.KerasTensor] = {}
    call = layer.call

    def listening(given: "keras.KerasTensor", *arguments: Any, **named: Any) -> "keras.KerasTensor":
        heard["in"], heard["out"] = given, call(given, *arguments, **named)
        tell(heard["out"])
        return heard["out"]

    layer.call = listening
    try:
        yield heard
    finally:
        layer.call = call
