"""What training is fed with: batches of rows of memory-mapped arrays, shuffled and changed at random."""

import keras
import numpy as np

from fingerspell.config import Augmentation
from fingerspell.training.augmentation import augment as change


class Epochs(keras.utils.PyDataset):
    """A dataset that knows which epoch it is asked for: a training that goes on from one (see `begin`) is fed as one
    that was never interrupted, as long as batches depend on nothing but the epoch and their place in it.
    """

    targets: np.ndarray | None  # labels; None where the pixels are to be restored
    seed: int | None  # of all that is drawn at random; None where nothing is

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0
        self._under_way = self._through = False

    def on_epoch_begin(self) -> None:
        self._under_way, self._through = True, False

    def on_epoch_end(self) -> None:
        """Go on to the next epoch, if one has passed: Keras calls this, and asks for batches, at other times too."""
        if self._under_way and self._through:
            self.begin(self.epoch + 1)
        self._under_way = False

    def begin(self, epoch: int) -> None:
        """Set the epoch that comes next, counted from 0."""
        self.epoch = epoch

    def passed(self, index: int) -> None:
        """Take note that batch `index` has been asked for."""
        self._through |= index == len(self) - 1


class Batches(Epochs):
    """Batches of rows of arrays on disk; of several arrays of one shape, each row is drawn from one at random.

    `arrays`: each (n, …), any dtype. `rows`: indices into them. `targets`: (n,) labels, or None to give back the
    pixels scaled to 0–1, as an autoencoder wants them: those of the plain images, also where `augment` changes what
    it sees. `augment` takes uint8 images (see `augmentation.augment`).

    The order of the rows, the choice of an array and the random changes are those of the epoch and of the batch in
    it, whatever threads prepare the batches. `seed` None keeps the order, takes the first array and changes nothing.
    """

    def __init__(
        self,
        arrays: list[np.ndarray],
        targets: np.ndarray | None,
        rows: np.ndarray,
        batch: int,
        seed: int | None,
        augment: Augmentation | None = None,
    ) -> None:
        super().__init__()
        self.targets, self.rows = targets, np.array(rows)
        self._arrays, self._batch, self.seed, self._augment = arrays, batch, seed, augment
        self.begin(0)

    def __len__(self) -> int:
        return -(-len(self.rows) // self._batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return batch `index` of the present epoch: rows of the arrays, and their targets."""
        epoch, rows, choice = self._order  # read once: threads may ask
        part = slice(index * self._batch, (index + 1) * self._batch)
        rows, choice = rows[part], choice[part]
        x = np.asarray(self._arrays[0][rows])
        for k, array in enumerate(self._arrays[1:], 1):
            x[choice == k] = array[rows[choice == k]]
        y = np.asarray(x, np.float32) / 255 if self.targets is None else self.targets[rows]
        if self._augment is not None and self.seed is not None:
            # From 1 on: numpy takes [seed, epoch, 0] for [seed, epoch], which is the order's.
            x = change(x, self._augment, np.random.default_rng([self.seed, epoch, index + 1]))
        self.passed(index)
        return x, y

    def begin(self, epoch: int) -> None:
        super().begin(epoch)
        rows, choice = self.rows, np.zeros(len(self.rows), int)
        if self.seed is not None:
            random = np.random.default_rng([self.seed, epoch])
            rows = random.permutation(rows)
            choice = random.integers(len(self._arrays), size=len(rows))
        self._order = epoch, rows, choice
