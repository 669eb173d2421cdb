"""The search finds every near pair and no other, and what is told of many images is what every pair would tell."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fingerspell.audit import duplicates, findings, near, scan
from fingerspell.audit.duplicates import clusters
from fingerspell.audit.table import Row

BLOCKS = st.sampled_from([3, 11, duplicates.BLOCK])


def near_duplicates(thumbnails, threshold, **settings):
    """Return all pairs and their distances, sorted, of the parts in which they come."""
    parts = list(duplicates.near_duplicates(thumbnails, threshold, **settings))
    assert all(0 < len(pairs) == len(distances) <= duplicates.BLOCK**2 for pairs, distances in parts)
    pairs = np.concatenate([np.empty((0, 2), np.int64), *(pairs for pairs, _ in parts)])
    distances = np.concatenate([np.empty(0, np.float32), *(distances for _, distances in parts)])
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order], distances[order]


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


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 60),
    noise=st.integers(0, 12),
    threshold=st.one_of(st.floats(0, 120), st.integers(0, 12)),
    side=st.integers(1, 32),
    block=BLOCKS,
)
def test_exactly_the_near_pairs_are_found(seed, count, noise, threshold, side, block):
    thumbnails = bursts(seed, count, noise, (side, side))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "BLOCK", block)
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


def test_no_more_parts_are_found_than_are_taken():
    """However many pairs there are, memory holds a few parts of them."""
    thumbnails = np.random.default_rng(1).integers(100, 102, (6000, 4, 4)).astype(np.uint8)
    parts = duplicates.near_duplicates(thumbnails, 6, workers=1)
    begun = []
    with pytest.MonkeyPatch.context() as patch:
        squares = duplicates._squares
        patch.setattr(duplicates, "_squares", lambda flat, pairs: begun.append(len(pairs)) or squares(flat, pairs))
        assert len(next(parts)[0]) > 100_000
        parts.close()
    assert sum(begun) <= 4 * duplicates.BLOCK**2 < 6000**2 / 2 / 10


def told_by_every_pair(rows, thumbnails, threshold):
    """What `near.find` must tell, from all pairs at once."""
    readable = [at for at, row in enumerate(rows) if not row.error]
    pairs, distances = near_duplicates(thumbnails[readable], threshold)
    pairs = np.array(readable, np.int64)[pairs]
    joined = np.unique(pairs)
    cluster = dict(zip(joined.tolist(), clusters(len(joined), np.searchsorted(joined, pairs)).tolist()))
    others = {}
    for distance, i, j in sorted(zip(distances.tolist(), *pairs.T.tolist())):
        if rows[i].pixels_sha != rows[j].pixels_sha:
            others.setdefault(i, (j, distance))
            others.setdefault(j, (i, distance))
    two = sum(rows[i].label != rows[j].label for i, j in pairs.tolist())
    return len(pairs), two, [cluster.get(at, -1) for at in range(len(rows))], others


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 60),
    noise=st.integers(0, 12),
    threshold=st.sampled_from([0.0, 2.5, 6.0, 40.0]),
    side=st.sampled_from([1, 2, 8]),
    block=BLOCKS,
    edges=st.sampled_from([1, 2**20]),
)
@example(seed=2, count=60, noise=0, threshold=6.0, side=1, block=3, edges=1)  # of ties, the first comes last
def test_what_is_told_of_images_is_what_every_pair_tells(seed, count, noise, threshold, side, block, edges):
    random = np.random.default_rng(seed)
    thumbnails = bursts(seed, count, noise, (side, side))
    if side == 1:  # many pairs are equally far apart
        thumbnails = random.integers(0, 60, (count, 1, 1)).astype(np.uint8)
    again = random.integers(max(count, 1), size=count)
    same = random.random(count) < 0.3
    thumbnails[same] = thumbnails[again[same]]  # the same thumbnail, of the same pixels or of others
    rows = [
        Row(
            str(at),
            "abc"[random.integers(3)],
            "train",
            at,
            "",
            "",
            pixels_sha=f"{thumbnails[at].tobytes().hex()}-{random.integers(2)}",
            error="broken" if random.random() < 0.1 else "",
        )
        for at in range(count)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near, "EDGES", edges)
        patch.setattr(duplicates, "BLOCK", block)
        found = near.find(scan.Audit(rows, thumbnails, np.empty(0)), threshold)
    pairs, two, clusters_, others = told_by_every_pair(rows, thumbnails, threshold)
    assert (found.pairs, found.two_labels, found.clusters.tolist()) == (pairs, two, clusters_)
    told = zip(found.others.tolist(), found.distances.tolist())
    assert {at: (other, distance) for at, (other, distance) in enumerate(told) if other >= 0} == others
    assert np.isinf(found.distances[found.others < 0]).all()
    assert [one.member for one in findings._near(rows, found)] == [rows[at].member for at in others]


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
