"""Train one experiment's model, once for every seed, and let it name the test images, once."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from stages.environment import choose_engine, choose_kernels
from stages.places import CHECKPOINTS
from stages.runner import run

import numpy as np

from fingerspell import config, files
from fingerspell.evaluation.predictions import Predictions, in_batches
from fingerspell.models.common import registry, saved
from fingerspell.preparation.prepared import Prepared
from fingerspell.training import hosts, seeds

Train = Callable[..., tuple[Predictions, dict[str, Any]]]
MAPPED = 2000  # codes of test images: more would hide each other, and take longer than the rest of an evaluation


def main(name: str) -> None:
    params = config.load()
    experiment, kind = params.experiment(name), registry.check(name, params).ARCHITECTURE.kind
    distribution = experiment.training.distribution if experiment.training else "none"
    choose_kernels(experiment.precision)
    choose_engine(distribution)
    prepared = Prepared.open(Path("data") / experiment.trains_on / name)
    description = saved.describe(name, experiment, params.seed, prepared.settings) | {
        "images": {split: len(prepared.rows(split)) for split in ("train", "validation", "test")},
        "table_sha256": files.sha256(prepared.folder / "table.csv"),
    }
    with hosts.outputs(distribution) as place:
        checkpoints = place / CHECKPOINTS / name
        train: Train = partial(seeds.train, checkpoints=checkpoints, history=place / f"plots/history/{name}.csv")
        if kind == "classifier":
            train = _classifier
        elif distribution == "multi_host":
            train = partial(hosts.together, train)
        with files.write_aside(place / "models" / name) as folder:
            folder.mkdir()
            predictions, found = train(experiment, description, prepared, folder)
            files.write_json(folder / "model.json", description | found)
            predictions.write(place / f"data/predictions/{name}.csv")
        shutil.rmtree(checkpoints, ignore_errors=True)


def _classifier(
    experiment: config.Experiment, description: dict[str, Any], prepared: Prepared, folder: Path
) -> tuple[Predictions, dict[str, Any]]:
    """Tune a classifier on the codes of training and validation; the encoder that made them is kept with it."""
    from fingerspell.training.search import search

    codes, rows = prepared.array("embeddings"), np.flatnonzero(prepared.splits != "test")
    classifier, tried = search(experiment, description, codes[rows], prepared.labels[rows])
    saved.save_classifier(classifier, folder / "classifier.skops")
    for file in ("encoder.weights.h5", "history.csv", "reconstructions.npz"):
        shutil.copyfile(Path("data/weights") / experiment.weights / file, folder / file)
    shown, test = prepared.some_rows("test", MAPPED), prepared.rows("test")
    np.savez(folder / "codes.npz", codes=codes[shown], labels=prepared.labels[shown])
    return seeds.about_test_images(prepared, in_batches(classifier.predict_proba, codes, test)), {"search": tried}


if __name__ == "__main__":
    run(main)
