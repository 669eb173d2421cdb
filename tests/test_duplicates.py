"""The search finds every near pair and no other, and clusters are what the pairs join."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerspell.audit import duplicates
from fingerspell.audit.duplicates import clusters, near_duplicates


def every_pair(thumbnails, threshold):
    flat = thumbnails.reshape(len(thumbnails), math.prod(thumbnails.shape[1:])).astype(int)
    found = [
        (i, j, np.sqrt(np.mean((flat[i] - flat[j]) ** 2))) for i in range(len(flat)) for j in range(i + 1, len(flat))
    ]
    return [(i, j) for i, j, distance in found if distance <= threshold], [d for _, _, d in found if d <= threshold]


def bursts(seed, count, noise, shape=(32, 32)):
    """Scenes, each taken several times with noise, and some of them copied."""
    random = np.random.default_rng(seed)
    scenes = random.integers(0, 256, (max(1, count // 6), *shape))
    frames = scenes[random.integers(len(scenes), size=count)] + random.integers(-noise, noise + 1, (count, *shape))
    frames[random.random(count) < 0.2] = frames[:1]
    return frames.clip(0, 255).astype(np.uint8)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 60),
    noise=st.integers(0, 12),
    threshold=st.one_of(st.floats(0, 120), st.integers(0, 12)),
    side=st.integers(1, 32),
)
def test_exactly_the_near_pairs_are_found(seed, count, noise, threshold, side):
    thumbnails = bursts(seed, count, noise, (side, side))
    pairs, distances = near_duplicates(thumbnails, threshold)
    expected, lengths = every_pair(thumbnails, threshold)
    assert [tuple(pair) for pair in pairs.tolist()] == expected
    assert distances == pytest.approx(lengths, abs=1e-4)
    assert (pairs.dtype, distances.dtype, pairs.shape) == (np.int64, np.float32, (len(expected), 2))


def test_the_threshold_itself_is_near():
    black = np.zeros((32, 32), np.uint8)
    pairs, distances = near_duplicates(np.stack([black, black + 6, black + 13]), 6)
    assert (pairs.tolist(), distances.tolist()) == ([[0, 1]], [6])


def test_black_and_white_are_as_far_apart_as_can_be():
    extremes = np.stack([np.zeros((32, 32), np.uint8), np.full((32, 32), 255, np.uint8)])
    assert near_duplicates(extremes, 255)[1].tolist() == [255]
    assert len(near_duplicates(extremes, 254.9)[0]) == 0


def test_many_blocks_and_threads_give_the_same(monkeypatch):
    thumbnails = bursts(1, 900, 8)
    whole = near_duplicates(thumbnails, 6)
    assert len(whole[0]) > 1000
    monkeypatch.setattr(duplicates, "BLOCK", 37)
    monkeypatch.setattr(duplicates, "SAMPLE", 50)
    for one, other in zip(whole, near_duplicates(thumbnails, 6, workers=5)):
        assert (one == other).all()


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_clusters_are_what_the_pairs_join(case):
    n, pairs = case
    found = clusters(n, np.array(pairs, np.int64).reshape(-1, 2)).tolist()
    joined = [{number} for number in range(n)]
    for i, j in pairs:
        whole = joined[i] | joined[j]
        for number in whole:
            joined[number] = whole
    assert [{j for j in range(n) if found[j] == found[i]} for i in range(n)] == joined
    firsts = [number for at, number in enumerate(found) if number not in found[:at]]
    assert firsts == list(range(len(firsts)))  # numbered by their first members


def test_no_images_make_no_clusters():
    assert clusters(0, np.empty((0, 2), np.int64)).shape == (0,)


def test_coordinates_never_lengthen_a_distance():
    images = bursts(3, 80, 20).reshape(80, -1).astype(float)
    few = duplicates.coordinates(images)
    full, short = (np.linalg.norm(some[:, None] - some[None], axis=2) for some in (images, few))
    assert few.shape == (80, duplicates.AXES + 1)
    assert (short <= full + 1e-9).all() and short.sum() > 0.3 * full.sum()
