"""Refuse an experiment, or a set of photographs, that names what is not there, before DVC looks for it by that name."""

from pathlib import Path

from stages.runner import run

from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.models.common import registry


def main(name: str) -> None:
    params = config.load()
    for dataset, settings in params.datasets.items():
        if settings.source != "own":
            catalogue.find(dataset)
    if name in params.experiments:
        registry.check(name, params)
    # Always the same: who depends on it waits for it, and does not run again because of it.
    files.write_text(Path(f"data/checked/{name}"), "checked\n")


if __name__ == "__main__":
    run(main)
