"""The training of an autoencoder: no labels, the pixels are the target."""

from pathlib import Path

import keras
import numpy as np

from fingerspell import files
from fingerspell.config import Autoencoder
from fingerspell.models import autoencoder
from fingerspell.models.common.seeding import set_seed
from fingerspell.preparation.prepared import ENCODER
from fingerspell.training import fitting
from fingerspell.training.batches import Batches
from fingerspell.training.checkpoint import Checkpoint, recipe


def train(
    settings: Autoencoder,
    images: np.ndarray,
    rows: dict[str, np.ndarray],
    data: Path,
    seed: int,
    checkpoint: Path,
    folder: Path,
) -> keras.Model:
    """Train an autoencoder; write its encoder's weights and its history into a folder, and return the network.

    images: uint8 (n, size, size, channels), values 0–255. rows: the indices of `train` and `validation`. data: the
    folder or file whose bytes the images are, for the recipe of the checkpoint.
    """
    made_of = recipe(data, {"autoencoder": settings.model_dump(), "seed": seed})
    keras.utils.clear_session()  # layers are numbered on within a process, and their numbers get into the file
    set_seed(seed)
    network, encoder = autoencoder.build(settings.image_size, settings.channels)
    training = Batches([images], None, rows["train"], settings.batch_size, seed)
    held_out = rows["validation"]
    history = fitting.fit(
        network,
        training,
        Batches([images], None, held_out, settings.batch_size, None) if len(held_out) else None,
        settings.epochs,
        settings.training,
        print,
        Checkpoint(checkpoint, made_of),
    )
    encoder.save_weights(folder / ENCODER)
    files.write_csv(folder / "history.csv", history)
    return network


def write_reconstructions(network: keras.Model, images: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """Write a few images, what the decoder makes of them (`originals`, `restored`, both uint8) and `labels`."""
    restored = (255 * np.asarray(network.predict_on_batch(images))).round().astype(np.uint8)
    np.savez(path, originals=images, restored=restored, labels=labels)
