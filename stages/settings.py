"""Check all of `params.yaml`, and write what each stage takes of it into a file that changes only when that does.

`params` in `dvc.yaml` would do the same, but DVC reads the whole file anew for each of some fifty stages that have them
(docs/decisions/settings.md).
"""

import json
from collections.abc import Iterator

from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.models.common import registry
from stages import SETTINGS, lookup, run

SPLIT = ("classes", "clean", "split", "sample_size", "undersample")
PREPARE = ("image_size", "channels", "resample", "precision", "augment.flip")
AUTOENCODE = ("epochs", "batch_size", "training")
SCENES = ("channels", "resample", "scenes.shares.cut", "scenes.cutter_steps")


def main() -> None:
    params, values = config.load(), config.read()
    for name in params.datasets:
        catalogue.find(name)
    for name, experiment in params.experiments.items():
        registry.check(name, experiment)
    with files.write_aside(SETTINGS) as folder:
        for stage, name, keys in taken(params):
            told = {key: lookup(values, key) for key in keys}
            text = json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False)  # in another order it is the same
            files.write_text(folder / stage / f"{name}.json", f"{text}\n")


def taken(params: config.Params) -> Iterator[tuple[str, str, list[str]]]:
    """Yield every stage that takes parameters, what it is run for, and their keys."""
    for name in params.datasets:
        yield "download", name, ["seed", f"datasets.{name}"]
    for name in params.weights:
        yield "weights", name, [f"weights.{name}"]
    for name in params.hands:
        yield "hands", name, ["seed", f"hands.{name}"]
    for name, experiment in params.experiments.items():
        section = f"experiments.{name}"
        yield "split", name, ["seed", *(f"{section}.{key}" for key in SPLIT)]
        yield "prepare", name, ["seed", *(f"{section}.{key}" for key in PREPARE)]
        if experiment.trains_on == "codes":
            yield "autoencode", name, ["seed", *(f"{section}.{key}" for key in AUTOENCODE)]
        if experiment.scenes:
            yield "scenes", name, ["seed", *(f"{section}.{key}" for key in SCENES)]
        yield "train", name, ["seed", section]


if __name__ == "__main__":
    run(main)
