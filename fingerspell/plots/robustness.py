"""What disturbances cost: curves and tables over all experiments.

A row: what `metrics/robustness/<experiment>.json` holds, see `fingerspell.evidence.robustness`.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from fingerspell.evidence.disturbances import DISTURBANCES, LEVELS
from fingerspell.plots import style

Row = Mapping[str, Any]
COLUMNS = 6  # of panels
PANEL = 1.32, 1.1  # inches
MARGIN, GAP, HEAD = 0.5, 0.2, 0.58
TOP = 0.66


def lines(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return one line for each experiment, disturbance and level; level 0 is the images as they are."""
    found = []
    for row in rows:
        head = {key: row[key] for key in ("experiment", "alphabet", "images")}
        clean = {"level": 0, "amount": None, "accuracy": row["clean"]}
        found.append(head | {"disturbance": "none", "unit": None, "source": None} | clean)
        for name, levels in row["disturbances"].items():
            about = {"disturbance": name, "unit": DISTURBANCES[name].unit, "source": DISTURBANCES[name].source}
            found += [head | about | level for level in levels]
    return found


def markdown(rows: Sequence[Row]) -> str:
    """Return for people: each disturbance's mean over its levels; then backgrounds, skins and hands."""
    names = list(rows[0]["disturbances"])
    table = [
        f"| experiment | images | undisturbed (95% interval) | mean | {' | '.join(map(_spoken, names))} |",
        f"|---|--:|--:|--:|{'--:|' * len(names)}",
    ]
    for row in rows:
        means = (fmean(level["accuracy"] for level in row["disturbances"][name]) for name in names)
        table.append(
            f"| {row['experiment']} | {row['images']:,} | {row['clean']:.3f} ({row['accuracy_low']:.3f}–"
            f"{row['accuracy_high']:.3f}) | {row['mean']:.3f} | {' | '.join(f'{mean:.3f}' for mean in means)} |"
        )
    table += ["", "| experiment | drawn hands | on grey | on places | by lightness of skin | by hand |"]
    table += ["|---|--:|--:|--:|---|---|"]
    return "\n".join([*table, *map(_groups, rows)]) + "\n"


@style.quiet()
def curves(rows: Sequence[Row], title: str = "Accuracy under disturbances") -> Figure:
    """Return small multiples: for each alphabet a panel for each disturbance, in it a curve for each experiment."""
    alphabets = list(dict.fromkeys(row["alphabet"] for row in rows))
    names = list(rows[0]["disturbances"])
    (across, down), deep = PANEL, -(-(len(names) + 1) // COLUMNS)
    block = TOP + deep * (down + HEAD)
    width, height = MARGIN + COLUMNS * (across + GAP), 0.35 + block * len(alphabets)
    figure = style.new_figure(width, height)
    figure.text(0.12 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", va="top")
    for number, alphabet in enumerate(alphabets):
        shown = [row for row in rows if row["alphabet"] == alphabet]
        top = 0.35 + number * block
        place = (0.12 / width, 1 - (top + 0.12) / height)
        text = f"{alphabet.capitalize()} alphabet: share of right answers; level 0 is the images as they are"
        figure.text(*place, text, fontsize=9, color=style.GREY, va="top")
        for at, name in enumerate([*names, None]):
            left = MARGIN + at % COLUMNS * (across + GAP)
            bottom = top + TOP + at // COLUMNS * (down + HEAD) + down
            axes = figure.add_axes((left / width, 1 - bottom / height, across / width, down / height))
            if name is None:
                _legend(axes, shown)
            else:
                _panel(axes, shown, name, first=at % COLUMNS == 0)
    return figure


def _panel(axes: Axes, rows: Sequence[Row], name: str, first: bool) -> None:
    for row, look in zip(rows, looks(len(rows))):
        accuracies = [row["clean"], *(level["accuracy"] for level in row["disturbances"][name])]
        axes.plot(range(LEVELS + 1), accuracies, markersize=3, linewidth=1.4, **look)
    amounts = DISTURBANCES[name].amounts
    axes.set_title(f"{_spoken(name)}\n", fontsize=8.5, pad=3)
    axes.annotate(
        f"{_number(amounts[0])} to {_number(amounts[-1])} {DISTURBANCES[name].unit}", (0, 1), (0, 4),
        xycoords="axes fraction", textcoords="offset points", fontsize=7, color=style.GREY,
    )  # fmt: skip
    axes.set(xlim=(-0.2, LEVELS + 0.2), ylim=(-0.03, 1.03), xticks=range(LEVELS + 1), yticks=(0, 0.5, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.tick_params(labelsize=7, labelleft=first, length=2)
    axes.grid(axis="y")


def _legend(axes: Axes, rows: Sequence[Row]) -> None:
    axes.axis("off")
    for row, look in zip(rows, looks(len(rows))):
        axes.plot([], [], markersize=4, label=row["experiment"], **look)
    axes.legend(loc="center left", bbox_to_anchor=(-0.05, 0.5), fontsize=7.5, handlelength=2.4)


def looks(curves: int) -> list[dict[str, Any]]:
    """Return colour, marker and line of each curve: of more than six the colours come again, dashed."""
    count = len(style.COLOURS)
    return [
        {"color": style.COLOURS[at % count], "marker": "osD^vP"[at % 6], "linestyle": "-" if at < count else "--"}
        for at in range(curves)
    ]


def _groups(row: Row) -> str:
    """Return a line of the second table."""
    scene, skin, hand = row["background"], row["skin"], row["hand"]
    cells = ["–"] * 3
    if scene:
        cells = [f"{scene['images']:,}", f"{scene['plain']:.3f}", f"{scene['scenes']:.3f} ({scene['difference']:+.3f})"]
    tones = [("L* {}–{}".format(*one["lightness"]), one) for one in skin or ()]
    cells += [_named(tones), _named(list((hand or {}).items()))]
    return f"| {row['experiment']} | {' | '.join(cells)} |"


def _named(groups: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    told = (f"{name}: {of['accuracy']:.3f} of {of['images']:,}" for name, of in groups if of["images"])
    return ", ".join(told) or "–"


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _number(amount: float) -> str:
    return f"{amount:g}".replace("-", "−")
