"""95% intervals where images come in bursts of look-alikes: whole bursts are drawn anew, not images.

The percentile bootstrap of Efron (1979) over clusters (Field and Welsh, 2007): images of one burst are right or wrong
together, so what is uncertain is which bursts were recorded. The same answers give the same interval.
"""

import numpy as np
from scipy.stats import binomtest, bootstrap

RESAMPLES = 9999
SEED = 20
BATCH = 500  # resamples at once: memory is this times the number of bursts


def accuracy(correct: np.ndarray, bursts: np.ndarray) -> tuple[float, float]:
    """Return the interval of an accuracy: correct bool (n,), bursts (n,), the name of each image's burst.

    Where all images are right, or all wrong, resampling tells nothing: then it is Wilson's for as many images as there
    are bursts. Of one burst nothing is known: (0, 1).
    """
    if not 0 < np.sum(correct) < len(correct):
        count = len(np.unique(bursts))
        interval = binomtest(count if np.all(correct) else 0, count).proportion_ci(0.95, method="wilson")
        return (float(interval.low), float(interval.high)) if count > 1 else (0.0, 1.0)
    return _limits(resampled(correct, bursts, SEED), (0.0, 1.0))


def difference(first: np.ndarray, second: np.ndarray, bursts: np.ndarray) -> tuple[float, float]:
    """Return the interval of `second`'s accuracy less `first`'s on the same images, all (n,); (-1, 1) of one burst."""
    return _limits(resampled(second.astype(float) - first, bursts, SEED), (-1.0, 1.0))


def difference_apart(
    first: np.ndarray, first_bursts: np.ndarray, second: np.ndarray, second_bursts: np.ndarray
) -> tuple[float, float]:
    """Return the same of two experiments that named different images."""
    one, other = resampled(first, first_bursts, SEED), resampled(second, second_bursts, SEED + 1)
    return _limits(None if one is None or other is None else other - one, (-1.0, 1.0))


def resampled(values: np.ndarray, bursts: np.ndarray, seed: int) -> np.ndarray | None:
    """Return the mean of `values` (n,) in each resample of bursts, float (9999,); None where there is one burst."""
    _, burst = np.unique(bursts, return_inverse=True)
    sums, counts = np.bincount(burst, weights=values.astype(float)), np.bincount(burst).astype(float)
    if len(sums) < 2:
        return None
    drawn: np.ndarray = bootstrap(
        (sums, counts),
        lambda sums, counts, axis: sums.sum(axis=axis) / counts.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=BATCH,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).bootstrap_distribution
    return drawn


def _limits(drawn: np.ndarray | None, nothing_known: tuple[float, float]) -> tuple[float, float]:
    if drawn is None:
        return nothing_known
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
