"""Quality: a model on out-of-domain photographs, the development set, which settings are chosen by, and the rest.

    python -m benchmarks.photographs ZIP [MODEL_FOLDER]     by default the released asl_reader

The development set is fixed: of every class the photographs whose names hold a number below 300. Accuracy is that on
the letters; what is no letter to the model counts as an error. See docs/experiments.md.
"""

import json
import re
import sys
from pathlib import Path, PurePosixPath

import numpy as np

from fingerspell.external import asking, photographs
from fingerspell.external.error_analysis import share
from fingerspell.inference import released

FIRST = 300


def main(source: str, folder: str | None = None) -> None:
    with asking.opened(Path(folder) if folder else released.find(released.DEFAULT)) as (description, predict):
        table = photographs.evaluate(Path(source), description, predict).predictions
    letters = [at for at, label in enumerate(table.classes) if len(label) == 1]
    chosen_by = np.array([number(member) < FIRST for member in table.members])
    found = {"model": description["experiment"]}
    for split, rows in (("development", chosen_by), ("rest", ~chosen_by)):
        rows &= np.isin(table.labels, letters)
        found[split] = share(table.correct[rows].sum(), rows.sum())
    print(json.dumps(found, indent=2))


def number(member: str) -> int:
    """Return the last number in an image's name: 17 of "A/A17.jpg"."""
    return int(re.findall(r"\d+", PurePosixPath(member).stem)[-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
