"""A map shows what speaks for an answer: by hand on networks that are small enough, and on every kind there is."""

import keras
import numpy as np
import pytest
from keras import Model, Sequential, layers

from fingerspell.evidence import explanation
from fingerspell.evidence.gradcam import GradCAM
from fingerspell.models.common import saved

pytestmark = pytest.mark.slow

SIZE = 8


def seeing(*kernel: float, bias: tuple[float, ...], size: int = SIZE) -> list:
    """The first layers of a network: of every pixel x the maps relu(kernel · x + bias)."""
    seen = layers.Conv2D(len(kernel), 1, activation="relu")
    return [layers.Input((size, size, 1)), seen], lambda: seen.set_weights([np.reshape(kernel, (1, 1, 1, -1)), bias])


def averaging(answers: list[list[float]]) -> Sequential:
    """A network with the maps x and relu(4 - x), and these weights of their means: a row for each map."""
    first, set_weights = seeing(1, -1, bias=np.array([0, 4]))
    dense = layers.Dense(len(answers[0]), activation="softmax")
    network = Sequential([*first, layers.GlobalAveragePooling2D(), dense])
    set_weights()
    dense.set_weights([np.array(answers, float), np.zeros(len(answers[0]))])
    return network


def dots(**values: int) -> np.ndarray:
    """Black pictures but for the pixels a at (2, 3) and b at (5, 5)."""
    image = np.zeros((1, SIZE, SIZE, 1), np.uint8)
    image[0, 2, 3], image[0, 5, 5] = values["a"], values["b"]
    return image


def test_the_map_of_a_small_network_is_the_one_computed_by_hand():
    """Of x = 10, 2 and 0 the maps are 10, 2, 0 and 0, 2, 4; the first answer takes the one less half the other."""
    found = GradCAM(averaging([[1, 0], [-0.5, -1]])).maps(dots(a=10, b=2))
    expected = np.zeros((1, SIZE, SIZE))
    expected[0, 2, 3], expected[0, 5, 5] = 10 / 11, 1 / 11  # 10 and 2 - 1; elsewhere -2, which does not speak for it
    assert found == pytest.approx(expected, abs=1e-6)


def test_the_answer_that_is_given_is_explained():
    """The second answer takes the map relu(4 - x): all but the first dot speak for it, the second by half."""
    found = GradCAM(averaging([[1, 0], [-0.5, 1]])).maps(dots(a=10, b=2))
    expected = np.full((1, SIZE, SIZE), 4 / 250)
    expected[0, 2, 3], expected[0, 5, 5] = 0, 2 / 250
    assert found == pytest.approx(expected, abs=1e-6)


def test_every_cell_has_its_own_gradient():
    """A network that reads its maps by their place, the left half alone, looks nowhere else."""
    first, set_weights = seeing(1, bias=np.array([0]))
    dense = layers.Dense(2, activation="softmax")
    network = Sequential([*first, layers.Flatten(), dense])
    set_weights()
    left = np.zeros((SIZE, SIZE), bool)
    left[:, : SIZE // 2] = True
    weights = np.random.default_rng(0).uniform(0.1, 1, (SIZE, SIZE)) * left
    dense.set_weights([np.stack([weights.ravel(), -weights.ravel()], axis=1), np.zeros(2)])
    images = np.random.default_rng(1).integers(50, 256, (5, SIZE, SIZE, 1), np.uint8)
    maps = GradCAM(network).maps(images)
    assert explanation.on_hand(maps, np.tile(left, (5, 1, 1))) == pytest.approx(1)
    assert maps == pytest.approx(images[..., 0] * weights / (images[..., 0] * weights).sum(axis=(1, 2))[:, None, None])


def test_where_nothing_speaks_for_the_answer_the_map_is_even():
    assert GradCAM(averaging([[0, 0], [0, 0]])).maps(dots(a=9, b=9)) == pytest.approx(1 / SIZE**2)


def test_of_no_images_there_are_no_maps():
    assert GradCAM(averaging([[1, 0], [0, 1]])).maps(dots(a=0, b=0)[:0]).shape == (0, SIZE, SIZE)


@pytest.mark.parametrize("size", [12, 24])
def test_the_last_maps_that_are_fine_enough_are_read(size):
    """They tell where a dot is to two pixels, or to four: maps half as fine, which follow, would not."""
    halved = [layers.MaxPooling2D() for _ in range(size // 12)]
    first, set_weights = seeing(1, bias=np.array([0]), size=size)
    rest = [layers.ReLU(), layers.MaxPooling2D(), layers.ReLU(), layers.GlobalAveragePooling2D(), layers.Dense(1)]
    network = Sequential([*first, *halved, *rest])
    set_weights()
    network.layers[-1].set_weights([np.ones((1, 1)), np.zeros(1)])
    cell = size // 6
    for row, column in ((0, 0), (cell, 2 * cell), (size - 1, 3 * cell - 1)):
        image = np.zeros((1, size, size, 1), np.uint8)
        image[0, row, column] = 200
        hottest = np.argwhere(GradCAM(network).maps(image)[0] >= GradCAM(network).maps(image).max())
        assert (hottest // cell == (row // cell, column // cell)).all()


def test_nesting_changes_nothing():
    keras.utils.set_random_seed(3)
    pixels = layers.Input((16, 16, 3))
    inner = Model(pixels, layers.Conv2D(5, 3, activation="relu")(layers.Conv2D(4, 3, activation="relu")(pixels)))
    entered = layers.Input((16, 16, 3))
    backbone = Model(entered, layers.GlobalAveragePooling2D()(inner(layers.Rescaling(1 / 255)(entered))))
    head = Sequential([layers.Input((5,)), layers.Dense(6, activation="relu"), layers.Dense(3, activation="softmax")])
    flat = Sequential([entered, layers.Rescaling(1 / 255), *inner.layers[1:], *backbone.layers[-1:], *head.layers])
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    nested = GradCAM(Sequential([backbone, head]))
    assert (nested.maps(images) == GradCAM(flat).maps(images)).all()
    assert (nested.features(images) == GradCAM(flat).features(images)).all()
    assert np.ptp(nested.maps(images)) > 0


@pytest.mark.parametrize("model", ["cnn", "robust_resnet", "vgg16", "resnet50", "mobilenetv3_small"])
def test_every_kind_of_network_is_read(model):
    keras.utils.set_random_seed(1)
    about = {"model": model, "image_size": 48, "channels": 1, "classes": list("ABC"), "dropout": 0.5}
    network = saved.build(about | {"precision": "float32"})
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1), np.uint8)
    expected = network.predict_on_batch(images)
    read = GradCAM(network)
    maps, features = read.maps(images), read.features(images)
    assert maps.shape == (3, 48, 48) and maps.dtype == np.float32 and maps.min() >= 0
    assert maps.sum(axis=(1, 2)) == pytest.approx(1, abs=1e-4)
    assert read.probabilities(images) == pytest.approx(expected, abs=1e-5)
    last = network.layers[-1]
    kernel, bias = (last.layers[-1] if isinstance(last, Model) else last).get_weights()
    scores = np.exp(features @ kernel + bias)
    assert scores / scores.sum(axis=1, keepdims=True) == pytest.approx(expected, abs=1e-5)
    assert (maps == read.maps(images)).all() and (network.predict_on_batch(images) == expected).all()
