"""What counts as seen before, worked out by hand."""

import numpy as np
import pytest

from fingerspell.audit.table import Row
from fingerspell.splits import leakage
from fingerspell.splits.manifest import Assignment


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


def test_the_threshold_is_met_to_the_last_digit():
    """Sums of squares of 1,024 pixels, up to 66 million, hold more digits than float32 has."""
    random = np.random.default_rng(0)
    training = random.choice([0, 255], p=[0.1, 0.9], size=(50, 32, 32)).astype(np.uint8)
    away = np.where(training == 0, 1, -1)
    at_threshold = np.full((32, 32), 6)  # 1,024 × 6² = 1,024 × threshold²
    above = at_threshold.copy()
    above[0, :6], above[1, :7] = 7, 5  # one more: 6 × (49 - 36) - 7 × (36 - 25)
    for difference, share in (at_threshold, 1), (above, 0):
        test = (training + away * difference).astype(np.uint8)
        assert [leakage.by_pixels(one[None], other[None]) for one, other in zip(test, training)] == [share] * 50
        assert leakage.by_pixels(test, training) == share


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


def test_test_images_are_held_against_all_that_a_training_sees():
    """Rows and manifest stand in other orders; an image in no split counts for nothing."""
    values = {"a": 10, "b": 50, "c": 52, "d": 90, "e": 12, "f": 200, "g": 91}
    hashes = {"a": "01", "b": "02", "c": "03", "d": "04", "e": "05", "f": "", "g": "04"}
    splits = {"f": "test", "b": "test", "d": "test", "e": "test", "c": "validation", "a": "train"}
    rows = [Row(name, "x", "train", None, "", "", phash=hashes[name]) for name in values]
    assignments = [Assignment(name, "x", name, split) for name, split in splits.items()]
    found = leakage.measure(rows, grey(*values.values()), assignments)
    assert found == {"pixels": 0.5, "hash": 0}, "e by a, which is trained on, and b by c, which is validated on"
    assert leakage.measure(rows, grey(*values.values()), [*assignments, Assignment("g", "x", "g", "train")]) == {
        "pixels": 0.75, "hash": 0.25,
    }  # fmt: skip
