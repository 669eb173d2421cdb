"""Batches: every row once an epoch, and the same bits of an epoch however and from wherever it is reached."""

import hashlib

import keras
import numpy as np
import pytest
from conftest import on_jax

from fingerspell.config import Augmentation
from fingerspell.training.augmentation import augment
from fingerspell.training.batches import Batches

pytestmark = pytest.mark.slow

NOTHING = dict.fromkeys(Augmentation.model_fields, 0.0) | {"flip": False}
SOME = Augmentation(**(NOTHING | {"flip": True, "shift": 0.1, "noise": 0.05}))


def photographs(count: int = 40, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, 8, 8, channels), np.uint8)


def epoch(batches: Batches) -> np.ndarray:
    batches.on_epoch_begin()
    rows = np.concatenate([batches[k][0] for k in range(len(batches))])
    batches.on_epoch_end()
    return rows


def test_every_row_comes_once_an_epoch_with_its_target():
    values, targets = np.arange(20) * 10, np.arange(20) + 1000
    rows = np.array([3, 5, 7, 11, 2, 0, 19])
    batches = Batches([values], targets, rows, 3, seed=1)
    assert len(batches) == 3
    for _ in range(3):
        batches.on_epoch_begin()
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


def test_without_a_seed_nothing_is_random():
    images = photographs()
    batches = Batches([images, 255 - images], np.arange(40), np.array([4, 1, 8, 0]), 3, None, SOME)
    for _ in range(2):
        assert (epoch(batches) == images[[4, 1, 8, 0]]).all()


def test_each_row_is_drawn_from_one_of_the_arrays():
    straight = np.arange(400)
    batches = Batches([straight, -straight], straight, np.arange(1, 400), 32, 0)
    first, second = epoch(batches), epoch(batches)
    for drawn in (first, second):
        assert sorted(np.abs(drawn)) == list(range(1, 400))
        assert 120 < (drawn < 0).sum() < 280, "about half of them"
    assert set(first[first < 0]) != set(second[second < 0]), "another choice every epoch"


def test_an_autoencoder_is_asked_for_its_plain_pixels_between_0_and_1():
    images = photographs(10)
    x, y = Batches([images], None, np.arange(10), 10, None)[0]
    assert x.dtype == np.uint8 and (x == images).all()
    assert y.dtype == np.float32 and np.allclose(y, images / 255)
    x, y = Batches([images], None, np.arange(10), 10, 0, SOME)[0]
    rows = [np.flatnonzero((np.rint(255 * image) == images).all(axis=(1, 2, 3))).item() for image in y]
    assert sorted(rows) == list(range(10))
    assert (x != images[rows]).any(axis=(1, 2, 3)).all()


def test_augmented_batches_are_those_images_changed():
    images = photographs()
    plain, augmented = (Batches([images], np.arange(40), np.arange(40), 16, 3, changes) for changes in (None, SOME))
    for k in range(3):
        (x, labels), (changed, same) = plain[k], augmented[k]
        assert (labels == same).all()
        assert changed.shape == x.shape and changed.dtype == np.uint8 and (changed != x).any()
    images = np.repeat(photographs(1), 40, axis=0)
    batches = Batches([images], np.arange(40), np.arange(40), 16, 3, SOME)
    seen = [epoch(batches) for _ in range(2)]
    assert len(np.unique(np.concatenate(seen).reshape(80, -1), axis=0)) == 80, "none like in another batch or epoch"


def test_changes_are_not_drawn_from_the_numbers_that_made_the_order():
    images = photographs()
    seeds = ([3, 0], [3, 0, 0])
    batch, _ = Batches([images], np.arange(40), np.arange(40), 40, 3, SOME)[0]
    plain, _ = Batches([images], np.arange(40), np.arange(40), 40, 3)[0]
    for seed in seeds:
        assert (augment(plain, SOME, np.random.default_rng(seed)) != batch).any()


@pytest.mark.parametrize("augmentation", [None, SOME])
def test_an_epoch_is_the_same_wherever_training_began_and_in_whatever_order_its_batches_are_asked_for(augmentation):
    images = photographs()
    arguments = [images, 255 - images], np.arange(40), np.arange(40), 7, 3, augmentation
    whole = Batches(*arguments)
    epochs = [epoch(whole) for _ in range(4)]
    resumed = Batches(*arguments)
    resumed.begin(2)
    assert (epoch(resumed) == epochs[2]).all()
    resumed.on_epoch_begin()
    backwards = [resumed[k][0] for k in reversed(range(len(resumed)))]
    assert (np.concatenate(backwards[::-1]) == epochs[3]).all()


def test_only_an_epoch_that_was_gone_through_is_counted():
    images = photographs()
    arguments = [images], np.arange(40), np.arange(40), 7, 3
    batches, untouched = Batches(*arguments), Batches(*arguments)
    batches.on_epoch_end()  # so Keras resets
    batches.on_epoch_begin()
    assert batches[0] is not None  # so it looks at a first batch
    batches.on_epoch_end()
    for _ in range(2):
        assert (epoch(batches) == epoch(untouched)).all()


class Seen(Batches):
    """What was given out, by epoch and batch."""

    def __init__(self, *arguments, **options):
        self.given = {}
        super().__init__(*arguments, **options)

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        before = self.given.setdefault((self.epoch, index), x)
        assert (before == x).all(), "asked twice, given twice the same"
        return x, y


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [layers.Input((8, 8, 1)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


def fit(epochs: int, first_epoch: int = 0, workers: int = 1, images: int = 40) -> tuple[Seen, list[np.ndarray]]:
    pixels = photographs(images)
    batches = Seen([pixels], np.arange(images) % 2, np.arange(images), 7, 3, SOME)
    batches.begin(first_epoch)
    batches.workers = workers
    validation = Batches([pixels], np.arange(images) % 2, np.arange(images), 16, None)
    model = network()
    model.fit(
        batches,
        validation_data=validation,
        initial_epoch=first_epoch,
        epochs=epochs,
        shuffle=False,
        verbose=0,
    )
    return batches, model.get_weights()


def test_one_worker_and_four_train_to_the_same_bits():
    (one, weights), (four, same) = fit(3), fit(3, workers=4)
    assert sorted(one.given) == sorted(four.given) == [(e, k) for e in range(3) for k in range(6)]
    assert all((one.given[at] == four.given[at]).all() for at in one.given)
    assert all((a == b).all() for a, b in zip(weights, same))


@pytest.mark.parametrize("images", [40, 7])
def test_a_training_that_goes_on_sees_the_epochs_that_are_left(images):
    whole, _ = fit(4, images=images)
    resumed, _ = fit(4, first_epoch=2, images=images)
    assert {e for e, _ in whole.given} == {0, 1, 2, 3}
    assert {e for e, _ in resumed.given} == {2, 3}
    assert all((resumed.given[at] == whole.given[at]).all() for at in resumed.given)


def test_the_jax_backend_is_fed_the_same():
    said = on_jax("import keras, test_batches as t; print(keras.config.backend(), t.digest(t.fit(3)[0]))")
    seen, _ = fit(3)
    assert said.split() == ["jax", digest(seen)]


def digest(seen: Seen) -> str:
    return hashlib.sha256(b"".join(seen.given[at].tobytes() for at in sorted(seen.given))).hexdigest()
