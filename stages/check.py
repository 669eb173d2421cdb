"""Check all of `params.yaml` at once; `make repro` begins with it, and it is no stage of `dvc.yaml`."""

from fingerspell import config
from fingerspell.datasets.published import catalogue
from fingerspell.models.common import registry
from stages import run


def main() -> None:
    params = config.load()
    for name in params.datasets:
        catalogue.find(name)
    for name, experiment in params.experiments.items():
        registry.check(name, experiment)


if __name__ == "__main__":
    run(main)
