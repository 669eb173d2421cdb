"""What docs/performance.md shows of the newest table of `python -m benchmarks`: its figures, and a picture."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import machine, measurement
from benchmarks.documents import Blocks
from benchmarks.measurement import Measurement
from fingerspell import files
from fingerspell.errors import FingerspellError
from fingerspell.plots import style

PAGE, PICTURE = "docs/performance.md", Path("docs/performance.png")


def newest() -> Path:
    """Return the table that was measured last; raises FingerspellError if there is none."""
    tables = sorted(machine.TABLES.glob("*.csv"), key=lambda path: (files.read_csv(path)[0]["date"], path.name))
    if not tables:
        raise FingerspellError(f"{machine.TABLES} holds no table; measure with `make bench`")
    return tables[-1]


def blocks() -> Blocks:
    """Return what the page shows."""
    path = newest()
    rows = files.read_csv(path)
    lines = [
        "| | ours | conventional way | | limit | | target | load |",
        "|---|--:|---|--:|---|--:|--:|--:|",
        *(_line(measurement.parse(row), float(row["load"])) for row in rows),
        "",
        f"{_hardware(path)} Pictures {rows[0]['pictures']}; measured on {max(row['date'] for row in rows)}: "
        f"[table as CSV](../{path.as_posix()}).",
    ]
    told = [measurement.parse(row) for row in rows]
    met = [one.met for one in told if one.met is not None]
    summary = f"**{sum(met)} of {len(met)} targets are met.** Not met: " + "; ".join(
        f"{one.name} ({_aimed(one)})" for one in told if one.met is False
    )
    if missing := [name for name in measurement.SPEED if name not in {row["benchmark"] for row in rows}]:
        summary += f". **Not measured there**, targets included: {', '.join(missing)}"
    return {(PAGE, "performance"): "\n".join(lines) + "\n", (PAGE, "targets"): f"{summary}.\n"}


def pictures() -> dict[Path, Figure]:
    """Return the page's picture, by its path."""
    return {PICTURE: picture([measurement.parse(row) for row in files.read_csv(newest())])}


def sentence(one: Measurement) -> str:
    """Return a measurement as a line of text."""
    parts = [f"{one.name}: {_figure(one.ours)} {one.unit}"]
    if one.ratio is not None:
        parts.append(f"× {one.ratio:.2f} against {one.against}")
    if one.share is not None:
        parts.append(f"{one.share:.0%} of {one.bound}")
    return ", ".join(parts)


def _line(one: Measurement, load: float) -> str:
    cells = [
        one.name,
        f"{_figure(one.ours)} {one.unit}",
        "–" if one.rival is None else f"{_figure(one.rival)} · {one.against}",
        "–" if one.ratio is None else f"× {one.ratio:.2f}",
        "–" if one.limit is None else f"{_figure(one.limit)} · {one.bound}",
        "–" if one.share is None else f"{one.share:.0%}",
        "–" if one.met is None else f"{_aimed(one)}{'' if one.met else ': not met'}",
        f"{load:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _aimed(one: Measurement) -> str:
    assert one.target is not None
    return {"ratio": f"× {one.target:g}", "share": f"{one.target:.0%}", "ours": f"{one.target:g} {one.unit}"}[one.aim]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _hardware(path: Path) -> str:
    return f"{path.stem.replace('_', ', ').replace('-', ' ')}."


@style.quiet()
def picture(rows: list[Measurement]) -> Figure:
    """Return, of each row, how many times as good as the conventional way it is, and what share of its limit it has."""
    shown = [one for one in rows if one.ratio is not None or one.share is not None]
    margin = max(style.text_width(one.name, 9) for one in shown) + 0.3  # inches
    width, height = margin + 6, 1.1 + 0.27 * len(shown)
    figure = style.new_figure(width, height)
    box = 0.6 / height, 2.7 / width, 1 - 1.15 / height  # bottom, width and height of both parts
    left, right = (figure.add_axes((x / width, *box)) for x in (margin, margin + 3))
    at = np.arange(len(shown))
    for axes in (left, right):
        axes.set(ylim=(len(shown) - 0.4, -0.6), yticks=at)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
    left.set_yticklabels([one.name for one in shown])
    right.set_yticklabels([])
    _marks(left, "ratio", shown, style.BLUE)
    _marks(right, "share", shown, style.GREEN)
    left.axvline(1, color=style.GREY, linewidth=1)
    right.axvline(1, color=style.GREY, linewidth=1)
    left.set(xscale="log", xlabel="times as good as the conventional way")
    low, high = left.get_xlim()
    left.set_xlim(low / 1.5, high * 1.6)
    ticks = [one for one in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100) if low / 1.5 <= one <= high * 1.6]
    left.set_xticks(ticks, [f"{one:g}" for one in ticks])
    left.minorticks_off()
    right.set_xlim(0, max(1.25, 1.15 * max((one.share or 0) for one in shown)))
    right.set_xlabel("share of the limit")
    right.xaxis.set_major_formatter("{x:.0%}")
    figure.text(0.01, 1 - 0.12 / height, "Speed and memory", fontsize=12, fontweight="bold", va="top")
    return figure


def _marks(axes: Axes, aim: str, rows: list[Measurement], colour: str) -> None:
    """Draw a dot and its figure for each row that has one, and a stroke where a target is."""
    for at, one in enumerate(rows):
        value = one.ratio if aim == "ratio" else one.share
        if value is None:
            continue
        axes.plot([1 if aim == "ratio" else 0, value], [at, at], color=colour, linewidth=1.4, alpha=0.45)
        axes.plot([value], [at], "o", color=colour, markersize=5)
        text = f"{value:.2g}" if aim == "ratio" else f"{value:.0%}"
        place: dict[str, Any] = {"xytext": (7, 0)}
        if aim == "ratio" and value < 1:  # away from its line
            place = {"xytext": (-7, 0), "ha": "right"}
        axes.annotate(text, (value, at), textcoords="offset points", va="center", fontsize=8, **place)
        if one.aim == aim and one.target is not None:
            axes.plot([one.target] * 2, [at - 0.35, at + 0.35], color=style.VERMILION, linewidth=1.6)
