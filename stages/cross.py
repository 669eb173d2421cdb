"""Ask one trained model about every set of its alphabet: what it has learnt from, and what others collected."""

import json
from pathlib import Path

from stages.environment import choose_kernels
from stages.places import PUBLISHED
from stages.runner import run

from fingerspell import config, files
from fingerspell.datasets.class_folders import open_set
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.evidence import cross
from fingerspell.external import asking, photographs
from fingerspell.splits import manifest

RAW = Path("data/raw")


def main(name: str) -> None:
    params = config.load()
    experiment, most, seed = params.experiment(name), params.evidence.images, params.seed
    choose_kernels(experiment.precision)
    learnt = catalogue.held(RAW / experiment.dataset)
    test = {one.member for one in manifest.read(Path(f"data/splits/{name}.csv")) if one.split == "test"}
    # The alphabet of photographs is that of the experiment for which params.yaml names them.
    paths = [
        one.path
        for one in params.external.values()
        if catalogue.held(RAW / params.experiment(one.experiment).dataset).alphabet == learnt.alphabet
    ]
    there = [catalogue.find(name) for name in json.loads(PUBLISHED.read_text(encoding="utf-8"))]
    sets = []
    with asking.opened(Path("models") / name) as (description, predict):
        for title, holder in cross.collections(learnt, there).items():
            raw, own = RAW / holder.name, holder is learnt
            kind = json.loads((raw / "source.json").read_text(encoding="utf-8"))["source"]
            with Archive(raw / holder.archive) as images:
                known = cross.labelled(images.names, title, holder, description, test if own else None)
                found = cross.measure(images, cross.draw(known, most, seed), description, predict)
            sets.append({"set": title, "kind": kind, "own": own} | found)
        for title, path in cross.photograph_sets(paths).items():
            with open_set(path) as images:
                known, _ = photographs.labelled(images, description)
                found = cross.measure(images, cross.draw(known, most, seed), description, predict)
            sets.append({"set": title, "kind": "external", "own": False} | found)
    row = {"experiment": name, "alphabet": learnt.alphabet, "sets": sets}
    files.write_json(Path(f"metrics/cross/{name}.json"), row)


if __name__ == "__main__":
    run(main)
