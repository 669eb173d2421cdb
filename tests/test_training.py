"""Training: every row once an epoch, the same bits from the same seed, and the weights that were promised."""

import keras
import numpy as np
import pytest

from fingerspell import training
from fingerspell.config import Augmentation
from fingerspell.errors import FingerspellError
from fingerspell.plots.history import learning_curves
from fingerspell.training import Batches, Fit

NO_CHANGE = dict.fromkeys(("shift", "rotate", "zoom", "brightness", "contrast"), 0.0) | {"flip": False}


def settings(**changes) -> Fit:
    values = {
        "epochs": 12,
        "batch_size": 16,
        "optimizer": "adam",
        "learning_rate": 0.02,
        "schedule": "constant",
        "early_stopping": 0,
    }
    return Fit(**(values | changes))


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
            layers.Dropout(0.1),
            layers.Dense(2, "softmax"),
        ]
    )


def train(model: keras.Model, **changes) -> list[dict[str, float]]:
    images, labels = separable()
    return training.fit(
        model,
        Batches([images], labels, np.arange(80), 16, 3),
        Batches([images], labels, np.arange(80, 120), 16, None),
        "sparse_categorical_crossentropy",
        settings(**changes),
        lambda line: None,
    )


def epoch(batches: Batches) -> np.ndarray:
    rows = np.concatenate([batches[k][0] for k in range(len(batches))])
    batches.on_epoch_end()
    return rows


def test_every_row_comes_once_an_epoch_with_its_target():
    values, targets = np.arange(20) * 10, np.arange(20) + 1000
    rows = np.array([3, 5, 7, 11, 2, 0, 19])
    batches = Batches([values], targets, rows, 3, seed=1)
    assert len(batches) == 3
    for _ in range(3):
        x, y = (np.concatenate(parts) for parts in zip(*(batches[k] for k in range(3))))
        assert sorted(x) == sorted(values[rows])
        assert (y == x / 10 + 1000).all()
        batches.on_epoch_end()


def test_the_order_changes_with_the_epoch_and_is_the_seeds():
    values, rows = np.arange(50), np.arange(50)
    one, same, other = (Batches([values], values, rows, 8, seed) for seed in (1, 1, 2))
    first, second = epoch(one), epoch(one)
    assert (first != second).any()
    assert (first == epoch(same)).all() and (second == epoch(same)).all()
    assert (first != epoch(other)).any()


def test_without_a_seed_the_order_stays():
    values = np.arange(9)
    batches = Batches([values], values, np.array([4, 1, 8, 0]), 3, None)
    assert epoch(batches).tolist() == epoch(batches).tolist() == [4, 1, 8, 0]


def test_each_row_is_drawn_from_one_of_the_arrays():
    straight = np.arange(400)
    batches = Batches([straight, -straight], straight, np.arange(1, 400), 32, 0)
    first, second = epoch(batches), epoch(batches)
    for drawn in (first, second):
        assert sorted(np.abs(drawn)) == list(range(1, 400))
        assert 120 < (drawn < 0).sum() < 280, "about half of them"
    assert set(first[first < 0]) != set(second[second < 0]), "another choice every epoch"


def test_an_autoencoder_is_asked_for_its_pixels_between_0_and_1():
    images, _ = separable(10)
    x, y = Batches([images], None, np.arange(10), 10, None)[0]
    assert x.dtype == np.uint8 and (x == images).all()
    assert y.dtype == np.float32 and np.allclose(y, images / 255)


def test_what_is_easy_is_learnt():
    lines = []
    images, labels = separable()
    model = network()
    history = training.fit(
        model,
        Batches([images], labels, np.arange(80), 16, 3),
        Batches([images], labels, np.arange(80, 120), 16, None),
        "sparse_categorical_crossentropy",
        settings(),
        lines.append,
    )
    assert history[-1]["val_accuracy"] > 0.95
    assert [row["epoch"] for row in history] == list(range(1, 13))
    assert set(history[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(lines) == 12 and lines[0].startswith("epoch 1: ")
    found = model.predict_on_batch(images[80:]).argmax(axis=1)
    assert (found == labels[80:]).mean() > 0.95


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_every_optimiser_learns_on_a_falling_rate(optimizer):
    model = network()
    history = train(model, optimizer=optimizer, schedule="cosine")
    assert history[-1]["val_accuracy"] > 0.95
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6), "it has fallen to 0 at the end"


def losing(early_stopping: int) -> tuple[keras.Model, list[dict[str, float]]]:
    """Train towards larger and larger validation losses: the first epoch is the best."""
    images, labels = separable()
    model = network()
    history = training.fit(
        model,
        Batches([images], labels, np.arange(80), 16, 3),
        Batches([images], 1 - labels, np.arange(80, 120), 16, None),  # the better it learns, the worse it is
        "sparse_categorical_crossentropy",
        settings(epochs=8, early_stopping=early_stopping),
        lambda line: None,
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


def test_a_loss_that_is_no_number_ends_in_a_sentence():
    with pytest.raises(FingerspellError, match=r"in epoch 1; set a lower learning_rate"):
        train(network(), optimizer="sgd", learning_rate=1e38)


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


@pytest.mark.parametrize("early_stopping", [0, 3])
def test_without_a_validation_part_it_trains_all_the_same(tmp_path, early_stopping):
    images, labels = separable()
    history = training.fit(
        network(),
        Batches([images], labels, np.arange(80), 16, 3),
        None,
        "sparse_categorical_crossentropy",
        settings(epochs=2, early_stopping=early_stopping),
        lambda line: None,
    )
    assert len(history) == 2
    assert set(history[0]) == {"epoch", "loss", "accuracy"}
    training.write_history(tmp_path / "history.csv", history)
    assert training.read_history(tmp_path / "history.csv") == history
    figure = learning_curves(training.read_history(tmp_path / "history.csv"))
    assert [axes.get_title("left").split(" (")[0] for axes in figure.axes] == ["loss", "accuracy"]
    assert not any("validation" in text.get_text() for text in figure.legends[0].get_texts())


def test_an_autoencoder_has_no_accuracy():
    from fingerspell.models import autoencoder

    keras.utils.set_random_seed(0)
    model, _ = autoencoder.build(16, 1)
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 1), np.uint8)
    batches = Batches([images], None, np.arange(8), 4, 0), Batches([images], None, np.arange(8, 12), 4, None)
    history = training.fit(model, *batches, "mse", settings(epochs=1), lambda line: None)
    assert set(history[0]) == {"epoch", "loss", "val_loss"}
    assert 0 < history[0]["loss"] < 1
    assert len(learning_curves(history).axes) == 1


AMOUNTS = {"flip": True, "shift": 0.3, "rotate": 40.0, "zoom": 0.3, "brightness": 0.5, "contrast": 0.5}


@pytest.mark.parametrize("change", AMOUNTS)
def test_an_augmentation_acts_in_training_alone(change):
    images, _ = separable(16)
    model = network()
    changed = training.augmented(model, Augmentation(**(NO_CHANGE | {change: AMOUNTS[change]})), seed=1)
    assert changed.layers[-1] is model, "what is trained and what is saved share their weights"
    assert (changed(images, training=False).numpy() == model(images, training=False).numpy()).all()
    altered = np.asarray(changed.layers[0](images.astype(np.float32), training=True))
    assert np.abs(altered - images).max() > 1
    assert altered.min() >= -1 and altered.max() <= 256, "still pixels of 0–255"


def test_without_augmentation_the_network_is_itself():
    model = network()
    assert training.augmented(model, Augmentation(**NO_CHANGE), seed=1) is model


def test_augmented_training_is_the_seeds_too():
    augment = Augmentation(**(NO_CHANGE | {"flip": True, "shift": 0.2, "brightness": 0.1}))
    weights = []
    for _ in range(2):
        model = network(seed=5)
        train(training.augmented(model, augment, seed=5), epochs=2)
        weights.append(model.get_weights())
    assert all((one == other).all() for one, other in zip(*weights))
