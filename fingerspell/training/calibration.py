"""Probabilities that mean what they say, and the one below which no sign is named: both from validation images.

Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks", https://arxiv.org/abs/1706.04599.
"""

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from fingerspell.evaluation.predictions import in_batches
from fingerspell.preparation.prepared import PLAIN, Prepared

TEMPERATURES = 0.2, 10.0  # within which it is looked for
RIGHT = 0.98  # share of the answers that are to be right
HIGHEST = 0.9  # of the thresholds


def calibrate(network: keras.Model, prepared: Prepared) -> None:
    """Set the layer `temperature` of a reader to what makes the labels of the validation images most likely.

    Without such images it stays 1.
    """
    rows = prepared.rows("validation")
    if not len(rows):
        return
    layer = network.get_layer("temperature")
    raw = keras.Model(network.input, layer.input)
    logits = [in_batches(raw.predict_on_batch, prepared.array(view), rows).astype(np.float64) for view in PLAIN]
    labels = prepared.labels[rows]

    def surprise(logarithm: float) -> float:
        answers = sum(softmax(values / np.exp(logarithm), axis=1) for values in logits) / len(logits)
        return float(-np.log(answers[np.arange(len(labels)), labels] + 1e-12).mean())

    found = minimize_scalar(surprise, bounds=np.log(TEMPERATURES), method="bounded")
    layer.temperature.assign(np.float32(np.exp(found.x)))


def threshold(answers: np.ndarray, labels: np.ndarray) -> float:
    """Return the lowest of 0, 0.01, … at which, of the answers with that probability or more, `RIGHT` are right.

    answers: float (n, classes). labels: int (n,). `HIGHEST` where there is none, or no image.
    """
    best, right = answers.max(axis=1, initial=0), answers.argmax(axis=1) == labels
    for level in np.arange(0, HIGHEST, 0.01):
        given = best >= level
        if given.any() and right[given].mean() >= RIGHT:
            return round(float(level), 2)
    return HIGHEST
