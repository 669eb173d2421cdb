"""Sheets of images in rows and columns, and what they are built of."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingerspell.plots import style

TILE = 0.9  # inches: side of an image
GAP = 0.19
CAPTION = 0.15  # one line of it
MARGIN = 0.15
TITLE = 0.6


@style.quiet()
def contact_sheet(
    images: Sequence[np.ndarray], labels: Sequence[str], columns: int = 8, title: str | None = None
) -> Figure:
    """Return a sheet of images with a label below each, in the order given.

    images: uint8 (h, w), (h, w, 1) or (h, w, 3) in [0, 255], any size.
    """
    axes, corners = grid(len(images), columns, TITLE - 0.15 if title else 0, title=title or "")
    if title:
        heading(axes, title)
    for image, label, (x, y) in zip(images, labels, corners):
        tile(axes, image, x, y)
        axes.text(x + TILE / 2, y + TILE + 0.05, label, ha="center", va="top", fontsize=9)
    return style.figure_of(axes)


def grid(
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
    """Draw an image, as for `contact_sheet`, centred in a square of `size` inches, its proportions kept."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    height, width = (side * size / max(image.shape[:2]) for side in image.shape[:2])
    left, top = x + (size - width) / 2, y + (size - height) / 2
    axes.imshow(
        image, cmap="gray", vmin=0, vmax=255, extent=(left, left + width, top + height, top),
        aspect="auto", interpolation="antialiased", zorder=0,
    )  # fmt: skip
