"""Measure how fast this machine does what the project does, and bring docs/performance.md up to date.

    python -m benchmarks [NAME …]       all of `SPEED`, or these; the other rows of this machine's table stay

Each runs in a process of its own; one that fails is told in a sentence, and the others go on. Rows go into
benchmarks/results/<processor>-<cores>-<versions>.csv. Pictures are those of the published archive, if it is at hand
(README.md), else drawn.
"""

import os
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks import documents, machine, performance
from benchmarks.measurement import SPEED
from benchmarks.running import Row, measured
from fingerspell import files
from fingerspell.plots import style
from fingerspell.processes import in_processes


def main(*names: str) -> str | None:
    """Measure; return what failed, if any did."""
    if unknown := sorted(set(names) - set(SPEED)):
        return f"no benchmark is called {', '.join(unknown)}; there are {', '.join(SPEED)}"
    path, failed = machine.table(), []
    for name in names or SPEED:
        print(f"{name} …", flush=True)
        try:
            [rows] = in_processes(measured, [name], 2)  # of which one begins; it may start processes of its own
        except Exception as error:
            failed.append(f"not measured: {name}: {told(error)}")
        else:  # at once: what comes later may fail, or be stopped
            write(path, name, rows)
    if path.exists():
        for place, figure in performance.pictures().items():
            style.save(figure, place)
        documents.write(performance.blocks())
        print(path)
    return "\n".join(failed) or None


def write(path: Path, name: str, rows: list[Row]) -> None:
    """Put the rows of one benchmark into a table, in place of those that it had."""
    former = files.read_csv(path) if path.exists() else []
    kept: list[Row] = [{**one} for one in former if one["benchmark"] in set(SPEED) - {name}]
    files.write_csv(path, sorted([*kept, *rows], key=lambda one: SPEED.index(str(one["benchmark"]))))


def told(error: Exception) -> str:
    """Return an error as one sentence."""
    if isinstance(error, BrokenProcessPool):
        return "its process ended without a word, as for lack of memory"
    return " ".join(str(error).split())[:300] or type(error).__name__


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
