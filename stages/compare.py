"""Set all experiments side by side, and test in pairs those that named the same images."""

import json
from pathlib import Path

from fingerspell import config, files
from fingerspell.evaluation import compare
from fingerspell.evaluation.predictions import Predictions
from fingerspell.plots import comparison, leakage, style
from stages import run


def main() -> None:
    params = config.load()
    predictions = {name: Predictions.read(Path(f"data/predictions/{name}.csv")) for name in params.experiments}
    about = {
        name: {"dataset": one.dataset, "split": one.split.method, "model": one.model} | _measured(name)
        for name, one in params.experiments.items()
    }
    rows = compare.table(predictions, about)
    pairs = compare.paired_tests(predictions)
    with files.write_aside(Path("plots/comparison")) as folder:
        folder.mkdir()
        files.write_text(folder / "experiments.md", compare.table_markdown(rows))
        files.write_text(folder / "experiments.csv", compare.table_csv(rows))
        files.write_text(folder / "pairs.md", compare.paired_tests_markdown(pairs))
        files.write_text(folder / "pairs.csv", compare.paired_tests_csv(pairs))
        style.save(comparison.accuracies(rows), folder / "accuracies.png")
        style.save(leakage.protocols(rows, _trainings(params)), folder / "leakage.png")


def _trainings(params: config.Params) -> dict[str, str]:
    """Return all that an experiment is but how its images are chosen for the parts, as text."""
    return {name: one.model_dump_json(exclude={"split", "clean"}) for name, one in params.experiments.items()}


def _measured(name: str) -> dict[str, float]:
    """Return what the table of predictions does not tell: leakage, and how far seeds differ."""
    measured = json.loads(Path(f"metrics/{name}.json").read_text(encoding="utf-8"))
    return {"leakage": measured["leakage_pixels"]} | {key: measured.get(key) for key in compare.SEEDS}


if __name__ == "__main__":
    run(main)
