"""Whether probabilities mean what they say: reliability diagrams and tables over all experiments.

A row: what `metrics/calibration/<experiment>.json` holds, see `fingerspell.evidence.calibration`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from fingerspell.plots import style
from fingerspell.plots.robustness import looks

Row = Mapping[str, Any]
COLUMNS = 4  # of panels
PANEL = 1.6  # inches: side
MARGIN, GAP, HEAD, FOOT = 0.6, 0.22, 0.62, 0.5
TOP = 0.7
WITHHELD = 1.9  # inches: height
LOOKS: dict[str, dict[str, Any]] = {
    "before": {"color": style.VERMILION, "marker": "o", "linestyle": "-"},
    "after": {"color": style.BLUE, "marker": "s", "linestyle": "--"},
}
TOLD = {"before": "as the model says", "after": "temperature set by validation images"}


def lines(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return one line for each experiment: all its figures but the bins."""
    return [
        {key: row[key] for key in ("experiment", "alphabet", "validation_images", "temperature")}
        | {
            f"{key}_{when}": row[key][when]
            for key in ("expected_calibration_error", "log_loss")
            for when in ("before", "after")
        }
        | {f"accuracy_withheld_{one['share']:g}": one["accuracy"] for one in row["withheld"]}
        for row in rows
    ]


def markdown(rows: Sequence[Row]) -> str:
    """Return the same for people: temperature, ECE and log loss before → after, accuracy where answers are withheld."""
    shares = [one["share"] for one in rows[0]["withheld"]]
    table = [
        "| experiment | validation images | temperature | ECE | log loss | "
        + " | ".join(f"{share:.0%} withheld" for share in shares)
        + " |",
        f"|---|--:|--:|--:|--:|{'--:|' * len(shares)}",
    ]
    for row in rows:
        chosen = "–" if row["temperature"] is None else f"{row['temperature']:.2f}"
        changes = (_change(row[key]) for key in ("expected_calibration_error", "log_loss"))
        kept = (f"{one['accuracy']:.3f}" for one in row["withheld"])
        cells = [row["experiment"], f"{row['validation_images']:,}", chosen, *changes, *kept]
        table.append(f"| {' | '.join(cells)} |")
    return "\n".join(table) + "\n"


@style.quiet()
def reliability(rows: Sequence[Row], title: str = "Do probabilities mean what they say?") -> Figure:
    """Return a reliability diagram for each experiment, and what withholding the least certain answers brings."""
    columns = min(COLUMNS, len(rows))
    deep = -(-len(rows) // columns)
    width = max(MARGIN + columns * (PANEL + GAP), 6.2)
    height = TOP + deep * (HEAD + PANEL) + FOOT + HEAD + WITHHELD + FOOT
    figure = style.new_figure(width, height)
    for at, row in enumerate(rows):
        left, bottom = MARGIN + at % columns * (PANEL + GAP), TOP + (at // columns + 1) * (HEAD + PANEL)
        axes = figure.add_axes((left / width, 1 - bottom / height, PANEL / width, PANEL / height))
        _panel(axes, row, first=at % columns == 0, last=at + columns >= len(rows))
    keys = [axes.plot([], [], label=text, **LOOKS[when])[0] for when, text in TOLD.items()]
    figure.legend(
        handles=keys, loc="upper left", bbox_to_anchor=(0.12 / width, 1 - 0.4 / height), ncols=2, borderaxespad=0,
        handlelength=2.2, columnspacing=1.6,
    )  # fmt: skip
    figure.text(0.12 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", va="top")
    longest = max(style.text_width(row["experiment"], 8) for row in rows)
    room = width - MARGIN - longest - 0.75
    _withheld(figure.add_axes((MARGIN / width, FOOT / height, room / width, WITHHELD / height)), rows)
    return figure


def _panel(axes: Axes, row: Row, first: bool, last: bool) -> None:
    axes.plot((0, 1), (0, 1), color=style.GREY, linewidth=0.8, linestyle=":")
    for when, look in LOOKS.items():
        found = row["bins"][when] or []
        confidence, accuracy, images = ([one[key] for one in found] for key in ("confidence", "accuracy", "images"))
        axes.plot(confidence, accuracy, **look | {"marker": None, "linewidth": 1})
        sizes = [6 + 90 * count / sum(images) for count in images]
        axes.scatter(confidence, accuracy, sizes, c=look["color"], marker=look["marker"], linewidths=0, alpha=0.8)
    error = _change(row["expected_calibration_error"])
    chosen = "" if row["temperature"] is None else f", T = {row['temperature']:.2f}"
    axes.set_title(f"{row['experiment']}\n", fontsize=9, pad=3)
    axes.annotate(
        f"ECE {error}{chosen}", (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", fontsize=7.5,
        color=style.GREY,
    )  # fmt: skip
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axes.tick_params(labelsize=7.5, labelleft=first, length=2)
    if last:
        axes.set_xlabel("probability", fontsize=8)
    if first:
        axes.set_ylabel("share right", fontsize=8)
    axes.grid()


def _withheld(axes: Axes, rows: Sequence[Row]) -> None:
    for row, look in zip(rows, looks(len(rows))):
        shares, accuracies = ([one[key] for one in row["withheld"]] for key in ("share", "accuracy"))
        axes.plot(shares, accuracies, markersize=4, linewidth=1.4, label=row["experiment"], **look)
    axes.set_title("Accuracy of the answers that are left", fontsize=9)
    axes.set_xlabel("share of the answers withheld, the least certain first", fontsize=8)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.tick_params(labelsize=7.5, length=2)
    axes.grid()
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, handlelength=3)


def _change(figure: Mapping[str, float | None]) -> str:
    return f"{figure['before']:.3f}" if figure["after"] is None else f"{figure['before']:.3f} → {figure['after']:.3f}"
