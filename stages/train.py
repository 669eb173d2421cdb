"""Train one experiment's model, once for every seed, and let it name the test images, once."""

import shutil
from functools import partial
from pathlib import Path

from stages.environment import choose_kernels
from stages.places import CHECKPOINTS
from stages.runner import run

import numpy as np

from fingerspell import config, files
from fingerspell.evaluation.predictions import Predictions, further_file, in_batches
from fingerspell.models.common import registry, saved
from fingerspell.preparation.prepared import Prepared

MAPPED = 2000  # codes of test images: more would hide each other, and take longer than the rest of an evaluation


def main(name: str) -> None:
    params = config.load()
    experiment, kind = params.experiment(name), registry.check(name, params).ARCHITECTURE.kind
    choose_kernels(experiment.precision)
    prepared = Prepared.open(Path("data") / experiment.trains_on / name)
    description = saved.describe(name, experiment, params.seed, prepared.settings) | {
        "images": {split: len(prepared.rows(split)) for split in ("train", "validation", "test")},
        "table_sha256": files.sha256(prepared.folder / "table.csv"),
    }
    with files.write_aside(Path("models") / name) as folder:
        folder.mkdir()
        predictions = (_classifier if kind == "classifier" else _networks)(experiment, description, prepared, folder)
        files.write_json(folder / "model.json", description)
        predictions.write(Path(f"data/predictions/{name}.csv"))
    shutil.rmtree(CHECKPOINTS / name, ignore_errors=True)


def _networks(experiment: config.Experiment, description: dict, prepared: Prepared, folder: Path) -> Predictions:
    from fingerspell.scenes.compositions import composed
    from fingerspell.training import calibration, phases, seen

    name, (first, *others) = description["experiment"], description["seeds"]
    seen.write_seen(experiment, prepared, composed(experiment, prepared, first), folder / "seen.npz")

    follow = partial(files.write_csv, Path(f"plots/history/{name}.csv"))  # for dvc plots; evaluate writes it in the end

    def fitted(seed: int, weights: str, table: str) -> Predictions:
        images, shown = composed(experiment, prepared, seed), follow if seed == first else None
        network, history = phases.train(experiment, description, prepared, seed, CHECKPOINTS / name, images, shown)
        network.save_weights(folder / weights)
        files.write_csv(folder / table, history)
        if experiment.trains_on == "crops" and seed == first:
            rows = prepared.rows("validation")
            known = phases.answers_of_reader(network, prepared, rows)
            description["threshold"] = calibration.threshold(known, prepared.labels[rows])
        return _predictions(prepared, phases.answers(network, experiment, prepared))

    predictions = fitted(first, saved.weights_file(), "history.csv")
    for seed in others:
        fitted(seed, saved.weights_file(seed), f"history-{seed}.csv").write(folder / further_file(seed))
    return predictions


def _classifier(experiment: config.Experiment, description: dict, prepared: Prepared, folder: Path) -> Predictions:
    """Tune a classifier on the codes of training and validation; the encoder that made them is kept with it."""
    from fingerspell.training.search import search

    codes, rows = prepared.array("embeddings"), np.flatnonzero(prepared.splits != "test")
    classifier, description["search"] = search(experiment, description, codes[rows], prepared.labels[rows])
    saved.save_classifier(classifier, folder / "classifier.skops")
    for file in ("encoder.weights.h5", "history.csv", "reconstructions.npz"):
        shutil.copyfile(Path("data/weights") / experiment.weights / file, folder / file)
    shown, test = prepared.some_rows("test", MAPPED), prepared.rows("test")
    np.savez(folder / "codes.npz", codes=codes[shown], labels=prepared.labels[shown])
    return _predictions(prepared, in_batches(classifier.predict_proba, codes, test))


def _predictions(prepared: Prepared, answers: np.ndarray) -> Predictions:
    test = prepared.rows("test")
    return Predictions([prepared.members[row] for row in test], prepared.labels[test], answers, prepared.classes)


if __name__ == "__main__":
    run(main)
