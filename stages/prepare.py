"""Decode an experiment's images into arrays and, where a frozen network reads them, compute embeddings once."""

from pathlib import Path

from stages.environment import choose_kernels
from stages.runner import run

from fingerspell import config, files
from fingerspell.datasets.hands import SIDE
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.models.common import registry
from fingerspell.preparation import arrays, embedding
from fingerspell.preparation.prepared import Image, write_table
from fingerspell.splits import manifest


def main(name: str) -> None:
    params = config.load()
    experiment = params.experiment(name)
    dataset = catalogue.held(Path("data/raw") / experiment.dataset)
    kind = registry.check(name, params).ARCHITECTURE.kind
    choose_kernels(experiment.precision)
    rows = manifest.read(Path(f"data/splits/{name}.csv"))
    training = [place for place, row in enumerate(rows) if row.split == "train"]
    channels, resample = experiment.channels, experiment.resample
    with files.write_aside(Path("data/prepared") / name) as folder:
        folder.mkdir()
        with Archive(Path("data/raw") / experiment.dataset / dataset.archive) as archive:
            members = [row.member for row in rows]
            if kind != "reader":  # whose crops are cut out of the images as they are published
                arrays.write_images(archive, members, folder / "images.npy", experiment.image_size, channels, resample)
            if experiment.trains_on == "compositions":
                members = [members[place] for place in training]
                arrays.write_images(archive, members, folder / "photographs.npy", SIDE, channels, resample)
        classes = sorted({row.label for row in rows})
        settings = {
            "dataset": experiment.dataset,
            "classes": classes,
            "letters": [dataset.letters[label] for label in classes],
            "empty": dataset.empty,
            "image_size": experiment.image_size,
            "channels": channels,
            "resample": resample,
        }
        write_table(folder, [Image(row.member, row.label, row.split) for row in rows], settings)
        embedding.embed(experiment, Path("data/weights") / experiment.weights, folder, training, params.seed)


if __name__ == "__main__":
    run(main)
