"""Train one experiment's model, once for every seed, and let it name the test images, once; what comes out is all that
is needed to use the model, and to evaluate it without it."""

import shutil
from pathlib import Path

import numpy as np

from fingerspell import config, files
from fingerspell.evaluation.predictions import Predictions, further_file
from fingerspell.models.common import registry, saved
from fingerspell.preparation.prepared import Prepared
from stages.runner import CHECKPOINTS, run

MAPPED = 2000  # codes of test images: more would hide each other, and take longer than the rest of an evaluation


def main(name: str) -> None:
    params = config.load()
    experiment = params.experiment(name)
    kind = registry.check(name, params).ARCHITECTURE.kind
    prepared = Prepared.open(Path("data") / experiment.trains_on / name)
    description = saved.describe(name, experiment, params.seed, prepared.settings) | {
        "images": {split: len(prepared.rows(split)) for split in ("train", "validation", "test")},
        "table_sha256": files.sha256(prepared.folder / "table.csv"),
    }
    with files.write_aside(Path("models") / name) as folder:
        folder.mkdir()
        fit = _classifier if kind == "classifier" else _networks
        predictions = fit(experiment, description, prepared, folder)
        files.write_json(folder / "model.json", description)
        predictions.write(Path(f"data/predictions/{name}.csv"))
    shutil.rmtree(CHECKPOINTS / name, ignore_errors=True)


def _networks(experiment: config.Experiment, description: dict, prepared: Prepared, folder: Path) -> Predictions:
    """Train a network with every seed; the first is the model, of the others weights, history and answers are kept."""
    from fingerspell.training import phases, seen

    checkpoints, (first, *others) = CHECKPOINTS / description["experiment"], description["seeds"]
    seen.write_seen(experiment, prepared, _composed(experiment, prepared, first), folder / "seen.npz")

    def fitted(seed: int, weights: str, table: str) -> Predictions:
        composed = _composed(experiment, prepared, seed)
        network, history = phases.train(experiment, description, prepared, seed, checkpoints, composed)
        network.save_weights(folder / weights)
        files.write_csv(folder / table, history)
        return _predictions(prepared, phases.answers(network, experiment, prepared))

    predictions = fitted(first, saved.weights_file(), "history.csv")
    for seed in others:
        fitted(seed, saved.weights_file(seed), f"history-{seed}.csv").write(folder / further_file(seed))
    return predictions


def _composed(experiment: config.Experiment, prepared: Prepared, seed: int):
    """Return the images of each epoch where training composes them, else None."""
    if experiment.composition is None:
        return None
    from fingerspell.scenes.compositions import Compositions, Scenery

    size, channels = experiment.image_size, experiment.channels
    scenery, batch = Scenery.open(prepared), experiment.batch_size
    return Compositions(scenery, experiment.composition, size, channels, batch, seed, experiment.augment)


def _classifier(experiment: config.Experiment, description: dict, prepared: Prepared, folder: Path) -> Predictions:
    """Tune a classifier on the codes of training and validation; the encoder that made them is kept with it."""
    from fingerspell.training.search import search

    codes = prepared.array("embeddings")
    rows = np.concatenate([prepared.rows("train"), prepared.rows("validation")])
    classifier, description["search"] = search(
        description["experiment"],
        experiment.model,
        codes[rows],
        prepared.labels[rows],
        experiment.grid,
        description["seeds"][0],
    )
    saved.save_classifier(classifier, folder / "classifier.skops")
    for file in ("encoder.weights.h5", "history.csv", "reconstructions.npz"):
        shutil.copyfile(Path("data/weights") / experiment.weights / file, folder / file)
    shown, test = prepared.some_rows("test", MAPPED), prepared.rows("test")
    np.savez(folder / "codes.npz", codes=codes[shown], labels=prepared.labels[shown])
    return _predictions(prepared, classifier.predict_proba(codes[test]))


def _predictions(prepared: Prepared, answers: np.ndarray) -> Predictions:
    rows = prepared.rows("test")
    return Predictions([prepared.members[row] for row in rows], prepared.labels[rows], answers, prepared.classes)


if __name__ == "__main__":
    run(main)
