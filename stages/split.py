"""Write an experiment's manifest (which image is for training, validation, test) and what leaks from it."""

import sys
from pathlib import Path

from stages.runner import run

import numpy as np

from fingerspell import config, files
from fingerspell.audit import table
from fingerspell.splits import leakage, manifest, protocols


def main(name: str) -> None:
    params = config.load()
    experiment = params.experiment(name)
    rows = table.read(Path(f"data/audit/{experiment.dataset}.csv"))
    found = protocols.split(rows, experiment, params.seed)
    for note in found.notes:
        print(f"split {name}: {note}", file=sys.stderr)
    thumbnails = np.load(f"data/audit/{experiment.dataset}.npy", mmap_mode="r")
    summary = found.summary() | {"leakage": leakage.measure(rows, thumbnails, found.assignments)}
    manifest.write(Path(f"data/splits/{name}.csv"), found.assignments)
    files.write_json(Path(f"data/splits/{name}.json"), summary)


if __name__ == "__main__":
    run(main)
