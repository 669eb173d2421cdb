"""What a network answers that looks at an image from several views."""

import numpy as np
import pytest
from keras import Sequential, layers

from fingerspell.models.common.tta import averaged

pytestmark = pytest.mark.slow

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
    ("scales", "expected"),
    [([1], 1 / 4), ([2], 1), ([0.5], 1 / 16), ([1, 2], 5 / 8), ([1, 2, 0.5], (1 / 4 + 1 + 1 / 16) / 3)],
)
def test_it_sees_the_middle_nearer_and_farther(brightness, middle, scales, expected):
    assert averaged(brightness, scales, [0]).predict_on_batch(middle)[0, 0] == pytest.approx(expected, abs=1e-6)


def test_beyond_the_image_its_border_goes_on(brightness, middle):
    answer = averaged(brightness, [0.5], [0]).predict_on_batch(255 - middle)[0, 0]
    assert answer == pytest.approx(15 / 16, abs=1e-6)


def test_the_square_stays_in_the_middle(middle):
    seen = averaged(Sequential([layers.Input((SIZE, SIZE, 1)), layers.Identity()]), [0.5], [0]).predict_on_batch(middle)
    assert (seen[0, 3:5, 3:5, 0] == 255).all()
    assert seen.sum() == 4 * 255


def seen(images: np.ndarray, rotation: float) -> np.ndarray:
    """What a network is shown of images (n, size, size, channels) at this rotation."""
    return averaged(Sequential([layers.Input(images.shape[1:]), layers.Identity()]), [1], [rotation]).predict_on_batch(
        images
    )


@pytest.mark.parametrize(("rotation", "quarters"), [(90, 1), (-90, -1), (180, 2)])
@pytest.mark.parametrize("size", [8, 9])
def test_rotations_are_anticlockwise_and_about_the_middle(size, rotation, quarters):
    images = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), np.uint8)
    assert (seen(images, rotation) == np.rot90(images, quarters, axes=(1, 2))).all()


def test_a_rotation_between_moves_what_is_seen_along_its_arc():
    dot = np.zeros((1, 41, 41, 1), np.float32)
    dot[0, 20, 33:36] = dot[0, 19:22, 34] = 255  # 14 pixels right of the middle
    weights = seen(dot, 30)[0, ..., 0]
    y, x = (np.average(place, weights=weights) - 20 for place in np.mgrid[:41, :41])
    assert (x, y) == pytest.approx((14 * np.cos(np.pi / 6), -14 * np.sin(np.pi / 6)), abs=0.2)


def test_beyond_a_turned_image_its_border_goes_on():
    assert (seen(np.full((1, SIZE, SIZE, 3), 200, np.uint8), 45) == 200).all()


def test_there_is_a_view_for_every_scale_with_every_rotation(brightness):
    bar = np.zeros((1, SIZE, SIZE, 1), np.uint8)
    bar[:, 2:6, :2] = 255  # at the left rim: out of sight at a scale of 2, turned or not
    assert averaged(brightness, [1, 2], [0, 90]).predict_on_batch(bar)[0, 0] == pytest.approx(1 / 16, abs=1e-6)
