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
        one; `seeds`, `accuracy_mean` and `accuracy_spread`, where there were several trainings.
    """
    rows = []
    for name, table_of in predictions.items():
        metrics = compute(table_of)
        row = {"experiment": name} | {key: about[name][key] for key in ABOUT}
        row |= {key: about[name].get(key) for key in ("leakage", *SEEDS)}
        rows.append(row | {key: metrics[key] for key in METRICS})
    return rows


def table_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return `table` for people: accuracy with its 95% interval, its mean and spread over seeds, macro F1, top-3,
    calibration, images."""
    lines = [
        "| experiment | source | dataset | split | leakage | model | accuracy (95% interval) | over seeds "
        "| macro F1 | top-3 | ECE | test images |",
        "|---|---|---|---|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        leakage = "–" if row["leakage"] is None else f"{row['leakage']:.1%}"
        seeds = f"{row['accuracy_mean']:.3f} ± {row['accuracy_spread']:.3f} ({row['seeds']})" if row["seeds"] else "–"
        lines.append(
            f"| {row['experiment']} | {row['source']} | {row['dataset']} | {row['split']} | {leakage} | {row['model']} "
            f"| {row['accuracy']:.3f} ({row['accuracy_low']:.3f}–{row['accuracy_high']:.3f}) | {seeds} "
            f"| {row['macro_f1']:.3f} | {row['top3_accuracy']:.3f} "
            f"| {row['expected_calibration_error']:.3f} | {row['test_images']:,} |"
        )
    return "\n".join(lines) + "\n"


def paired_tests(predictions: Mapping[str, Predictions]) -> list[dict[str, Any]]:
    """Compare every two experiments that have the same classes and share at least 20 test images.

    An image is shared where both know it by the same name and the same true label.

    Exact test of McNemar (1947) on the shared images: of those that only one of the two classifies correctly, under
    the null hypothesis each has as many as the other, so their number is binomial with probability 1/2.
    Rows: first, second, shared (images), first_accuracy, second_accuracy (on the shared images), only_first,
    only_second (images that only this one classifies correctly), p (two-sided), p_holm (p adjusted by Holm 1979 for
    the number of pairs, so that with many pairs chance does not look like a finding).
    """
    rows = []
    for first, second in combinations(predictions, 2):
        one, two = predictions[first], predictions[second]
        if one.classes != two.classes:
            continue
        place = {key: at for at, key in enumerate(zip(two.members, two.labels))}
        pairs = np.array([(at, place[key]) for at, key in enumerate(zip(one.members, one.labels)) if key in place])
        if len(pairs) < SHARED_AT_LEAST:
            continue
        right, other = one.correct[pairs[:, 0]], two.correct[pairs[:, 1]]
        only_first, only_second = int((right & ~other).sum()), int((other & ~right).sum())
        discordant = only_first + only_second
        rows.append(
            {
                "first": first,
                "second": second,
                "shared": len(pairs),
                "first_accuracy": round(float(right.mean()), 6),
                "second_accuracy": round(float(other.mean()), 6),
                "only_first": only_first,
                "only_second": only_second,
                "p": float(binomtest(only_first, discordant).pvalue) if discordant else 1.0,
            }
        )
    adjusted = holm([row["p"] for row in rows])
    return [row | {"p": _short(row["p"]), "p_holm": _short(p)} for row, p in zip(rows, adjusted)]


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
    return _csv(rows, ("experiment", *ABOUT, "leakage", *SEEDS, *METRICS))


def paired_tests_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return `paired_tests` as CSV; its header alone where there are no rows."""
    return _csv(rows, PAIRED)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number by Holm's step-down method (1979), in the order given."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, float)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted.tolist()


def _csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _short(p: float) -> float:
    return float(f"{p:.6g}")


def _readable(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
