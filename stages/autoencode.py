"""Train the autoencoders of the named experiments and write the codes of their images.

Experiments that agree on their pixels and on the training share one autoencoder: it is trained once.
"""

import shutil
from pathlib import Path

from fingerspell import config, files, training
from fingerspell.preparation import Prepared, write_embeddings
from stages import run


def main(*names: str) -> None:
    params = config.load()
    trained: dict[tuple, Path] = {}
    for name in names:
        experiment = params.experiment(name)
        prepared = Prepared.open(Path("data/prepared") / name)
        recipe = (
            *(files.sha256(prepared.folder / file) for file in ("images.npy", "table.csv")),
            training.settings(experiment),
        )
        with files.write_aside(Path("data/codes") / name) as folder:
            if recipe in trained:
                print(f"{name}: shares the autoencoder of {trained[recipe].name}")
                shutil.copytree(trained[recipe], folder)
            else:
                folder.mkdir()
                _train(experiment, prepared, folder, params.seed)
        trained.setdefault(recipe, Path("data/codes") / name)


def _train(experiment: config.Experiment, prepared: Prepared, folder: Path, seed: int) -> None:
    import keras

    from fingerspell.models import autoencoder

    keras.utils.set_random_seed(seed)
    network, encoder = autoencoder.build(experiment.image_size, experiment.channels)
    images, checking = prepared.array("images"), prepared.rows("validation")
    history = training.fit(
        network,
        training.Batches([images], None, prepared.rows("train"), experiment.batch_size, seed),
        training.Batches([images], None, checking, experiment.batch_size, None) if len(checking) else None,
        "mse",
        training.settings(experiment),
        print,
    )
    encoder.save_weights(folder / "encoder.weights.h5")
    training.write_history(folder / "history.csv", history)
    write_embeddings(encoder.predict_on_batch, images, folder / "codes.npy", mirrored=False, batch=256)
    shutil.copyfile(prepared.folder / "table.csv", folder / "table.csv")
    shutil.copyfile(prepared.folder / "prepared.json", folder / "prepared.json")


if __name__ == "__main__":
    run(main)
