"""What a training went through: one row per epoch."""

import csv
from pathlib import Path


def read_history(path: Path) -> list[dict[str, float]]:
    """Read the rows that `fitting.fit` returned from the CSV that they were written to."""
    with open(path, newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
