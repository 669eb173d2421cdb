"""How a network learned."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fingerspell.plots import style


@style.quiet()
def learning_curves(history: Sequence[Mapping[str, float | str]], title: str = "Learning curves") -> Figure:
    """Return the curves of loss and, where there is one, accuracy, on training and validation images.

    history: one row per epoch, at least one: epoch (from 1), loss, val_loss and, for a classifier, accuracy
    and val_accuracy; numbers or their text. The epoch of the lowest validation loss is marked; without a
    validation split, that of the lowest training loss.
    """
    kinds = [kind for kind in ("loss", "accuracy") if history[0].get(kind) not in (None, "")]
    judged = "validation" if history[0].get("val_loss") not in (None, "") else "training"
    prefix = "val_" if judged == "validation" else ""
    epochs = [int(row["epoch"]) for row in history]
    losses = [float(row[f"{prefix}loss"]) for row in history]
    best = losses.index(min((loss for loss in losses if not math.isnan(loss)), default=losses[0]))
    width = 0.8 + 4.2 * len(kinds)
    figure = style.new_figure(width, 3.6)
    dots: dict[str, Any] = {"marker": "o" if len(epochs) <= 30 else None, "markersize": 3.5}
    for number, kind in enumerate(kinds, start=1):
        training = [float(row[kind]) for row in history]
        shown = [float(row[f"{prefix}{kind}"]) for row in history]
        axes = figure.add_subplot(1, len(kinds), number)
        axes.axvline(epochs[best], color=style.GREY, linewidth=0.8, linestyle=":", zorder=1)
        axes.plot(epochs, training, color=style.BLUE, label="training", **dots)
        if prefix:
            axes.plot(epochs, shown, color=style.VERMILION, linestyle="--", label="validation", **dots)
        axes.plot(
            epochs[best],
            shown[best],
            "o",
            color=style.VERMILION if prefix else style.BLUE,
            markersize=8,
            markerfacecolor="white",
            markeredgewidth=1.8,
            label=f"lowest {judged} loss",
        )
        axes.set_title(
            f"{kind} ({judged} {shown[best]:.3g} at epoch {epochs[best]})",
            fontsize=10,
            fontweight="normal",
            pad=7,
        )
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(axis="y")
        finite = [value for value in (*training, *shown) if math.isfinite(value)]
        axes.set_ylim(0, 1.03 if kind == "accuracy" else 1.06 * max(finite, default=1.0) or 1.0)
        if len(epochs) == 1:
            axes.set_xlim(epochs[0] - 0.5, epochs[0] + 0.5)
    handles, labels = axes.get_legend_handles_labels()
    left = 0.6 / width
    figure.subplots_adjust(left=left, right=1 - 0.15 / width, top=0.79, bottom=0.26, wspace=0.17)
    figure.legend(handles, labels, loc="lower left", bbox_to_anchor=(left - 0.1 / width, 0), ncols=3, fontsize=8.5)
    figure.text(0.12 / width, 0.965, title, fontsize=12, fontweight="bold", va="top")
    return figure
