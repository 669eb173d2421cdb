"""Train one experiment's model, once for every seed, and let it name the test images, once; what comes out is all that
is needed to use the model, and to evaluate it without it."""

import shutil
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np

from fingerspell import config, files
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions, further_file
from fingerspell.models.common import registry, saved
from fingerspell.models.common.averaging import averaged
from fingerspell.preparation import Prepared
from fingerspell.progress import progress
from stages import run

CHECKPOINTS = Path("data/checkpoints")  # where interrupted trainings go on; empty between runs
BATCH = 64  # test images that are named at a time
# Kept with the model, to be shown:
COMPOSED = 48  # composed images
CHANGED = 4  # training images, where they are changed at random
MAPPED = 2000  # codes of test images: more would hide each other, and take longer than the rest of an evaluation


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
        "packages": _versions(classifies),
    }
    with files.write_aside(Path("models") / name) as folder:
        folder.mkdir()
        if classifies:
            classifier, description["search"] = _classifier(name, experiment, prepared, folder, params.seed)
            predictions = _predict(classifier.predict_proba, prepared, "codes")  # at hand: no encoder is needed
        else:
            _keep_seen(experiment, prepared, params.seed, folder / "seen.npz")
            predictions, *further = [
                _train(experiment, description, prepared, seed, folder) for seed in description["seeds"]
            ]
            for seed, told in zip(description["seeds"][1:], further):
                told.write(folder / further_file(seed))
        files.write_json(folder / "model.json", description)
        predictions.write(Path(f"data/predictions/{name}.csv"))
    shutil.rmtree(CHECKPOINTS / name, ignore_errors=True)


def _versions(classifies: bool) -> dict[str, str]:
    """Return the versions of what made the model; Keras made an encoder too, but is not imported for a classifier."""
    packages = ["sklearn"] if classifies else ["keras", import_module("keras").config.backend()]
    return {"keras": version("keras")} | {
        package: import_module(package).__version__ for package in [*packages, "numpy", "PIL"]
    }


def _train(
    experiment: config.Experiment, description: dict, prepared: Prepared, seed: int, folder: Path
) -> Predictions:
    """Train a network with one seed, write its weights and history, and let it name the test images."""
    network, history = _network(experiment, description, prepared, seed)
    further = None if seed == description["seeds"][0] else seed
    network.save_weights(folder / saved.weights_file(further))
    files.write_csv(folder / ("history.csv" if further is None else f"history-{seed}.csv"), history)
    answer, view = averaged(network, experiment.zooms, experiment.turns), "images"
    if answer is network and _frozen(experiment, prepared):  # what the backbone makes of them is there already
        answer, view = network.layers[-1], "embeddings"
    return _predict(answer.predict_on_batch, prepared, view)


def _frozen(experiment: config.Experiment, prepared: Prepared) -> bool:
    """Say whether all that is trained is the head of a backbone."""
    return _has_backbone(prepared) and experiment.fine_tune is None


def _has_backbone(prepared: Prepared) -> bool:
    return (prepared.folder / "backbone.weights.h5").exists()


def _network(experiment: config.Experiment, description: dict, prepared: Prepared, seed: int):
    """Train a network end to end; of a backbone the head, on embeddings, and then what is to be fine-tuned."""
    from fingerspell.models.common import backbones
    from fingerspell.models.common.seeding import set_seed
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

    made_of = recipe(
        prepared.folder, Path(__file__), {"experiment": experiment.model_dump(), "seed": seed, "model": description}
    )
    set_seed(seed)
    network, augment, settings = saved.build(description), experiment.augment, experiment.training
    if scenes:
        composed, model = _composed(experiment, prepared, seed), network
        if scenes.keypoints:
            model, targets = keypoints.attach(network), keypoints.targets(targets)
        return network, fit("network", model, composed, "images", experiment.epochs, settings)
    if not _has_backbone(prepared):
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


def _keep_seen(experiment: config.Experiment, prepared: Prepared, seed: int, path: Path) -> None:
    """Write what is to be shown of what training sees: uint8 images (n, size, size, channels) and int labels (n,).

    They are the first images that it composes, or some that it will change at random; if it does neither, none.
    """
    if experiment.scenes:
        images, targets = _composed(experiment, prepared, seed)[0]
        labels = targets.reshape(len(images), -1)[:COMPOSED, 0].astype(int)  # less the joints
        np.savez(path, images=images[:COMPOSED], labels=labels)
    elif any(amount for _, amount in experiment.augment):
        rows = prepared.some_rows("train", CHANGED)
        np.savez(path, images=prepared.array("images")[rows], labels=prepared.labels[rows])


def _classifier(name: str, experiment: config.Experiment, prepared: Prepared, folder: Path, seed: int):
    """Tune a classifier on the codes of training and validation; return it and what the search tried and chose."""
    rows = np.concatenate([prepared.rows("train"), prepared.rows("validation")])
    try:
        search = registry.find(experiment.model).search(
            prepared.array("codes")[rows], prepared.labels[rows], experiment.grid, seed
        )
    except ValueError as error:  # scikit-learn names the parameter and what it may be
        reason = " ".join(str(error).split())[:300]
        raise FingerspellError(f"experiments.{name}.grid cannot be searched ({reason}); mend it") from error
    saved.save_classifier(search.best_estimator_, folder / "classifier.skops")
    for file in ("encoder.weights.h5", "history.csv", "reconstructions.npz"):
        shutil.copyfile(prepared.folder / file, folder / file)
    rows = prepared.some_rows("test", MAPPED)
    np.savez(folder / "codes.npz", codes=prepared.array("codes")[rows], labels=prepared.labels[rows])
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
    return search.best_estimator_, {"tried": candidates, "chosen": chosen}


def _number(value: float) -> float | None:
    """Return it with six places, or None for the NaN of a fit that did not converge, which JSON does not know."""
    return round(float(value), 6) if np.isfinite(value) else None


def _predict(predict: Callable[[np.ndarray], np.ndarray], prepared: Prepared, view: str) -> Predictions:
    """Return what is said about the test images, of which `predict` takes this view."""
    inputs, rows = prepared.array(view), prepared.rows("test")
    starts = range(0, len(rows), BATCH)
    batches = (rows[start : start + BATCH] for start in starts)
    found = [predict(inputs[batch]) for batch in progress(batches, len(starts), "predicting", "batches")]
    return Predictions(
        [prepared.members[row] for row in rows], prepared.labels[rows], np.concatenate(found), prepared.classes
    )


if __name__ == "__main__":
    run(main)
