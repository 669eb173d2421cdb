"""Look at every image of a dataset once: a table for the splits, findings for people."""

from pathlib import Path

from stages.runner import run

import numpy as np

from fingerspell import files
from fingerspell.audit import findings, near, scan, table
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive


def main(name: str) -> None:
    raw, out = Path("data/raw") / name, Path("data/audit")
    dataset = catalogue.held(raw)
    hands = raw / "hands.csv"
    with Archive(raw / dataset.archive) as archive:
        seen = scan.scan(dataset, archive, hands if hands.exists() else None)
        alike = near.find(seen)
        seen = near.clustered(seen, alike)
        found, numbers = findings.find(seen, archive, alike)
    table.write(out / f"{name}.csv", seen.rows)
    with files.write_aside(out / f"{name}.npy") as aside:
        files.write_array(aside, np.uint8, seen.thumbnails.shape[1:], [seen.thumbnails])
    table.write_findings(out / f"{name}-findings.csv", found)
    files.write_json(out / f"{name}.json", numbers)


if __name__ == "__main__":
    run(main)
