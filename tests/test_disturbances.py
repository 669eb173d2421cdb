"""Pictures are disturbed by as much as is said, in the same way every time, and stay pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerspell.evidence import disturbances
from fingerspell.evidence.disturbances import DISTURBANCES, LEVELS, disturbed


class Least:
    """Random numbers of which each is the least that there may be: 0, the first of a choice."""

    def uniform(self, low: float, high: float) -> float:
        return low

    def random(self, count: int) -> np.ndarray:
        return np.zeros(count)

    def choice(self, values):
        return values[0]


def random() -> np.random.Generator:
    return np.random.default_rng(5)


def scene(channels: int = 3, side: int = 96) -> np.ndarray:
    """Soft shapes, many values, several colours."""
    y, x = np.mgrid[0:side, 0:side] / side
    values = [np.sin(7 * x + 3 * y * at) * np.cos(5 * y + at) for at in range(channels)]
    return (127 + 100 * np.stack(values, axis=2)).astype(np.uint8)


def even(value, side: int = 8) -> np.ndarray:
    return np.full((side, side, 3), value, np.uint8)


# How much


def test_the_noise_has_its_standard_deviation():
    found = disturbances.noise(even(128, 200), 0.08, random()).astype(float)
    assert found.std() == pytest.approx(0.08 * 255, rel=0.01)
    assert found.mean() == pytest.approx(128, abs=0.3)
    assert abs(np.corrcoef(found[..., 0].ravel(), found[..., 1].ravel())[0, 1]) < 0.02, "each channel has its own"


@pytest.mark.parametrize(("side", "amount"), [(224, 2), (112, 4)])
def test_the_blur_is_in_pixels_of_224(side, amount):
    point = np.zeros((side, side, 1), np.uint8)
    point[side // 2, side // 2] = 255
    # Standard deviation 2: at its middle a Gaussian is 1 / (2π · 2²) high, of 255 that is 10.1.
    assert int(disturbances.blur(point, amount, random())[side // 2, side // 2, 0]) in (10, 11)


def test_brightness_worked_out_by_hand():
    """0.2 of 255 is 51: the value 100 becomes 151 or 49, and the other channels keep their share of it."""
    assert disturbances.brightness(even((100, 50, 0)), 0.2, random())[0, 0].tolist() == [151, 76, 0]
    assert disturbances.brightness(even((100, 40, 0)), -0.2, random())[0, 0].tolist() == [49, 20, 0]
    assert disturbances.brightness(even(0), 0.2, random())[0, 0].tolist() == [51] * 3
    assert disturbances.brightness(even((240, 120, 60)), 0.5, random())[0, 0].tolist() == [255, 128, 64]
    assert disturbances.brightness(even(40), -0.5, random())[0, 0].tolist() == [0] * 3


def test_contrast_worked_out_by_hand():
    halves = np.concatenate([even((0, 10, 50)), even((200, 30, 50))])
    found = disturbances.contrast(halves, 0.6, random())
    assert found[0, 0].tolist() == [60, 16, 50] and found[-1, 0].tolist() == [140, 24, 50]


def test_the_files_of_a_lower_quality_are_smaller():
    qualities = DISTURBANCES["jpeg"].amounts
    sizes = [len(disturbances.encoded(scene(), "JPEG", quality=int(quality))) for quality in qualities]
    assert sizes == sorted(set(sizes), reverse=True)
    faults = [
        np.abs(disturbances.jpeg(scene(), quality, random()) - scene().astype(float)).mean() for quality in (90, 7)
    ]
    assert 0 < faults[0] < faults[1]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_quarter_turn_is_exact(channels):
    picture = scene(channels, 31)
    assert np.array_equal(disturbances.rotation(picture, 90, Least()), np.rot90(picture, -1))
    turns = {bytes(disturbances.rotation(picture, 90, np.random.default_rng(seed))) for seed in range(9)}
    assert turns == {np.rot90(picture, way).tobytes() for way in (1, -1)}, "in either direction"


def test_a_shift_worked_out_by_hand():
    picture = scene(side=40)
    found = disturbances.shift(picture, 0.25, Least())  # by the angle 0: to the right
    assert np.array_equal(found[:, 10:], picture[:, :30])
    assert np.array_equal(found[:, :10], picture[:, 9::-1]), "its mirror image lies beyond the rim"


@pytest.mark.parametrize("amount", [0.1, 0.5, 1])
def test_the_square_has_its_size_and_lies_in_the_picture(amount):
    picture = np.zeros((40, 20, 3), np.uint8)
    side = round(20 * amount)
    for seed in range(20):
        rows, columns, _ = np.nonzero(disturbances.occlusion(picture, amount, np.random.default_rng(seed)) == 128)
        assert len(rows) == 3 * side**2
        assert np.ptp(rows) == np.ptp(columns) == side - 1
    assert not picture.any(), "the picture itself is left alone"


def test_a_smaller_picture_holds_the_means_of_a_larger_one():
    squares = np.zeros((32, 32, 1), np.uint8)
    squares[::2, 1::2] = squares[1::2, ::2] = 200
    assert (disturbances.image_size(squares, 16, random()) == 100).all()
    assert np.array_equal(disturbances.image_size(squares, 32, random()), squares)
    assert np.array_equal(disturbances.image_size(scene(side=32), 45, random()), scene(side=32)), "none is made larger"


def test_colours_go_and_lightness_stays():
    red = even((255, 0, 0))
    assert (disturbances.grey(red, 1, random()) == 76).all()  # 0.299 · 255
    assert disturbances.grey(red, 0.5, random())[0, 0].tolist() == [166, 38, 38]
    assert np.array_equal(disturbances.grey(scene(1), 1, random()), scene(1))


@pytest.mark.parametrize("name", ["noise", "blur", "brightness", "contrast", "rotation", "shift", "occlusion", "grey"])
@pytest.mark.parametrize("channels", [1, 3])
def test_nothing_of_it_changes_nothing(name, channels):
    picture = scene(channels)
    assert np.array_equal(getattr(disturbances, name)(picture, 0, random()), picture)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_the_last_level_changes_more_than_the_first(name):
    changes = [np.abs(disturbed(scene(), name, level, 1, "a.jpg") - scene().astype(float)).mean() for level in (1, 5)]
    assert 0 < changes[0] < changes[1]


# What is random


def test_the_same_place_at_every_level():
    """A larger occlusion covers what a smaller one does: else levels would differ by more than their amount."""
    grey = [disturbed(np.zeros((64, 64, 1), np.uint8), "occlusion", level, 3, "b.jpg") > 0 for level in range(1, 6)]
    middles = [np.argwhere(one)[:, :2].mean(axis=0) for one in grey]
    assert all(np.abs(one - middles[0]).max() < 16 for one in middles)


def test_images_seeds_and_disturbances_have_random_numbers_of_their_own():
    black = np.full((16, 16, 1), 128, np.uint8)
    found = [
        disturbed(black, "gaussian_noise", 1, seed, member)
        for seed, member in ((1, "a.jpg"), (2, "a.jpg"), (1, "b.jpg"))
    ]
    assert not any(np.array_equal(found[one], found[other]) for one, other in ((0, 1), (0, 2), (1, 2)))


@given(
    name=st.sampled_from(list(DISTURBANCES)),
    level=st.integers(1, LEVELS),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3])),
    seed=st.integers(0, 2**31 - 1),
    member=st.text(max_size=8),
)
def test_a_picture_stays_a_picture_and_the_same_one_every_time(name, level, shape, seed, member):
    picture = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    before = picture.copy()
    found = disturbed(picture, name, level, seed, member)
    assert found.dtype == np.uint8 and found.shape == shape
    assert np.array_equal(found, disturbed(picture, name, level, seed, member))
    assert np.array_equal(picture, before)
