"""Write an experiment's manifest (which image is for training, validation, test) and what leaks from it."""

import sys
from pathlib import Path

import numpy as np

from fingerspell import audit, config, files, splits
from fingerspell.evaluation import leakage
from stages import run


def main(name: str) -> None:
    params = config.load()
    experiment = params.experiment(name)
    rows = audit.read(Path(f"data/audit/{experiment.dataset}.csv"))
    found = splits.split(
        rows,
        seed=params.seed,
        clean={what for what, out in experiment.clean if out},
        classes=experiment.classes.model_dump() if isinstance(experiment.classes, config.Drop) else experiment.classes,
        sample_size=experiment.sample_size,
        undersample=experiment.undersample,
        **experiment.split.model_dump(),
    )
    for note in found.notes:
        print(f"split {name}: {note}", file=sys.stderr)
    summary = found.summary() | {"leakage": _leakage(rows, found.assignments, experiment.dataset)}
    splits.write(Path(f"data/splits/{name}.csv"), found.assignments)
    files.write_json(Path(f"data/splits/{name}.json"), summary)


def _leakage(rows: list[audit.Row], assignments: list[splits.Assignment], dataset: str) -> dict[str, float]:
    """Compare the test part with what a model sees before: training and validation."""
    thumbnails = np.load(f"data/audit/{dataset}.npy", mmap_mode="r")
    place = {row.member: number for number, row in enumerate(rows)}
    test, seen = (
        np.array([place[one.member] for one in assignments if (one.split == "test") == wanted])
        for wanted in (True, False)
    )
    hashes = np.array([int(row.phash or "0", 16) for row in rows], np.uint64)
    return {
        "pixels": round(leakage.by_pixels(thumbnails[test], thumbnails[seen]), 6),
        "hash": round(leakage.by_hash(hashes[test], hashes[seen]), 6),
    }


if __name__ == "__main__":
    run(main)
