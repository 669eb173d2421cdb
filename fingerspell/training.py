"""Training on memory-mapped arrays: the same for a whole network, a head on embeddings, and an autoencoder."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from fingerspell.config import Augmentation, Experiment
from fingerspell.errors import FingerspellError


@dataclass(frozen=True)
class Fit:
    """How long and how fast to train."""

    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    schedule: str
    early_stopping: int  # epochs without a better validation loss after which to stop; 0 never stops early


def settings(experiment: Experiment) -> Fit:
    """Take from an experiment what concerns the length and pace of its training."""
    return Fit(
        experiment.epochs,
        experiment.batch_size,
        experiment.optimizer,
        experiment.learning_rate,
        experiment.schedule,
        experiment.early_stopping,
    )


class Batches(keras.utils.PyDataset):
    """Batches of rows of arrays on disk; of several arrays of one shape, each row is drawn from one at random.

    `arrays`: each (n, …), any dtype. `rows`: indices into them. `targets`: (n,) labels, or None to give back the
    pixels scaled to 0–1, as an autoencoder wants them. Shuffles every epoch, from `seed`, unless it is None.
    """

    def __init__(
        self,
        arrays: list[np.ndarray],
        targets: np.ndarray | None,
        rows: np.ndarray,
        batch: int,
        seed: int | None,
    ) -> None:
        super().__init__()
        self._arrays, self._targets, self._batch = arrays, targets, batch
        self._random = None if seed is None else np.random.default_rng(seed)
        self._rows = np.array(rows)
        self._choice = np.zeros(len(rows), int)
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self._rows) // self._batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(index * self._batch, (index + 1) * self._batch)
        rows, choice = self._rows[part], self._choice[part]
        x = np.asarray(self._arrays[0][rows])
        for k, array in enumerate(self._arrays[1:], 1):
            x[choice == k] = array[rows[choice == k]]
        return x, np.float32(x) / 255 if self._targets is None else self._targets[rows]

    def on_epoch_end(self) -> None:
        if self._random is not None:
            self._random.shuffle(self._rows)
            self._choice = self._random.integers(len(self._arrays), size=len(self._rows))


class _NotFinite(keras.callbacks.Callback):
    """Stop with a sentence where Keras would go on through epochs of nothing."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if not np.isfinite((logs or {}).get("loss", 0.0)):
            raise FingerspellError(
                f"the loss is no longer a finite number in epoch {epoch + 1}; set a lower learning_rate"
            )


def fit(
    model: keras.Model, training: Batches, validation: Batches | None, loss: str, settings: Fit, log: Callable
) -> list[dict[str, float]]:
    """Train `model` in place.

    With early stopping and a validation part it is left with the weights of its best epoch by validation loss,
    else with those of its last epoch.

    Returns one row per epoch: epoch (from 1), loss, accuracy (classifiers only), and val_… where there is a
    validation part. `log` receives a line per epoch.
    """
    classifies = loss != "mse"
    model.compile(
        _optimizer(settings, steps=settings.epochs * len(training)),
        loss,
        metrics=["accuracy"] if classifies else None,
        jit_compile=False,  # on CPUs XLA is slower than the kernels of TensorFlow itself
    )
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: log(_line(epoch, logs)))
    callbacks = [_NotFinite(), told]
    if settings.early_stopping and validation is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                "val_loss", patience=settings.early_stopping, restore_best_weights=True, mode="min"
            )
        )
    history = model.fit(
        training,
        validation_data=validation,
        epochs=settings.epochs,
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    ).history
    names = [name for name in ("loss", "accuracy", "val_loss", "val_accuracy") if name in history]
    return [
        {"epoch": epoch, **{name: round(float(history[name][epoch - 1]), 6) for name in names}}
        for epoch in range(1, len(history["loss"]) + 1)
    ]


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    """Write the rows that `fit` returned as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, history[0], lineterminator="\n")
        table.writeheader()
        table.writerows(history)


def read_history(path: Path) -> list[dict[str, float]]:
    """Read what `write_history` wrote."""
    with open(path, newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def augmented(model: keras.Model, augment: Augmentation, seed: int) -> keras.Model:
    """Return `model` behind the random changes that the experiment asks for; they act in training alone."""
    layers = keras.layers
    edge = {"fill_mode": "nearest"}
    shift = augment.shift
    changes = [
        (augment.flip, lambda: layers.RandomFlip("horizontal", seed=seed)),
        (augment.rotate, lambda: layers.RandomRotation(augment.rotate / 360, seed=seed + 1, **edge)),
        (shift, lambda: layers.RandomTranslation(shift, shift, seed=seed + 2, **edge)),
        (augment.zoom, lambda: layers.RandomZoom(augment.zoom, augment.zoom, seed=seed + 3, **edge)),
        (augment.brightness, lambda: layers.RandomBrightness(augment.brightness, seed=seed + 4)),
        (augment.contrast, lambda: layers.RandomContrast(augment.contrast, seed=seed + 5)),
    ]
    chosen = [make() for amount, make in changes if amount]
    return keras.Sequential([layers.Input(model.input_shape[1:]), *chosen, model]) if chosen else model


def _optimizer(settings: Fit, steps: int) -> keras.optimizers.Optimizer:
    rate = settings.learning_rate
    if settings.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    if settings.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    return {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[settings.optimizer](rate)


def _line(epoch: int, logs: dict) -> str:
    return f"epoch {epoch + 1}: " + ", ".join(f"{name} {value:.4f}" for name, value in logs.items())
