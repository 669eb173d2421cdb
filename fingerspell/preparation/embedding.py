"""What a frozen network makes of prepared images: computed once, whatever is trained on it afterwards."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fingerspell.config import Experiment
from fingerspell.models.common import registry
from fingerspell.preparation.arrays import write_embeddings
from fingerspell.preparation.prepared import BACKBONE, ENCODER

CODES = 256  # images whose codes are computed at a time


def embed(experiment: Experiment, weights: Path, folder: Path, training: Sequence[int], seed: int) -> None:
    """Write `embeddings.npy` beside `images.npy` for a backbone or an encoder; nothing for other models.

    weights: the folder that the stage `weights` or `autoencode` left. training: the rows that a training flips. The
    weights of a backbone, which may be random, are written beside the embeddings.
    """
    architecture = registry.find(experiment.model)
    kind = architecture.ARCHITECTURE.kind
    if kind in ("network", "reader"):
        return
    import keras

    from fingerspell.models.common.seeding import set_seed

    set_seed(seed)
    images = np.load(folder / "images.npy", mmap_mode="r")
    if kind == "classifier":
        from fingerspell.models import autoencoder

        encoder = autoencoder.build(experiment.image_size, experiment.channels)[1]
        encoder.load_weights(weights / ENCODER)
        write_embeddings(encoder.predict_on_batch, images, folder / "embeddings.npy", mirrored=False, batch=CODES)
        return
    keras.config.set_dtype_policy(experiment.precision)
    backbone = architecture.backbone(experiment.image_size, experiment.channels, weights)
    backbone.save_weights(folder / BACKBONE)
    write_embeddings(backbone.predict_on_batch, images, folder / "embeddings.npy", mirrored=False)
    if experiment.augment.flip:
        rows = np.array(training, int)
        write_embeddings(backbone.predict_on_batch, images, folder / "mirrored.npy", mirrored=True, rows=rows)
