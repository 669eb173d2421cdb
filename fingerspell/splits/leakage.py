"""How much of a test part a model has as good as seen before: in training, or in choosing between trainings.

Two measures, because what made the groups of a split must not be what judges it: grouping goes by pixels.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fingerspell.audit.table import Row
from fingerspell.splits.manifest import Assignment

PIXELS = 6.0  # near: root-mean-square difference of grey thumbnails, of 255
BITS = 0  # near: differing bits of two 64-bit perceptual hashes
BLOCK = 512  # test images compared at once: bounds the memory


def measure(rows: Sequence[Row], thumbnails: np.ndarray, assignments: Sequence[Assignment]) -> dict[str, float]:
    """Return the shares `pixels` and `hash` of the test split that a model as good as sees before.

    thumbnails: uint8 (n, height, width), in the order of the audit's rows.
    """
    place = {row.member: number for number, row in enumerate(rows)}
    test, seen = (
        np.array([place[one.member] for one in assignments if (one.split == "test") == wanted])
        for wanted in (True, False)
    )
    hashes = np.array([int(row.phash or "0", 16) for row in rows], np.uint64)
    return {
        "pixels": round(by_pixels(thumbnails[test], thumbnails[seen]), 6),
        "hash": round(by_hash(hashes[test], hashes[seen]), 6),
    }


def by_pixels(test: np.ndarray, training: np.ndarray, threshold: float = PIXELS) -> float:
    """Return the share of test images with a training image within `threshold`, in [0, 1].

    test, training: uint8 thumbnails (n, height, width) and (m, height, width), of at most 1,024 pixels, grey, 0–255.
    threshold: root-mean-square difference of grey values. Every pair is compared, without rounding.
    """
    # Around 0, sums of 1,024 products stay within 2**24, up to which float32 holds every whole number. So do the two
    # differences below, where images are near.
    one, other = (images.reshape(len(images), -1) - np.float32(128) for images in (test, training))
    lengths = (other**2).sum(axis=1)

    def near(block: slice) -> np.ndarray:
        products = one[block] @ other.T
        squares = ((one[block] ** 2).sum(axis=1)[:, None] - products) + (lengths - products)
        found: np.ndarray = (squares <= threshold**2 * one.shape[1]).any(axis=1)
        return found

    return _share(near, len(one))


def by_hash(test: np.ndarray, training: np.ndarray, bits: int = BITS) -> float:
    """Return the share of test images with a training image whose hash differs in at most `bits` bits, in [0, 1].

    test, training: perceptual hashes, uint64 (n,) and (m,). Every pair is compared.
    """
    return _share(
        lambda block: (np.bitwise_count(test[block, None] ^ training) <= bits).any(axis=1),
        len(test),
    )


def _share(near: Callable[[slice], np.ndarray], count: int) -> float:
    found: Iterator[np.ndarray] = (near(slice(start, start + BLOCK)) for start in range(0, count, BLOCK))
    return sum(int(block.sum()) for block in found) / count
