"""Which letter is taken for which."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix as count_confusions

from fingerspell.evaluation.predictions import Predictions
from fingerspell.plots import style

CELL = 0.31  # inches: room for a count of four digits
LUMINANCE = (0.299, 0.587, 0.114)  # of red, green, blue (ITU-R BT.601)


@style.quiet()
def confusion_matrix(
    predictions: Predictions, letters: Mapping[str, str] | None = None, title: str = "Confusion matrix"
) -> Figure:
    """Return a picture of the confusion matrix: numbers are images, colours are shares of the true class.

    Blue on the diagonal is right, orange beside it is wrong; the root of the share is shown, so that rare
    mistakes can be seen too. Empty cells are zero. Recall stands at the right.
    letters: what to show beside each label, if anything.
    """
    classes = predictions.classes
    k = len(classes)
    counts = count_confusions(predictions.labels, predictions.predicted, labels=range(k))
    support = counts.sum(axis=1)
    shares = counts / np.maximum(support, 1)[:, None]

    norm = PowerNorm(0.5, 0, 1)
    colours = colormaps["Oranges"](0.75 * norm(shares))
    diagonal = np.arange(k)
    colours[diagonal, diagonal] = colormaps["Blues"](0.85 * norm(shares[diagonal, diagonal]))
    colours[counts == 0] = (1, 1, 1, 1)

    names = [style.label(name, letters) for name in classes]
    longest = 0.08 * max(map(len, names))
    left, top, side = 0.4 + longest, 0.75 + longest, k * CELL
    figure = style.new_figure(max(left + side + 0.6, 3.5), top + side + 0.15)
    axes = style.bare_axes(figure)
    axes.imshow(colours, extent=(left, left + side, top + side, top), interpolation="nearest", aspect="auto")
    lines = np.arange(k + 1) * CELL
    axes.hlines(top + lines, left, left + side, color=style.FAINT, linewidth=0.6)
    axes.vlines(left + lines, top, top + side, color=style.FAINT, linewidth=0.6)

    # Texts at the middles of rows and columns; matplotlib's ticks would take most of the time.
    middles = (diagonal + 0.5) * CELL
    rows, columns = top + middles, left + middles
    for row, column in zip(*np.nonzero(counts)):
        count = counts[row, column]
        look: dict[str, Any] = {"fontsize": 8 if count < 1000 else 6.5, "ha": "center", "va": "center_baseline"}
        look["color"] = "white" if colours[row, column, :3] @ LUMINANCE < 0.55 else style.INK
        axes.text(columns[column], rows[row], str(count), **look)
    for at, name in enumerate(names):
        turned = {"rotation": 90, "rotation_mode": "anchor", "ha": "left", "va": "center"}
        upright = {"ha": "center", "va": "bottom"}
        axes.text(columns[at], top - 0.06, name, **(turned if len(name) > 2 else upright))
        ink = style.INK if support[at] else style.GREY
        axes.text(left - 0.06, rows[at], name, ha="right", va="center", color=ink)
        recall = f"{shares[at, at]:.0%}" if support[at] else "–"
        axes.text(left + side + 0.06, rows[at], recall, va="center", fontsize=8, color=style.GREY)
    axes.text(left + side + 0.06, top - 0.06, "recall", va="bottom", fontsize=8, color=style.GREY)
    axes.text(left + side / 2, top - longest - 0.13, "predicted", ha="center", va="bottom", color=style.GREY)
    axes.text(0.12, top + side / 2, "actual", rotation=90, va="center", color=style.GREY)
    axes.text(0.12, 0.12, title, fontsize=12, fontweight="bold", va="top")
    return figure


def confusion_table(predictions: Predictions) -> str:
    """Return CSV for the template in `.dvc/plots`: actual,predicted,images, a row for every two classes, in order."""
    classes = predictions.classes
    counts = count_confusions(predictions.labels, predictions.predicted, labels=range(len(classes)))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["actual", "predicted", "images"])
    for actual, row in zip(classes, counts.tolist()):
        table.writerows((actual, predicted, images) for predicted, images in zip(classes, row))
    return text.getvalue()
