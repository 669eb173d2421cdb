"""One quiet style for all pictures, and the one way of writing them."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from PIL import Image

from fingerspell.files import write_aside

DPI = 100
FONT = "DejaVu Sans"  # comes with matplotlib, so the same everywhere; has Arabic letters

# Okabe and Ito, "Color Universal Design" (2008): told apart with every common kind of colour vision.
BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
INK = "#262626"
GREY = "#737373"
FAINT = "#E3E3E3"

_SETTINGS = {
    "font.family": "sans-serif",
    "font.sans-serif": [FONT],
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@contextmanager
def quiet() -> Iterator[None]:
    """Draw with the settings above and matplotlib's own defaults, whatever the user's matplotlibrc says.

    Used as a decorator: `@quiet()`.
    """
    defaults: dict[Any, Any] = {key: one for key, one in matplotlib.rcParamsDefault.items() if "backend" not in key}
    with matplotlib.rc_context(defaults | _SETTINGS):
        yield


def figure_of(axes: Axes) -> Figure:
    """Return the figure that axes belong to."""
    assert isinstance(axes.figure, Figure)  # none here are part of another
    return axes.figure


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, sizes in inches of 100 pixels, that no global state knows of."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def bare_axes(figure: Figure) -> Axes:
    """Return axes that fill the figure, in inches from its upper left corner, with nothing drawn."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return axes


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a line of text is, in inches; `size` in points."""
    font = FontProperties(family=FONT, size=size, weight=weight)
    # Its advance: the extents of its outlines, which differ by a thousandth, take a hundred times as long.
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72 if text.strip() else 0.0


def wrapped(text: str, size: float, width: float) -> str:
    """Return the text in as many lines as it takes where none may be wider than `width` inches."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def label(name: str, letters: Mapping[str, str] | None) -> str:
    """Return a class label with its letter beside it, where the letter says more than the label."""
    letter = (letters or {}).get(name, "").strip()
    return name if letter in ("", name) else f"{name} {letter}"


@quiet()
def save(figure: Figure, path: Path) -> None:
    """Write a PNG of at most 192 colours, at its size in inches times 100 pixels.

    The same figure gives the same bytes: no date, no name of a program. Few colours keep it small.
    """
    pixels = io.BytesIO()
    figure.savefig(pixels, format="png", dpi=DPI)
    picture = Image.open(pixels).convert("RGB").quantize(192, Image.Quantize.MEDIANCUT)
    with write_aside(path) as aside:
        picture.save(aside, format="png", optimize=True)
