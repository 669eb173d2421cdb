"""The matrix of all experiments and all sets: who reads what others collected."""

from collections.abc import Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fingerspell.evidence.matrix import Cell, Panel, Row, panels
from fingerspell.plots import style

ROW, COLUMN = 0.42, 1.12  # inches: of a cell
MARGIN, TOP, GAP = 0.12, 1.2, 0.5  # inches: around all, above the cells, between two panels
KEY = 6.2  # inches: width of the key
PALE, DARK = 0.9, 0.73  # the darkest colour, a share of the map's; the accuracy from which white is told best from it


@style.quiet()
def matrix(rows: Sequence[Row], title: str = "Accuracy across datasets") -> Figure:
    """Return a panel for each alphabet: a row for each experiment, a column for each set, in the order given.

    rows: as `fingerspell.evidence.matrix` has them. The darker, the more accurate, from 0 to 1; the 95% interval stands
    beneath. Framed are sets that the experiment has learnt from. A dash: of that set no image was asked.
    """
    found = panels(rows)
    names = {of: 0.2 + max(style.text_width(name, 9) for name in panel.cells) for of, panel in found.items()}
    widths = {of: names[of] + COLUMN * len(panel.kinds) for of, panel in found.items()}
    width = max(KEY, style.text_width(title, 12, "bold"), sum(widths.values()) + GAP * (len(found) - 1))
    height = ROW * max(len(panel.cells) for panel in found.values())
    figure = style.new_figure(width + 2 * MARGIN, TOP + height + MARGIN)
    axes = style.bare_axes(figure)
    axes.text(MARGIN, MARGIN, title, fontsize=12, fontweight="bold", va="top")
    _key(axes, MARGIN, 0.5)
    left = MARGIN
    for of, panel in found.items():
        axes.text(left, TOP - 0.08, of.capitalize(), fontweight="bold", va="bottom")
        _panel(axes, left + names[of], panel)
        left += widths[of] + GAP
    return figure


def _panel(axes: Axes, left: float, panel: Panel) -> None:
    for column, (name, kind) in enumerate(panel.kinds.items()):
        middle = left + (column + 0.5) * COLUMN
        axes.text(middle, TOP - 0.23, _fitting(name), ha="center", va="bottom", parse_math=False)
        axes.text(middle, TOP - 0.08, kind, ha="center", va="bottom", fontsize=7, color=style.GREY)
    for row, (experiment, cells) in enumerate(panel.cells.items()):
        top = TOP + row * ROW
        axes.text(left - 0.1, top + ROW / 2, experiment, ha="right", va="center")
        for column, name in enumerate(panel.kinds):
            _cell(axes, left + column * COLUMN, top, cells.get(name))


def _cell(axes: Axes, left: float, top: float, cell: Cell | None) -> None:
    middle = left + COLUMN / 2
    if cell is None or cell["accuracy"] is None:
        axes.text(middle, top + ROW / 2, "–", ha="center", va="center", color=style.GREY)
        return
    accuracy = cell["accuracy"]
    colour, ink = _colour(accuracy), "white" if accuracy > DARK else style.INK
    axes.add_patch(Rectangle((left, top), COLUMN, ROW, facecolor=colour, edgecolor="white", linewidth=1.5))
    if cell["own"]:
        _frame(axes, left, top, COLUMN, ROW)
    interval = f"{cell['accuracy_low']:.3f}–{cell['accuracy_high']:.3f}"
    axes.text(middle, top + 0.4 * ROW, f"{accuracy:.3f}", ha="center", va="center", color=ink)
    axes.text(middle, top + 0.76 * ROW, interval, ha="center", va="center", fontsize=6.5, color=ink)


def _key(axes: Axes, left: float, top: float) -> None:
    """Say what colour and frame mean."""
    steps, wide, high, bar, frame = 55, 1.1, 0.13, left + 0.12, left + 3.35
    for step in range(steps):
        place, colour = (bar + wide * step / steps, top), _colour(step / (steps - 1))
        axes.add_patch(Rectangle(place, wide / steps, high, facecolor=colour, edgecolor=colour, linewidth=0.5))
    _frame(axes, frame, top, 0.3, high)
    for across, text in (
        (left, "0"),
        (bar + wide + 0.05, "1   accuracy, 95% interval beneath"),
        (frame + 0.37, "test images of a set that it has learnt from"),
    ):
        axes.text(across, top + high / 2, text, va="center", fontsize=8)


def _frame(axes: Axes, left: float, top: float, wide: float, high: float) -> None:
    inset = 0.025
    line: dict[str, Any] = {"linewidth": 2, "joinstyle": "miter", "edgecolor": style.ORANGE}
    corner, sides = (left + inset, top + inset), (wide - 2 * inset, high - 2 * inset)
    axes.add_patch(Rectangle(corner, *sides, facecolor="none", **line))


def _colour(accuracy: float) -> tuple[float, float, float, float]:
    return colormaps["Blues"](PALE * accuracy)


def _fitting(name: str) -> str:
    """Cut the name of a set, which is any for photographs, to the width of its column."""
    shorter = (name, *(f"{name[:end]}…" for end in range(min(len(name), 32) - 1, 0, -1)))  # no 32 letters fit
    return next(text for text in shorter if style.text_width(text, 9) <= COLUMN - 0.06)
