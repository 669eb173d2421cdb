"""Near-duplicates: pairs of images whose thumbnails differ by little, all of them found, none compared in vain.

Two thumbnails are near if the root-mean-square difference of their grey values is at most a threshold.
"""

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from fingerspell.processes import in_order

AXES = 11  # axes of the search tree: with more it prunes worse, with fewer it proposes more in vain
SAMPLE = 4096  # at least so many thumbnails, where there are, choose the axes
STEPS = 6  # towards the principal axes
LEAF = 30  # thumbnails in a leaf of the tree
BLOCK = 512  # thumbnails that are searched at once, for those near to them in as many others: bounds the memory


def near_duplicates(
    thumbnails: np.ndarray, threshold: float, workers: int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield all pairs of near thumbnails and their distances in parts, found in `workers` threads (None: one a core).

    thumbnails: uint8 (n, height, width), grey values 0–255.
    threshold: greatest root-mean-square difference of grey values that still counts as near.
    Each part is pairs int64 (m, 2), i < j, and distances float32 (m,) in grey values; m is BLOCK² at most, and no pair
    comes twice.

    The search is exact. A k-d tree (J. L. Bentley, CACM 18 (1975) 509–517) over few coordinates proposes the
    candidates: the position along the leading principal axes, and the distance that is left between a thumbnail
    and its projection. That map never lengthens a distance (the last coordinate by the triangle inequality), so
    the tree misses no pair; every candidate is then compared in full. On bursts of images time grows as
    n log n + m, and memory holds the thumbnails and a few parts.
    """
    flat = np.ascontiguousarray(thumbnails, np.uint8).reshape(len(thumbnails), math.prod(thumbnails.shape[1:]))
    if len(flat) < 2 or not flat.shape[1]:
        return
    points = coordinates(flat)
    order = KDTree(points, LEAF).indices  # neighbours in the tree's own order are near one another
    blocks = _blocks(points[order])
    trees = [KDTree(block, LEAF) for block in blocks]
    least, most = (np.stack([bound(block, axis=0) for block in blocks]) for bound in (np.min, np.max))
    reach = threshold * np.sqrt(flat.shape[1])
    reach += 1e-3 * (1 + reach)  # rounding of the coordinates; candidates too many do no harm

    def tasks() -> Iterator[tuple[int, int]]:
        for one in range(len(blocks)):
            apart = np.maximum(0, np.maximum(least[one] - most[one:], least[one:] - most[one]))
            yield from ((one, one + step) for step in np.flatnonzero(np.linalg.norm(apart, axis=1) <= reach).tolist())

    def compare(task: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        one, other = task
        if one == other:
            found = trees[one].query_pairs(reach, output_type="ndarray")
        else:
            near = trees[one].sparse_distance_matrix(trees[other], reach, output_type="ndarray")
            found = np.column_stack([near["i"], near["j"]])
        pairs = np.sort(order[found + BLOCK * np.array(task)], axis=1).astype(np.int64)
        square = np.concatenate([_squares(flat, part) for part in _blocks(pairs)] or [np.empty(0, np.int64)])
        near = square <= threshold**2 * flat.shape[1]
        return pairs[near], np.sqrt(square[near] / flat.shape[1]).astype(np.float32)

    workers = workers or os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:  # scipy and numpy search and compare outside the interpreter lock
        yield from (part for part in in_order(pool, compare, tasks(), 2 * workers) if len(part[0]))


def clusters(n: int, pairs: np.ndarray) -> np.ndarray:
    """Return for each of `n` images the number of its cluster, int64 (n,): whom it is near to, directly or by others.

    pairs: int (m, 2). Clusters are numbered 0, 1, … in the order of their first members; an image near to no
    other is a cluster of its own.
    """
    pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    _, first, where = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[where]


def coordinates(flat: np.ndarray) -> np.ndarray:
    """Return few coordinates whose distances are never longer than those of the images, and mostly not much shorter.

    flat: numbers (n, size), one image a row. Returns float64 (n, ≤ AXES + 1): the places along orthogonal axes, and
    the distance from the space that these span. The axes come close to the principal ones of a sample by subspace
    iteration (N. Halko, P.-G. Martinsson and J. A. Tropp, SIAM Review 53 (2011) 217–288, algorithm 4.4).
    """
    size, mean = flat.shape[1], flat.mean(axis=0)
    sample = (flat[:: max(1, len(flat) // SAMPLE)] - mean).astype(np.float32)
    axes = np.random.default_rng(0).normal(size=(size, min(AXES, size)))
    for _ in range(STEPS):
        axes = np.linalg.qr((sample.T @ (sample @ axes.astype(np.float32))).astype(np.float64)).Q

    def project(block: np.ndarray) -> np.ndarray:
        off = block - mean
        place = off @ axes
        return np.column_stack([place, np.linalg.norm(off - place @ axes.T, axis=1)])

    return np.concatenate([project(block) for block in _blocks(flat)])


def _squares(flat: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return the squared distances of the pairs, int64 (m,), without rounding."""
    difference = flat[pairs[:, 0]].astype(np.int32) - flat[pairs[:, 1]]
    squares: np.ndarray = np.einsum("ij,ij->i", difference, difference)
    return squares.astype(np.int64)


def _blocks(array: np.ndarray) -> list[np.ndarray]:
    return [array[start : start + BLOCK] for start in range(0, len(array), BLOCK)]
