"""What counts as seen before, worked out by hand."""

import numpy as np
import pytest

from fingerspell.evaluation import leakage


def grey(*values):
    return np.array([np.full((4, 4), value) for value in values], np.uint8)


def test_pixels_are_compared_by_the_root_mean_square_difference():
    training = grey(100, 200)
    one_off = grey(100)
    one_off[0, 0, 0] = 124  # sqrt(24² / 16) = 6
    assert leakage.by_pixels(one_off, training) == 1
    one_off[0, 0, 0] = 125
    assert leakage.by_pixels(one_off, training) == 0
    assert leakage.by_pixels(grey(94, 93, 206, 0), training) == 0.5


def test_hashes_are_compared_by_their_bits():
    training = np.array([0b1111, 2**63], np.uint64)
    test = np.array([0b1111, 0b1110, 0b1110000, 2**63 + 1], np.uint64)
    assert [leakage.by_hash(test, training, bits) for bits in (0, 1, 3, 4)] == [0.25, 0.75, 0.75, 1.0]


@pytest.mark.parametrize("count", [1, leakage.BLOCK, leakage.BLOCK + 1])
def test_every_test_image_is_compared(count):
    hashes = np.arange(count, dtype=np.uint64)
    assert leakage.by_hash(hashes, hashes[-1:]) == 1 / count
    thumbnails = np.zeros((count, 32, 32), np.uint8)
    thumbnails[-1] = 255
    assert leakage.by_pixels(thumbnails, thumbnails[-1:]) == 1 / count
