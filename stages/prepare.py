"""Decode an experiment's images into arrays and, for a frozen backbone, compute their embeddings once."""

from pathlib import Path

import numpy as np

from fingerspell import config, files, preparation, splits
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.models.common import registry
from stages import run


def main(name: str) -> None:
    params = config.load()
    experiment = params.experiment(name)
    dataset = catalogue.find(experiment.dataset)
    architecture = registry.check(name, experiment)
    manifest = splits.read(Path(f"data/splits/{name}.csv"))
    with files.write_aside(Path("data/prepared") / name) as folder:
        folder.mkdir()
        with Archive(Path("data/raw") / experiment.dataset / dataset.archive) as archive:
            preparation.write_images(
                archive,
                [row.member for row in manifest],
                folder / "images.npy",
                experiment.image_size,
                experiment.channels,
                experiment.resample,
            )
        classes = sorted({row.label for row in manifest})
        preparation.write_table(
            folder,
            [(row.member, row.label, row.split) for row in manifest],
            {
                "dataset": experiment.dataset,
                "classes": classes,
                "letters": [dataset.letters[label] for label in classes],
                "image_size": experiment.image_size,
                "channels": experiment.channels,
                "resample": experiment.resample,
            },
        )
        if architecture.ARCHITECTURE.kind == "backbone":
            training = np.array([place for place, row in enumerate(manifest) if row.split == "train"], int)
            _embed(architecture, experiment, folder, training, params.seed)


def _embed(architecture, experiment: config.Experiment, folder: Path, training: np.ndarray, seed: int) -> None:
    import keras

    from fingerspell.models.common.seeding import set_seed

    set_seed(seed)
    keras.config.set_dtype_policy(experiment.precision)
    weights = Path("data/weights") / experiment.weights
    backbone = architecture.backbone(experiment.image_size, experiment.channels, weights)
    backbone.save_weights(folder / "backbone.weights.h5")
    images = np.load(folder / "images.npy", mmap_mode="r")
    preparation.write_embeddings(backbone.predict_on_batch, images, folder / "embeddings.npy", mirrored=False)
    if experiment.augment.flip:
        preparation.write_embeddings(
            backbone.predict_on_batch, images, folder / "mirrored.npy", mirrored=True, rows=training
        )


if __name__ == "__main__":
    run(main)
