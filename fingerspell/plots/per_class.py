"""How well each letter is recognised."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from fingerspell.evaluation.metrics import Row
from fingerspell.plots import style


@style.quiet()
def f1_per_class(rows: Sequence[Row], letters: Mapping[str, str] | None = None, title: str = "F1 per class") -> Figure:
    """Return the F1 of every class of a report, best first, with its number of test images.

    Classes without test images are named below; the dotted line is the macro average.
    letters: what to show beside each label, if anything.
    """
    averages = {row.name: row for row in rows if row.name.endswith(" average")}
    classes = [row for row in rows if row.name not in averages]
    shown = sorted((row for row in classes if row.support), key=lambda row: (-(row.f1 or 0.0), row.name))
    missing = [row.name for row in classes if not row.support]

    top, bottom = 0.78, 0.7 if missing else 0.45
    height, width = top + 0.215 * len(shown) + bottom, 6.5
    left = 0.35 + 0.075 * max(len(style.label(row.name, letters)) for row in shown)
    figure = style.new_figure(width, height)
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - 1.25) / width, (height - top - bottom) / height)
    )
    places = range(len(shown))
    macro = averages["macro average"].f1 or 0.0
    values = [row.f1 or 0.0 for row in shown]
    axes.hlines(places, 0, values, color=style.FAINT, linewidth=3)
    axes.plot(values, places, "o", color=style.BLUE, markersize=5.5)
    axes.axvline(macro, color=style.GREY, linewidth=1, linestyle=":", zorder=1)
    axes.set_yticks(places, [style.label(row.name, letters) for row in shown])
    axes.set(xlim=(-0.015, 1.015), ylim=(len(shown) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)

    def beside(x: float, y: float, text: str, **how: Any) -> None:
        axes.annotate(
            text, (1, y), (x, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
            ha="right", va="center", annotation_clip=False, **how,
        )  # fmt: skip

    for place, row in zip(places, shown):
        beside(34, place, f"{row.f1:.3f}", fontsize=8.5)
        beside(78, place, f"{row.support:,}", fontsize=8.5, color=style.GREY)
    beside(34, -1.1, "F1", fontsize=8.5)
    beside(78, -1.1, "images", fontsize=8.5, color=style.GREY)
    axes.annotate(
        f"macro average {macro:.3f}", (macro, 1), (-3 if macro > 0.3 else 3, 3),
        xycoords=axes.get_xaxis_transform(), textcoords="offset points", color=style.GREY, fontsize=8.5,
        ha="right" if macro > 0.3 else "left", annotation_clip=False,
    )  # fmt: skip
    figure.text(0.12 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", va="top")
    if missing:
        names = ", ".join(missing) if len(missing) <= 8 else f"{len(missing)} classes"
        note = f"without test images: {names}"
        figure.text(left / width, 0.1 / height, note, color=style.GREY, fontsize=8)
    return figure
