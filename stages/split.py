"""Write an experiment's manifest: which image is for training, for validation, for the test."""

import sys
from pathlib import Path

from fingerspell import audit, config, files, splits
from stages import run


def main(name: str) -> None:
    params = config.load()
    experiment = params.experiment(name)
    found = splits.split(
        audit.read(Path(f"data/audit/{experiment.dataset}.csv")),
        seed=params.seed,
        classes=experiment.classes.model_dump() if isinstance(experiment.classes, config.Drop) else experiment.classes,
        sample_size=experiment.sample_size,
        undersample=experiment.undersample,
        **experiment.split.model_dump(),
    )
    for note in found.notes:
        print(f"split {name}: {note}", file=sys.stderr)
    splits.write(Path(f"data/splits/{name}.csv"), found.assignments)
    files.write_json(Path(f"data/splits/{name}.json"), found.summary())


if __name__ == "__main__":
    run(main)
