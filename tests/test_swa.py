"""What a training ends with where its last weights are averaged."""

import keras
import numpy as np
import pytest

from fingerspell.training.batches import Batches
from fingerspell.training.swa import SETTLING, WeightAverage

pytestmark = pytest.mark.slow


def passing(share: float, epochs: int, weights: dict[int, list[float]]) -> tuple[WeightAverage, keras.Model]:
    """Let the average see a model with one weight, which is `weights[epoch][step]` after each step."""
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    average = WeightAverage(share)
    average.set_model(model)
    average.set_params({"epochs": epochs})
    for epoch, steps in weights.items():
        average.on_epoch_begin(epoch)
        for step, weight in enumerate(steps):
            model.set_weights([np.array([[weight]])])
            average.on_train_batch_end(step)
    return average, model


@pytest.mark.parametrize(
    "share, expected",
    [(0.5, (3 + 5) / 2), (0.25, 5), (1, (1 + 2 + 3 + 5) / 4), (0.01, 5), (0.75, (2 + 3 + 5) / 3)],
)
def test_it_is_the_mean_over_the_share_of_the_epochs(share, expected):
    average, model = passing(share, 4, {0: [1], 1: [2], 2: [3], 3: [5]})
    average.settle(model, [])
    assert model.get_weights()[0].item() == pytest.approx(expected)


def test_within_an_epoch_it_takes_every_weight_that_it_is_shown():
    average, model = passing(1, 1, {0: [4, 6, 11]})
    average.settle(model, [])
    assert model.get_weights()[0].item() == pytest.approx(7)


@pytest.mark.parametrize("count", [4, 2 * SETTLING])
def test_batch_normalisation_gets_the_statistics_of_the_batches(count):
    """Also where it lies within a model within the model."""
    inner = keras.Sequential([keras.layers.Input((8, 8, 1)), keras.layers.BatchNormalization(momentum=0.9)])
    model = keras.Sequential([keras.layers.Input((8, 8, 1)), inner])
    average = WeightAverage(1)
    average.mean = [np.full_like(weight, 7) for weight in model.get_weights()]
    images = np.random.default_rng(0).integers(0, 256, (2 * count, 8, 8, 1), np.uint8)
    average.settle(model, Batches([images], np.zeros(len(images), int), np.arange(len(images)), 2, None))
    gamma, beta, mean, variance = model.get_weights()
    seen = images[: 2 * SETTLING].reshape(-1, 2 * 64).astype(float)
    assert gamma == beta == 7
    assert mean == pytest.approx(seen.mean(), rel=1e-5)
    assert variance == pytest.approx(seen.var(axis=1).mean(), rel=1e-5)
    assert inner.layers[0].momentum == 0.9
