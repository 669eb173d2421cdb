"""What an autoencoder makes of its images: where their codes lie, and what comes back of the images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from fingerspell.errors import counted
from fingerspell.plots import sheets, style

SIDE = 8.0  # inches: the map of codes


def embed(codes: np.ndarray, seed: int) -> np.ndarray:
    """Return float32 (n, 2): the codes, float (n, m), laid out in the plane, each among its neighbours (t-SNE).

    van der Maaten & Hinton 2008, https://jmlr.org/papers/v9/vandermaaten08a.html. The layout begins with the first
    two principal components, and the same codes give the same points: on one thread, because several add up in any
    order. It takes at least three codes.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(30, (len(codes) - 1) / 3)
    with threadpool_limits(1):
        places: np.ndarray = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(codes)
        return places


@style.quiet()
def manifold(
    points: np.ndarray, labels: Sequence[str], letters: Mapping[str, str] | None = None, title: str = "Codes"
) -> Figure:
    """Return a map of codes where every point is drawn as its letter, in one of six colours.

    Letters, because no eye tells thirty colours apart, and some eyes not six. A label of more than two characters
    is drawn as its small initial and told below the map.
    points: float (n, 2), as from `embed`. labels: the class of each. letters: of the labels, where they stand for
    any.
    """
    top, edge, bottom = 0.8, 0.2, 0.4
    height = top + SIDE - 2 * edge + bottom
    figure = style.new_figure(SIDE, height)
    axes = figure.add_axes((edge / SIDE, bottom / height, 1 - 2 * edge / SIDE, 1 - (top + bottom) / height))
    axes.axis("off")
    classes, initials = np.asarray(labels), []
    font = min(max(150 / len(points) ** 0.5, 7), 11)  # letters: as large as there is room
    for at, label in enumerate(np.unique(classes)):
        letter = (letters or {}).get(label, "").strip() or str(label)
        if len(letter) > 2:
            letter = letter[0].lower()
            initials.append(f"{letter} = {label}")
        glyph = _glyph(letter, font)
        reach = 2 * np.abs(glyph.vertices).max()  # matplotlib scales every marker to the same reach
        colour = style.COLOURS[at % len(style.COLOURS)]
        x, y = points[classes == label].T
        axes.scatter(x, y, s=reach**2, marker=glyph, color=colour, linewidth=0)
    page = style.bare_axes(figure)
    note = f"{counted(len(points), 'test image')}, laid out by their codes (t-SNE): what is near is alike; "
    note += "how far says little"
    sheets.heading(page, title, note)
    page.text(sheets.MARGIN, height - sheets.MARGIN, ", ".join(initials), fontsize=8.5, color=style.GREY)
    return figure


def _glyph(letter: str, size: float) -> Path:
    """Return the outline of a letter of a font's `size`, in points, about its middle."""
    outline = TextPath((0, 0), letter, size, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    return outline.transformed(Affine2D().translate(*-outline.get_extents().get_points().mean(axis=0)))


@style.quiet()
def reconstructions(
    originals: np.ndarray, restored: np.ndarray, labels: Sequence[str], title: str = "Reconstructions"
) -> Figure:
    """Return pairs of images: the original and, at its right, what the decoder makes of its code.

    originals, restored: uint8 (n, size, size, channels), values 0–255. Below each pair its label and the error: the
    root of the mean square difference, of 255.
    """
    columns = 4
    across, down = 2 * sheets.TILE + 2 * sheets.GAP, sheets.TILE + sheets.CAPTION + sheets.GAP
    rows = -(-len(labels) // columns)
    width = 2 * sheets.MARGIN + columns * across - 2 * sheets.GAP
    figure = style.new_figure(width, 2 * sheets.MARGIN + sheets.TITLE + rows * down)
    axes = style.bare_axes(figure)
    errors = np.sqrt(((originals.astype(np.float64) - restored) ** 2).mean(axis=(1, 2, 3)))
    note = f"{counted(len(labels), 'test image')} and what their codes give back; the error is of 255"
    sheets.heading(axes, title, note)
    for at, (label, error) in enumerate(zip(labels, errors)):
        x = sheets.MARGIN + (at % columns) * across
        y = sheets.MARGIN + sheets.TITLE + (at // columns) * down
        sheets.tile(axes, originals[at], x, y)
        sheets.tile(axes, restored[at], x + sheets.TILE + 0.03, y)
        below: dict[str, Any] = {"y": y + sheets.TILE + 0.16, "va": "baseline"}
        axes.text(x, s=label, fontsize=9, **below)
        axes.text(x + 2 * sheets.TILE + 0.03, s=f"error {error:.1f}", fontsize=8, ha="right", color=style.GREY, **below)
    return figure
