"""The network that reads hands from rows of which a part may be missing, and its calibration."""

import keras
import numpy as np
import pytest

from fingerspell.hands import layout
from fingerspell.models import hand_reader
from fingerspell.models.common.hand_layers import OneMissing, Turned
from fingerspell.preparation.prepared import PLAIN, Image, Prepared, write_table
from fingerspell.training import calibration

pytestmark = pytest.mark.slow

CLASSES = 29


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(1)
    return hand_reader.build(CLASSES, 0.5)


def rows(count: int, given=(1, 1)) -> np.ndarray:
    found = np.random.default_rng(count).normal(size=(count, layout.WIDTH)).astype(np.float32)
    found[:, layout.GIVEN] = given
    return found


def test_it_has_the_stated_size(network):
    assert network.count_params() == hand_reader.ARCHITECTURE.parameters


def test_what_is_missing_changes_nothing(network):
    for given, missing in (((1, 0), slice(layout.FEATURES, layout.GIVEN.start)), ((0, 1), slice(0, layout.FEATURES))):
        hands = rows(4, given)
        answers = network.predict_on_batch(hands)
        assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
        pointing = layout.IN_PICTURE.start + 3 * layout.MIDDLE
        other = hands.copy()
        other[:, missing] += 1
        if given == (1, 0):
            other[:, pointing : pointing + 2] = hands[:, pointing : pointing + 2]  # goes with the picture
        assert np.allclose(network.predict_on_batch(other), answers, atol=1e-5)
    both, none = rows(4), rows(4, (0, 0))
    assert np.ptp(network.predict_on_batch(both), axis=1).min() > 0.01
    assert np.allclose(network.predict_on_batch(none), 1 / CLASSES, atol=1e-6), "nothing is known"


def test_every_weight_learns():
    keras.utils.set_random_seed(2)
    learner = hand_reader.build(3, 0.0)
    learner.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    before = [np.array(weight) for weight in learner.trainable_weights]
    learner.fit(rows(64), np.arange(64) % 3, epochs=2, verbose=0)
    assert all(not np.array_equal(old, new) for old, new in zip(before, map(np.array, learner.trainable_weights)))


def test_turning_keeps_a_hand_as_it_is_and_leaves_answers_alone():
    points = np.random.default_rng(3).normal(size=(5, 2, 21, 3)).astype(np.float32)
    layer = Turned(0.5, 0.0)
    assert np.array_equal(layer(points), points), "in training alone"
    turned = np.array(layer(points, training=True))
    apart = [np.linalg.norm(hands[:, :, 3] - hands[:, :, 17], axis=-1) for hands in (points, turned)]
    assert np.allclose(*apart, atol=1e-4) and not np.allclose(turned, points, atol=0.1)


def test_one_part_is_hidden_from_the_share_that_is_asked_for():
    layer = OneMissing(0.5)
    assert np.array_equal(layer(np.ones((4, 2), np.float32)), np.ones((4, 2)))
    hidden = np.array(layer(np.ones((4000, 2), np.float32), training=True))
    assert 0.45 < (hidden.sum(axis=1) == 1).mean() < 0.55 and hidden.sum(axis=1).min() == 1
    alone = np.tile(np.float32([1, 0]), (50, 1))
    assert np.array_equal(layer(alone, training=True), alone), "what is alone is never hidden"


def test_calibration_makes_labels_more_likely_and_leaves_the_order(tmp_path):
    keras.utils.set_random_seed(4)
    network = hand_reader.build(3, 0.0)
    hands, labels = 6 * rows(300), np.arange(300) % 3
    for view in PLAIN:
        np.save(tmp_path / f"{view}.npy", hands.astype(np.float16))
    classes = ["A", "B", "C"]
    images = [Image(f"{at}.png", classes[label], "validation") for at, label in enumerate(labels)]
    write_table(tmp_path, images, {"classes": classes})
    prepared = Prepared.open(tmp_path)
    before = network.predict_on_batch(prepared.array(PLAIN[0])[:])
    calibration.calibrate(network, prepared)
    after = network.predict_on_batch(prepared.array(PLAIN[0])[:])
    surprise = [-np.log(said[np.arange(300), prepared.labels] + 1e-12).mean() for said in (before, after)]
    assert surprise[1] < surprise[0] and (before.argmax(axis=1) == after.argmax(axis=1)).all()
    assert float(network.get_layer("temperature").temperature) > 1, "labels at random: it was too sure"


@pytest.mark.parametrize(
    ("best", "right", "expected"),
    [
        ([0.9, 0.8, 0.7], [True, True, True], 0.0),
        ([0.9, 0.8, 0.6], [True, True, False], 0.61),
        ([0.9, 0.8, 0.6], [False, False, False], calibration.HIGHEST),
    ],
)
def test_the_threshold_is_the_lowest_at_which_answers_are_right(best, right, expected):
    answers = np.array([[share, 1 - share] for share in best])
    assert calibration.threshold(answers, np.where(right, 0, 1)) == expected
    assert calibration.threshold(np.empty((0, 2)), np.empty(0, int)) == calibration.HIGHEST
