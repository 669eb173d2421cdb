"""Mixup: every image of a batch laid over the next one, and their labels in the same proportion.

Zhang et al. 2018, https://arxiv.org/abs/1710.09412.
"""

from collections.abc import Mapping

import numpy as np

from fingerspell.training.batches import Epochs


class Mixed(Epochs):
    """The batches of a dataset that gives x (batch, …) and labels int (batch,), each image mixed with the next.

    An image keeps the share that is drawn for it from the beta distribution B(alpha, alpha), always from the seed, the
    epoch and the batch's place in it alone; `alpha` 0 mixes nothing. Gives x of the same dtype (whole numbers are
    rounded), and what share of it each class has, float32 (batch, classes). With `weights` of the classes the shares
    count by them, and how much an image weighs, float32 (batch,), is given too: so every class weighs as it should.
    """

    def __init__(self, batches: Epochs, alpha: float, classes: int, weights: Mapping[int, float] | None = None) -> None:
        super().__init__()
        self.targets, self.seed = batches.targets, batches.seed
        self._batches, self._alpha, self._classes = batches, alpha, classes
        self._weights = None
        if weights is not None:
            self._weights = np.array([weights.get(label, 0) for label in range(classes)], np.float32)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Return batch `index` of the present epoch."""
        epoch = self.epoch  # read once: threads may ask
        x, labels = self._batches[index]
        y = np.eye(self._classes, dtype=np.float32)[labels]
        if self._alpha:
            random = np.random.default_rng([self.seed or 0, epoch, index, 1])  # 1: not that of other changes
            kept = random.beta(self._alpha, self._alpha, len(x)).astype(np.float32)
            x, y = _mixed(x, kept), _mixed(y, kept)
        self.passed(index)
        if self._weights is None:
            return x, y
        y *= self._weights
        weight = y.sum(axis=1)
        return x, y / weight[:, None], weight

    def begin(self, epoch: int) -> None:
        super().begin(epoch)
        self._batches.begin(epoch)


def _mixed(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    kept = kept.reshape(-1, *(1,) * (values.ndim - 1))
    mixed: np.ndarray = kept * values + (1 - kept) * np.roll(values, -1, axis=0)
    return mixed.astype(values.dtype) if values.dtype.kind == "f" else np.rint(mixed).astype(values.dtype)
