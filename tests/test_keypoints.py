"""Keypoints as a second task: learnt in training, unknown ones asked of nobody, gone from the network that is kept."""

import keras
import numpy as np
import pytest

from fingerspell.config import Training
from fingerspell.datasets.hands import KEYPOINTS
from fingerspell.models.common import registry
from fingerspell.training import fitting, keypoints
from fingerspell.training.batches import Batches, Epochs

pytestmark = pytest.mark.slow

SETTINGS = Training(
    optimizer="adamw", learning_rate=0.005, schedule="cosine", warmup=1, early_stopping=0, label_smoothing=0.05,
    class_weights=False,
)  # fmt: skip


class Spots(Epochs):
    """Images of a white square, its place told as the place of all keypoints; the label: left or right."""

    targets = np.zeros(1)

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng([self.epoch, index])
        images, places = np.zeros((16, 32, 32, 3), np.uint8), random.uniform(-0.8, 0.8, (16, 2))
        for image, (x, y) in zip(images, (16 * (places + 1)).astype(int)):
            image[y - 3 : y + 3, x - 3 : x + 3] = 255
        targets = np.concatenate([places[:, :1] > 0, np.tile(places, KEYPOINTS)], axis=1).astype(np.float32)
        targets[::4, 1:] = np.nan
        self.passed(index)
        return images, targets


def features_and_classes() -> keras.Model:
    """A network as small as can be, with the layer that keypoints are read from."""
    layers = keras.layers
    pixels = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 5, 4, activation="relu", padding="same")(layers.Rescaling(1 / 255)(pixels))
    x = layers.Conv2D(16, 3, 2, activation="relu", padding="same", name=keypoints.FEATURES)(x)
    return keras.Model(pixels, layers.Dense(2, "softmax")(layers.Flatten()(x)))


def test_keypoints_are_learnt_beside_the_classes_and_the_network_stays_as_it_was():
    keras.utils.set_random_seed(0)
    network = features_and_classes()
    both = keypoints.attach(network)
    images, targets = Spots()[0]
    labels = targets[:, 0].astype(int)
    plain = Batches([images], keypoints.targets(labels), np.arange(16), 8, None)
    history = fitting.fit(both, Spots(), plain, 40, SETTINGS, lambda line: None, None, 1.0)
    assert set(history[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy"}
    assert np.isfinite([list(row.values()) for row in history]).all()
    said = both.predict_on_batch(images)
    known = ~np.isnan(targets[:, 1])
    apart = np.abs(said[known, 2:] - targets[known, 1:]).mean()
    assert apart < 0.3  # 0.4 for one that says the middle
    assert network.output_shape == (None, 2)
    assert np.allclose(network.predict_on_batch(images), said[:, :2], atol=1e-5)
    assert history[-1]["val_accuracy"] == np.mean(said[:, :2].argmax(axis=1) == labels) > 0.8


def test_the_loss_counts_known_keypoints_by_their_weight():
    def loss(weight: float) -> np.ndarray:
        wanted = keypoints.targets(np.array([0, 1]))
        wanted[1, 1:] = 0.5
        said = np.concatenate([np.full((2, 2), 0.5), np.full((2, 2 * KEYPOINTS), 0.25)], axis=1).astype(np.float32)
        classify = keras.losses.sparse_categorical_crossentropy
        return np.asarray(keypoints.both(classify, weight)[0](keras.ops.array(wanted), keras.ops.array(said)))

    assert loss(0.0) == pytest.approx([np.log(2)] * 2, abs=1e-5)
    assert loss(4.0) == pytest.approx([np.log(2), np.log(2) + 4 * 0.25], abs=1e-5)


@pytest.mark.parametrize("name", registry.names())
def test_keypoints_are_read_from_the_networks_that_say_so(name):
    module = registry.find(name)
    if module.ARCHITECTURE.kind == "network":
        layers = {layer.name for layer in module.build(32, 3, 2, 0.0).layers}
        assert module.ARCHITECTURE.keypoints == (keypoints.FEATURES in layers)
    else:
        assert not module.ARCHITECTURE.keypoints
