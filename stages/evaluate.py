"""Let a trained model name its test images, once; metrics, reports and plots are computed from that table."""

import json
from pathlib import Path

import numpy as np

from fingerspell import files, saved, training
from fingerspell.datasets import catalogue
from fingerspell.datasets.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.evaluation import metrics
from fingerspell.evaluation.predictions import Predictions
from fingerspell.images import decode, to_array
from fingerspell.plots import confusion, history, per_class, sheets, style
from fingerspell.preparation import Prepared
from fingerspell.progress import progress
from stages import run

BATCH = 64
SHOWN = 128  # pixels: side of an image on a sheet


def main(name: str) -> None:
    description, predict = saved.load(Path("models") / name)
    prepared = Prepared.open(Path("data/prepared") / name)
    if list(prepared.classes) != description["classes"]:
        raise FingerspellError(f"models/{name} knows other classes than data/prepared/{name}; run `dvc repro`")
    path = Path(f"data/predictions/{name}.csv")
    _predict(prepared, predict).write(path)
    _report(name, description, Predictions.read(path))


def _predict(prepared: Prepared, predict) -> Predictions:
    images, rows = prepared.array("images"), prepared.rows("test")
    starts = range(0, len(rows), BATCH)
    batches = (rows[start : start + BATCH] for start in starts)
    found = [predict(images[batch]) for batch in progress(batches, len(starts), "predicting", "batches")]
    return Predictions(
        [prepared.members[row] for row in rows],
        prepared.labels[rows],
        np.concatenate(found),
        prepared.classes,
    )


def _report(name: str, description: dict, predictions: Predictions) -> None:
    letters = dict(zip(description["classes"], description["letters"]))
    epochs = training.read_history(Path("models") / name / "history.csv")
    rows = metrics.report(predictions)
    leaks = json.loads(Path(f"data/splits/{name}.json").read_text(encoding="utf-8"))["leakage"]
    files.write_json(
        Path(f"metrics/{name}.json"),
        metrics.compute(predictions) | {f"leakage_{by}": share for by, share in leaks.items()},
    )
    with files.write_aside(Path("plots") / name) as folder:
        folder.mkdir()
        files.write_text(folder / "report.csv", metrics.report_csv(rows))
        files.write_text(folder / "report.md", metrics.report_markdown(rows, letters))
        files.write_text(folder / "confusion.csv", confusion.confusion_table(predictions))
        training.write_history(folder / "history.csv", epochs)
        shown, wrong = sheets.examples(predictions), sheets.mistakes(predictions)
        figures = {
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
