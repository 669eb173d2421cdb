"""The matrix of all experiments and all sets, as tables; `cross` measures a row of it.

A row: what `metrics/cross/<experiment>.json` holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

COLUMNS = (
    "experiment", "alphabet", "set", "kind", "own", "images", "classes", "accuracy", "accuracy_low", "accuracy_high",
    "unreadable",
)  # fmt: skip
Row = Mapping[str, Any]
Cell = Mapping[str, Any]  # one of a row's `sets`


@dataclass(frozen=True)
class Panel:
    """The part of the matrix that is of one alphabet, all in the order of its rows."""

    kinds: dict[str, str] = field(default_factory=dict)  # set -> rendered, original, external; or several
    cells: dict[str, dict[str, Cell]] = field(default_factory=dict)  # experiment -> set -> cell


def panels(rows: Sequence[Row]) -> dict[str, Panel]:
    """Return alphabet -> its part of the matrix."""
    found: dict[str, Panel] = {}
    for row in rows:
        panel = found.setdefault(row["alphabet"], Panel())
        panel.cells[row["experiment"]] = {cell["set"]: cell for cell in row["sets"]}
    for panel in found.values():
        for name in (name for cells in panel.cells.values() for name in cells):
            kinds = dict.fromkeys(cells[name]["kind"] for cells in panel.cells.values() if name in cells)
            panel.kinds[name] = ", ".join(kinds)
    return found


def lines(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a line of `COLUMNS` for each cell."""
    found = []
    for row in rows:
        known = {"experiment": row["experiment"], "alphabet": row["alphabet"], "unreadable": 0}
        found += [{key: (known | cell)[key] for key in COLUMNS} for cell in row["sets"]]
    return found


def markdown(rows: Sequence[Row]) -> str:
    """Return a sentence on how it is read, and a table for each alphabet."""
    head = (
        "Accuracy (95% interval), images/classes of which it is; bold on test images of a set that the experiment has "
        "learnt from.\n"
    )
    return "\n".join([head, *map(_table, panels(rows).values())])


def _table(panel: Panel) -> str:
    sets = [f"{name} ({kind})".replace("|", r"\|") for name, kind in panel.kinds.items()]
    head = [f"| experiment | {' | '.join(sets)} |", f"|---|{'--:|' * len(sets)}"]
    body = [f"| {name} | {' | '.join(_cell(of.get(one)) for one in panel.kinds)} |" for name, of in panel.cells.items()]
    return "\n".join([*head, *body]) + "\n"


def _cell(cell: Cell | None) -> str:
    if cell is None or cell["accuracy"] is None:
        return "–"
    accuracy = f"{cell['accuracy']:.3f}"
    return (
        f"{f'**{accuracy}**' if cell['own'] else accuracy} ({cell['accuracy_low']:.3f}–{cell['accuracy_high']:.3f}) "
        f"{cell['images']:,}/{cell['classes']}"
    )
