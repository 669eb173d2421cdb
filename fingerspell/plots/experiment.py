"""All pictures of one experiment, from what its model said and what was kept with it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fingerspell import config
from fingerspell.datasets.published.archive import Archive
from fingerspell.evaluation import metrics
from fingerspell.evaluation.predictions import Predictions
from fingerspell.images import decode, to_array
from fingerspell.models.common.saved import whole_model
from fingerspell.plots import augmentation, codes, confusion, history, per_class, sheets
from fingerspell.plots import predictions as judged

SHOWN = 128  # pixels: side of an image on a sheet
COMPOSED_OF = {"rendered": "drawn hands", "cut": "hands cut out", "photographs": "photographs as they are"}


def figures(
    description: Mapping[str, Any],
    predictions: Predictions,
    epochs: Sequence[Mapping[str, str]],
    archive: Archive,
) -> dict[str, Figure]:
    """Return the pictures of an evaluation by the name of their file.

    description: the model's `model.json`. epochs: its history. archive: that of the test images, which are shown as
    they were published, not as the model saw them.
    """
    name, letters = description["experiment"], dict(zip(description["classes"], description["letters"]))
    shown, wrong = judged.examples(predictions), judged.mistakes(predictions)

    def pictures(rows: Sequence[int]) -> list[np.ndarray]:
        members = [predictions.members[row] for row in rows]
        return [to_array(decode(archive.read(member)), SHOWN, description["channels"]) for member in members]

    return {
        "confusion": confusion.confusion_matrix(predictions, letters, title=name),
        "learning": history.learning_curves(epochs, title=name),
        "f1": per_class.f1_per_class(metrics.report(predictions), letters, title=name),
        "predictions": judged.prediction_sheet(pictures(shown), predictions, shown, title=name),
        "mistakes": judged.mistakes_sheet(pictures(wrong), predictions, wrong, title=f"{name}: mistakes"),
    }


def kept(model: Path, description: Mapping[str, Any]) -> dict[str, Figure]:
    """Return pictures of what was kept with a model: images that training saw, or codes and what they give back."""
    name, classes, found = description["experiment"], description["classes"], {}
    if (model / "seen.npz").exists():
        images, labels = _load(model / "seen.npz", classes, "images")
        if composition := description["composition"]:
            sources = ", ".join(words for kind, words in COMPOSED_OF.items() if composition["shares"][kind])
            title = f"{name}: what training saw first: {sources}"
            found["augmented"] = sheets.contact_sheet(images, labels, columns=12, title=title)
        else:
            changes = config.Augmentation(**description["augment"])
            title = f"{name}: augmentation"
            found["augmented"] = augmentation.augmentation_sheet(images, labels, changes, title=title)
    if (model / "codes.npz").exists():
        points, labels = _load(model / "codes.npz", classes, "codes")
        places, letters = codes.embed(points, description["seeds"][0]), dict(zip(classes, description["letters"]))
        found["manifold"] = codes.manifold(places, labels, letters, f"{name}: codes")
        originals, restored, labels = _load(model / "reconstructions.npz", classes, "originals", "restored")
        found["reconstructions"] = codes.reconstructions(originals, restored, labels, f"{name}: reconstructions")
    return found


def _load(path: Path, classes: Sequence[str], *names: str) -> tuple[Any, ...]:
    """Return arrays of a file by name, and at last its labels as classes."""
    with whole_model(path.parent), np.load(path) as held:
        return *(held[name] for name in names), [classes[label] for label in held["labels"]]
