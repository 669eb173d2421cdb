"""Intervals over bursts: wider than those that take look-alikes for independent, and as often right as they say."""

import numpy as np
import pytest
from scipy.stats import binomtest

from fingerspell.evaluation import bootstrap


def test_two_bursts_one_right_one_wrong_can_be_anything():
    """Of four resamples one is all right, one all wrong, each with a probability of 1/4."""
    correct, bursts = np.repeat([True, False], 50), np.repeat(["a", "b"], 50)
    assert bootstrap.accuracy(correct, bursts) == (0.0, 1.0)
    means, counts = np.unique(bootstrap.resampled(correct, bursts, 1), return_counts=True)
    assert means.tolist() == [0, 0.5, 1]
    assert counts / bootstrap.RESAMPLES == pytest.approx([0.25, 0.5, 0.25], abs=0.02)


def test_images_apart_have_nearly_the_interval_of_wilson():
    correct = np.arange(400) % 4 > 0
    low, high = bootstrap.accuracy(correct, np.arange(400))
    wilson = binomtest(300, 400).proportion_ci(0.95, method="wilson")
    assert (low, high) == pytest.approx((wilson.low, wilson.high), abs=0.006)


def test_look_alikes_make_it_wider_as_their_number_says():
    """Twenty alike in a burst: the square root of twenty times as wide."""
    draw = np.random.default_rng(1).random(100) < 0.7
    apart = np.diff(bootstrap.accuracy(draw, np.arange(100)))
    alike = np.diff(bootstrap.accuracy(np.repeat(draw, 20), np.repeat(np.arange(100), 20)))
    independent = np.diff(bootstrap.accuracy(np.repeat(draw, 20), np.arange(2000)))
    assert alike == pytest.approx(apart)
    assert alike / independent == pytest.approx(20**0.5, rel=0.1)


def test_bursts_count_by_their_images():
    """A burst of 90 and one of 10: the mean of a resample weighs images, not bursts."""
    correct, bursts = np.repeat([True, False], [90, 10]), np.repeat(["a", "b"], [90, 10])
    assert np.unique(bootstrap.resampled(correct, bursts, 1)).tolist() == [0, 0.9, 1]


@pytest.mark.parametrize("right", [True, False])
def test_all_right_or_wrong_is_told_by_the_number_of_bursts(right):
    low, high = bootstrap.accuracy(np.full(1000, right), np.repeat(np.arange(10), 100))
    wilson = binomtest(10 if right else 0, 10).proportion_ci(0.95, method="wilson")
    assert (low, high) == (wilson.low, wilson.high)


def test_of_one_burst_nothing_is_known():
    one = np.array(["a"] * 3)
    assert bootstrap.accuracy(np.array([True, False, True]), one) == (0, 1)
    assert bootstrap.accuracy(np.array([True] * 3), one) == (0, 1)
    assert bootstrap.difference(np.array([True] * 3), np.array([False] * 3), one) == (-1, 1)
    assert bootstrap.difference_apart(np.array([True] * 3), one, np.array([True, False]), np.arange(2)) == (-1, 1)


def test_the_same_images_tell_a_difference_that_others_would_hide():
    """The second is right where the first is, and on one image of twenty more."""
    draw = np.random.default_rng(2).random(400) < 0.5
    better = draw | (np.arange(400) % 20 == 0)
    bursts = np.arange(400)
    low, high = bootstrap.difference(draw, better, bursts)
    assert 0 < low < better.mean() - draw.mean() < high
    assert bootstrap.difference_apart(draw, bursts, better, bursts)[0] < 0


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """60 bursts of 5 alike, right with a probability of 0.8: 95 of 100 intervals, give or take."""
    chance = np.random.default_rng(3)
    bursts = np.repeat(np.arange(60), 5)
    held = 0
    for _ in range(100):
        low, high = bootstrap.accuracy(np.repeat(chance.random(60) < 0.8, 5), bursts)
        held += low <= 0.8 <= high
    assert 88 <= held <= 99
