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
from fingerspell.models.common.saved import read_description, whole_model
from fingerspell.plots import confusion, style
from fingerspell.plots import experiment as pictures
from fingerspell.splits import manifest


def main(name: str) -> None:
    model = Path("models") / name
    with whole_model(model):
        description = read_description(model)
        epochs = files.read_csv(model / "history.csv")
    predictions = Predictions.read(Path(f"data/predictions/{name}.csv"))
    further = [Predictions.read(model / further_file(seed)) for seed in description["seeds"][1:]]
    over_bursts = metrics.over_bursts(predictions, manifest.bursts(Path(f"data/splits/{name}.csv")))
    raw = Path("data/raw") / description["dataset"]
    dataset = catalogue.held(raw)
    with Archive(raw / dataset.archive) as archive:
        figures = pictures.kept(model, description) | pictures.figures(description, predictions, epochs, archive)
    rows = metrics.report(predictions)
    with files.write_aside(Path("plots") / name) as folder:
        folder.mkdir()
        letters = dict(zip(description["classes"], description["letters"]))
        files.write_text(folder / "report.csv", metrics.report_csv(rows))
        files.write_text(folder / "report.md", metrics.report_markdown(rows, letters))
        files.write_json(folder / "metrics.json", metrics.details(predictions, further) | over_bursts)
        if further:
            seeds = zip(description["seeds"], (predictions, *further))
            files.write_csv(folder / "seeds.csv", [{"seed": seed} | metrics.compute(one) for seed, one in seeds])
        for file, figure in figures.items():
            style.save(figure, folder / f"{file}.png")
    # Not inside that folder: DVC draws these directories, and no output may lie inside another.
    files.write_text(Path(f"plots/confusion/{name}.csv"), confusion.confusion_table(predictions))
    files.write_csv(Path(f"plots/history/{name}.csv"), epochs)
    known = [{"class": row.name, "f1": row.f1} for row in rows if row.name in letters and row.f1 is not None]
    files.write_csv(Path(f"plots/f1/{name}.csv"), known)
    leaks = json.loads(Path(f"data/splits/{name}.json").read_text(encoding="utf-8"))["leakage"]
    source = json.loads((raw / "source.json").read_text(encoding="utf-8"))["source"]
    leakage = {f"leakage_{by}": share for by, share in leaks.items()}
    files.write_json(Path(f"metrics/{name}.json"), metrics.compute(predictions) | leakage | {"source": source})


if __name__ == "__main__":
    run(main)
