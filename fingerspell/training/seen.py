"""What is kept with a model of what its training saw, to be shown."""

from pathlib import Path

import numpy as np

from fingerspell.config import Experiment
from fingerspell.preparation.prepared import Prepared
from fingerspell.training.batches import Epochs

COMPOSED = 48  # composed images
CHANGED = 4  # training images, where they are changed at random


def write_seen(experiment: Experiment, prepared: Prepared, composed: Epochs | None, path: Path) -> None:
    """Write uint8 images (n, size, size, channels) and int labels (n,).

    They are the first images that training composes, or some that it will change at random; if it does neither, none.
    """
    if composed is not None:
        images, targets = composed[0]
        labels = targets.reshape(len(images), -1)[:COMPOSED, 0].astype(int)  # less the keypoints
        np.savez(path, images=images[:COMPOSED], labels=labels)
    elif any(amount for _, amount in experiment.augment):
        rows = prepared.some_rows("train", CHANGED)
        np.savez(path, images=prepared.array("images")[rows], labels=prepared.labels[rows])
