"""Whether probabilities mean what they say, before and after one number is set by validation images.

Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks", https://arxiv.org/abs/1706.04599.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from fingerspell.errors import FingerspellError
from fingerspell.evaluation.metrics import BINS, DECIMALS, calibration_error, details
from fingerspell.evaluation.predictions import Predictions, in_batches
from fingerspell.inference.predictor import reads_whole
from fingerspell.models.common import registry
from fingerspell.preparation.prepared import PLAIN, Prepared

LEAST = 1e-6  # of a probability, before its logarithm: the resolution of a table of predictions
TEMPERATURES = 0.1, 10.0  # within which it is looked for
WITHHELD = 0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5  # shares of the answers


def validation(
    description: dict[str, Any], predict: Callable[[np.ndarray], np.ndarray], prepared: Prepared
) -> Predictions | None:
    """Return what a model, as `saved.load` gives it, says about its validation images; None where it has none.

    prepared: what it learnt from, of a reader its rows. A classifier has none: its search learns from all of them.
    Raises FingerspellError if the model knows other classes.
    """
    if description["classes"] != list(prepared.classes):
        raise FingerspellError(
            f"models/{description['experiment']} knows other classes than {prepared.folder}; run `dvc repro`"
        )
    rows = prepared.rows("validation")
    if not len(rows) or registry.find(description["model"]).ARCHITECTURE.kind == "classifier":
        return None
    views = PLAIN if reads_whole(description) else ("images",)
    answers = np.asarray(sum(in_batches(predict, prepared.array(view), rows) for view in views)) / len(views)
    return Predictions([prepared.members[row] for row in rows], prepared.labels[rows], answers, prepared.classes)


def temperature(known: Predictions) -> float:
    """Return the temperature within `TEMPERATURES` that makes the labels of some images most likely."""
    logarithms, images = _logarithms(known), np.arange(len(known))

    def surprise(logarithm: float) -> float:
        return float(-log_softmax(logarithms / np.exp(logarithm), axis=1)[images, known.labels].mean())

    return float(np.exp(minimize_scalar(surprise, bounds=np.log(TEMPERATURES), method="bounded").x))


def scaled(table: Predictions, temperature: float) -> Predictions:
    """Return the same answers with the logarithms of their probabilities divided by a temperature, renormalised."""
    probabilities = softmax(_logarithms(table) / temperature, axis=1)
    return Predictions(table.members, table.labels, probabilities, table.classes)


def bins(table: Predictions) -> list[dict[str, float | int]]:
    """Return the bins of a reliability diagram that hold images, as in `metrics.calibration_error`.

    Rows: confidence and accuracy, each the mean of the bin's images, and how many these are.
    """
    number = np.digitize(table.confidence, np.arange(1, BINS) / BINS, right=True)
    return [
        {
            "confidence": round(float(table.confidence[number == one].mean()), DECIMALS),
            "accuracy": round(float(table.correct[number == one].mean()), DECIMALS),
            "images": int((number == one).sum()),
        }
        for one in np.unique(number)
    ]


def withheld(table: Predictions) -> list[dict[str, float]]:
    """Return the accuracy of the answers that are left where the least certain ones are withheld, by their share.

    Of equally certain ones those that stand first in the table go first. Half of them at most are withheld.
    """
    right = table.correct[np.argsort(table.confidence, kind="stable")]
    left = {share: right[round(share * len(right)) :] for share in WITHHELD}
    return [{"share": share, "accuracy": round(float(of.mean()), DECIMALS)} for share, of in left.items()]


def calibrate(table: Predictions, known: Predictions | None) -> dict[str, Any]:
    """Return how well the probabilities of test answers mean what they say, before and after temperature scaling.

    known: the answers to validation images, which set the temperature; where there are none, it is None, and so is all
    that comes after. `withheld` goes by the probabilities as they are.
    """
    chosen = None if known is None else temperature(known)
    after = None if chosen is None else scaled(table, chosen)
    return {
        "validation_images": 0 if known is None else len(known),
        "temperature": None if chosen is None else round(chosen, DECIMALS),
        "expected_calibration_error": {
            "before": round(calibration_error(table), DECIMALS),
            "after": None if after is None else round(calibration_error(after), DECIMALS),
        },
        "log_loss": {
            "before": details(table)["log_loss"],
            "after": None if after is None else details(after)["log_loss"],
        },
        "withheld": withheld(table),
        "bins": {"before": bins(table), "after": None if after is None else bins(after)},
    }


def _logarithms(table: Predictions) -> np.ndarray:
    logarithms: np.ndarray = np.log(table.probabilities.astype(np.float64).clip(LEAST))
    return logarithms
