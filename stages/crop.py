"""Turn the hands that one experiment's reader learns from into rows: found ones, drawn ones, and joints alone."""

from pathlib import Path

from stages.runner import run

from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.preparation import crops
from fingerspell.preparation.prepared import Prepared


def main(name: str) -> None:
    params = config.load()
    settings = params.crop(name)
    prepared, dataset = Prepared.open(Path("data/prepared") / name), catalogue.held(Path("data/raw") / settings.dataset)
    archive = Path("data/raw") / dataset.name / dataset.archive
    landmarks = Path("data/landmarks") / dataset.name
    drawn = Path("data/hands") / settings.hands if settings.hands != "none" else None
    with files.write_aside(Path("data/crops") / name) as folder:
        folder.mkdir()
        crops.write(prepared, archive, landmarks, drawn, settings, params.seed, folder)


if __name__ == "__main__":
    run(main)
