"""Collect what a run of the whole study left, and bring the tables and pictures of README.md and docs/ up to date.

    python -m benchmarks.study              what the documents show, from files that are kept
    python -m benchmarks.study FOLDER [NAME …]
                                            before that docs/results/original.json, from a repository in which the
                                            original archives were run: all that was found there anew, or these
                                            experiments and audits of datasets alone, the others as they stand

Seconds and peak memory come from the `logs/` of that repository.
"""

import os
import platform
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import chdir
from pathlib import Path

from benchmarks import documents, originals, own_signs, performance, reader, report, scale
from benchmarks.machine import processor
from benchmarks.originals import ORIGINAL, read
from fingerspell import config, files
from fingerspell.audit import table
from fingerspell.plots import style


def main(folder: str | None = None, *names: str) -> None:
    if folder:
        found = _collect(Path(folder), names)
        files.write_json(ORIGINAL, _merged(read(ORIGINAL), found, names) if names else found)
        if not names or "arasl_resnet" in names:
            shutil.copy(
                Path(folder) / "plots/arasl_resnet/confusion.png", ORIGINAL.parent / "arasl_resnet-confusion.png"
            )
    for path, figure in (originals.pictures() | performance.pictures()).items():
        style.save(figure, path)
    parts = (originals, reader, report, own_signs, performance, scale)
    documents.write({place: block for part in parts for place, block in part.blocks().items()})


def _collect(folder: Path, names: tuple[str, ...]) -> dict:
    """Gather metrics, costs and circumstances of the experiments that a run finished, and what audits of originals
    found; or of those that are named.

    `folder` is the repository of the run.
    """
    with chdir(folder):  # external sets lie where they do from there
        params = config.load()
    for name in names:
        if name not in params.datasets:
            params.experiment(name)  # an unknown one is told at once
    logs = _read_all(folder / "logs")
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()}, Python {platform.python_version()}",
    }
    experiments = {}
    for name, experiment in params.experiments.items():
        if name not in names if names else not (folder / f"metrics/{name}.json").exists():
            continue
        model = read(folder / f"models/{name}/model.json")
        experiments[name] = {
            "source": params.datasets[experiment.dataset].source,
            "settings": experiment.model_dump(),
            "sections": {key: one.model_dump() for key, one in originals.sections(params, name).items()},
            "images": model["images"],
            "metrics": read(folder / f"metrics/{name}.json") | read(folder / f"plots/{name}/metrics.json"),
            "search": model.get("search"),
            "machine": machine | {"packages": model["packages"]},
        }
    return {
        "stages": logs,
        "experiments": experiments,
        "audit": {
            name: _audit(path)
            for name, one in params.datasets.items()
            if (not names or name in names)
            and one.source == "original"
            and (path := folder / "data/audit" / name).with_suffix(".json").exists()
        },
        "external": {
            key: {"experiment": one.experiment, "set": Path(one.path).stem} | read(file)
            for key, one in params.external.items()
            if (file := folder / f"metrics/external/{key}.json").exists()
        },
    }


def _audit(path: Path) -> dict:
    """Return the numbers of an audit; how many images are of each size, mode and format; and how many pairs of
    pixel-identical images are under each two labels."""
    rows = [row for row in table.read(path.with_suffix(".csv")) if not row.error]
    found = table.read_findings(path.with_name(f"{path.name}-findings.csv"))
    return read(path.with_suffix(".json")) | {
        "of_size": _counted(f"{row.width}×{row.height} {row.mode} {row.format}" for row in rows),
        "of_two_labels": _counted(one.detail for one in found if one.kind == "two labels"),
    }


def _counted(kinds: Iterable[str]) -> dict[str, int]:
    return dict(Counter(kinds).most_common())


def _merged(run: dict, found: dict, names: tuple[str, ...]) -> dict:
    """Return `run` with these experiments and audits as they were found, their stages, and the figures of these
    experiments on external sets."""
    experiments = found["experiments"]
    sections = {key for one in experiments.values() for key in one["sections"]}
    external = {key: one for key, one in found["external"].items() if one["experiment"] in names}
    ran = {*names, *external, *(key.partition(".")[2] for key in sections)}
    return run | {
        "stages": run["stages"]
        | {stage: cost for stage, cost in found["stages"].items() if stage.partition("-")[2] in ran},
        "experiments": run["experiments"] | experiments,
        "audit": run["audit"] | found["audit"],
        "external": {key: one for key, one in run["external"].items() if one["experiment"] not in names} | external,
    }


def _read_all(folder: Path) -> dict:
    return {path.stem: read(path) for path in sorted(folder.glob("*.json"))}


if __name__ == "__main__":
    main(*sys.argv[1:])
