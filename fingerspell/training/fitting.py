"""Training on memory-mapped arrays: the same for a whole network, a head on embeddings, and an autoencoder."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from fingerspell.config import Training
from fingerspell.errors import FingerspellError
from fingerspell.training.batches import Batches, Epochs
from fingerspell.training.checkpoint import Checkpoint
from fingerspell.training.distribution import divided
from fingerspell.training.keypoints import VALUES, Loss, both
from fingerspell.training.mixing import Mixed
from fingerspell.training.swa import WeightAverage

History = list[dict[str, float]]  # a row per epoch
STEPS = 8  # between two returns to Python, each of which costs a small network a tenth of its step


def fit(
    model: keras.Model,
    training: Epochs,
    validation: Batches | None,
    epochs: int,
    settings: Training,
    log: Callable[[str], Any],
    checkpoint: Checkpoint | None = None,
    keypoints: float = 0.0,
    follow: Callable[[History], Any] = lambda rows: None,
) -> History:
    """Train `model` in place: to name the targets or, where the batches have none, to restore its pixels.

    With early stopping and a validation part it is left with the weights of its best epoch by validation loss, with
    `swa` with the mean of its last epochs' weights, else with those of its last epoch. With a `checkpoint` an
    interrupted training goes on after its last finished epoch and ends with the same bits as one that was not
    interrupted; a finished one is not repeated. `keypoints`: how much finding keypoints weighs as a second task, for
    which the model must be made (see `keypoints.attach`).

    Returns one row per epoch: epoch (from 1), loss, accuracy (classifiers only), and val_… where there is a
    validation part. `log` receives a line per epoch, `follow` all rows so far.
    """
    weights = _class_weights(training) if settings.class_weights else None
    if settings.mixup:
        classes = model.output_shape[-1]
        training, weights = Mixed(training, settings.mixup, classes, weights), None
        validation = None if validation is None else Mixed(validation, 0.0, classes)
    stopping = _EarlyStopping(settings.early_stopping, validation is not None)
    average = WeightAverage(settings.swa, STEPS)
    callbacks = [_Begin(training), _NotFinite(), _Log(log), stopping, *([average] if settings.swa else [])]
    with divided(model, settings.distribution) as learner:
        _compile(learner, training, epochs, settings, keypoints)
        state = _State(learner, stopping, average, checkpoint, follow)
        if state.resume():
            log(f"going on after epoch {len(state.history)}")
        if not state.ended:
            learner.fit(
                training,
                validation_data=validation,
                initial_epoch=len(state.history),
                epochs=epochs,
                callbacks=[*callbacks, state],
                class_weight=weights,
                shuffle=False,
                verbose=0,
            )
    stopping.restore(model)
    if settings.swa:
        training.begin(epochs)
        average.settle(model, training)
    return state.history


def _compile(model: keras.Model, training: Epochs, epochs: int, settings: Training, keypoints: float) -> None:
    loss, metrics = _task(model, training, settings, keypoints)
    mirrored = settings.distribution == "mirrored"
    if mirrored:
        from fingerspell.training.mirrored import weighed

        loss = weighed(loss)
    model.compile(
        _optimizer(settings, len(training), epochs),
        loss,
        metrics=metrics,
        # On CPUs XLA is slower than the kernels of TensorFlow itself; JAX has nothing else.
        jit_compile=False if keras.config.backend() == "tensorflow" else "auto",
        steps_per_execution=1 if mirrored else STEPS,  # TensorFlow's strategies take one
    )
    model.optimizer.build(model.trainable_variables)  # made in the first step they would have it traced twice


def _optimizer(settings: Training, steps: int, epochs: int) -> keras.optimizers.Optimizer:
    rate, warmup = settings.learning_rate, settings.warmup * steps
    if settings.schedule == "cosine" or warmup:
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate,
            decay_steps=max(1, epochs * steps - warmup),
            alpha=0.0 if settings.schedule == "cosine" else 1.0,  # the share that is left at the end
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    if settings.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    return {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[settings.optimizer](rate)


def _task(model: keras.Model, training: Epochs, settings: Training, keypoints: float) -> tuple[Any, list[Any]]:
    """Return loss and metrics."""
    smoothing = settings.label_smoothing
    if training.targets is None:
        return "mse", []
    if keypoints:
        classify = keras.losses.get(_cross_entropy(model.output_shape[-1] - VALUES, smoothing))
        loss, accuracy = both(classify, keypoints)
        return loss, [accuracy]
    if settings.mixup:
        return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing), ["accuracy"]
    accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
    return _cross_entropy(model.output_shape[-1], smoothing), [accuracy]


def _cross_entropy(classes: int, smoothing: float) -> Loss | str:
    """Return the loss on labels (n,) and probabilities (n, classes), labels softened after Szegedy et al. 2016
    (https://arxiv.org/abs/1512.00567)."""
    if not smoothing:
        return "sparse_categorical_crossentropy"

    def loss(labels: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
        wanted = keras.ops.one_hot(keras.ops.reshape(labels, (-1,)), classes)
        return keras.losses.categorical_crossentropy(wanted, probabilities, label_smoothing=smoothing)

    return loss


def _class_weights(training: Epochs) -> dict[int, float]:
    """Return for each class in training how much one of its images weighs, so that all classes weigh the same."""
    assert isinstance(training, Batches) and training.targets is not None  # the registry refuses all else
    labels, counts = np.unique(training.targets[training.rows], return_counts=True)
    return {int(label): len(training.rows) / (len(labels) * int(count)) for label, count in zip(labels, counts)}


class _Begin(keras.callbacks.Callback):
    """Say which epoch it is: some backends ask for batches before one begins, and do not take them."""

    def __init__(self, training: Epochs) -> None:
        super().__init__()
        self._training = training

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._training.begin(epoch)


class _NotFinite(keras.callbacks.Callback):
    """Stop with a sentence where Keras would go on through epochs of nothing."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not np.isfinite((logs or {}).get("loss", 0.0)):
            raise FingerspellError(
                f"the loss is no longer a finite number in epoch {epoch + 1}; set a lower learning_rate"
            )


class _Log(keras.callbacks.Callback):
    def __init__(self, log: Callable[[str], Any]) -> None:
        super().__init__()
        self._log = log

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._log(f"epoch {epoch + 1}: " + ", ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items()))


class _EarlyStopping(keras.callbacks.Callback):
    """Stop after `patience` epochs without a better validation loss, and go back to the weights of the best.

    Keras's own callback forgets all it knows when a training begins, so it cannot go on where another ended.
    """

    def __init__(self, patience: int, validates: bool) -> None:
        super().__init__()
        self.patience = patience if validates else 0
        self.best, self.epoch = np.inf, 0
        self.weights: list[np.ndarray] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.patience and logs and logs["val_loss"] < self.best:
            self.best, self.epoch, self.weights = float(logs["val_loss"]), epoch, self.model.get_weights()
        if self.patience and epoch - self.epoch >= self.patience:
            self.model.stop_training = True

    def restore(self, model: keras.Model) -> None:
        if self.weights:
            model.set_weights(self.weights)


class _State(keras.callbacks.Callback):
    """What is known after each epoch, kept in the checkpoint: the variables of model and optimiser (seeds of
    dropout are among them), the best weights so far, the mean of the last ones, and the history."""

    def __init__(
        self,
        model: keras.Model,
        stopping: _EarlyStopping,
        average: WeightAverage,
        checkpoint: Checkpoint | None,
        follow: Callable[[History], Any],
    ) -> None:
        super().__init__()
        self._network, self._stopping, self._average, self._checkpoint = model, stopping, average, checkpoint
        self._follow = follow
        self.history: History = []
        self.ended = False

    def resume(self) -> bool:
        """Take up the checkpoint's state; say whether there was one."""
        held = None if self._checkpoint is None else self._checkpoint.read()
        if held is None:
            return False
        progress, arrays = held
        self.history, self.ended = progress["history"], progress["ended"]
        stopping = self._stopping
        stopping.best, stopping.epoch, stopping.weights = progress["best"], progress["best_epoch"], arrays["best"]
        self._average.count, self._average.mean = progress["averaged"], arrays["mean"]
        for variable, value in zip(self._variables(), arrays["variables"], strict=True):
            variable.assign(value)
        self._follow(self.history)
        return True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        told = logs or {}
        names = [name for name in ("loss", "accuracy", "val_loss", "val_accuracy") if name in told]
        self.history.append({"epoch": epoch + 1, **{name: round(float(told[name]), 6) for name in names}})
        self.ended = self.model.stop_training or epoch + 1 == self.params["epochs"]
        self.write()
        self._follow(self.history)  # after the checkpoint: who looks never sees an epoch that is then repeated

    def write(self) -> None:
        if self._checkpoint is not None:
            stopping, average = self._stopping, self._average
            self._checkpoint.write(
                {
                    "history": self.history,
                    "ended": self.ended,
                    "best": stopping.best,
                    "best_epoch": stopping.epoch,
                    "averaged": average.count,
                },
                variables=[np.asarray(variable) for variable in self._variables()],
                best=stopping.weights,
                mean=average.mean,
            )

    def _variables(self) -> list[keras.Variable]:
        return [*self._network.variables, *self._network.optimizer.variables]
