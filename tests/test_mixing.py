"""Mixup: images and labels in the same proportion, anew in every epoch, and what a network learns from it."""

import numpy as np
import pytest
from test_training import network, separable, train

from fingerspell.training.batches import Batches
from fingerspell.training.mixing import Mixed

pytestmark = pytest.mark.slow

VALUES = np.array([0, 40, 90, 150, 210, 250])


def mixed(alpha: float, dtype: type = np.uint8) -> Mixed:
    """Two batches of three plain images, each of a class of its own."""
    images = np.broadcast_to(VALUES[:, None, None, None], (6, 4, 4, 1)).astype(dtype)
    return Mixed(Batches([images], np.arange(6), np.arange(6), 3, None), alpha, classes=6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_an_image_and_its_label_are_of_the_same_two_in_the_same_proportion(dtype):
    x, y = mixed(1.0, dtype)[1]
    assert x.dtype == dtype and y.dtype == np.float32 and y.shape == (3, 6)
    assert (np.ptp(x, axis=(1, 2, 3)) == 0).all()
    np.testing.assert_allclose(x[:, 0, 0, 0], y @ VALUES, atol=0.5 if dtype is np.uint8 else 1e-3)
    assert [set(np.flatnonzero(row)) for row in y] == [{3, 4}, {4, 5}, {5, 3}]
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)


def test_without_mixing_images_stay_and_labels_are_spelt_out():
    x, y = mixed(0.0)[0]
    assert (x[:, 0, 0, 0] == VALUES[:3]).all() and (y == np.eye(6)[:3]).all()


def test_proportions_are_the_epochs_and_the_batchs_wherever_training_began():
    batches = mixed(0.4)
    first, other = batches[0][1], batches[1][1]
    assert (first[0, 0] != other[0, 3]) and (batches[0][1] == first).all()
    batches.begin(3)
    later = batches[0][1]
    assert (later != first).any()
    resumed = mixed(0.4)
    resumed.begin(3)
    assert (resumed[0][1] == later).all()


def test_every_seed_has_its_own_proportions():
    def proportions(seed: int) -> list[float]:
        batches = Batches([np.zeros((6, 4, 4, 1), np.uint8)], np.arange(6), np.arange(6), 6, seed)
        return sorted(Mixed(batches, 0.4, classes=6)[0][1].max(axis=1))

    assert proportions(1) == proportions(1) != proportions(2)


def test_classes_weigh_as_they_should_in_what_is_mixed():
    images, labels, weights = np.zeros((2, 4, 4, 1), np.uint8), np.array([0, 1]), {0: 1.0, 1: 9.0}
    batches = Batches([images], labels, np.arange(2), 2, 5)
    plain = Mixed(batches, 1.0, classes=2)[0][1]
    _, shares, weight = Mixed(batches, 1.0, classes=2, weights=weights)[0]
    assert shares.dtype == weight.dtype == np.float32
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(weight[:, None] * shares, plain * [1, 9], rtol=1e-5)


def test_the_order_below_goes_on_with_the_epochs():
    images, labels = separable(40)
    batches = Mixed(Batches([images], labels, np.arange(40), 40, 0), 0.0, classes=2)
    batches.on_epoch_begin()
    first = batches[0][0]
    batches.on_epoch_end()
    assert batches.epoch == 1 and (batches[0][0] != first).any()


def test_a_network_that_learns_on_mixed_images_is_right_and_less_certain():
    images, labels = separable()
    plain, mixing = network(), network()
    train(plain)
    history = train(mixing, mixup=1.0)
    certain, careful = (model.predict(images[80:], verbose=0) for model in (plain, mixing))
    assert (careful.argmax(axis=1) == labels[80:]).all() and history[-1]["val_accuracy"] == 1
    assert careful.max(axis=1).mean() < certain.max(axis=1).mean() - 0.02
