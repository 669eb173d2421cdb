"""Training a head on a frozen VGG16 for ten epochs with flips: this project against the conventional way, in one run.

    python -m benchmarks.transfer DATASET ARCHIVE [IMAGES …]

The conventional way sends class folders (unpacking is not timed) through a random flip, the frozen network and the
head, in every epoch, validation included; they are read by `image_dataset_from_directory` or by `ImageDataGenerator`.
Ours computes from the archive, once, what `prepare` does: pixels, an embedding of every image, and one of the mirror
image of every training image; then it trains the same head on them, as `train` does. The network computes in float32
everywhere, and in ours with `precision: mixed_bfloat16` too. All are timed from images on disk to a trained head; a
fifth of the images is for validation. Weights of the backbone are random: they take as long as any. Writes
benchmarks/results/transfer-DATASET.json and .png.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from benchmarks import machine
from fingerspell import files
from fingerspell.config import Training
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.models import vgg16
from fingerspell.plots import style
from fingerspell.preparation import arrays
from fingerspell.training import fitting
from fingerspell.training.batches import Batches

SIZE, EPOCHS, BATCH, SEED = 90, 10, 32, 20
LABELS = {
    "directory": "image_dataset_from_directory → frozen VGG16, every epoch",
    "generator": "ImageDataGenerator → frozen VGG16, every epoch",
    "float32": "fingerspell: embed once",
    "mixed_bfloat16": "fingerspell: embed once, in bfloat16",
}


def main(name: str, archive: str, *sizes: str) -> None:
    dataset = catalogue.find(name)
    with Archive(Path(archive)) as opened:
        members = [member for one in opened.names if (member := dataset.parse(one)) and member.part == "train"]
    rows = []
    for images in map(int, sizes or ("290", "870", "1740")):
        chosen = _chosen(members, images)
        row = {"images": len(chosen)}
        for way in LABELS:
            keras.utils.set_random_seed(SEED)
            with tempfile.TemporaryDirectory() as scratch:
                figures = _run(way, Path(archive), chosen, Path(scratch))
            row |= {f"{way}_{key}": round(value, 3) for key, value in figures.items()}
        row["times_faster"] = {
            ours: {way: round(row[f"{way}_seconds"] / row[f"{ours}_seconds"], 2) for way in ("directory", "generator")}
            for ours in ("float32", "mixed_bfloat16")
        }
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


def _run(way: str, archive: Path, chosen: list[tuple[str, str, str]], scratch: Path) -> dict[str, float]:
    if way in ("directory", "generator"):
        _unpack(archive, chosen, scratch)
        return _conventional(_folders if way == "directory" else _generators, chosen, scratch)
    keras.config.set_dtype_policy(way)
    try:
        return _ours(archive, chosen, scratch)
    finally:
        keras.config.set_dtype_policy("float32")


def _unpack(archive: Path, chosen: list[tuple[str, str, str]], scratch: Path) -> None:
    with Archive(archive) as opened:
        for number, (member, label, part) in enumerate(chosen):
            path = scratch / part / label / f"{number}{Path(member).suffix.lower()}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(opened.read(member))


def _folders(part: Path):
    return keras.utils.image_dataset_from_directory(
        part, image_size=(SIZE, SIZE), batch_size=BATCH, seed=SEED, verbose=False
    )


def _generators(part: Path):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator().flow_from_directory(
        str(part), (SIZE, SIZE), batch_size=BATCH, seed=SEED, class_mode="sparse", interpolation="bilinear"
    )


def _conventional(read: Callable, chosen: list[tuple[str, str, str]], scratch: Path) -> dict[str, float]:
    start = time.perf_counter()
    training, validation = read(scratch / "train"), read(scratch / "validation")
    backbone = vgg16.backbone(SIZE, 3, None)
    head = vgg16.head(backbone.output_shape[1:], len({label for _, label, _ in chosen}), dropout=0.3)
    pixels = keras.layers.Input((SIZE, SIZE, 3))
    flipped = keras.layers.RandomFlip("horizontal", seed=SEED)(pixels)
    model = keras.Model(pixels, head(backbone(flipped, training=False)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    history = model.fit(training, validation_data=validation, epochs=EPOCHS, verbose=0).history
    return {"seconds": time.perf_counter() - start, "accuracy": history["val_accuracy"][-1]}


def _ours(archive: Path, chosen: list[tuple[str, str, str]], scratch: Path) -> dict[str, float]:
    start = time.perf_counter()
    names = sorted({label for _, label, _ in chosen})
    targets = np.array([names.index(label) for _, label, _ in chosen])
    training, validation = (
        np.flatnonzero([split == part for _, _, split in chosen]) for part in ("train", "validation")
    )
    with Archive(archive) as opened:
        members = [member for member, _, _ in chosen]
        arrays.write_images(opened, members, scratch / "images.npy", SIZE, 3, "bilinear")
    decoded = time.perf_counter()
    images = np.load(scratch / "images.npy", mmap_mode="r")
    backbone = vgg16.backbone(SIZE, 3, None)
    embed = backbone.predict_on_batch
    arrays.write_embeddings(embed, images, scratch / "embeddings.npy", mirrored=False)
    arrays.write_embeddings(embed, images, scratch / "mirrored.npy", mirrored=True, rows=training)
    embedded = time.perf_counter()
    plain, mirrored = (np.load(scratch / f"{name}.npy", mmap_mode="r") for name in ("embeddings", "mirrored"))
    history = fitting.fit(
        vgg16.head(backbone.output_shape[1:], len(names), dropout=0.3),
        Batches([plain, mirrored], targets, training, BATCH, SEED),
        Batches([plain], targets, validation, BATCH, None),
        EPOCHS,
        Training(optimizer="adam", learning_rate=0.001, schedule="constant"),
        log=lambda line: None,
    )
    end = time.perf_counter()
    return {
        "seconds": end - start,
        "decoding_seconds": decoded - start,
        "embedding_seconds": embedded - decoded,
        "head_seconds": end - embedded,
        "accuracy": history[-1]["val_accuracy"],
    }


@style.quiet()
def _plot(rows: list[dict]):
    figure = style.new_figure(6.5, 4.2)
    axes = figure.add_axes((0.11, 0.13, 0.85, 0.72))
    sizes = [row["images"] for row in rows]
    looks = {
        "directory": ("s-", style.ORANGE),
        "generator": ("s--", style.ORANGE),
        "float32": ("o-", style.BLUE),
        "mixed_bfloat16": ("o--", style.BLUE),
    }
    for way, (mark, colour) in looks.items():
        axes.plot(sizes, [row[f"{way}_seconds"] for row in rows], mark, color=colour, label=LABELS[way])
    for row in rows:
        least, most = (row["times_faster"][ours]["directory"] for ours in ("float32", "mixed_bfloat16"))
        axes.annotate(
            f"{least:.1f}, in bfloat16\n{most:.1f} times faster",
            (row["images"], row["float32_seconds"]),
            (0, 7),
            textcoords="offset points",
            ha="center",
        )
    axes.set(xlim=(0, sizes[-1] * 1.15), xlabel="images, a fifth of them for validation", ylabel="seconds")
    axes.set_ylim(0, 1.35 * max(row[f"{way}_seconds"] for row in rows for way in LABELS))
    axes.grid(axis="y")
    axes.legend(loc="upper left")
    title = f"A head on a frozen VGG16 at {SIZE} px, {EPOCHS} epochs with flips"
    figure.text(0.02, 0.97, title, fontsize=12, fontweight="bold", va="top")
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:])
