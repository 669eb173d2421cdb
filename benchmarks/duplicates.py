"""How fast near-duplicates are found, against comparing every pair, and how that grows with their number."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks import pictures
from benchmarks.limits import best
from benchmarks.measurement import Measurement
from fingerspell.audit.duplicates import near_duplicates

THRESHOLD = 6.0
SIZES = (8000, 16000, 32000)
EVERY_PAIR = 8000  # beyond that, comparing every pair takes long


def measurements() -> Iterator[Measurement]:
    images = pictures.thumbnails(SIZES[-1])
    few = images[:EVERY_PAIR]
    if (found := _near(few)) != (every := _every_pair(few)):
        raise AssertionError(f"every pair compared, {every} are near, not {found}")
    seconds = [best(partial(_near, images[:count]), 2) for count in SIZES]
    yield Measurement(
        f"Near-duplicates among {EVERY_PAIR:,} thumbnails",
        "s",
        seconds[SIZES.index(EVERY_PAIR)],
        best(partial(_every_pair, few), 2),
        "comparing every pair by matrix products",
    )
    sizes = np.array(SIZES, float)
    yield Measurement(
        f"Growth of that time, {SIZES[0]:,} to {SIZES[-1]:,} thumbnails",
        "exponent",
        _exponent(sizes, np.array(seconds)),
        limit=_exponent(sizes, sizes * np.log(sizes)),
        bound="n log n, of a search in a tree",
        target=1.0,
        aim="share",
    )


def _exponent(sizes: np.ndarray, seconds: np.ndarray) -> float:
    """Return the power of the number with which time grows."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _near(images: np.ndarray) -> int:
    return sum(len(pairs) for pairs, _ in near_duplicates(images, THRESHOLD))


def _every_pair(images: np.ndarray) -> int:
    """Compare all pairs by matrix products, the conventional way; whole numbers this small are exact in float32."""
    flat = images.reshape(len(images), -1).astype(np.float32) - 128
    lengths = (flat.astype(np.float64) ** 2).sum(axis=1)
    found = 0
    for start in range(0, len(flat), 1024):
        block = flat[start : start + 1024]
        squares = lengths[start : start + 1024, None] + lengths - 2 * (block @ flat.T).astype(np.float64)
        found += int((squares <= THRESHOLD**2 * flat.shape[1]).sum())
    return (found - len(flat)) // 2
