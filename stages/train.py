"""Train one experiment's model, once for every seed; what comes out is all that is needed to use it."""

import shutil
from importlib import import_module
from pathlib import Path

import numpy as np

from fingerspell import config, files
from fingerspell.models.common import registry, saved
from fingerspell.preparation import Prepared
from stages import run

CHECKPOINTS = Path("data/checkpoints")  # where interrupted trainings go on; empty between runs
SHOWN = 48  # composed images that are kept to be shown


def main(name: str) -> None:
    params = config.load()
    experiment = params.experiment(name)
    architecture = registry.check(name, experiment)
    prepared = Prepared.open(Path("data") / experiment.trains_on / name)
    classifies = architecture.ARCHITECTURE.kind == "classifier"
    description = {
        "experiment": name,
        "model": experiment.model,
        **prepared.settings,
        "value_range": [0, 255],
        "precision": experiment.precision,
        "dropout": experiment.dropout,
        "weights": experiment.weights,
        "seeds": [params.seed + number for number in range(experiment.seeds)],
        "augment": experiment.augment.model_dump(),
        "zooms": experiment.zooms,
        "turns": experiment.turns,
        "scenes": experiment.scenes and experiment.scenes.model_dump(),
        "images": {part: len(prepared.rows(part)) for part in ("train", "validation", "test")},
        "table_sha256": files.sha256(prepared.folder / "table.csv"),
        "packages": _versions("sklearn" if classifies else "keras"),
    }
    with files.write_aside(Path("models") / name) as folder:
        folder.mkdir()
        if classifies:
            description["search"] = _classifier(architecture, experiment, prepared, folder, params.seed)
        else:
            if experiment.scenes:
                _keep_some(_composed(experiment, prepared, params.seed), folder / "compositions.npz")
            for seed in description["seeds"]:
                further = None if seed == params.seed else seed
                network, history = _network(experiment, description, prepared, seed)
                network.save_weights(folder / saved.weights_file(further))
                files.write_csv(folder / ("history.csv" if further is None else f"history-{seed}.csv"), history)
        files.write_json(folder / "model.json", description)
    shutil.rmtree(CHECKPOINTS / name, ignore_errors=True)


def _versions(framework: str) -> dict[str, str]:
    packages = [framework, "numpy", "PIL"]
    if framework == "keras":
        packages.insert(1, import_module("keras").config.backend())
    return {package: import_module(package).__version__ for package in packages}


def _network(experiment: config.Experiment, description: dict, prepared: Prepared, seed: int):
    """Train a network end to end; of a backbone the head, on embeddings, and then what is to be fine-tuned."""
    import keras

    from fingerspell.models.common import backbones
    from fingerspell.training import fitting, keypoints
    from fingerspell.training.batches import Batches
    from fingerspell.training.checkpoint import Checkpoint, recipe

    batch, scenes = experiment.batch_size, experiment.scenes
    targets, checking = prepared.labels, prepared.rows("validation")

    def shuffled(views: list[str], augment: config.Augmentation | None = None) -> Batches:
        arrays = [prepared.array(view) for view in views]
        return Batches(arrays, targets, prepared.rows("train"), batch, seed, augment)

    def fit(phase: str, model, training, view: str, epochs: int, settings: config.Training) -> list[dict]:
        return fitting.fit(
            model,
            training,
            Batches([prepared.array(view)], targets, checking, batch, None) if len(checking) else None,
            epochs,
            settings,
            print,
            Checkpoint(CHECKPOINTS / description["experiment"] / f"{seed}-{phase}.npz", made_of),
            scenes.keypoints if scenes else 0.0,
        )

    made_of = recipe(prepared.folder, {"experiment": experiment.model_dump(), "seed": seed, "model": description})
    keras.utils.set_random_seed(seed)
    network, augment, settings = saved.build(description), experiment.augment, experiment.training
    if scenes:
        composed, model = _composed(experiment, prepared, seed), network
        if scenes.keypoints:
            model, targets = keypoints.attach(network), keypoints.targets(targets)
        return network, fit("network", model, composed, "images", experiment.epochs, settings)
    if not (prepared.folder / "backbone.weights.h5").exists():
        return network, fit("network", network, shuffled(["images"], augment), "images", experiment.epochs, settings)
    backbone, head = network.layers
    backbone.load_weights(prepared.folder / "backbone.weights.h5")
    second = experiment.fine_tune
    if second:
        backbones.unfreeze(backbone, second.from_layer)  # before the first phase, for a wrong name to be told at once
    views = ["embeddings", "mirrored"] if augment.flip else ["embeddings"]
    history = fit("head", head, shuffled(views), "embeddings", experiment.epochs, settings)
    if second:
        slower = settings.model_copy(update={"learning_rate": second.learning_rate})
        more = fit("whole", network, shuffled(["images"], augment), "images", second.epochs, slower)
        history += [row | {"epoch": row["epoch"] + len(history)} for row in more]
    return network, history


def _composed(experiment: config.Experiment, prepared: Prepared, seed: int):
    """Return the images that a training with this seed sees where `scenes` is set."""
    from fingerspell.training.compositions import Compositions, Scenery

    size, channels = prepared.settings["image_size"], prepared.settings["channels"]
    scenery, augment = Scenery.open(prepared), experiment.augment
    return Compositions(scenery, experiment.scenes, size, channels, experiment.batch_size, seed, augment)


def _keep_some(composed, path: Path) -> None:
    """Write the first images of the first epoch, uint8 (n, size, size, channels), and their labels, int (n,)."""
    images, targets = composed[0]
    labels = targets.reshape(len(images), -1)[:, 0].astype(int)  # less the joints
    np.savez(path, images=images[:SHOWN], labels=labels[:SHOWN])


def _classifier(architecture, experiment: config.Experiment, prepared: Prepared, folder: Path, seed: int) -> dict:
    """Tune a classifier on the codes of training and validation and return what the search tried and chose."""
    rows = np.concatenate([prepared.rows("train"), prepared.rows("validation")])
    search = architecture.search(prepared.array("codes")[rows], prepared.labels[rows], experiment.grid, seed)
    saved.save_classifier(search.best_estimator_, folder / "classifier.skops")
    for file in ("encoder.weights.h5", "history.csv", "reconstructions.npz"):
        shutil.copyfile(prepared.folder / file, folder / file)
    tried, steps = search.cv_results_, search.cv_results_.get("mean_test_steps")
    candidates = [
        {"parameters": parameters, "accuracy": _number(accuracy), "spread": _number(spread)}
        | ({} if steps is None else {"converged": bool(np.isfinite(steps[at])), "steps": _number(steps[at])})
        for at, (parameters, accuracy, spread) in enumerate(
            zip(tried["params"], tried["mean_test_accuracy"], tried["std_test_accuracy"])
        )
    ]
    chosen = {"parameters": search.best_params_}
    if steps is not None:
        final = search.best_estimator_[-1]
        taken = int(final.n_iter_.max())
        chosen |= {"converged": taken < final.max_iter, "steps": taken}
    return {"tried": candidates, "chosen": chosen}


def _number(value: float) -> float | None:
    """Return it with six places, or None for the NaN of a fit that did not converge, which JSON does not know."""
    return round(float(value), 6) if np.isfinite(value) else None


if __name__ == "__main__":
    run(main)
