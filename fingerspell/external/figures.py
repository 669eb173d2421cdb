"""The pictures of an error analysis: by letter, by light, coverage against abstention, and what goes wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingerspell.evaluation.predictions import Predictions
from fingerspell.plots import sheets, style

Rows = Sequence[Mapping[str, Any]]
COLUMNS = 8
TICKS, PERCENT = (0, 0.25, 0.5, 0.75, 1), ("0%", "25%", "50%", "75%", "100%")
FEWEST = 20  # answers whose share is worth a point
BLOCK = 0.62  # inches above a block of images: its title and a note


@style.quiet()
def by_letter(
    rows: Rows, main: Mapping[str, float], letters: Mapping[str, str] | None = None, note: str = ""
) -> Figure:
    """Return recall and precision of every class that has images, with 95% intervals, the best recall first.

    rows: as from `error_analysis.by_letter`. main: the share of right answers to all letters, a line.
    note: whose answers to what, here and below.
    """
    shown = sorted((row for row in rows if row["recall"]["images"]), key=lambda row: -row["recall"]["share"])
    width, top, bottom = 6.5, 1.25, 0.5
    height = top + 0.26 * len(shown) + bottom
    left = 0.35 + 0.075 * max(len(style.label(row["class"], letters)) for row in shown)
    figure = style.new_figure(width, height)
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - 1.4) / width, (height - top - bottom) / height)
    )
    for place, row in enumerate(shown):
        _interval(axes, row["recall"], place - 0.16, style.BLUE, "o")
        if row["precision"]["images"]:
            _interval(axes, row["precision"], place + 0.16, style.ORANGE, "s")
        for x, text in ((34, f"{row['recall']['share']:.0%}"), (80, f"{row['recall']['images']:,}")):
            _beside(axes, x, place, text)
    _beside(axes, 34, -1.1, "recall")
    if main["images"]:
        axes.axvline(main["share"], color=style.GREY, linewidth=1, linestyle=":", zorder=1)
        axes.annotate(f"letters {main['share']:.3f}", (main["share"], 1), (0, 4), xycoords=axes.get_xaxis_transform(),
                      textcoords="offset points", ha="center", fontsize=8.5, color=style.GREY)  # fmt: skip
    _beside(axes, 80, -1.1, "images")
    axes.set_yticks(range(len(shown)), [style.label(row["class"], letters) for row in shown])
    axes.set(xlim=(-0.015, 1.015), ylim=(len(shown) - 0.4, -0.6), xlabel="share, 95% interval")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    keys = [
        axes.plot([], [], "o", color=style.BLUE, label="recall: of its images, how many are named so")[0],
        axes.plot([], [], "s", color=style.ORANGE, label="precision: of those named so, how many are it")[0],
    ]
    figure.legend(
        handles=keys, loc="upper left", bbox_to_anchor=(0.12 / width, 1 - 0.6 / height), borderaxespad=0,
        handlelength=1.2, labelspacing=0.25, fontsize=8.5,
    )  # fmt: skip
    _heading(figure, "By letter", note)
    return figure


@style.quiet()
def by_light(
    brightness: Rows,
    front_light: Rows,
    images: Mapping[str, np.ndarray],
    main: Mapping[str, float],
    note: str = "",
) -> Figure:
    """Return the share of right answers from dark images to bright ones, and by how bright the middle is.

    Rows as from `error_analysis.in_quantiles`; main: the share of all these images, a line.
    images: the rows' `typical` -> uint8 (h, w, 1 or 3), any size; without any, nobody's photographs are shown.
    """
    strip = 0.79 if images else 0
    width, height = 9.2, 3.31 + strip
    figure = style.new_figure(width, height)
    whole = style.bare_axes(figure)
    panels = (
        (brightness, 0.62, "Brightness of the image", "darker", "brighter"),
        (front_light, 5.2, "The middle against what surrounds it", "darker", "brighter"),
    )
    for rows, left, name, low, high in panels:
        axes = figure.add_axes((left / width, (0.71 + strip) / height, 3.75 / width, 1.65 / height))
        if main["images"]:
            axes.axhline(main["share"], color=style.GREY, linewidth=1, linestyle=":", zorder=1)
        for place, row in enumerate(rows):
            axes.bar(place, row["share"], 0.6, color=style.BLUE, alpha=0.35)
            axes.vlines(place, row["low"], row["high"], color=style.BLUE, linewidth=2.5)
            axes.text(place, row["high"] + 0.03, f"{row['share']:.0%}", ha="center", va="bottom", fontsize=8.5)
            if images:
                x = left + 3.75 * (place + 0.5) / len(rows)
                sheets.tile(whole, images[row["typical"]], x - 0.33, height - 1.15, 0.66)
        ticks = [f"{row['from']:.0f} to {row['to']:.0f}" for row in rows]
        axes.set_xticks(range(len(rows)), ticks, fontsize=8)
        axes.set(xlim=(-0.5, max(1, len(rows)) - 0.5), ylim=(0, 1.12))
        axes.set_yticks(TICKS, PERCENT)
        axes.tick_params(axis="x", length=0)
        axes.set_title(name, fontsize=9.5)
        axes.grid(axis="y")
        for x, side, text in ((left, "left", f"← {low}"), (left + 3.75, "right", f"{high} →")):
            whole.text(x, height - 0.35, text, ha=side, va="top", fontsize=8.5, color=style.GREY)
    about = "quintiles with 95% intervals" + (", and an image from the middle of each" if images else "")
    _heading(figure, "Right answers by light", f"{note}: {about}" if note else about)
    return figure


@style.quiet()
def abstention(curve: Rows, marked: Rows, note: str = "") -> Figure:
    """Return how many answers are correct against how many are given, when the model abstains from unsure ones.

    Rows as from `error_analysis.abstention`: those of `curve` are a line, those of `marked` dots with
    their threshold. Where there are empty scenes, a second line tells in how many of them a sign is named.
    """
    width, height = 7.5, 4.3
    figure = style.new_figure(width, height)
    axes = figure.add_axes(
        (0.62 / width, 0.55 / height, (width - 0.62 - 0.35) / width, (height - 1.25 - 0.55) / height)
    )
    fewest = max(1, min(FEWEST, *(row["correct"]["images"] for row in marked if not row["threshold"])))
    marked, curve = (
        [row for row in rows if row["correct"]["images"] >= fewest] for rows in (marked, [*curve, *marked])
    )
    curve.sort(key=lambda row: row["threshold"])
    across = [row["coverage"]["share"] for row in curve]
    keys = []
    for key, colour, name in (
        ("correct", style.BLUE, "answers given that are correct, 95% interval"),
        ("empty_named", style.VERMILION, "empty scenes of which a sign is named"),
    ):
        if not curve or not curve[0][key]["images"]:
            continue
        low, middle, high = ([row[key][one] for row in curve] for one in ("low", "share", "high"))
        axes.fill_between(across, low, high, color=colour, alpha=0.15, linewidth=0)
        keys += axes.plot(across, middle, color=colour, label=name)
    last = np.inf
    for row in marked:
        x, y = row["coverage"]["share"], row["correct"]["share"]
        axes.plot(x, y, "o", color=style.BLUE, markersize=5)
        if last - x > 0.065:  # room for its number
            axes.annotate(f"≥ {row['threshold']:.2g}" if row["threshold"] else "all", (x, y), (0, 9),
                          textcoords="offset points", ha="center", fontsize=8)  # fmt: skip
            last = x
    axes.set(xlim=(0, 1.02), ylim=(0, 1.04), xlabel="images of a hand of which a sign is named")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(TICKS, PERCENT)
    axes.grid()
    figure.legend(
        handles=keys, loc="upper left", bbox_to_anchor=(0.12 / width, 1 - 0.68 / height), ncols=2, borderaxespad=0,
        handlelength=1.2, columnspacing=1.6,
    )  # fmt: skip
    about = "at the dots, the least probability of an answer that is given"
    _heading(figure, "Coverage and abstention", f"{note}: {about}" if note else about)
    return figure


@style.quiet()
def failures(
    blocks: Mapping[str, tuple[str, Sequence[int]]], images: Mapping[str, np.ndarray], table: Predictions
) -> Figure:
    """Return wrong answers in blocks, each under its title and a note: image, true → named, probability.

    blocks: title -> (note, rows of the table). images: member -> uint8 (h, w, 1 or 3), any size.
    """
    across, down = sheets.TILE + sheets.GAP, sheets.TILE + sheets.GAP + 2 * sheets.CAPTION
    heights = [BLOCK + max(1, -(-len(rows) // COLUMNS)) * down for _, rows in blocks.values()]
    figure = style.new_figure(2 * sheets.MARGIN + COLUMNS * across - sheets.GAP, sheets.MARGIN + sum(heights))
    axes = style.bare_axes(figure)
    top = sheets.MARGIN
    for height, (title, (note, rows)) in zip(heights, blocks.items()):
        axes.text(sheets.MARGIN, top, title, fontsize=12, fontweight="bold", va="top")
        axes.text(sheets.MARGIN, top + 0.27, note, fontsize=8.5, color=style.GREY, va="top")
        for place, row in enumerate(rows):
            x, y = sheets.MARGIN + place % COLUMNS * across, top + BLOCK - 0.06 + place // COLUMNS * down
            sheets.tile(axes, images[table.members[row]], x, y)
            true, said = (table.classes[at] for at in (table.labels[row], table.predicted[row]))
            text = f"{true} → {said}"
            look: dict[str, Any] = {"ha": "center", "va": "top"}
            middle, below = x + sheets.TILE / 2, y + sheets.TILE + 0.05
            axes.text(middle, below, text, fontsize=8.5 if len(text) <= 13 else 7, fontweight="bold", **look)
            sure = f"{table.confidence[row]:.0%}"
            axes.text(middle, below + sheets.CAPTION, sure, fontsize=7.5, color=style.GREY, **look)
        top += height
    return figure


def _interval(axes: Axes, one: Mapping[str, float], place: float, colour: str, marker: str) -> None:
    axes.hlines(place, one["low"], one["high"], color=colour, linewidth=2.2, alpha=0.5)
    axes.plot(one["share"], place, marker, color=colour, markersize=4.5)


def _beside(axes: Axes, x: float, place: float, text: str) -> None:
    """Write at the right of the axes, `x` points from them."""
    axes.annotate(
        text, (1, place), (x, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points", ha="right",
        va="center", fontsize=8.5, annotation_clip=False,
    )  # fmt: skip


def _heading(figure: Figure, title: str, note: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(0.12 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", va="top")
    figure.text(0.12 / width, 1 - 0.4 / height, note, fontsize=8.5, color=style.GREY, va="top")
