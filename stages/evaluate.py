"""Compute metrics, reports and plots from what a trained model said about its test images, and from what it kept.

Of networks that were trained with further seeds it is said how well they did, and no more.
"""

import json
from pathlib import Path

from stages.runner import run

from fingerspell import files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.evaluation import metrics
from fingerspell.evaluation.predictions import Predictions, further_file
from fingerspell.models.common.saved import whole_model
from fingerspell.plots import confusion, style
from fingerspell.plots import experiment as pictures


def main(name: str) -> None:
    model = Path("models") / name
    with whole_model(model):
        description = json.loads((model / "model.json").read_text(encoding="utf-8"))
        epochs = files.read_csv(model / "history.csv")
    predictions = Predictions.read(Path(f"data/predictions/{name}.csv"))
    further = [Predictions.read(model / further_file(seed)) for seed in description["seeds"][1:]]
    dataset = catalogue.find(description["dataset"])
    raw = Path("data/raw") / dataset.name
    with Archive(raw / dataset.archive) as archive:
        figures = pictures.kept(model, description) | pictures.figures(description, predictions, epochs, archive)
    rows = metrics.report(predictions)
    with files.write_aside(Path("plots") / name) as folder:
        folder.mkdir()
        letters = dict(zip(description["classes"], description["letters"]))
        files.write_text(folder / "report.csv", metrics.report_csv(rows))
        files.write_text(folder / "report.md", metrics.report_markdown(rows, letters))
        files.write_json(folder / "metrics.json", metrics.details(predictions, further))
        if further:
            seeds = zip(description["seeds"], (predictions, *further))
            files.write_csv(folder / "seeds.csv", [{"seed": seed} | metrics.compute(one) for seed, one in seeds])
        for file, figure in figures.items():
            style.save(figure, folder / f"{file}.png")
    # Not inside that folder: DVC draws these two directories, and no output may lie inside another.
    files.write_text(Path(f"plots/confusion/{name}.csv"), confusion.confusion_table(predictions))
    files.write_csv(Path(f"plots/history/{name}.csv"), epochs)
    leaks = json.loads(Path(f"data/splits/{name}.json").read_text(encoding="utf-8"))["leakage"]
    source = json.loads((raw / "source.json").read_text(encoding="utf-8"))["source"]
    leakage = {f"leakage_{by}": share for by, share in leaks.items()}
    files.write_json(Path(f"metrics/{name}.json"), metrics.compute(predictions) | leakage | {"source": source})


if __name__ == "__main__":
    run(main)
