"""Set all experiments side by side, and test in pairs those that named the same images."""

import json
from pathlib import Path
from typing import Any

from stages.runner import run

from fingerspell import config, files
from fingerspell.evaluation import compare, differences
from fingerspell.evaluation.predictions import Predictions
from fingerspell.evidence import matrix
from fingerspell.plots import calibration, comparison, cross, external, leakage, robustness, style
from fingerspell.splits import manifest


def main() -> None:
    params = config.load()
    predictions = {name: Predictions.read(Path(f"data/predictions/{name}.csv")) for name in params.experiments}
    measured = {name: _json(f"metrics/{name}.json") for name in params.experiments}
    about = {
        name: {"dataset": one.dataset, "split": one.split.method, "model": one.model}
        | {"source": measured[name]["source"], "leakage": measured[name]["leakage_pixels"]}
        | _json(f"plots/{name}/metrics.json")
        for name, one in params.experiments.items()
    }
    rows = compare.table(predictions, about)
    pairs = compare.paired_tests(predictions)
    asked = [(first, second) for first, second in params.evidence.comparisons]
    bursts = {name: manifest.bursts(Path(f"data/splits/{name}.csv")) for pair in asked for name in pair}
    answers = differences.differences(asked, predictions, bursts)
    across = [_json(f"metrics/cross/{name}.json") for name in params.experiments]
    # All that an experiment is but how its images are chosen for the splits, as text
    trainings = {name: one.model_dump_json(exclude={"split", "clean"}) for name, one in params.experiments.items()}
    with files.write_aside(Path("plots/comparison")) as folder:
        folder.mkdir()
        files.write_text(folder / "experiments.md", compare.table_markdown(rows))
        files.write_text(folder / "experiments.csv", compare.table_csv(rows))
        files.write_text(folder / "pairs.md", compare.paired_tests_markdown(pairs))
        files.write_text(folder / "pairs.csv", compare.paired_tests_csv(pairs))
        files.write_text(folder / "sentences.md", differences.markdown(answers))
        files.write_text(folder / "sentences.csv", differences.csv(answers))
        files.write_text(folder / "cross.md", matrix.markdown(across))
        files.write_csv(folder / "cross.csv", matrix.lines(across))
        style.save(cross.matrix(across), folder / "cross.png")
        if disturbed := [_json(f"metrics/robustness/{name}.json") for name in params.evidence.robustness]:
            files.write_text(folder / "robustness.md", robustness.markdown(disturbed))
            files.write_csv(folder / "robustness.csv", robustness.lines(disturbed))
            style.save(robustness.curves(disturbed), folder / "robustness.png")
            doubts = [_json(f"metrics/calibration/{name}.json") for name in params.evidence.robustness]
            files.write_text(folder / "calibration.md", calibration.markdown(doubts))
            files.write_csv(folder / "calibration.csv", calibration.lines(doubts))
            style.save(calibration.reliability(doubts), folder / "calibration.png")
        style.save(comparison.accuracies(rows), folder / "accuracies.png")
        style.save(leakage.protocols(rows, trainings), folder / "leakage.png")
        if params.external:
            found = {name: _json(f"metrics/external/{name}.json") for name in params.external}
            own = {name: measured[one.experiment] for name, one in params.external.items()}
            figure = external.own_and_out_of_domain(own, found, "Accuracy on photographs that no dataset holds")
            style.save(figure, folder / "external.png")


def _json(path: str) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return held


if __name__ == "__main__":
    run(main)
