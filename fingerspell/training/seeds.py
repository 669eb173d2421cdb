"""The networks of an experiment: one for every seed, trained, saved, and asked about the test images once."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fingerspell import files
from fingerspell.config import Experiment
from fingerspell.evaluation.predictions import Predictions, further_file
from fingerspell.models.common import saved
from fingerspell.preparation.prepared import Prepared


def train(
    experiment: Experiment,
    description: dict[str, Any],
    prepared: Prepared,
    folder: Path,
    checkpoints: Path,
    history: Path,
) -> tuple[Predictions, dict[str, Any]]:
    """Train them; return what the first one says, and what is found for its `model.json`.

    description: that file's, so far. folder: what becomes the model's, and is filled. checkpoints: where an interrupted
    training goes on. history: the file in which the first one's epochs can be followed, for `dvc plots`; `evaluate`
    writes it in the end.
    """
    from fingerspell.scenes.compositions import composed
    from fingerspell.training import calibration, phases, seen

    first, *others = description["seeds"]
    seen.write_seen(experiment, prepared, composed(experiment, prepared, first), folder / "seen.npz")
    follow, found = partial(files.write_csv, history), {}

    def fitted(seed: int, weights: str, table: str) -> Predictions:
        images, shown = composed(experiment, prepared, seed), follow if seed == first else None
        network, epochs = phases.train(experiment, description, prepared, seed, checkpoints, images, shown)
        network.save_weights(folder / weights)
        files.write_csv(folder / table, epochs)
        if experiment.trains_on == "crops" and seed == first:
            rows = prepared.rows("validation")
            known = phases.answers_of_reader(network, prepared, rows)
            found["threshold"] = calibration.threshold(known, prepared.labels[rows])
        return about_test_images(prepared, phases.answers(network, experiment, prepared))

    predictions = fitted(first, saved.weights_file(), "history.csv")
    for seed in others:
        fitted(seed, saved.weights_file(seed), f"history-{seed}.csv").write(folder / further_file(seed))
    return predictions, found


def about_test_images(prepared: Prepared, answers: np.ndarray) -> Predictions:
    """Return the table of answers, float32 (n, classes), to the n test images in the order of their rows."""
    test = prepared.rows("test")
    return Predictions([prepared.members[row] for row in test], prepared.labels[test], answers, prepared.classes)
