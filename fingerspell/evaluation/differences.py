"""Is the second experiment better than the first? One sentence for each question, written from the numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fingerspell.errors import counted
from fingerspell.evaluation import bootstrap
from fingerspell.evaluation.compare import holm, mcnemar, shared, written
from fingerspell.evaluation.predictions import Predictions

COLUMNS = ("first", "second", "paired", "images", "bursts", "first_accuracy", "second_accuracy",
           "difference", "difference_low", "difference_high", "p", "p_holm")  # fmt: skip


def differences(
    questions: Sequence[tuple[str, str]],
    predictions: Mapping[str, Predictions],
    bursts: Mapping[str, Mapping[str, str]],
) -> list[dict[str, Any]]:
    """Return one row for each question, which names two experiments.

    bursts: of each experiment, member -> its capture burst.
    paired: whether both named the same images: at least half of the test images of each are shared, and classes are
    the same. Then the figures are of the shared images, and p is McNemar's, which takes images for independent; p_holm
    is adjusted for the number of such questions (Holm 1979). Else they are of each one's own test images, and both are
    None. images, bursts: how many, of the experiment that has fewer bursts. difference: second less first; its interval
    is a bootstrap over bursts.
    """
    rows = [_row(first, second, predictions, bursts) for first, second in questions]
    adjusted = iter(holm([row["p"] for row in rows if row["paired"]]))
    return [row | {"p_holm": next(adjusted) if row["paired"] else None} for row in rows]


def _row(first: str, second: str, predictions: Mapping[str, Any], bursts: Mapping[str, Any]) -> dict[str, Any]:
    one, two = predictions[first], predictions[second]
    rows = shared(one, two)
    paired = one.classes == two.classes and 2 * len(rows) >= max(len(one), len(two))
    chosen = rows.T if paired else (np.arange(len(one)), np.arange(len(two)))
    right = one.correct[chosen[0]], two.correct[chosen[1]]
    groups = [
        np.array([bursts[name][table.members[row]] for row in chosen[at]])
        for at, (name, table) in enumerate([(first, one), (second, two)])
    ]
    if paired:
        limits, p = bootstrap.difference(*right, groups[0]), mcnemar(*right)[2]
    else:
        limits, p = bootstrap.difference_apart(right[0], groups[0], right[1], groups[1]), None
    fewest = min(groups, key=lambda group: len(np.unique(group)))
    accuracies = [float(answers.mean()) for answers in right]
    return {
        "first": first,
        "second": second,
        "paired": paired,
        "images": len(fewest),
        "bursts": len(np.unique(fewest)),
        "first_accuracy": accuracies[0],
        "second_accuracy": accuracies[1],
        "difference": accuracies[1] - accuracies[0],
        "difference_low": limits[0],
        "difference_high": limits[1],
        "p": p,
    }


def sentence(row: Mapping[str, Any]) -> str:
    """Return the answer in words: which is better, by how much, how sure, on what."""
    low, high = row["difference_low"], row["difference_high"]
    verdict = "is better than" if low > 0 else "is worse than" if high < 0 else "is not shown to differ from"
    images = f"{counted(row['images'], 'image')} of {counted(row['bursts'], 'burst')}"
    where = f"the same {images}" if row["paired"] else f"test images of their own, the fewer {images}"
    told = (
        f"`{row['second']}` {verdict} `{row['first']}`: {row['second_accuracy']:.3f} against "
        f"{row['first_accuracy']:.3f} on {where}; {100 * row['difference']:+.1f} points, 95% interval "
        f"{100 * low:+.1f} to {100 * high:+.1f} over bursts"
    )
    if not row["paired"]:
        return f"{told}."
    p = "< 0.001" if row["p_holm"] < 0.001 else f"= {row['p_holm']:.3f}"
    return f"{told} (McNemar on images, Holm: p {p})."


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return all answers as a list; a sentence where nothing was asked."""
    return "".join(f"- {sentence(row)}\n" for row in rows) or "evidence.comparisons asks for nothing.\n"


def csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return `differences` as CSV, numbers to six decimals; its header alone where there are no rows."""
    return written([{key: _short(value) for key, value in row.items()} for row in rows], COLUMNS)


def _short(value: Any) -> Any:
    return float(f"{value:.6f}") if isinstance(value, float) else value
