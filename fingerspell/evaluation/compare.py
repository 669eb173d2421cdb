"""All experiments side by side, and whether one is better than another on the same images."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import binomtest

from fingerspell.evaluation.metrics import compute
from fingerspell.evaluation.predictions import Predictions

SHARED_AT_LEAST = 20
ABOUT = ("source", "dataset", "split", "model")
SEEDS = ("seeds", "accuracy_mean", "accuracy_spread")
METRICS = (
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "macro_f1",
    "top3_accuracy",
    "expected_calibration_error",
    "test_images",
)
PAIRED = (
    "first",
    "second",
    "shared",
    "first_accuracy",
    "second_accuracy",
    "only_first",
    "only_second",
    "p",
    "p_holm",
)


def table(predictions: Mapping[str, Predictions], about: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per experiment, in the order given: experiment, source, dataset, split, model, leakage, metrics.

    about: per experiment `source` (of its images: rendered or original), `dataset`, `split` (how the test images were
        chosen) and `model`; and `leakage`, the share of test images with a near-duplicate in training, where there is
        one; `seeds`, `accuracy_mean` and `accuracy_spread`, where there were several trainings; `bursts`,
        `accuracy_bursts_low` and `accuracy_bursts_high`, where the bursts of its images are known: then the interval
        of the accuracy is theirs.
    """
    rows = []
    for name, table_of in predictions.items():
        metrics = compute(table_of)
        row = {"experiment": name} | {key: about[name][key] for key in ABOUT}
        row |= {key: about[name].get(key) for key in ("leakage", *SEEDS, "bursts")}
        limits = {f"accuracy_{end}": about[name].get(f"accuracy_bursts_{end}") for end in ("low", "high")}
        metrics |= {key: limit for key, limit in limits.items() if limit is not None}
        rows.append(row | {key: metrics[key] for key in METRICS})
    return rows


def table_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return `table` for people: accuracy with its 95% interval, its mean and spread over seeds, macro F1, top-3,
    calibration, images."""
    lines = [
        "| experiment | source | dataset | split | leakage | model | accuracy (95% interval) | over seeds "
        "| macro F1 | top-3 | ECE | test images | bursts |",
        "|---|---|---|---|--:|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        leakage = "–" if row["leakage"] is None else f"{row['leakage']:.1%}"
        seeds = f"{row['accuracy_mean']:.3f} ± {row['accuracy_spread']:.3f} ({row['seeds']})" if row["seeds"] else "–"
        lines.append(
            f"| {row['experiment']} | {row['source']} | {row['dataset']} | {row['split']} | {leakage} | {row['model']} "
            f"| {row['accuracy']:.3f} ({row['accuracy_low']:.3f}–{row['accuracy_high']:.3f}) | {seeds} "
            f"| {row['macro_f1']:.3f} | {row['top3_accuracy']:.3f} "
            f"| {row['expected_calibration_error']:.3f} | {row['test_images']:,} "
            f"| {'–' if row['bursts'] is None else format(row['bursts'], ',')} |"
        )
    return "\n".join(lines) + "\n"


def paired_tests(predictions: Mapping[str, Predictions]) -> list[dict[str, Any]]:
    """Compare every two experiments that have the same classes and share at least 20 test images.

    Rows: first, second, shared (images), first_accuracy, second_accuracy (on the shared images), only_first,
    only_second (images that only this one classifies correctly), p (two-sided), p_holm (p adjusted by Holm 1979 for
    the number of pairs, so that with many pairs chance does not look like a finding).
    """
    rows: list[dict[str, Any]] = []
    for first, second in combinations(predictions, 2):
        one, two = predictions[first], predictions[second]
        if one.classes != two.classes:
            continue
        pairs = shared(one, two)
        if len(pairs) < SHARED_AT_LEAST:
            continue
        right, other = one.correct[pairs[:, 0]], two.correct[pairs[:, 1]]
        only_first, only_second, p = mcnemar(right, other)
        rows.append(
            {
                "first": first,
                "second": second,
                "shared": len(pairs),
                "first_accuracy": round(float(right.mean()), 6),
                "second_accuracy": round(float(other.mean()), 6),
                "only_first": only_first,
                "only_second": only_second,
                "p": p,
            }
        )
    adjusted = holm([row["p"] for row in rows])
    return [row | {"p": _short(row["p"]), "p_holm": _short(p)} for row, p in zip(rows, adjusted)]


def shared(one: Predictions, two: Predictions) -> np.ndarray:
    """Return the rows (n, 2) of the test images that two experiments share: by name and true label."""
    place = {key: at for at, key in enumerate(zip(two.members, two.labels))}
    both = [(at, place[key]) for at, key in enumerate(zip(one.members, one.labels)) if key in place]
    return np.array(both, int).reshape(-1, 2)


def mcnemar(first: np.ndarray, second: np.ndarray) -> tuple[int, int, float]:
    """Return how many images only the first names correctly, how many only the second, and p, two-sided.

    first, second: bool (n,), the same images. Exact test of McNemar (1947): of images that only one of the two names
    correctly, under the null hypothesis each has as many as the other, so their number is binomial.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    discordant = only_first + only_second
    return only_first, only_second, float(binomtest(only_first, discordant).pvalue) if discordant else 1.0


def paired_tests_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return `paired_tests` for people; a sentence where no two experiments share test images."""
    if not rows:
        return f"No two experiments share {SHARED_AT_LEAST} test images, so none are compared image by image.\n"
    lines = [
        "| first | second | shared images | accuracy of first | of second "
        "| only first right | only second right | p | p (Holm) |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        lines.append(
            f"| {row['first']} | {row['second']} | {row['shared']:,} | {row['first_accuracy']:.3f} "
            f"| {row['second_accuracy']:.3f} | {row['only_first']} | {row['only_second']} "
            f"| {_readable(row['p'])} | {_readable(row['p_holm'])} |"
        )
    return "\n".join(lines) + "\n"


def table_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return `table` as CSV."""
    return written(rows, ("experiment", *ABOUT, "leakage", *SEEDS, *METRICS, "bursts"))


def paired_tests_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return `paired_tests` as CSV; its header alone where there are no rows."""
    return written(rows, PAIRED)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number by Holm's step-down method (1979), in the order given."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, float)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted.tolist()


def written(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _short(p: float) -> float:
    return float(f"{p:.6g}")


def _readable(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
