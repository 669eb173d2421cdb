"""Stochastic weight averaging: what a training ends with is the mean of the weights that it passed through.

The mean of many weights lies in a wider valley of the loss than any of them, and reads pictures better that differ
from those of training (Izmailov et al. 2018, https://arxiv.org/abs/1803.05407; as densely: Cha et al. 2021,
https://arxiv.org/abs/2102.08604). It wants a rate that stays: with one that ends at 0 the weights hardly differ.
"""

from typing import Any

import keras
import numpy as np

from fingerspell.training.batches import Epochs

SETTLING = 50  # batches, by which the statistics of batch normalisation are found anew


class WeightAverage(keras.callbacks.Callback):
    """The mean of a model's weights over the last epochs, after every so many `steps` and after each epoch's last.

    share: how many of all epochs, 0–1.
    """

    def __init__(self, share: float, steps: int = 1) -> None:
        super().__init__()
        self.mean: list[np.ndarray] = []
        self.count = 0
        self._share, self._steps, self._collects = share, steps, False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        epochs = self.params["epochs"]
        self._collects = epoch >= epochs - max(1, round(self._share * epochs))

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self._collects and ((batch + 1) % self._steps == 0 or batch + 1 >= self.params["steps"]):
            weights = self.model.get_weights()
            self.count += 1
            self.mean = [m + (w - m) / self.count for m, w in zip(self.mean or weights, weights)]

    def settle(self, model: keras.Model, training: Epochs) -> None:
        """Give the mean to the model, and its batch normalisation the statistics that belong to it."""
        model.set_weights(self.mean)
        normalisations = [layer for layer in _layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
        momenta = [layer.momentum for layer in normalisations]
        for at in range(min(SETTLING, len(training)) if normalisations else 0):
            for layer in normalisations:
                layer.momentum = at / (at + 1)  # which makes of a moving mean the mean
            model(training[at][0], training=True)
        for layer, momentum in zip(normalisations, momenta):
            layer.momentum = momentum


def _layers(layer: keras.Layer) -> list[keras.Layer]:
    inner = getattr(layer, "layers", [])
    return [layer, *(deeper for child in inner for deeper in _layers(child))]
