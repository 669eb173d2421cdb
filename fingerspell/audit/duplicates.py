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

AXES = 11  # axes of the search tree: with more it prunes worse, with fewer it proposes more in vain
SAMPLE = 4096  # at least so many thumbnails, where there are, choose the axes
STEPS = 6  # towards the principal axes
LEAF = 30  # thumbnails in a leaf of the tree
BLOCK = 1024  # thumbnails searched, or candidates compared, at once: bounds the memory


def near_duplicates(
    thumbnails: np.ndarray, threshold: float, workers: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs of near thumbnails and their distances, found in `workers` threads (None: one a core).

    thumbnails: uint8 (n, height, width), grey values 0–255.
    threshold: greatest root-mean-square difference of grey values that still counts as near.
    Returns pairs int64 (m, 2), i < j, sorted, and distances float32 (m,) in grey values.

    The search is exact. A k-d tree (J. L. Bentley, CACM 18 (1975) 509–517) over few coordinates proposes the
    candidates: the position along the leading principal axes, and the distance that is left between a thumbnail
    and its projection. That map never lengthens a distance (the last coordinate by the triangle inequality), so
    the tree misses no pair; every candidate is then compared in full. On bursts of images time grows as
    n log n + m, and memory holds the thumbnails, the result and a few blocks.
    """
    flat = np.ascontiguousarray(thumbnails, np.uint8).reshape(len(thumbnails), math.prod(thumbnails.shape[1:]))
    if len(flat) < 2 or not flat.shape[1]:
        return np.empty((0, 2), np.int64), np.empty(0, np.float32)
    points = coordinates(flat)
    order = KDTree(points, LEAF).indices  # neighbours in the tree's own order are near one another
    points = points[order]
    reach = threshold * np.sqrt(flat.shape[1])
    reach += 1e-3 * (1 + reach)  # rounding of the coordinates; candidates too many do no harm

    def search(start: int, stop: int, others: KDTree | None, first: int) -> tuple[np.ndarray, np.ndarray]:
        tree = KDTree(points[start:stop], LEAF)
        if others is None:
            one, other = tree.query_pairs(reach, output_type="ndarray").T
        else:
            found = tree.sparse_distance_matrix(others, reach, output_type="ndarray")
            one, other = found["i"], found["j"]
        pairs = np.sort(np.column_stack([order[start + one], order[first + other]]), axis=1)
        square = np.concatenate([_squares(flat, part) for part in _blocks(pairs)] or [np.empty(0, np.int64)])
        near = square <= threshold**2 * flat.shape[1]
        return pairs[near], square[near]

    with ThreadPoolExecutor(
        workers or os.cpu_count()
    ) as pool:  # scipy and numpy search and compare outside the interpreter lock
        pairs, squares = map(
            np.concatenate, zip(*pool.map(lambda work: search(*work), _halves(points, 0, len(points))))
        )
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order].astype(np.int64), np.sqrt(squares[order] / flat.shape[1]).astype(np.float32)


def _halves(points: np.ndarray, start: int, stop: int) -> Iterator[tuple[int, int, KDTree | None, int]]:
    """Divide the search among `points[start:stop]` into that within blocks and that of blocks in the other half.

    Yields the bounds of a block, the tree of the others or None for the block itself, and where the others begin.
    """
    if stop - start <= BLOCK:
        yield start, stop, None, start
        return
    middle = (start + stop) // 2
    yield from _halves(points, start, middle)
    yield from _halves(points, middle, stop)
    others = KDTree(points[middle:stop], LEAF)
    for at in range(start, middle, BLOCK):
        yield at, min(at + BLOCK, middle), others, middle


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
    return np.einsum("ij,ij->i", difference, difference).astype(np.int64)


def _blocks(array: np.ndarray) -> list[np.ndarray]:
    return [array[start : start + BLOCK] for start in range(0, len(array), BLOCK)]
