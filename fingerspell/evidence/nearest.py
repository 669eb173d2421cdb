"""The nearest of many rows, read part by part, so that memory holds one part however many there are."""

from collections.abc import Callable

import numpy as np

from fingerspell.progress import progress

PART = 64


def nearest(
    queries: np.ndarray, features: Callable[[np.ndarray], np.ndarray], rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return, for every query (q, m), the row whose features have the largest cosine with it, and this cosine.

    features: takes some of `rows`, int (n,), to their features, float (n, m). Of equals it is the first. A vector of
    zeros has no direction: its cosines are 0. Both are (q,), int and float64 in [-1, 1].
    """
    found, best = np.zeros(len(queries), int), np.full(len(queries), -np.inf)
    queries = _directions(queries)
    for start in progress(range(0, len(rows), PART), -(-len(rows) // PART), "comparing", "batches"):
        part = rows[start : start + PART]
        cosines = queries @ _directions(features(part)).T
        first = cosines.argmax(axis=1)
        highest = cosines.max(axis=1)
        found, best = np.where(highest > best, part[first], found), np.maximum(highest, best)
    return found, best.clip(-1, 1)


def _directions(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
