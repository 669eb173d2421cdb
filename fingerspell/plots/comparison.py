"""All experiments side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fingerspell.plots import style


@style.quiet()
def accuracies(rows: Sequence[Mapping[str, Any]], title: str = "Accuracy of all experiments") -> Figure:
    """Return every accuracy with its 95% interval, in the order given, coloured by data set.

    rows: as from `fingerspell.evaluation.compare.table`.
    """
    datasets = list(dict.fromkeys(row["dataset"] for row in rows))
    colours = {name: style.COLOURS[at % len(style.COLOURS)] for at, name in enumerate(datasets)}
    markers = {name: "osD^vP"[at % 6] for at, name in enumerate(datasets)}
    width, top, bottom = 7.5, 0.85, 0.55
    height = top + 0.32 * len(rows) + bottom
    left = 0.35 + 0.075 * max(len(row["experiment"]) for row in rows)
    figure = style.new_figure(width, height)
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - 1.7) / width, (height - top - bottom) / height)
    )
    for place, row in enumerate(rows):
        colour = colours[row["dataset"]]
        axes.hlines(place, row["accuracy_low"], row["accuracy_high"], color=colour, linewidth=2.5, alpha=0.55)
        axes.plot(row["accuracy"], place, markers[row["dataset"]], color=colour, markersize=6.5)
        text = f"{row['accuracy']:.3f}  ({row['accuracy_low']:.3f}–{row['accuracy_high']:.3f})"
        axes.annotate(
            text, (1, place), (8, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
            va="center", fontsize=8.5, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row["experiment"] for row in rows])
    axes.set(
        xlim=(-0.015, 1.015), ylim=(len(rows) - 0.4, -0.6), xlabel="accuracy on test images, 95% interval over bursts"
    )
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    keys = [
        Line2D([], [], color=colours[name], marker=markers[name], markersize=6.5, linewidth=2.5, label=name)
        for name in datasets
    ]
    figure.legend(
        handles=keys, loc="upper left", bbox_to_anchor=(0.12 / width, 1 - 0.4 / height), ncols=len(datasets),
        borderaxespad=0, handlelength=1.6, columnspacing=1.6,
    )  # fmt: skip
    figure.text(0.12 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", va="top")
    return figure
