"""Sheets of images: a data set at a glance, and what a model made of its test images."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fingerspell.evaluation.predictions import Predictions
from fingerspell.plots import style

TILE = 0.9  # inches: side of an image
GAP = 0.19
CAPTION = 0.15  # one line of it
MARGIN = 0.15
TITLE = 0.6


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
    note = f"{len(rows)} of {len(predictions):,} test images; {right:,} of all are right"
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
        heading(style.bare_axes(figure), title, f"None: all {len(predictions):,} test images are named rightly.")
        return figure
    wrong = int((~predictions.correct).sum())
    note = f"{len(rows)} of {wrong:,} mistakes in {len(predictions):,} test images, the most confident first"
    return _judged(images, predictions, rows, title, note)


@style.quiet()
def contact_sheet(
    images: Sequence[np.ndarray], labels: Sequence[str], columns: int = 8, title: str | None = None
) -> Figure:
    """Return a sheet of images (as for `prediction_sheet`) with a label below each, in the order given."""
    axes, corners = _grid(len(images), columns, TITLE - 0.15 if title else 0, title=title or "")
    if title:
        heading(axes, title)
    for image, label, (x, y) in zip(images, labels, corners):
        tile(axes, image, x, y)
        axes.text(x + TILE / 2, y + TILE + 0.05, label, ha="center", va="top", fontsize=9)
    return axes.figure


@style.quiet()
def _judged(
    images: Sequence[np.ndarray], predictions: Predictions, rows: Sequence[int], title: str, note: str
) -> Figure:
    axes, corners = _grid(len(rows), 8, TITLE, captions=2, title=title)
    heading(axes, title, note)
    for image, row, (x, y) in zip(images, rows, corners):
        tile(axes, image, x, y)
        true, said = (predictions.classes[at] for at in (predictions.labels[row], predictions.predicted[row]))
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
    return axes.figure


def _grid(
    count: int, columns: int, top: float, captions: int = 1, title: str = ""
) -> tuple[Axes, list[tuple[float, float]]]:
    """Return axes with room for `count` tiles, and the upper left corners of these."""
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    across, down = TILE + GAP, TILE + GAP + captions * CAPTION
    width = 2 * MARGIN + columns * across - GAP
    figure = style.new_figure(max(width, heading_width(title)) if top else width, 2 * MARGIN + top + rows * down - GAP)
    corners = [(MARGIN + (at % columns) * across, MARGIN + top + (at // columns) * down) for at in range(count)]
    return style.bare_axes(figure), corners


@style.quiet()
def heading(axes: Axes, title: str, note: str = "") -> None:
    """Write a title, and below it a note of one line or two, into the upper left corner of `style.bare_axes`."""
    axes.text(MARGIN, MARGIN, title, fontsize=12, fontweight="bold", va="top")
    note = style.wrapped(note, 8.5, 0.97 * (axes.get_xlim()[1] - 2 * MARGIN))
    axes.text(MARGIN, MARGIN + 0.27, note, fontsize=8.5, color=style.GREY, va="top")


def heading_width(title: str) -> float:
    """Return how wide a picture must be, in inches, for its heading."""
    return max(5.6, 2 * MARGIN + 1.03 * style.text_width(title, 12, "bold"))


def tile(axes: Axes, image: np.ndarray, x: float, y: float, size: float = TILE) -> None:
    """Draw an image, as for `prediction_sheet`, centred in a square of `size` inches, its proportions kept."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    height, width = (side * size / max(image.shape[:2]) for side in image.shape[:2])
    left, top = x + (size - width) / 2, y + (size - height) / 2
    axes.imshow(
        image, cmap="gray", vmin=0, vmax=255, extent=(left, left + width, top + height, top),
        aspect="auto", interpolation="antialiased", zorder=0,
    )  # fmt: skip
