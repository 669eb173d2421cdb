"""Train one experiment's model; what comes out is all that is needed to use it."""

import shutil
from importlib import import_module
from pathlib import Path

import numpy as np

from fingerspell import config, files, models, saved, training
from fingerspell.preparation import Prepared
from stages import run

PACKAGES = ("keras", "tensorflow", "sklearn", "numpy", "PIL")


def main(name: str) -> None:
    params = config.load()
    experiment = params.experiment(name)
    architecture = models.check(name, experiment)
    prepared = Prepared.open(Path("data") / experiment.trains_on / name)
    kind = architecture.ARCHITECTURE.kind
    with files.write_aside(Path("models") / name) as folder:
        folder.mkdir()
        description = {
            "experiment": name,
            "model": experiment.model,
            **prepared.settings,
            "value_range": [0, 255],
            "dropout": experiment.dropout,
            "weights": experiment.weights,
            "seed": params.seed,
            "images": {part: len(prepared.rows(part)) for part in ("train", "validation", "test")},
            "table_sha256": files.sha256(prepared.folder / "table.csv"),
            "packages": {package: import_module(package).__version__ for package in PACKAGES},
        }
        if kind == "classifier":
            description["search"] = _classifier(architecture, experiment, prepared, folder, params.seed)
        else:
            network, history = _network(architecture, experiment, description, prepared, params.seed)
            network.save_weights(folder / "model.weights.h5")
            training.write_history(folder / "history.csv", history)
        files.write_json(folder / "model.json", description)


def _network(architecture, experiment: config.Experiment, description: dict, prepared: Prepared, seed: int):
    """Train a network end to end or, where the backbone is frozen, its head on the embeddings."""
    import keras

    keras.utils.set_random_seed(seed)
    frozen = (prepared.folder / "backbone.weights.h5").exists()
    network = saved.build(description, Path("data/weights") / experiment.weights if experiment.fine_tune else None)
    if frozen:
        backbone, trained = network.layers
        backbone.load_weights(prepared.folder / "backbone.weights.h5")
        views = ["embeddings", "mirrored"] if experiment.augment.flip else ["embeddings"]
        arrays = [prepared.array(view) for view in views]
    else:
        trained = training.augmented(network, experiment.augment, seed)
        arrays = [prepared.array("images")]
    batch, labels = experiment.batch_size, prepared.labels
    checking = prepared.rows("validation")
    history = training.fit(
        trained,
        training.Batches(arrays, labels, prepared.rows("train"), batch, seed),
        training.Batches(arrays[:1], labels, checking, batch, None) if len(checking) else None,
        "sparse_categorical_crossentropy",
        training.settings(experiment),
        print,
    )
    return network, history


def _classifier(architecture, experiment: config.Experiment, prepared: Prepared, folder: Path, seed: int) -> list:
    """Tune a classifier on the codes of the training part and return what the search tried."""
    rows = np.concatenate([prepared.rows("train"), prepared.rows("validation")])
    search = architecture.search(prepared.array("codes")[rows], prepared.labels[rows], experiment.grid, seed)
    saved.save_classifier(search.best_estimator_, folder / "classifier.skops")
    for file in ("encoder.weights.h5", "history.csv"):
        shutil.copyfile(prepared.folder / file, folder / file)
    tried = search.cv_results_
    return [
        {"parameters": parameters, "accuracy": round(float(mean), 6), "spread": round(float(std), 6)}
        for parameters, mean, std in zip(tried["params"], tried["mean_test_score"], tried["std_test_score"])
    ]


if __name__ == "__main__":
    run(main)
