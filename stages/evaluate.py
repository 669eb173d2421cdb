"""Let a trained model name its test images, once; metrics, reports and plots are computed from that table.

Of networks that were trained with further seeds it is said how well they did, and no more.
"""

import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.evaluation import metrics
from fingerspell.evaluation.predictions import Predictions
from fingerspell.images import decode, to_array
from fingerspell.models.common import saved
from fingerspell.plots import augmentation, codes, confusion, history, per_class, sheets, style
from fingerspell.preparation import Prepared
from fingerspell.progress import progress
from fingerspell.training.history import read_history
from stages import run

BATCH = 64
SHOWN = 128  # pixels: side of an image on a sheet
AUGMENTED = 4  # training images whose random changes are shown


def main(name: str) -> None:
    description, predict = saved.load(Path("models") / name)
    prepared = Prepared.open(Path("data/prepared") / name)
    if list(prepared.classes) != description["classes"]:
        raise FingerspellError(f"models/{name} knows other classes than data/prepared/{name}; run `dvc repro`")
    path = Path(f"data/predictions/{name}.csv")
    _predict(prepared, predict).write(path)
    predictions = Predictions.read(path)
    seeds = [metrics.compute(predictions)]
    for seed in description["seeds"][1:]:
        _, predict = saved.load(Path("models") / name, seed)
        seeds.append(metrics.compute(_predict(prepared, predict)))
    _report(name, description, predictions, seeds, _seen(name, description, prepared))


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


def _seen(name: str, description: dict, prepared: Prepared) -> dict[str, Figure]:
    """Draw what the model saw of its images: their random changes, what was composed of them, or their codes."""
    images, labels, figures = prepared.array("images"), [prepared.classes[k] for k in prepared.labels], {}
    changes = config.Augmentation(**description["augment"])
    composed = Path("models") / name / "compositions.npz"
    if composed.exists():
        with np.load(composed) as shown:
            figures["augmented"] = sheets.contact_sheet(
                shown["images"],
                [prepared.classes[k] for k in shown["labels"]],
                columns=12,
                title=f"{name}: what training saw first: drawn hands, hands cut out, photographs as they are",
            )
    elif description["scenes"] is None and any(amount for _, amount in changes):
        rows = _spread(prepared.rows("train"), AUGMENTED)
        figures["augmented"] = augmentation.augmentation_sheet(
            images[rows], [labels[row] for row in rows], changes, title=f"{name}: augmentation"
        )
    if (Path("models") / name / "reconstructions.npz").exists():
        rows = _spread(prepared.rows("test"), codes.POINTS)
        points = codes.embed(saved.encode(Path("models") / name, images[rows]), description["seeds"][0])
        letters = dict(zip(description["classes"], description["letters"]))
        figures["manifold"] = codes.manifold(points, [labels[row] for row in rows], letters, f"{name}: codes")
        with np.load(Path("models") / name / "reconstructions.npz") as shown:
            rows, restored = shown["rows"], shown["restored"]
        figures["reconstructions"] = codes.reconstructions(
            images[rows], restored, [labels[row] for row in rows], f"{name}: reconstructions"
        )
    return figures


def _spread(rows: np.ndarray, count: int) -> np.ndarray:
    """Return `count` of the rows, evenly spread over all, or all of them if there are no more."""
    return rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]


def _report(name: str, description: dict, predictions: Predictions, seeds: list[dict], seen: dict[str, Figure]) -> None:
    letters = dict(zip(description["classes"], description["letters"]))
    epochs = read_history(Path("models") / name / "history.csv")
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
