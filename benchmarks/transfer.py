"""Training a head on a frozen VGG16 for ten epochs with flips: this project against the conventional way, in one run.

    python -m benchmarks.transfer DATASET ARCHIVE [IMAGES …]

The conventional way feeds class folders (unpacking is not timed) with `image_dataset_from_directory` through a random
flip, the frozen network and the head, in every epoch, validation included. Ours computes from the archive, once, what
`prepare` does: pixels, an embedding of every image, and one of the mirror image of every training image; then it trains
the same head on them. Both are timed from images on disk to a trained head; a fifth of the images is for validation.
Weights of the backbone are random: they take as long as any. Writes benchmarks/results/transfer-DATASET.json and .png.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from benchmarks import machine
from fingerspell import files, preparation
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.models import vgg16
from fingerspell.plots import style
from fingerspell.training.batches import Batches

SIZE, EPOCHS, BATCH, SEED = 90, 10, 32, 20
LABELS = {"conventional": "image_dataset_from_directory → frozen VGG16, every epoch", "ours": "fingerspell: embed once"}


def main(name: str, archive: str, *sizes: str) -> None:
    dataset = catalogue.find(name)
    with Archive(Path(archive)) as opened:
        members = [member for one in opened.names if (member := dataset.parse(one)) and member.part == "train"]
    rows = []
    for images in map(int, sizes or ("145", "290", "435")):
        chosen = _chosen(members, images)
        row = {"images": len(chosen)}
        for way, run in (("conventional", _conventional), ("ours", _ours)):
            keras.utils.set_random_seed(SEED)
            with tempfile.TemporaryDirectory() as scratch:
                figures = run(Path(archive), chosen, Path(scratch))
            row |= {f"{way}_{key}": round(value, 3) for key, value in figures.items()}
        row["times_faster"] = round(row["conventional_seconds"] / row["ours_seconds"], 2)
        rows.append(row)
        print(row, flush=True)
    result = {
        "dataset": name,
        "model": "vgg16, frozen",
        "image_size": SIZE,
        "epochs": EPOCHS,
        "machine": machine.describe(),
        "runs": rows,
    }
    files.write_json(Path(f"benchmarks/results/transfer-{name}.json"), result)
    style.save(_plot(rows), Path(f"benchmarks/results/transfer-{name}.png"))


def _chosen(members: list, images: int) -> list[tuple[str, str, str]]:
    """Return (member, label, split): as many of each class, spread evenly; every fifth is for validation."""
    labels = sorted({member.label for member in members})
    each = images // len(labels)
    chosen = []
    for label in labels:
        own = [member.name for member in members if member.label == label]
        picked = [own[k * len(own) // each] for k in range(each)]
        chosen += [(one, label, "validation" if k % 5 == 4 else "train") for k, one in enumerate(picked)]
    return chosen


def _fit(model: keras.Model, training, validation) -> float:
    """Train, and return the accuracy on the validation part in the last epoch."""
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    history = model.fit(training, validation_data=validation, epochs=EPOCHS, verbose=0, shuffle=False).history
    return history["val_accuracy"][-1]


def _conventional(archive: Path, chosen: list[tuple[str, str, str]], scratch: Path) -> dict[str, float]:
    with Archive(archive) as opened:
        for number, (member, label, part) in enumerate(chosen):
            path = scratch / part / label / f"{number}{Path(member).suffix.lower()}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(opened.read(member))
    start = time.perf_counter()
    training, validation = (
        keras.utils.image_dataset_from_directory(
            scratch / part, image_size=(SIZE, SIZE), batch_size=BATCH, seed=SEED, verbose=False
        )
        for part in ("train", "validation")
    )
    backbone = vgg16.backbone(SIZE, 3, None)
    backbone.trainable = False
    head = vgg16.head(backbone.output_shape[1:], len({label for _, label, _ in chosen}), dropout=0.3)
    pixels = keras.layers.Input((SIZE, SIZE, 3))
    flipped = keras.layers.RandomFlip("horizontal", seed=SEED)(pixels)
    model = keras.Model(pixels, head(backbone(flipped, training=False)))
    accuracy = _fit(model, training, validation)
    return {"seconds": time.perf_counter() - start, "accuracy": accuracy}


def _ours(archive: Path, chosen: list[tuple[str, str, str]], scratch: Path) -> dict[str, float]:
    start = time.perf_counter()
    names = sorted({label for _, label, _ in chosen})
    targets = np.array([names.index(label) for _, label, _ in chosen])
    training, validation = (
        np.flatnonzero([split == part for _, _, split in chosen]) for part in ("train", "validation")
    )
    with Archive(archive) as opened:
        members = [member for member, _, _ in chosen]
        preparation.write_images(opened, members, scratch / "images.npy", SIZE, 3, "bilinear")
    decoded = time.perf_counter()
    images = np.load(scratch / "images.npy", mmap_mode="r")
    backbone = vgg16.backbone(SIZE, 3, None)
    embed = backbone.predict_on_batch
    preparation.write_embeddings(embed, images, scratch / "embeddings.npy", mirrored=False)
    preparation.write_embeddings(embed, images, scratch / "mirrored.npy", mirrored=True, rows=training)
    embedded = time.perf_counter()
    plain, mirrored = (np.load(scratch / f"{name}.npy", mmap_mode="r") for name in ("embeddings", "mirrored"))
    accuracy = _fit(
        vgg16.head(backbone.output_shape[1:], len(names), dropout=0.3),
        Batches([plain, mirrored], targets, training, BATCH, SEED),
        Batches([plain], targets, validation, BATCH, None),
    )
    end = time.perf_counter()
    return {
        "seconds": end - start,
        "decoding_seconds": decoded - start,
        "embedding_seconds": embedded - decoded,
        "head_seconds": end - embedded,
        "accuracy": accuracy,
    }


@style.quiet()
def _plot(rows: list[dict]):
    figure = style.new_figure(6.5, 4.2)
    axes = figure.add_axes((0.11, 0.13, 0.85, 0.72))
    sizes = [row["images"] for row in rows]
    for way, mark, colour in (("conventional", "s-", style.ORANGE), ("ours", "o-", style.BLUE)):
        axes.plot(sizes, [row[f"{way}_seconds"] for row in rows], mark, color=colour, label=LABELS[way])
    for row in rows:
        axes.annotate(
            f"{row['times_faster']:.1f} times faster",
            (row["images"], row["ours_seconds"]),
            (0, 7),
            textcoords="offset points",
            ha="center",
        )
    axes.set(xlim=(0, sizes[-1] * 1.12), xlabel="images, a fifth of them for validation", ylabel="seconds")
    axes.set_ylim(0, 1.25 * max(row["conventional_seconds"] for row in rows))
    axes.grid(axis="y")
    axes.legend(loc="upper left")
    title = f"A head on a frozen VGG16 at {SIZE} px, {EPOCHS} epochs with flips"
    figure.text(0.02, 0.97, title, fontsize=12, fontweight="bold", va="top")
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:])
