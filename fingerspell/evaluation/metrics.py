"""Metrics of one experiment and its report per class.

A class without test images has no recall and no F1: it is left out of all averages, and its row of the
report shows a support of 0 and empty cells. (The publisher's test folder of asl_alphabet has no `del`.) An
image that is taken for such a class still counts as a mistake of its true class.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from scipy.stats import binomtest, t
from sklearn.metrics import f1_score, log_loss, precision_recall_fscore_support, recall_score

from fingerspell.evaluation import bootstrap
from fingerspell.evaluation.predictions import Predictions

DECIMALS = 6
BINS = 15


@dataclass(frozen=True)
class Row:
    """One line of the report: a class, or an average. None where the class has no test images."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def compute(predictions: Predictions) -> dict[str, float | int]:
    """Return the flat metrics of an experiment, fractions rounded to six decimals.

    accuracy: share of images whose most probable class is the true one.
    accuracy_low, accuracy_high: its 95% interval after Wilson (1927). It treats images as independent; where they come
        in bursts of look-alikes `over_bursts` has the one to go by.
    macro_f1: mean F1 of the classes that have test images.
    top3_accuracy: share of images whose true class is among the three most probable.
    expected_calibration_error: see `calibration_error`.
    test_images: how many images.
    """
    truth, guess = predictions.labels, predictions.predicted
    present = np.unique(truth)
    hits, count = int(predictions.correct.sum()), len(predictions)
    interval = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    values = {
        "accuracy": hits / count,
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "macro_f1": f1_score(truth, guess, labels=present, average="macro", zero_division=0),
        "top3_accuracy": top_accuracy(predictions, 3),
        "expected_calibration_error": calibration_error(predictions),
    }
    return {key: round(float(value), DECIMALS) for key, value in values.items()} | {"test_images": count}


def details(predictions: Predictions, further: Sequence[Predictions] = ()) -> dict[str, float | int]:
    """Return what else there is to know, rounded to six decimals.

    balanced_accuracy: mean recall of the classes that have test images.
    log_loss: mean negative log-likelihood in nats, probabilities clipped at 1e-6, the table's resolution.
    With `further` predictions, of networks trained with other seeds, also what `over_seeds` says of all of them.
    """
    truth, guess = predictions.labels, predictions.predicted
    recall = recall_score(truth, guess, labels=np.unique(truth), average="macro", zero_division=0)
    values = {"balanced_accuracy": recall, "log_loss": _log_loss(predictions)}
    accuracies = [float(one.correct.mean()) for one in (predictions, *further)]
    several = over_seeds(accuracies) if further else {}
    return {key: round(float(value), DECIMALS) for key, value in values.items()} | several


def over_bursts(predictions: Predictions, bursts: Mapping[str, str]) -> dict[str, float | int]:
    """Return the accuracy's 95% interval where bursts, not images, are independent, rounded to six decimals.

    bursts: member -> its capture burst. Keys: bursts (how many the test images are of), accuracy_bursts_low and
    accuracy_bursts_high (see `bootstrap.accuracy`).
    """
    of_images = np.array([bursts[member] for member in predictions.members])
    low, high = bootstrap.accuracy(predictions.correct, of_images)
    return {
        "bursts": len(np.unique(of_images)),
        "accuracy_bursts_low": round(low, DECIMALS),
        "accuracy_bursts_high": round(high, DECIMALS),
    }


def over_seeds(accuracies: Sequence[float]) -> dict[str, float | int]:
    """Return what several trainings with different seeds have in common, rounded to six decimals.

    seeds: how many trainings.
    accuracy_mean, accuracy_spread: mean and sample standard deviation of their accuracies.
    accuracy_mean_low, accuracy_mean_high: the mean's 95% interval after Student (1908), within 0–1. It tells what
        another seed would bring, not what other images would.
    """
    count, mean = len(accuracies), float(np.mean(accuracies))
    spread = float(np.std(accuracies, ddof=1))
    reach = float(t.ppf(0.975, count - 1)) * spread / count**0.5
    values = {
        "accuracy_mean": mean,
        "accuracy_mean_low": max(0.0, mean - reach),
        "accuracy_mean_high": min(1.0, mean + reach),
        "accuracy_spread": spread,
    }
    return {key: round(value, DECIMALS) for key, value in values.items()} | {"seeds": count}


def top_accuracy(predictions: Predictions, k: int) -> float:
    """Return the share of images whose true class is among the k most probable; of equals, the first classes.

    scikit-learn's `top_k_accuracy_score` prefers the last of equals, `argmax` the first: with it an image
    could be right and yet not be among the best three.
    """
    ranked = np.argsort(-predictions.probabilities, axis=1, kind="stable")[:, :k]
    return float((ranked == predictions.labels[:, None]).any(axis=1).mean())


def calibration_error(predictions: Predictions) -> float:
    """Return the expected calibration error, in [0, 1]: 0 when a confidence of 0.8 is right 8 times in 10.

    Images are put by confidence (the largest probability) into 15 bins of equal width, ((m-1)/15, m/15]; the
    error is the mean over all images of |accuracy - mean confidence| of their bin.
    Naeini, Cooper and Hauskrecht, AAAI 2015; as in Guo et al., ICML 2017, arXiv:1706.04599.
    """
    confidence = predictions.confidence
    bins = np.digitize(confidence, np.arange(1, BINS) / BINS, right=True)
    gaps = np.bincount(bins, predictions.correct - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(predictions))


def report(predictions: Predictions) -> list[Row]:
    """Return precision, recall, F1 (each in [0, 1]) and support of every class, then of two averages.

    `macro average` counts all classes alike, `weighted average` by the number of their test images.
    """
    truth, guess, classes = predictions.labels, predictions.predicted, predictions.classes
    columns = precision_recall_fscore_support(truth, guess, labels=range(len(classes)), zero_division=0)
    rows = [_row(name, values, int(support)) for name, *values, support in zip(classes, *columns)]
    for average in ("macro", "weighted"):
        *values, _ = precision_recall_fscore_support(
            truth, guess, labels=np.unique(truth), average=average, zero_division=0
        )
        rows.append(_row(f"{average} average", values, len(truth)))
    return rows


def _row(name: str, values: Sequence[float], support: int) -> Row:
    precision, recall, f1 = (round(float(value), DECIMALS) if support else None for value in values)
    return Row(name, precision, recall, f1, support)


def report_csv(rows: Sequence[Row]) -> str:
    """Return the report as CSV: class,precision,recall,f1,support."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["class", "precision", "recall", "f1", "support"])
    for name, *values, support in map(astuple, rows):
        table.writerow([name, *("" if value is None else f"{value:.{DECIMALS}f}" for value in values), support])
    return text.getvalue()


def report_markdown(rows: Sequence[Row], letters: Mapping[str, str] | None = None) -> str:
    """Return the report as a Markdown table; `letters` maps labels to the letters shown beside them."""
    letters = {label: letter for label, letter in (letters or {}).items() if letter.strip() not in ("", label)}
    lines = ["| class | letter |" if letters else "| class |", "|---|:-:|" if letters else "|---|"]
    lines = [lines[0] + " precision | recall | F1 | support |", lines[1] + "--:|--:|--:|--:|"]
    for row in rows:
        cells = [row.name, letters.get(row.name, "")] if letters else [row.name]
        cells += ["" if value is None else f"{value:.3f}" for value in (row.precision, row.recall, row.f1)]
        lines.append("| " + " | ".join([*cells, str(row.support)]) + " |")
    if any(row.support == 0 for row in rows):
        lines += ["", "Classes without test images have empty cells and are left out of the averages."]
    return "\n".join(lines) + "\n"


def _log_loss(predictions: Predictions) -> float:
    clipped = np.clip(predictions.probabilities.astype(np.float64), 1e-6, 1)
    clipped /= clipped.sum(axis=1, keepdims=True)
    return float(log_loss(predictions.labels, clipped, labels=range(len(predictions.classes))))
