"""A model's answers to photographs that no dataset holds, from several sides, every share with its 95% interval.

All is computed from the table of predictions and from what `Seen` tells of each image. An answer that there is no
hand is an error wherever there is one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from fingerspell.evaluation.metrics import DECIMALS, compute
from fingerspell.evaluation.predictions import Predictions

# Letters of the American alphabet whose hand shapes are alike, by what they share: a fist; two fingers up; one or two
# fingers level or hanging; the forefinger; the little finger. Z and J are drawn in the air: a photograph shows less.
ALIKE = ("AEMNST", "KRUV", "GHPQ", "DXZ", "IJ")
CONFUSED = 0.1  # share of their images that the letters of a group found in the data take for one another, at least
QUANTILES = 5
THRESHOLDS = (0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
LUMINANCE = (0.299, 0.587, 0.114)  # of red, green, blue (ITU-R BT.601)

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Seen:
    """What is known of n images beside the answers to them, in the order of the predictions.

    brightness: (n,) float, as from `brightness`.
    front_light: (n,) float, as from `front_light`.
    mirrored: (n,) int, the class that the model names of the mirror image, an index into the table's classes; what is
        none of them is a mistake.
    """

    brightness: np.ndarray
    front_light: np.ndarray
    mirrored: np.ndarray


def brightness(images: np.ndarray) -> np.ndarray:
    """Return the mean luminance, float64 (n,) in [0, 255], of uint8 images (n, h, w, 1 or 3)."""
    means: np.ndarray = _luminance(images).mean(axis=(1, 2))
    return means


def front_light(images: np.ndarray) -> np.ndarray:
    """Return how much brighter the middle is than the rest, in levels of luminance, float64 (n,) in [-255, 255].

    The middle is half as wide and high as the image: there is the hand. Below 0 it is lit from behind.
    images: uint8 (n, h, w, 1 or 3).
    """
    levels = _luminance(images)
    height, width = levels.shape[1:]
    middle = np.zeros((height, width), bool)
    middle[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    brighter: np.ndarray = levels[:, middle].mean(axis=1) - levels[:, ~middle].mean(axis=1)
    return brighter


def share(hits: int | np.integer, images: int | np.integer) -> dict[str, float | int | None]:
    """Return hits / images with its 95% interval after Wilson (1927), rounded to six decimals; None of no images."""
    found: dict[str, float | int | None] = {"share": None, "low": None, "high": None}
    if images:
        interval = binomtest(int(hits), int(images)).proportion_ci(0.95, method="wilson")
        values = {"share": hits / images, "low": interval.low, "high": interval.high}
        found = {key: round(float(value), DECIMALS) for key, value in values.items()}
    return found | {"hits": int(hits), "images": int(images)}


def analyse(table: Predictions, seen: Seen, letters: Mapping[str, str], no_hand: Collection[str]) -> dict[str, Any]:
    """Return all figures of an error analysis, ready for JSON.

    letters: what each class stands for. no_hand: the classes that say there is no hand; images of these are empty
    scenes, of which only `metrics`, `all`, `by_letter`, `confusions`, `empty` and `abstention` tell.
    """
    signs = [at for at, label in enumerate(table.classes) if label not in no_hand]
    # What has no letter of its own, such as `space`, stands under its label.
    own = [at for at in signs if len(name := letters[table.classes[at]]) == 1 or name != table.classes[at]]
    hands = np.isin(table.labels, signs)
    return {
        "metrics": compute(table),
        "all": _correct(table, np.ones(len(table), bool)),
        "letters": _correct(table, np.isin(table.labels, own)),
        "by_letter": by_letter(table, seen.mirrored),
        "confusions": confusions(table),
        "groups_known": groups(table, known_groups(letters)),
        "groups_found": groups(table, found_groups(table, no_hand)),
        "brightness": in_quantiles(table, seen.brightness, hands),
        "front_light": in_quantiles(table, seen.front_light, hands),
        "mirrored": mirrored(table, seen.mirrored, hands),
        "empty": empty_scenes(table, no_hand),
        "abstention": abstention(table, no_hand, THRESHOLDS),
    }


def by_letter(table: Predictions, mirrored: np.ndarray) -> Rows:
    """Return for every class that has images or is named: recall, recall of the mirror images, and precision."""
    rows = []
    for at, label in enumerate(table.classes):
        true, said = table.labels == at, table.predicted == at
        if true.any() or said.any():
            both = (true & said).sum()
            rows.append({
                "class": label,
                "recall": share(both, true.sum()),
                "mirrored": share((true & (mirrored == at)).sum(), true.sum()),
                "precision": share(both, said.sum()),
            })  # fmt: skip
    return rows


def confusions(table: Predictions) -> Rows:
    """Return the pairs of classes that are taken for one another, the most frequent first.

    Rows: one, other (in the order of the classes), one_as_other, other_as_one (images), mistakes (both together) and
    their share of all wrong answers.
    """
    counts = _counts(table)
    wrong = int((~table.correct).sum())
    rows = [
        {
            "one": table.classes[i],
            "other": table.classes[j],
            "one_as_other": int(counts[i, j]),
            "other_as_one": int(counts[j, i]),
            "mistakes": int(counts[i, j] + counts[j, i]),
            "share_of_mistakes": round(float(counts[i, j] + counts[j, i]) / wrong, DECIMALS),
        }
        for i, j in combinations(range(len(table.classes)), 2)
        if counts[i, j] + counts[j, i]
    ]
    return sorted(rows, key=lambda row: -row["mistakes"])


def frequent(table: Predictions, count: int) -> list[int]:
    """Return a row of the table for each of the `count` most frequent mistakes (one class taken for another), the most
    frequent first: of its images the one of middling probability."""
    wrong = np.flatnonzero(~table.correct)
    kinds: dict[tuple[int, int], list[int]] = {}
    for at in wrong[np.argsort(table.confidence[wrong], kind="stable")].tolist():
        kinds.setdefault((table.labels[at], table.predicted[at]), []).append(at)
    order = sorted(kinds, key=lambda kind: (-len(kinds[kind]), kind))
    return [kinds[kind][len(kinds[kind]) // 2] for kind in order[:count]]


def known_groups(letters: Mapping[str, str]) -> list[list[str]]:
    """Return the labels of the letters that are known to be alike, group by group; see `ALIKE`."""
    found = [[label for label, letter in letters.items() if letter in set(group)] for group in ALIKE]
    return [labels for labels in found if len(labels) > 1]


def found_groups(table: Predictions, no_hand: Collection[str]) -> list[list[str]]:
    """Return the groups of classes that the answers themselves show to be alike to the model.

    Two classes are as alike as the mean of the shares of each that are taken for the other; groups are joined while
    those of two groups are so by `CONFUSED` on average (average linkage, Sokal and Michener 1958).
    """
    counts = _counts(table)
    there = [at for at, label in enumerate(table.classes) if label not in no_hand and counts[at].any()]
    if len(there) < 2:
        return []
    rates = (counts / np.maximum(counts.sum(axis=1), 1)[:, None])[np.ix_(there, there)]
    distances = 1 - (rates + rates.T) / 2
    np.fill_diagonal(distances, 0)
    numbers = fcluster(linkage(squareform(distances), "average"), 1 - CONFUSED, "distance")
    found = [[table.classes[at] for at, own in zip(there, numbers) if own == number] for number in np.unique(numbers)]
    return [labels for labels in found if len(labels) > 1]


def groups(table: Predictions, of: Sequence[Sequence[str]]) -> Rows:
    """Return of every group of classes that has images: how many are right, taken for one another, and for others.

    Most mistakes within a group first.
    """
    rows = []
    for labels in of:
        members = [table.classes.index(label) for label in labels]
        true, inside = np.isin(table.labels, members), np.isin(table.predicted, members)
        if count := int(true.sum()):
            rows.append({
                "classes": list(labels),
                "correct": share((true & table.correct).sum(), count),
                "within": share((true & inside & ~table.correct).sum(), count),
                "outside": share((true & ~inside).sum(), count),
            })  # fmt: skip
    return sorted(rows, key=lambda row: -row["within"]["hits"])


def in_quantiles(table: Predictions, values: np.ndarray, of: np.ndarray, count: int = QUANTILES) -> Rows:
    """Return the share of right answers in `count` equally large quantiles, from the lowest value to the highest.

    values: (n,) float; of: (n,) bool, the images that count. Of fewer images than quantiles each is one.
    Rows: from, to (least and largest value of the quantile), typical (the image in its middle), and the share.
    """
    order = np.flatnonzero(of)
    order = order[np.argsort(values[order], kind="stable")]
    return [
        {
            "from": round(float(values[rows[0]]), 1),
            "to": round(float(values[rows[-1]]), 1),
            "typical": table.members[rows[len(rows) // 2]],
        }
        | share(table.correct[rows].sum(), len(rows))
        for rows in np.array_split(order, count)
        if len(rows)
    ]


def mirrored(table: Predictions, named: np.ndarray, of: np.ndarray) -> dict[str, Any]:
    """Return how well images are read as they are and mirrored, and how often both answers are the same.

    A photograph does not say which hand it shows: one of the two answers sees a left hand, the other a right one.
    named: (n,) int, the class named of each mirror image; of: (n,) bool, the images that count.
    """
    same = of & (named == table.predicted)
    return {
        "as_taken": _correct(table, of),
        "mirrored": share((of & (named == table.labels)).sum(), of.sum()),
        "agree": share(same.sum(), of.sum()),
        "correct_where_agreed": _correct(table, same),
        "correct_where_not": _correct(table, of & ~same),
    }


def empty_scenes(table: Predictions, no_hand: Collection[str]) -> dict[str, Any] | None:
    """Return what is said of empty scenes, None where there are none: how many are seen to be so, what the others
    are taken for, most often first, and how sure the model then is (median probability)."""
    silent = [at for at, label in enumerate(table.classes) if label in no_hand]
    empty = np.isin(table.labels, silent)
    if not empty.any():
        return None
    wrong = empty & ~np.isin(table.predicted, silent)
    named = np.bincount(table.predicted[wrong], minlength=len(table.classes))
    return {
        "seen_empty": share((empty & ~wrong).sum(), empty.sum()),
        "named": {table.classes[at]: int(named[at]) for at in np.argsort(-named, kind="stable") if named[at]},
        "median_probability": round(float(np.median(table.confidence[wrong])), DECIMALS) if wrong.any() else None,
    }


def abstention(table: Predictions, no_hand: Collection[str], thresholds: Iterable[float]) -> Rows:
    """Return for each threshold what is left when the model abstains from answers of a lower probability.

    Rows: threshold; coverage (of the images of a hand, those of which a sign is named); correct (of these); empty_named
    (of the empty scenes, those of which a sign is named).
    """
    silent = [at for at, label in enumerate(table.classes) if label in no_hand]
    hands, names = ~np.isin(table.labels, silent), ~np.isin(table.predicted, silent)
    rows = []
    for threshold in thresholds:
        given = names & (table.confidence >= threshold)
        rows.append({
            "threshold": round(float(threshold), DECIMALS),
            "coverage": share((given & hands).sum(), hands.sum()),
            "correct": _correct(table, given & hands),
            "empty_named": share((given & ~hands).sum(), (~hands).sum()),
        })  # fmt: skip
    return rows


def curve(table: Predictions, no_hand: Collection[str]) -> Rows:
    """Return `abstention` for thresholds that leave out about one image in a hundred more each, the lowest first."""
    return abstention(table, no_hand, np.unique(np.quantile(table.confidence, np.linspace(0, 1, 101), method="lower")))


def _counts(table: Predictions) -> np.ndarray:
    counts: np.ndarray = confusion_matrix(table.labels, table.predicted, labels=range(len(table.classes)))
    return counts


def _correct(table: Predictions, of: np.ndarray) -> dict[str, float | int | None]:
    return share((of & table.correct).sum(), of.sum())


def _luminance(images: np.ndarray) -> np.ndarray:
    """Return float64 (n, h, w) in [0, 255]."""
    return images[..., 0].astype(np.float64) if images.shape[-1] == 1 else images @ np.array(LUMINANCE)
