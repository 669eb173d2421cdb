"""Train the autoencoders of the named experiments and write the codes of their images.

Experiments that agree on their pixels and on the training share one autoencoder: it is trained once.
"""

import json
import shutil
from pathlib import Path

import numpy as np

from fingerspell import config, files
from fingerspell.models.common import registry
from fingerspell.preparation import Prepared, write_embeddings
from stages import run

SHOWN = 16  # test images that are restored, to be shown
CHECKPOINTS = Path("data/checkpoints")  # where an interrupted training goes on; empty between runs


def main(*names: str) -> None:
    params = config.load()
    trained: dict[str, Path] = {}
    for name in names:
        registry.check(name, params.experiment(name))  # prepare did, when other settings may have stood there
    for name in names:
        experiment = params.experiment(name)
        prepared = Prepared.open(Path("data/prepared") / name)
        likeness = _likeness(experiment, prepared)
        with files.write_aside(Path("data/codes") / name) as folder:
            if likeness in trained:
                print(f"{name}: shares the autoencoder of {trained[likeness].name}")
                shutil.copytree(trained[likeness], folder)
            else:
                folder.mkdir()
                _train(name, experiment, prepared, folder, params.seed)
        trained.setdefault(likeness, Path("data/codes") / name)
    for name in names:
        shutil.rmtree(CHECKPOINTS / name, ignore_errors=True)


def _likeness(experiment: config.Experiment, prepared: Prepared) -> str:
    """Return what experiments that share an autoencoder have in common."""
    data = [files.sha256(prepared.folder / file) for file in ("images.npy", "table.csv")]
    return json.dumps([data, experiment.epochs, experiment.batch_size, experiment.training.model_dump()])


def _train(name: str, experiment: config.Experiment, prepared: Prepared, folder: Path, seed: int) -> None:
    import keras

    from fingerspell.models import autoencoder
    from fingerspell.models.common.seeding import set_seed
    from fingerspell.training import fitting
    from fingerspell.training.batches import Batches
    from fingerspell.training.checkpoint import Checkpoint, recipe

    made_of = recipe(prepared.folder, Path(__file__), {"experiment": experiment.model_dump(), "seed": seed})
    keras.utils.clear_session()  # layers are numbered on within a process, and their numbers get into the file
    set_seed(seed)
    network, encoder = autoencoder.build(experiment.image_size, experiment.channels)
    images, checking = prepared.array("images"), prepared.rows("validation")
    history = fitting.fit(
        network,
        Batches([images], None, prepared.rows("train"), experiment.batch_size, seed),
        Batches([images], None, checking, experiment.batch_size, None) if len(checking) else None,
        experiment.epochs,
        experiment.training,
        print,
        Checkpoint(CHECKPOINTS / name / "autoencoder.npz", made_of),
    )
    encoder.save_weights(folder / "encoder.weights.h5")
    _restore(network, prepared, folder / "reconstructions.npz")
    files.write_csv(folder / "history.csv", history)
    write_embeddings(encoder.predict_on_batch, images, folder / "codes.npy", mirrored=False, batch=256)
    shutil.copyfile(prepared.folder / "table.csv", folder / "table.csv")
    shutil.copyfile(prepared.folder / "prepared.json", folder / "prepared.json")


def _restore(network, prepared: Prepared, path: Path) -> None:
    """Write a few test images, what the decoder makes of them (`originals`, `restored`, both uint8) and `labels`."""
    rows = prepared.some_rows("test", SHOWN)
    originals, labels = prepared.array("images")[rows], prepared.labels[rows]
    restored = (255 * np.asarray(network.predict_on_batch(originals))).round().astype(np.uint8)
    np.savez(path, originals=originals, restored=restored, labels=labels)


if __name__ == "__main__":
    run(main)
