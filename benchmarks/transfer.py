"""Training a head on a frozen VGG16 for ten epochs with flips, against the conventional way.

The conventional way sends class folders (unpacking is not timed) through a random flip, the frozen network and the
head, in every epoch, validation included. Ours computes from the archive, once, what `prepare` does: pixels, an
embedding of every picture, and one of the mirror image of every training picture; then it trains the same head on them,
as `train` does. The conventional way computes in float32; ours in float32, and with `precision: mixed_bfloat16`. All
are timed from pictures on disk to a trained head; a fifth of the pictures is for validation. Weights of the backbone
are random: they take as long as any.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import limits, pictures
from benchmarks.measurement import Measurement
from fingerspell.datasets.published.archive import Archive
from fingerspell.preparation import arrays

PICTURES = 290  # ten of each class
SIZE, EPOCHS, BATCH, SEED = 90, 10, 32, 20
PRECISIONS = ("float32", "mixed_bfloat16")
PARTS = ("train", "validation")


def measurements() -> Iterator[Measurement]:
    import keras

    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "pictures.zip"
        labels = pictures.pack(archive, PICTURES)
        validation = np.arange(PICTURES) % 5 == 4
        rival = _conventional(archive, labels, validation, Path(scratch))
        for precision in PRECISIONS:
            keras.config.set_dtype_policy(precision)
            ours = _ours(archive, labels, validation, Path(scratch))
            keras.config.set_dtype_policy("float32")
            yield Measurement(
                f"A head on frozen VGG16, {PICTURES} pictures, {EPOCHS} epochs, {precision}",
                "s",
                ours,
                rival,
                "image_dataset_from_directory, frozen VGG16 in every epoch",
                _operations(validation) / limits.matrix_peak(),
                "arithmetic: the embeddings as float32 matrix products",
                12,
                "ratio",
            )


def _operations(validation: np.ndarray) -> float:
    """Count those of embedding every picture, and once more the training pictures' mirror images."""
    return limits.operations(_backbone()) * float(2 * (~validation).sum() + validation.sum())


def _backbone() -> Any:
    from fingerspell.models import vgg16

    return vgg16.backbone(SIZE, 3, None)


def _head(backbone: Any, labels: list[str]) -> Any:
    from fingerspell.models import vgg16

    return vgg16.head(backbone.output_shape[1:], len(set(labels)), dropout=0.3)


def _conventional(archive: Path, labels: list[str], validation: np.ndarray, scratch: Path) -> float:
    import keras

    with Archive(archive) as opened:
        for name, label, held_out in zip(opened.names, labels, validation):
            path = scratch / PARTS[int(held_out)] / label / Path(name).name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(opened.read(name))
    keras.utils.set_random_seed(SEED)
    start = time.perf_counter()
    training, validating = (
        keras.utils.image_dataset_from_directory(
            scratch / part, image_size=(SIZE, SIZE), batch_size=BATCH, seed=SEED, verbose=False
        )
        for part in PARTS
    )
    backbone = _backbone()
    seen = keras.layers.Input((SIZE, SIZE, 3))
    flipped = keras.layers.RandomFlip("horizontal", seed=SEED)(seen)
    model = keras.Model(seen, _head(backbone, labels)(backbone(flipped, training=False)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    model.fit(training, validation_data=validating, epochs=EPOCHS, verbose=0)
    return time.perf_counter() - start


def _ours(archive: Path, labels: list[str], validation: np.ndarray, scratch: Path) -> float:
    import keras

    from fingerspell.config import Training
    from fingerspell.training import fitting
    from fingerspell.training.batches import Batches

    keras.utils.set_random_seed(SEED)
    start = time.perf_counter()
    classes = sorted(set(labels))
    targets = np.array([classes.index(label) for label in labels])
    training, validating = np.flatnonzero(~validation), np.flatnonzero(validation)
    with Archive(archive) as opened:
        arrays.write_images(opened, opened.names, scratch / "images.npy", SIZE, 3, "bilinear")
    images = np.load(scratch / "images.npy", mmap_mode="r")
    backbone = _backbone()
    embed = backbone.predict_on_batch
    arrays.write_embeddings(embed, images, scratch / "plain.npy", mirrored=False)
    arrays.write_embeddings(embed, images, scratch / "mirrored.npy", mirrored=True, rows=training)
    plain, mirrored = (np.load(scratch / f"{name}.npy", mmap_mode="r") for name in ("plain", "mirrored"))
    fitting.fit(
        _head(backbone, labels),
        Batches([plain, mirrored], targets, training, BATCH, SEED),
        Batches([plain], targets, validating, BATCH, None),
        EPOCHS,
        Training(optimizer="adam", learning_rate=0.001, schedule="constant"),
        log=lambda line: None,
    )
    return time.perf_counter() - start
