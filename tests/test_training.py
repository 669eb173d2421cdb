"""Training: what is easy is learnt, the same bits from the same seed, also after an interrupt, and the weights that
were promised."""

import shutil
from importlib import import_module

import keras
import numpy as np
import pytest
from conftest import on_jax

from fingerspell import config, files
from fingerspell.config import Training
from fingerspell.errors import FingerspellError
from fingerspell.models.common.seeding import set_seed
from fingerspell.plots.history import learning_curves
from fingerspell.training import autoencoding, fitting
from fingerspell.training.batches import Batches
from fingerspell.training.checkpoint import CODE, Checkpoint, recipe

pytestmark = pytest.mark.slow

EPOCHS = 12


def settings(**changes) -> Training:
    values = {
        "optimizer": "adam",
        "learning_rate": 0.02,
        "schedule": "constant",
        "warmup": 0,
        "early_stopping": 0,
        "label_smoothing": 0.0,
        "class_weights": False,
    }
    return Training(**(values | changes))


def separable(count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Images of which a half is bright: the left one of class 0, the right one of class 1."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    images = random.integers(0, 60, (count, 8, 8, 1), np.uint8)
    images[labels == 0, :, :4] += 150
    images[labels == 1, :, 4:] += 150
    return images, labels


def network(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(8, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.1),
            layers.Dense(2, "softmax"),
        ]
    )


def train(model: keras.Model, epochs: int = EPOCHS, log=lambda line: None, checkpoint=None, **changes) -> list[dict]:
    images, labels = separable()
    return fitting.fit(
        model,
        Batches([images], labels, np.arange(80), 16, 3),
        Batches([images], labels, np.arange(80, 120), 16, None),
        epochs,
        settings(**changes),
        log,
        checkpoint,
    )


def test_a_training_is_traced_once():
    traces = []

    class Traced(keras.Model):
        def train_step(self, data):
            traces.append(data)
            return super().train_step(data)

    plain = network()
    train(Traced(plain.inputs, plain.outputs), epochs=2)
    assert len(traces) == 1


def test_what_is_easy_is_learnt():
    lines, model = [], network()
    history = train(model, log=lines.append)
    assert history[-1]["val_accuracy"] > 0.95
    assert [row["epoch"] for row in history] == list(range(1, EPOCHS + 1))
    assert set(history[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(lines) == EPOCHS and lines[0].startswith("epoch 1: ")
    images, labels = separable()
    found = model.predict_on_batch(images[80:]).argmax(axis=1)
    assert (found == labels[80:]).mean() > 0.95


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_every_optimiser_learns_on_a_falling_rate(optimizer):
    model = network()
    history = train(model, optimizer=optimizer, schedule="cosine")
    assert history[-1]["val_accuracy"] > 0.95
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6), "it has fallen to 0 at the end"


@pytest.mark.parametrize(
    "schedule, rates",
    [("constant", [0.01, 0.02, 0.02, 0.02]), ("cosine", [0.01, 0.02, 0.01, 0.0])],
)
def test_the_rate_rises_in_the_warm_up_and_goes_as_its_schedule_says(schedule, rates):
    """Five steps an epoch, two epochs of warm-up: half of 0.02 after the first, all after the second; the cosine has
    fallen by half in the middle of what is left."""
    model, seen = network(), []
    train(
        model,
        epochs=4,
        log=lambda line: seen.append(float(model.optimizer.learning_rate)),
        schedule=schedule,
        warmup=2,
    )
    assert seen == pytest.approx(rates, abs=1e-6)


def test_smoothed_labels_keep_probabilities_from_the_extremes():
    """With 0.4 of the certainty spread over two classes the best answer is 0.8, not 1."""
    images, _ = separable()
    sure, unsure = network(), network()
    train(sure)
    train(unsure, label_smoothing=0.4)
    assert sure.predict_on_batch(images).max(axis=1).mean() > 0.98
    assert unsure.predict_on_batch(images).max(axis=1).mean() == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("mixup", [0, 1.0])
def test_class_weights_lend_a_rare_class_a_voice(mixup):
    """Noise alone: the network can but learn how frequent the classes are; with weights they are equally so."""
    images = np.random.default_rng(0).integers(0, 256, (100, 8, 8, 1), np.uint8)
    labels = (np.arange(100) % 10 == 0).astype(int)
    said = []
    for weighted in (False, True):
        keras.utils.set_random_seed(0)
        layers = keras.layers
        model = keras.Sequential(
            [layers.Input((8, 8, 1)), layers.GlobalAveragePooling2D(), layers.Rescaling(0), layers.Dense(2, "softmax")]
        )
        batches = Batches([images], labels, np.arange(100), 50, 0)
        changes = {"learning_rate": 0.1, "class_weights": weighted, "mixup": mixup}
        fitting.fit(model, batches, None, 40, settings(**changes), lambda line: None)
        said.append(float(model.predict_on_batch(images[:1])[0, 1]))
    assert said == pytest.approx([0.1, 0.5], abs=0.03)


def losing(early_stopping: int, log=lambda line: None, checkpoint=None) -> tuple[keras.Model, list[dict[str, float]]]:
    """Train towards larger and larger validation losses: the first epoch is the best."""
    images, labels = separable()
    model = network()
    history = fitting.fit(
        model,
        Batches([images], labels, np.arange(80), 16, 3),
        Batches([images], 1 - labels, np.arange(80, 120), 16, None),  # the better it learns, the worse it is
        8,
        settings(early_stopping=early_stopping),
        log,
        checkpoint,
    )
    return model, history


def validation_loss(model: keras.Model) -> float:
    images, labels = separable()
    probabilities = model.predict_on_batch(images[80:])
    return float(-np.log(probabilities[np.arange(40), 1 - labels[80:]]).mean())


def test_early_stopping_stops_and_restores_the_best_epoch():
    model, history = losing(early_stopping=2)
    losses = [row["val_loss"] for row in history]
    best = losses.index(min(losses))
    assert len(history) == best + 3 < 8
    assert validation_loss(model) == pytest.approx(min(losses), abs=1e-4)


def test_without_early_stopping_the_last_epoch_stays():
    model, history = losing(early_stopping=0)
    assert len(history) == 8
    assert history[-1]["val_loss"] > min(row["val_loss"] for row in history)
    assert validation_loss(model) == pytest.approx(history[-1]["val_loss"], abs=1e-3)


def test_averaged_weights_are_what_stays():
    last, mean = network(), network()
    assert train(last) == train(mean, swa=0.5), "training goes its way"
    images, labels = separable()
    assert (mean.predict_on_batch(images[80:]).argmax(1) == labels[80:]).all()
    assert all((one != other).any() for one, other in zip(last.get_weights(), mean.get_weights()))


def test_an_autoencoder_may_end_with_averaged_weights_too():
    from fingerspell.models import autoencoder

    keras.utils.set_random_seed(0)
    model, encoder = autoencoder.build(16, 1)
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 1), np.uint8)
    last = []
    fitting.fit(
        model,
        Batches([images], None, np.arange(8), 4, 0),
        None,
        2,
        settings(swa=1),
        lambda line: last.append(encoder.predict_on_batch(images)),
    )
    assert (encoder.predict_on_batch(images) != last[-1]).any()


def test_a_loss_that_is_no_number_ends_in_a_sentence():
    model = network()
    model.set_weights([np.full_like(part, np.inf) for part in model.get_weights()])
    with pytest.raises(FingerspellError, match=r"in epoch 1; set a lower learning_rate"):
        train(model)


def test_one_seed_gives_the_same_bits_twice():
    weights, histories = [], []
    for _ in range(2):
        model = network(seed=7)
        histories.append(train(model, epochs=2))
        weights.append(model.get_weights())
    assert histories[0] == histories[1]
    assert all((one == other).all() for one, other in zip(*weights))
    other = network(seed=8)
    train(other, epochs=1)
    assert (other.get_weights()[0] != weights[0][0]).any()


class Stopped(Exception):
    """Stands for a killed process."""


@pytest.mark.parametrize("early_stopping, mixup, swa", [(0, 0, 0), (3, 0, 0), (0, 0.4, 0), (0, 0, 0.4)])
def test_a_training_that_is_interrupted_again_and_again_ends_as_an_uninterrupted_one(
    tmp_path, early_stopping, mixup, swa
):
    """Optimiser, falling rate, dropout, what batches hold, the best epoch and the mean so far: all of them go on."""
    changes = {"epochs": 5, "optimizer": "adamw", "schedule": "cosine", "warmup": 1}
    changes |= {"early_stopping": early_stopping, "mixup": mixup, "swa": swa}
    whole = network()
    expected = train(whole, **changes)
    assert len(expected) == 5
    checkpoint, lines = Checkpoint(tmp_path / "state.npz", "recipe"), []

    def stop_in(epoch: int):
        def log(line: str) -> None:
            lines.append(line.split(":")[0])
            if line.startswith(f"epoch {epoch}:"):
                raise Stopped

        return log

    for epoch in (2, 4, 5):
        with pytest.raises(Stopped):
            # What is resumed may begin with anything.
            train(network(seed=0 if epoch == 2 else epoch), log=stop_in(epoch), checkpoint=checkpoint, **changes)
    resumed = network(seed=99)
    assert train(resumed, log=stop_in(0), checkpoint=checkpoint, **changes) == expected
    assert lines == [
        "epoch 1", "epoch 2",
        "going on after epoch 1", "epoch 2", "epoch 3", "epoch 4",
        "going on after epoch 3", "epoch 4", "epoch 5",
        "going on after epoch 4", "epoch 5",
    ]  # fmt: skip
    assert all((one == other).all() for one, other in zip(whole.get_weights(), resumed.get_weights()))
    finished, lines[:] = network(seed=99), []
    assert train(finished, log=stop_in(0), checkpoint=checkpoint, **changes) == expected
    assert lines == ["going on after epoch 5"], "what is finished is not repeated"
    assert all((one == other).all() for one, other in zip(whole.get_weights(), finished.get_weights()))


def test_the_best_epoch_is_known_after_an_interrupt(tmp_path):
    """The best epoch lies before the interrupt, so its weights must come from the checkpoint."""
    whole, expected = losing(early_stopping=3)
    losses = [row["val_loss"] for row in expected]
    last = len(expected)
    assert losses.index(min(losses)) + 1 < last - 1

    def stop(line: str) -> None:
        if line.startswith(f"epoch {last}:"):
            raise Stopped

    checkpoint = Checkpoint(tmp_path / "state.npz", "recipe")
    with pytest.raises(Stopped):
        losing(3, stop, checkpoint)
    resumed, history = losing(3, checkpoint=checkpoint)
    assert history == expected
    assert all((one == other).all() for one, other in zip(whole.get_weights(), resumed.get_weights()))


def test_the_state_of_another_training_is_not_gone_on_from(tmp_path):
    path = tmp_path / "state.npz"
    train(network(), epochs=1, checkpoint=Checkpoint(path, "one"))
    lines = []
    train(network(), epochs=2, log=lines.append, checkpoint=Checkpoint(path, "another"))
    assert [line.split(":")[0] for line in lines] == ["epoch 1", "epoch 2"]


def test_a_damaged_state_is_as_good_as_none(tmp_path):
    path = tmp_path / "state.npz"
    checkpoint = Checkpoint(path, "one")
    train(network(), epochs=1, checkpoint=checkpoint)
    whole = path.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"not at all"):
        path.write_bytes(damaged)
        assert checkpoint.read() is None


def test_a_recipe_is_that_of_its_data_and_settings(tmp_path):
    (tmp_path / "images.npy").write_bytes(b"1")
    one = recipe(tmp_path, {"epochs": 1})
    assert recipe(tmp_path, {"epochs": 1}) == one
    assert recipe(tmp_path, {"epochs": 2}) != one
    alone = recipe(tmp_path / "images.npy", {})
    (tmp_path / "images.npy").write_bytes(b"2")
    assert recipe(tmp_path, {"epochs": 1}) != one
    assert recipe(tmp_path / "images.npy", {}) != alone, "of data that are one file too"


@pytest.mark.parametrize(
    "file, counts",
    [
        ("models/cnn.py", True),
        ("models/common/residual.py", True),
        ("training/batches.py", True),
        ("scenes/compositing.py", True),
        ("datasets/hands.py", True),
        ("preparation/prepared.py", True),
        ("preparation/arrays.py", False),
        ("plots/style.py", False),
    ],
)
def test_a_recipe_is_that_of_the_code_that_trains(tmp_path, monkeypatch, file, counts):
    code, data = tmp_path / "fingerspell", tmp_path / "data"
    shutil.copytree(CODE, code, ignore=shutil.ignore_patterns("__pycache__"))
    data.mkdir()
    monkeypatch.setattr("fingerspell.training.checkpoint.CODE", code)
    one = recipe(data, {})
    with open(code / file, "a") as source:
        source.write("# changed")
    assert (recipe(data, {}) != one) == counts


@pytest.mark.parametrize("package", ["keras", "numpy", keras.config.backend()])
def test_a_recipe_is_that_of_the_packages_that_do_the_sums(tmp_path, monkeypatch, package):
    one = recipe(tmp_path, {})
    monkeypatch.setattr(import_module(package), "__version__", "0")
    assert recipe(tmp_path, {}) != one


@pytest.mark.parametrize("cards", [[], ["a card"]])
def test_on_a_graphics_card_sums_are_bound_to_one_order(monkeypatch, cards):
    import tensorflow as tf

    asked = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: cards)
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: asked.append(True))
    set_seed(1)
    one = np.asarray(network().get_weights()[0])
    set_seed(1)
    assert (np.asarray(network().get_weights()[0]) == one).all()
    assert bool(asked) == bool(cards)


@pytest.mark.parametrize("early_stopping", [0, 3])
def test_without_a_validation_part_it_trains_all_the_same(tmp_path, early_stopping):
    images, labels = separable()
    history = fitting.fit(
        network(),
        Batches([images], labels, np.arange(80), 16, 3),
        None,
        2,
        settings(early_stopping=early_stopping),
        lambda line: None,
    )
    assert len(history) == 2
    assert set(history[0]) == {"epoch", "loss", "accuracy"}
    files.write_csv(tmp_path / "history.csv", history)
    figure = learning_curves(files.read_csv(tmp_path / "history.csv"))
    assert [axes.get_title("left").split(" (")[0] for axes in figure.axes] == ["loss", "accuracy"]
    assert not any("validation" in text.get_text() for text in figure.legends[0].get_texts())


def test_an_autoencoder_has_no_accuracy():
    from fingerspell.models import autoencoder

    keras.utils.set_random_seed(0)
    model, _ = autoencoder.build(16, 1)
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 1), np.uint8)
    batches = Batches([images], None, np.arange(8), 4, 0), Batches([images], None, np.arange(8, 12), 4, None)
    history = fitting.fit(model, *batches, 1, settings(), lambda line: None)
    assert set(history[0]) == {"epoch", "loss", "val_loss"}
    assert 0 < history[0]["loss"] < 1
    assert len(learning_curves(history).axes) == 1


def test_an_encoder_is_the_same_bytes_however_often_its_training_was_interrupted(tmp_path, monkeypatch):
    settings_of = config.Autoencoder(
        split="mine", dataset="arasl", image_size=16, channels=1, resample="box", epochs=3, batch_size=4,
        training=settings(schedule="cosine"),
    )  # fmt: skip
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 1), np.uint8)
    np.save(tmp_path / "images.npy", images)
    rows = {"train": np.arange(8), "validation": np.arange(8, 12), "test": np.arange(0)}

    def encoder(place: str, stop: str = "never") -> bytes:
        def log(line: str) -> None:
            if line.startswith(stop):
                raise Stopped

        monkeypatch.setattr(autoencoding, "print", log, raising=False)
        folder = tmp_path / place
        folder.mkdir(exist_ok=True)
        checkpoint = folder / "state.npz"
        autoencoding.train(settings_of, images, rows, tmp_path / "images.npy", 1, checkpoint, folder)
        return (folder / autoencoding.ENCODER).read_bytes() + (folder / "history.csv").read_bytes()

    whole = encoder("whole")
    with pytest.raises(Stopped):
        encoder("interrupted", stop="epoch 2:")
    assert not (tmp_path / "interrupted" / autoencoding.ENCODER).exists()
    assert encoder("interrupted") == whole


ON_JAX = """
import keras
from test_training import network, train

assert keras.config.backend() == "jax"
assert train(network(), schedule="cosine", label_smoothing=0.1)[-1]["val_accuracy"] > 0.95
"""


def test_the_same_training_runs_on_jax():
    on_jax(ON_JAX)
