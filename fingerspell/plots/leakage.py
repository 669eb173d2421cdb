"""What a protocol lets through, and what that is worth."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from fingerspell.plots import style


@style.quiet()
def protocols(
    rows: Sequence[Mapping[str, Any]], trainings: Mapping[str, str], title: str = "One network, several protocols"
) -> Figure:
    """Return leakage and accuracy side by side for the experiments that differ by their split alone.

    rows: as from `fingerspell.evaluation.compare.table`. trainings: for every experiment all that it is but its
    protocol, equal where two differ in nothing else. What was tested under one split alone is not drawn.
    """
    tried: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        if row["leakage"] is not None:
            tried[trainings[row["experiment"]]][row["split"]] = row
    chosen = [row for found in tried.values() if len(found) > 1 for row in found.values()]
    datasets = list(dict.fromkeys(row["dataset"] for row in chosen))
    width, top, bottom = 7.5, 0.95, 0.55
    height = top + 0.36 * max(1, len(chosen)) + bottom
    figure = style.new_figure(width, height)
    box = (bottom / height, 2.35 / width, (height - top - bottom) / height)
    leaks = figure.add_axes((1.95 / width, *box))
    scores = figure.add_axes((4.85 / width, *box))
    for place, row in enumerate(chosen):
        colour = style.COLOURS[datasets.index(row["dataset"]) % len(style.COLOURS)]
        leaks.barh(place, row["leakage"], 0.55, color=colour)
        leaks.text(row["leakage"] + 0.02, place, f"{row['leakage']:.1%}", va="center", fontsize=8.5)
        scores.barh(place, row["accuracy"], 0.55, color=colour, alpha=0.35)
        scores.hlines(place, row["accuracy_low"], row["accuracy_high"], color=colour, linewidth=2.5)
        scores.text(row["accuracy_high"] + 0.02, place, f"{row['accuracy']:.3f}", va="center", fontsize=8.5)
    names = [f"{row['dataset']}, {row['split']}" for row in chosen]
    for axes, ticks in ((leaks, names), (scores, [""] * len(chosen))):
        axes.set(xlim=(0, 1.2), xticks=(0, 0.5, 1), ylim=(len(chosen) - 0.4, -0.6))
        axes.set_yticks(range(len(chosen)), ticks, fontsize=8.5)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.grid(axis="x")
    leaks.set_title("test images with a near-duplicate\nin training", fontsize=9, loc="left")
    scores.set_title("test images classified correctly,\n95% interval", fontsize=9, loc="left")
    figure.text(0.12 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", va="top")
    return figure
