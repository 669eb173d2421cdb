"""Show where a trained network looks: in its test images, in scenes of which the hand is known, and in its mistakes.

It is asked about every picture as it is, once, even where the experiment averages several looks.
"""

import os
from pathlib import Path
from typing import Any

from stages.runner import run

import numpy as np
from matplotlib.figure import Figure

from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.evaluation.predictions import Predictions, in_batches
from fingerspell.evidence import explanation
from fingerspell.evidence.gradcam import GradCAM
from fingerspell.evidence.nearest import nearest
from fingerspell.plots import explanations as plots
from fingerspell.plots import style
from fingerspell.preparation.prepared import Prepared

SHOWN, COMPARED = 12, 10  # on a sheet, at most


def main(name: str) -> None:
    os.environ["KERAS_BACKEND"] = "tensorflow"  # whose gradients are asked for; weights of any backend are its too
    params = config.load()
    description, network = explanation.opened(Path("models") / name, params)
    hands = Path("data/hands") / catalogue.held(Path("data/raw") / description["dataset"]).alphabet
    scenes = explanation.compose(hands, description, params.evidence.images, params.seed)
    figures = _of_test_images(name, network, Prepared.open(Path("data/prepared") / name), params.seed)
    untrained = explanation.untrained(description, params.seed)
    found, figures["scenes"] = _of_scenes(network, untrained, scenes, description)
    with files.write_aside(Path("plots/explanations") / name) as folder:
        folder.mkdir()
        for file, figure in figures.items():
            style.save(figure, folder / f"{file}.png")
    files.write_json(Path(f"metrics/explanations/{name}.json"), found)


def _of_test_images(name: str, network: GradCAM, prepared: Prepared, seed: int) -> dict[str, Figure]:
    images, test, found = prepared.array("images"), prepared.rows("test"), {}
    answers = in_batches(network.probabilities, images, test)
    table = Predictions([prepared.members[row] for row in test], prepared.labels[test], answers, prepared.classes)
    for kind in ("right", "wrong"):
        rows = explanation.some(np.flatnonzero(table.correct == (kind == "right")), SHOWN, seed)
        title, note = f"{name}: what spoke for {kind} answers", plots.which(rows, table, kind == "right", plots.MEANING)
        shown = images[test[rows]]
        found[kind] = plots.sheet(shown, plots.heated(network.maps(shown)), table, rows, title, note)
    rows, near, cosines = rows[:COMPARED], rows[:0], np.empty(0)
    if len(rows):
        features = network.features(images[test[rows]])
        near, cosines = nearest(features, lambda part: network.features(images[part]), prepared.rows("train"))
    about = [f"{prepared.classes[prepared.labels[row]]} {cosine:.3f}" for row, cosine in zip(near, cosines)]
    note = "Beside each the training image that is most like it to the network, its class, and the cosine of both."
    title, note = f"{name}: mistakes, and what is nearest to them", plots.which(rows, table, False, note)
    found["nearest"] = plots.sheet(images[test[rows]], images[near], table, rows, title, note, about)
    return found


def _of_scenes(
    network: GradCAM, untrained: GradCAM, scenes: explanation.Scenes, description: dict[str, Any]
) -> tuple[dict[str, Any], Figure]:
    name, rows = description["experiment"], np.arange(len(scenes.labels))
    asked = (network.probabilities, network.maps, untrained.maps)
    answers, maps, without_training = (in_batches(ask, scenes.images, rows) for ask in asked)
    table = Predictions([f"scene {row}" for row in rows], scenes.labels, answers, tuple(description["classes"]))
    found = explanation.measure(name, scenes, maps, without_training, table.correct)
    shown, rows = scenes.images[:SHOWN], rows[:SHOWN]
    about = [f"{share:.0%} on hand" for share in explanation.on_hand(maps[:SHOWN], scenes.hands[:SHOWN])]
    title, note = f"{name}: does it look at the hand?", plots.on_hands(len(rows), len(table), found)
    return found, plots.sheet(shown, plots.heated(maps[:SHOWN]), table, rows, title, note, about, scenes.hands)


if __name__ == "__main__":
    run(main)
