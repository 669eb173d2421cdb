"""Find the signing hand in every image of one dataset, once."""

import shutil
from pathlib import Path

from stages.places import CHECKPOINTS
from stages.runner import run

from fingerspell import files
from fingerspell.datasets.published import catalogue
from fingerspell.hands import landmarks


def main(name: str) -> None:
    dataset, checkpoints = catalogue.held(Path("data/raw") / name), CHECKPOINTS / "landmarks" / name
    archive = Path("data/raw") / name / dataset.archive
    with files.write_aside(Path("data/landmarks") / name) as folder:
        folder.mkdir()
        rows = landmarks.write(dataset, archive, folder, checkpoints)
        summary, truth = landmarks.summary(rows), archive.with_name("hands.csv")
        if truth.exists():
            summary["drawn"] = landmarks.against_truth(rows, landmarks.Landmarks.open(folder).points, truth)
    # No metrics in DVC's sense: their columns would stand between those of the experiments.
    files.write_json(Path(f"metrics/landmarks/{name}.json"), summary)
    shutil.rmtree(checkpoints)


if __name__ == "__main__":
    run(main)
