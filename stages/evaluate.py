"""Compute metrics, reports and plots from what a trained model said about its test images, and from what it kept.

Of networks that were trained with further seeds it is said how well they did, and no more.
"""

import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import whole_model
from fingerspell.evaluation import metrics
from fingerspell.evaluation.predictions import Predictions, further_file
from fingerspell.images import decode, to_array
from fingerspell.plots import augmentation, codes, confusion, history, per_class, sheets, style
from stages import run

SHOWN = 128  # pixels: side of an image on a sheet
COMPOSED_OF = {"rendered": "drawn hands", "cut": "hands cut out", "photographs": "photographs as they are"}


def main(name: str) -> None:
    model = Path("models") / name
    with whole_model(model):
        description = json.loads((model / "model.json").read_text(encoding="utf-8"))
        epochs = files.read_csv(model / "history.csv")
    predictions = Predictions.read(Path(f"data/predictions/{name}.csv"))
    further = [Predictions.read(model / further_file(seed)) for seed in description["seeds"][1:]]
    seeds = [metrics.compute(one) for one in (predictions, *further)]
    _report(name, description, predictions, seeds, epochs, _kept(name, description))


def _kept(name: str, description: dict) -> dict[str, Figure]:
    """Draw what was kept with the model: images that training saw, or codes and what they give back."""
    model, classes, figures = Path("models") / name, description["classes"], {}
    if (model / "seen.npz").exists():
        images, labels = _load(model / "seen.npz", classes, "images")
        if description["scenes"]:
            sources = ", ".join(words for kind, words in COMPOSED_OF.items() if description["scenes"]["shares"][kind])
            title = f"{name}: what training saw first: {sources}"
            figures["augmented"] = sheets.contact_sheet(images, labels, columns=12, title=title)
        else:
            changes = config.Augmentation(**description["augment"])
            figures["augmented"] = augmentation.augmentation_sheet(
                images, labels, changes, title=f"{name}: augmentation"
            )
    if (model / "codes.npz").exists():
        found, labels = _load(model / "codes.npz", classes, "codes")
        points, letters = codes.embed(found, description["seeds"][0]), dict(zip(classes, description["letters"]))
        figures["manifold"] = codes.manifold(points, labels, letters, f"{name}: codes")
        originals, restored, labels = _load(model / "reconstructions.npz", classes, "originals", "restored")
        figures["reconstructions"] = codes.reconstructions(originals, restored, labels, f"{name}: reconstructions")
    return figures


def _load(path: Path, classes: list[str], *names: str) -> tuple:
    """Return arrays of a file by name, and at last its labels as classes."""
    with whole_model(path.parent), np.load(path) as kept:
        return *(kept[name] for name in names), [classes[label] for label in kept["labels"]]


def _report(
    name: str,
    description: dict,
    predictions: Predictions,
    seeds: list[dict],
    epochs: list[dict],
    seen: dict[str, Figure],
) -> None:
    letters = dict(zip(description["classes"], description["letters"]))
    rows = metrics.report(predictions)
    leaks = json.loads(Path(f"data/splits/{name}.json").read_text(encoding="utf-8"))["leakage"]
    several = metrics.over_seeds([one["accuracy"] for one in seeds]) if len(seeds) > 1 else {}
    files.write_json(
        Path(f"metrics/{name}.json"),
        seeds[0] | several | {f"leakage_{by}": share for by, share in leaks.items()},
    )
    with files.write_aside(Path("plots") / name) as folder:
        folder.mkdir()
        files.write_text(folder / "report.csv", metrics.report_csv(rows))
        files.write_text(folder / "report.md", metrics.report_markdown(rows, letters))
        files.write_text(folder / "confusion.csv", confusion.confusion_table(predictions))
        files.write_csv(folder / "history.csv", epochs)
        if several:
            numbered = [{"seed": seed} | row for seed, row in zip(description["seeds"], seeds)]
            files.write_csv(folder / "seeds.csv", numbered)
        shown, wrong = sheets.examples(predictions), sheets.mistakes(predictions)
        figures = seen | {
            "confusion": confusion.confusion_matrix(predictions, letters, title=name),
            "learning": history.learning_curves(epochs, title=name),
            "f1": per_class.f1_per_class(rows, letters, title=name),
            "predictions": sheets.prediction_sheet(
                _pictures(description, predictions, shown), predictions, shown, title=name
            ),
            "mistakes": sheets.mistakes_sheet(
                _pictures(description, predictions, wrong), predictions, wrong, title=f"{name}: mistakes"
            ),
        }
        for file, figure in figures.items():
            style.save(figure, folder / f"{file}.png")


def _pictures(description: dict, predictions: Predictions, rows: list[int]) -> list[np.ndarray]:
    """Return the images of these rows as they were published, not as the model saw them."""
    dataset = catalogue.find(description["dataset"])
    with Archive(Path("data/raw") / dataset.name / dataset.archive) as archive:
        return [
            to_array(decode(archive.read(predictions.members[row])), SHOWN, description["channels"]) for row in rows
        ]


if __name__ == "__main__":
    run(main)
