"""What a model made of its test images: some of every class, and its surest mistakes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fingerspell.errors import counted
from fingerspell.evaluation.predictions import Predictions
from fingerspell.plots import style
from fingerspell.plots.sheets import CAPTION, TILE, TITLE, grid, heading, heading_width, tile


def examples(predictions: Predictions, per_class: int = 1) -> list[int]:
    """Return rows of the table: of every class up to `per_class`, evenly spread over its sorted members."""
    rows = []
    for label in np.unique(predictions.labels):
        of_class = np.flatnonzero(predictions.labels == label).tolist()
        of_class.sort(key=predictions.members.__getitem__)
        count = min(per_class, len(of_class))
        rows += [of_class[int((step + 0.5) * len(of_class) / count)] for step in range(count)]
    return rows


def mistakes(predictions: Predictions, count: int = 32) -> list[int]:
    """Return up to `count` rows of the table that are wrong, the most confident first."""
    wrong = np.flatnonzero(~predictions.correct).tolist()
    return sorted(wrong, key=lambda at: (-predictions.confidence[at], predictions.members[at]))[:count]


def prediction_sheet(
    images: Sequence[np.ndarray],
    predictions: Predictions,
    rows: Sequence[int],
    title: str = "Predictions",
) -> Figure:
    """Return a sheet of test images with true → predicted and confidence; wrong ones are framed.

    images: those of `rows` (as from `examples`): uint8 (h, w), (h, w, 1) or (h, w, 3) in [0, 255], any size.
    """
    right = int(predictions.correct.sum())
    shown = f"{len(rows)} of {counted(len(predictions), 'test image')}"
    note = f"{shown}; {right:,} of all {'is' if right == 1 else 'are'} classified correctly"
    return _judged(images, predictions, rows, title, note)


def mistakes_sheet(
    images: Sequence[np.ndarray],
    predictions: Predictions,
    rows: Sequence[int],
    title: str = "Mistakes",
) -> Figure:
    """Return a sheet like `prediction_sheet` of the rows from `mistakes`; without any it says so."""
    if not rows:
        figure = style.new_figure(heading_width(title), 0.8)
        of = "the one test image is" if len(predictions) == 1 else f"all {len(predictions):,} test images are"
        heading(style.bare_axes(figure), title, f"None: {of} classified correctly.")
        return figure
    wrong, of = int((~predictions.correct).sum()), counted(len(predictions), "test image")
    note = f"{len(rows)} of {counted(wrong, 'mistake')} in {of}, the most confident first"
    return _judged(images, predictions, rows, title, note)


@style.quiet()
def _judged(
    images: Sequence[np.ndarray], predictions: Predictions, rows: Sequence[int], title: str, note: str
) -> Figure:
    axes, corners = grid(len(rows), 8, TITLE, captions=2, title=title)
    heading(axes, title, note)
    for image, row, (x, y) in zip(images, rows, corners):
        tile(axes, image, x, y)
        true, said = (predictions.classes[at] for at in (predictions.labels[row], predictions.predicted[row]))
        look: dict[str, Any]
        if true == said:
            text, look = true, {"color": style.INK}
        else:
            text, look = f"{true} → {said}", {"color": style.VERMILION, "fontweight": "bold"}
            axes.add_patch(Rectangle((x, y), TILE, TILE, fill=False, edgecolor=style.VERMILION, linewidth=2.5))
        middle, below = x + TILE / 2, y + TILE + 0.06
        size = 8.5 if len(text) <= 13 else 7
        axes.text(middle, below, text, ha="center", va="top", fontsize=size, **look)
        sure = f"{100 * predictions.confidence[row]:.0f}%"
        axes.text(middle, below + CAPTION, sure, ha="center", va="top", fontsize=7.5, color=style.GREY)
    return style.figure_of(axes)
