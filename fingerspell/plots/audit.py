"""Pictures of what an audit found in a dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fingerspell.errors import counted
from fingerspell.plots import style
from fingerspell.plots.sheets import heading, heading_width, tile

MARGIN = 0.15  # inches, as all sizes below
TITLE = 0.65
TILE = 0.52  # side of an image of a sample sheet
PAIR = 0.95  # side of an image beside its like
SIZES = 12  # at most so many sizes are listed


@dataclass(frozen=True)
class Like:
    """Images to be shown side by side, and what is said below them."""

    images: Sequence[np.ndarray]  # uint8 (h, w), (h, w, 1) or (h, w, 3), values 0–255
    names: Sequence[str]  # one line below each image
    note: str  # one line below all


@style.quiet()
def class_counts(
    before: Mapping[str, int], after: Mapping[str, int], letters: Mapping[str, str] | None = None, title: str = "Images"
) -> Figure:
    """Return bars of the number of images of every class, before and after cleaning."""
    classes = sorted(before)
    height = 1.25 + 0.2 * len(classes)
    width = max(6.5, heading_width(title))
    figure = style.new_figure(width, height)
    axes = figure.add_axes((0.17, 0.45 / height, 0.72, 1 - 1.2 / height))
    places = np.arange(len(classes))
    had, kept = ([counts.get(label, 0) for label in classes] for counts in (before, after))
    axes.barh(places, had, height=0.72, color=style.SKY, alpha=0.55, label="before cleaning")
    axes.barh(places, kept, height=0.72, color=style.BLUE, label="after cleaning")
    for place, one, other in zip(places, had, kept):
        text = f"{one:,}" if one == other else f"{other:,} of {one:,}"
        axes.annotate(text, (one, place), (4, 0), textcoords="offset points", va="center", fontsize=7.5)
    axes.set_yticks(places, [style.label(label, letters) for label in classes], fontsize=8.5)
    axes.set(ylim=(len(classes) - 0.4, -0.6), xlim=(0, 1.17 * max(had, default=1) or 1), xlabel="images")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="x")
    figure.text(MARGIN / width, 1 - MARGIN / height, title, fontsize=12, fontweight="bold", va="top")
    images, of = counted(sum(had), "image"), counted(len(classes), "class", "classes")
    note = f"{images} in {of}; cleaning keeps {sum(kept):,}"
    figure.text(MARGIN / width, 1 - (MARGIN + 0.27) / height, note, fontsize=8.5, color=style.GREY, va="top")
    figure.legend(loc="upper right", bbox_to_anchor=(1, 1 - 0.36 / height), ncols=2, fontsize=8.5)
    return figure


@style.quiet()
def size_distribution(sizes: Mapping[tuple[int, int], int], title: str = "Sizes") -> Figure:
    """Return bars of how many images have which size (width, height), on a logarithmic scale, the commonest first."""
    counts = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    names = [f"{width} × {height}" for (width, height), _ in counts[:SIZES]]
    values = [count for _, count in counts[:SIZES]]
    if rest := counts[SIZES:]:
        names.append(counted(len(rest), "more size"))
        values.append(sum(count for _, count in rest))
    total = sum(sizes.values())
    height = 1.25 + 0.26 * max(1, len(names))
    width = max(6.5, heading_width(title))
    figure = style.new_figure(width, height)
    axes = figure.add_axes((0.19, 0.45 / height, 0.63, 1 - 1.15 / height))
    places = range(len(names))
    axes.barh(places, values, height=0.66, color=style.BLUE)
    axes.set_xscale("log")
    axes.set(xlim=(0.7, max(values, default=1) * 1.6), ylim=(len(names) - 0.4, -0.6), xlabel="images (logarithmic)")
    for place, value in zip(places, values):
        share = f"{value / total:.1%}" if value >= total / 1000 else "< 0.1%"
        text = f"{value:,}  ({share})"
        axes.annotate(text, (value, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(places, names, fontsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    figure.text(MARGIN / width, 1 - MARGIN / height, title, fontsize=12, fontweight="bold", va="top")
    note = f"pixels, width × height, of {counted(total, 'image')}"
    figure.text(MARGIN / width, 1 - (MARGIN + 0.27) / height, note, fontsize=8.5, color=style.GREY, va="top")
    return figure


@style.quiet()
def class_samples(
    images: Mapping[str, Sequence[np.ndarray]],
    letters: Mapping[str, str] | None = None,
    title: str = "Samples",
    note: str = "",
) -> Figure:
    """Return a row of images (as in `Like`) for every class, in the order given, its label at the left."""
    columns = max([len(row) for row in images.values()], default=1)
    left, step = 0.95, TILE + 0.04
    figure = style.new_figure(
        max(left + columns * step + MARGIN, heading_width(title)), MARGIN + TITLE + len(images) * step + MARGIN - 0.04
    )
    axes = style.bare_axes(figure)
    heading(axes, title, note)
    for line, (label, row) in enumerate(images.items()):
        y = MARGIN + TITLE + line * step
        axes.text(MARGIN, y + TILE / 2, style.label(label, letters), va="center", fontsize=9)
        for place, image in enumerate(row):
            tile(axes, image, left + place * step, y, TILE)
    return figure


@style.quiet()
def likes(groups: Sequence[Like], title: str, note: str = "", nothing: str = "None.", columns: int = 4) -> Figure:
    """Return groups of images, those of a group side by side; without any it says `nothing`."""
    if not groups:
        figure = style.new_figure(heading_width(title), 0.8)
        heading(style.bare_axes(figure), title, nothing)
        return figure
    within, between, lines = 0.04, 0.3, 0.45
    size = max(len(group.images) for group in groups)
    across, down = size * (PAIR + within) + between, PAIR + lines
    columns = min(columns, len(groups))
    rows = -(-len(groups) // columns)
    width = max(2 * MARGIN + columns * across - between, heading_width(title))
    figure = style.new_figure(width, MARGIN + TITLE + rows * down + MARGIN)
    axes = style.bare_axes(figure)
    heading(axes, title, note)
    for at, group in enumerate(groups):
        x, y = MARGIN + at % columns * across, MARGIN + TITLE + at // columns * down
        for place, (image, name) in enumerate(zip(group.images, group.names)):
            left = x + place * (PAIR + within)
            tile(axes, image, left, y, PAIR)
            axes.text(left + PAIR / 2, y + PAIR + 0.04, name, ha="center", va="top", fontsize=7)
        middle = x + len(group.images) * (PAIR + within) / 2
        axes.text(middle, y + PAIR + 0.17, group.note, ha="center", va="top", fontsize=7.5, color=style.GREY)
    return figure
