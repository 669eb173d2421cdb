"""The phases of a training: a network end to end, or the head of a backbone and then the backbone's last layers."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fingerspell.config import Augmentation, Experiment, Training
from fingerspell.evaluation.predictions import in_batches
from fingerspell.models.common import backbones, saved
from fingerspell.models.common.seeding import set_seed
from fingerspell.models.common.tta import averaged
from fingerspell.preparation.prepared import BACKBONE, PLAIN, Prepared
from fingerspell.training import calibration, fitting, keypoints
from fingerspell.training.batches import Batches, Epochs
from fingerspell.training.checkpoint import Checkpoint, recipe
from fingerspell.training.hosts import SharedCheckpoint

if TYPE_CHECKING:
    import keras


def train(
    experiment: Experiment,
    description: dict[str, Any],
    prepared: Prepared,
    seed: int,
    checkpoints: Path,
    composed: Epochs | None = None,
    follow: Callable[[fitting.History], Any] | None = None,
) -> tuple["keras.Model", fitting.History]:
    """Return a trained Keras network and its history, one row an epoch (see `fitting.fit`).

    description: what becomes its `model.json`. checkpoints: the folder in which an interrupted training goes on.
    composed: the images of each epoch, where they are not the prepared ones. A second phase, where `fine_tune` is set,
    trains layers of the backbone too, on pixels; its epochs are counted on. `follow` receives the history after each.
    """
    return _Phases(experiment, description, prepared, seed, checkpoints, follow).run(composed)


def answers(network: "keras.Model", experiment: Experiment, prepared: Prepared) -> np.ndarray:
    """Return what a trained network says about the test images, float32 (n, classes), in the order of their rows."""
    test = prepared.rows("test")
    if experiment.trains_on == "crops":
        return answers_of_reader(network, prepared, test)
    answer, view = averaged(network, experiment.tta_scales, experiment.tta_rotations), "images"
    if answer is network and _has_backbone(prepared) and experiment.fine_tune is None:
        answer, view = network.layers[-1], "embeddings"  # what the backbone makes of them is there already
    return in_batches(answer.predict_on_batch, prepared.array(view), test)


def answers_of_reader(network: "keras.Model", prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    """Return what a reader says about some rows, float32 (n, classes): the mean of the hand and its mirror image, so
    that left and right ones are read alike."""
    views = [in_batches(network.predict_on_batch, prepared.array(view), rows) for view in PLAIN]
    return np.asarray(sum(views)) / len(PLAIN)


def _has_backbone(prepared: Prepared) -> bool:
    return (prepared.folder / BACKBONE).exists()


class _Phases:
    """One training; its phases share data, seed and the recipe of their checkpoints."""

    def __init__(
        self,
        experiment: Experiment,
        description: dict[str, Any],
        prepared: Prepared,
        seed: int,
        checkpoints: Path,
        follow: Callable[[fitting.History], Any] | None,
    ) -> None:
        self.experiment, self.description, self.prepared, self.seed = experiment, description, prepared, seed
        self._checkpoints, self._follow = checkpoints, follow or (lambda rows: None)
        self._before: fitting.History = []  # of the phases that have ended
        self._recipe = recipe(
            prepared.folder, {"experiment": experiment.model_dump(), "seed": seed, "model": description}
        )

    def run(self, composed: Epochs | None) -> tuple["keras.Model", fitting.History]:
        set_seed(self.seed)
        network = saved.build(self.description)
        if composed is not None:
            return network, self._composed(network, composed)
        if self.experiment.trains_on == "crops":
            views = self.prepared.views()
            history = self._fit("reader", network, self._shuffled(views), views[0])
            calibration.calibrate(network, self.prepared)
            return network, history
        if _has_backbone(self.prepared):
            return network, self._transferred(network)
        batches = self._shuffled(["images"], self.experiment.augment)
        return network, self._fit("network", network, batches, "images")

    def _composed(self, network: "keras.Model", composed: Epochs) -> fitting.History:
        assert self.experiment.composition is not None  # of which `composed` is made
        weight = self.experiment.composition.keypoints
        if not weight:
            return self._fit("network", network, composed, "images")
        targets = keypoints.targets(self.prepared.labels)
        return self._fit("network", keypoints.attach(network), composed, "images", targets=targets, keypoints=weight)

    def _transferred(self, network: "keras.Model") -> fitting.History:
        experiment = self.experiment
        backbone, head = network.layers
        backbone.load_weights(self.prepared.folder / BACKBONE)
        second = experiment.fine_tune
        if second:  # before the first phase, for a wrong name to be told at once
            backbones.unfreeze(backbone, second.from_layer)
        views = ["embeddings", "mirrored"] if experiment.augment.flip else ["embeddings"]
        history = self._fit("head", head, self._shuffled(views), "embeddings")
        if second:
            assert experiment.training is not None  # the registry refuses a network without one
            slower = experiment.training.model_copy(update={"learning_rate": second.learning_rate})
            batches = self._shuffled(["images"], experiment.augment)
            history = self._fit("whole", network, batches, "images", epochs=second.epochs, settings=slower)
        return history

    def _shuffled(self, views: list[str], augment: Augmentation | None = None) -> Batches:
        prepared, size = self.prepared, self.experiment.batch_size
        assert size is not None  # the registry refuses a network without one
        arrays = [prepared.array(view) for view in views]
        return Batches(arrays, prepared.labels, prepared.rows("train"), size, self.seed, augment)

    def _fit(
        self,
        phase: str,
        model: "keras.Model",
        training: Epochs,
        view: str,
        epochs: int | None = None,
        settings: Training | None = None,
        targets: np.ndarray | None = None,
        keypoints: float = 0.0,
    ) -> fitting.History:
        """Train for one phase; return the history of this and all before, epochs counted on."""
        prepared, experiment = self.prepared, self.experiment
        rows, labels = prepared.rows("validation"), prepared.labels if targets is None else targets
        settings, size = settings or experiment.training, experiment.batch_size
        assert settings is not None and experiment.epochs is not None and size is not None  # as above
        kept = SharedCheckpoint if settings.distribution == "multi_host" else Checkpoint
        history = fitting.fit(
            model,
            training,
            Batches([prepared.array(view)], labels, rows, size, None) if len(rows) else None,
            epochs or experiment.epochs,
            settings,
            print,
            kept(self._checkpoints / f"{self.seed}-{phase}.npz", self._recipe),
            keypoints,
            lambda rows: self._follow(self._counted(rows)),
        )
        self._before = self._counted(history)
        return self._before

    def _counted(self, rows: fitting.History) -> fitting.History:
        return self._before + [row | {"epoch": row["epoch"] + len(self._before)} for row in rows]
