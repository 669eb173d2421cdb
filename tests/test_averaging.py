"""What a network answers that looks at an image from several distances."""

import numpy as np
import pytest
from keras import Sequential, layers

from fingerspell.averaging import averaged

SIZE = 8


@pytest.fixture(scope="module")
def brightness():
    """A network that answers the mean of what it is shown, 0–1."""
    return Sequential([layers.Input((SIZE, SIZE, 1)), layers.GlobalAveragePooling2D(), layers.Rescaling(1 / 255)])


@pytest.fixture(scope="module")
def middle():
    """A white square of half the side in the middle of black."""
    image = np.zeros((1, SIZE, SIZE, 1), np.uint8)
    image[:, 2:6, 2:6] = 255
    return image


@pytest.mark.parametrize(
    ("zooms", "expected"),
    [([1], 1 / 4), ([2], 1), ([0.5], 1 / 16), ([1, 2], 5 / 8), ([1, 2, 0.5], (1 / 4 + 1 + 1 / 16) / 3)],
)
def test_it_sees_the_middle_nearer_and_farther(brightness, middle, zooms, expected):
    assert averaged(brightness, zooms).predict_on_batch(middle)[0, 0] == pytest.approx(expected, abs=1e-6)


def test_beyond_the_image_its_border_goes_on(brightness, middle):
    answer = averaged(brightness, [0.5]).predict_on_batch(255 - middle)[0, 0]
    assert answer == pytest.approx(15 / 16, abs=1e-6)


def test_the_square_stays_in_the_middle(middle):
    seen = averaged(Sequential([layers.Input((SIZE, SIZE, 1)), layers.Identity()]), [0.5]).predict_on_batch(middle)
    assert (seen[0, 3:5, 3:5, 0] == 255).all()
    assert seen.sum() == 4 * 255
