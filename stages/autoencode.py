"""Train an autoencoder on the training images of one experiment's split; classifiers read the codes of its encoder."""

import shutil
from pathlib import Path

from stages.places import CHECKPOINTS
from stages.runner import run

import numpy as np

from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.preparation import arrays
from fingerspell.splits import manifest

SHOWN = 16  # test images that are restored, to be shown


def main(name: str) -> None:
    params = config.load()
    settings = params.autoencoder(name)
    dataset = catalogue.held(Path("data/raw") / settings.dataset)
    rows = manifest.read(Path(f"data/splits/{settings.split}.csv"))
    splits = {split: np.flatnonzero([row.split == split for row in rows]) for split in manifest.SPLITS}
    classes = sorted({row.label for row in rows})
    with files.write_aside(Path("data/weights") / name) as folder:
        folder.mkdir()
        pixels = folder / "images.npy"
        with Archive(Path("data/raw") / settings.dataset / dataset.archive) as archive:
            members, size = [row.member for row in rows], settings.image_size
            arrays.write_images(archive, members, pixels, size, settings.channels, settings.resample)
        from fingerspell.training import autoencoding  # Keras takes seconds: damaged images are told before

        images = np.load(pixels, mmap_mode="r")
        network = autoencoding.train(
            settings, images, splits, pixels, params.seed, CHECKPOINTS / name / "autoencoder.npz", folder
        )
        shown = splits["test"][np.linspace(0, len(splits["test"]) - 1, min(SHOWN, len(splits["test"]))).astype(int)]
        labels = np.array([classes.index(rows[row].label) for row in shown])
        autoencoding.write_reconstructions(network, images[shown], labels, folder / "reconstructions.npz")
        pixels.unlink()
        files.write_json(folder / "source.json", {"source": "autoencoder", "split": settings.split})
    shutil.rmtree(CHECKPOINTS / name, ignore_errors=True)


if __name__ == "__main__":
    run(main)
