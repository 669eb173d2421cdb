"""Pictures that a network was asked about, each beside one that explains its answer: a map, or what it resembles."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fingerspell.errors import counted
from fingerspell.evaluation.predictions import Predictions
from fingerspell.plots import sheets, style

COLUMNS = 4
BETWEEN = 0.03  # inches: the two tiles of a pair
HEAT = "cividis"  # ever lighter from blue to yellow, with every kind of colour vision
MEANING = "Yellow speaks for the answer, dark blue does not."
STEPS = 6  # of heat: few colours, which a picture of few colours keeps


def heated(maps: np.ndarray) -> np.ndarray:
    """Return maps, float (n, size, size) ≥ 0, none of them 0 all over, in colours, each up to its hottest pixel.

    These are uint8 (n, size, size, 3).
    """
    heat = maps / maps.max(axis=(1, 2), keepdims=True)
    colours: np.ndarray = 255 * matplotlib.colormaps[HEAT](np.round(heat * STEPS) / STEPS)[..., :3]
    return colours.astype(np.uint8)


def which(rows: Sequence[int] | np.ndarray, table: Predictions, right: bool, more: str) -> str:
    """Say which of a table's right or wrong answers some rows of it are, and more about them, if there are any."""
    kind, images = "right answer" if right else "wrong answer", counted(len(table), "test image")
    if not len(rows):
        return f"There is no {kind} in {images}."
    return f"{len(rows)} of {counted(int((table.correct == right).sum()), kind)} in {images}, drawn at random. {more}"


def on_hands(shown: int, scenes: int, found: Mapping[str, Any]) -> str:
    """Say how much of the maps lies on hands. found: shares 0–1, as `evidence.explanation.measure` returns them."""
    told = f"{shown} of {counted(scenes, 'scene')}. {found['on_hand']:.0%} of the maps lies on the outlined hands, "
    return f"{told}before training {found['on_hand_untrained']:.0%}; they cover {found['hand_area']:.0%}. {MEANING}"


@style.quiet()
def sheet(
    pictures: np.ndarray,
    beside: np.ndarray,
    table: Predictions,
    rows: Sequence[int] | np.ndarray,
    title: str,
    note: str,
    about: Sequence[str] | None = None,
    hands: np.ndarray | None = None,
) -> Figure:
    """Return a sheet of pictures in pairs, with the true class, the answer and its probability; without any the note.

    pictures, beside: those of `rows` of the table, uint8 (n, size, size, 1 or 3), values 0–255. about: what is said of
    each one beside. hands: bool (n, size, size), to be outlined in both.
    """
    columns = max(1, min(COLUMNS, len(rows)))
    across = 2 * sheets.TILE + BETWEEN + sheets.GAP
    down = sheets.TILE + (2 if about else 1) * sheets.CAPTION + sheets.GAP
    top = sheets.MARGIN + sheets.TITLE + 0.05
    width = max(2 * sheets.MARGIN + columns * across - sheets.GAP, sheets.heading_width(title))
    axes = style.bare_axes(style.new_figure(width, top + -(-len(rows) // columns) * down))
    sheets.heading(axes, title, note)
    for at, row in enumerate(rows):
        x, y = sheets.MARGIN + at % columns * across, top + at // columns * down
        for left, image in ((x, pictures[at]), (x + sheets.TILE + BETWEEN, beside[at])):
            sheets.tile(axes, image, left, y)
            if hands is not None:
                _outline(axes, hands[at], left, y)
        _answer(axes, table, row, x, y)
        if about:
            below = y + sheets.TILE + 0.05 + sheets.CAPTION
            axes.text(x, below, about[at], va="top", fontsize=8, color=style.GREY)
    return style.figure_of(axes)


def _outline(axes: Axes, hand: np.ndarray, x: float, y: float) -> None:
    """Draw the rim of a hand, bool (size, size), on a tile."""
    middles = (np.arange(len(hand)) + 0.5) * sheets.TILE / len(hand)
    axes.contour(x + middles, y + middles, hand, [0.5], colors=[style.VERMILION], linewidths=1.2)


def _answer(axes: Axes, table: Predictions, row: int, x: float, y: float) -> None:
    """Write below a picture what it shows, what was said and how surely; frame it where that is wrong."""
    text, said = (table.classes[at] for at in (table.labels[row], table.predicted[row]))
    look: dict[str, Any] = {"color": style.INK}
    if text != said:
        text, look = f"{text} → {said}", {"color": style.VERMILION, "fontweight": "bold"}
        axes.add_patch(Rectangle((x, y), sheets.TILE, sheets.TILE, fill=False, edgecolor=style.VERMILION, linewidth=2))
    axes.text(x, y + sheets.TILE + 0.05, f"{text} {table.confidence[row]:.0%}", va="top", fontsize=8, **look)
