"""Look at every image of a dataset once: a table for the splits, findings for people."""

from pathlib import Path

from stages.runner import run

import numpy as np

from fingerspell import files
from fingerspell.audit import findings, scan, table
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive


def main(name: str) -> None:
    dataset, raw, out = catalogue.find(name), Path("data/raw") / name, Path("data/audit")
    hands = raw / "hands.csv"
    with Archive(raw / dataset.archive) as archive:
        seen = scan.scan(dataset, archive, hands if hands.exists() else None)
        pairs, distances = scan.near_pairs(seen)
        seen = scan.clustered(seen, pairs)
        found, numbers = findings.find(seen, archive, pairs, distances)
    table.write(out / f"{name}.csv", seen.rows)
    with files.write_aside(out / f"{name}.npy") as aside, open(aside, "wb") as file:
        np.save(file, seen.thumbnails)
    table.write_findings(out / f"{name}-findings.csv", found)
    files.write_json(out / f"{name}.json", numbers)


if __name__ == "__main__":
    run(main)
