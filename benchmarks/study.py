"""Collect what a run of the whole study left, and bring the tables of README.md and docs/ up to date.

    python -m benchmarks.study              the README's figures, and the tables of docs/
    python -m benchmarks.study FOLDER [EXPERIMENT …]
                                            also docs/results/original.json and the tables of docs/results.md and
                                            docs/results/run.md, from a repository in which the original archives were
                                            run: all that was found there anew, or these experiments alone, the others
                                            as they stand

Seconds and peak memory come from the `logs/` of that repository.
"""

import json
import os
import platform
import shutil
import sys
from collections import defaultdict
from contextlib import chdir
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.machine import processor
from fingerspell import config, files
from fingerspell.models.common import registry
from fingerspell.plots import leakage, style

# What the five student studies reported, under the same protocol (see docs/data.md); None where they gave none.
REPORTED = {
    "asl_cnn": 0.998,
    "asl_vgg16": 0.94,
    "asl_autoencoder_forest": 0.995,
    "synthetic_vgg16": 0.54,
    "arasl_cnn": 0.94,
    "arasl_cnn_undersampled": 0.96,
}
COSTS = ("prepare", "train", "evaluate")
ORIGINAL = Path("docs/results/original.json")
READER = Path("docs/results/reader.csv")  # what each part of a reader brings
RESULTS = Path("docs/results.md")  # the figures
RUN = Path("docs/results/run.md")  # how they came about


def main(folder: str | None = None, *names: str) -> None:
    replace(Path("docs/models.md"), "models", _models_markdown())
    if folder:
        found = _collect(Path(folder), names)
        files.write_json(ORIGINAL, _merged(_read(ORIGINAL), found, names) if names else found)
        if not names or "arasl_resnet" in names:
            shutil.copy(
                Path(folder) / "plots/arasl_resnet/confusion.png", ORIGINAL.parent / "arasl_resnet-confusion.png"
            )
    run = _read(ORIGINAL)
    replace(Path("README.md"), "figures", figures_markdown(run))
    style.save(_leakage(run), ORIGINAL.parent / "comparison-leakage.png")
    replace(RUN, "machine", _machine_markdown(run))
    replace(RESULTS, "experiments", _table_markdown(run))
    replace(RESULTS, "protocols", _protocols_markdown(run))
    replace(RESULTS, "external", _external_markdown(run))
    replace(RUN, "audit", _audit_markdown(run))
    replace(RUN, "settings", _settings_markdown(run))
    replace(RUN, "stages", _costs_markdown(run))


def _collect(folder: Path, names: tuple[str, ...]) -> dict:
    """Gather metrics, costs and circumstances of the experiments that a run finished, or of those that are named.

    `folder` is the repository of the run.
    """
    with chdir(folder):  # external sets lie where they do from there
        params = config.load()
    for name in names:
        params.experiment(name)  # an unknown one is told at once
    logs = _read_all(folder / "logs")
    experiments = {}
    for name, experiment in params.experiments.items():
        if name not in names if names else not (folder / f"metrics/{name}.json").exists():
            continue
        model = _read(folder / f"models/{name}/model.json")
        experiments[name] = {
            "source": params.datasets[experiment.dataset].source,
            "settings": experiment.model_dump(),
            "sections": {key: one.model_dump() for key, one in _sections(params, name).items()},
            "images": model["images"],
            "metrics": _read(folder / f"metrics/{name}.json") | _read(folder / f"plots/{name}/metrics.json"),
            "search": model.get("search"),
        }
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()}, Python {platform.python_version()}",
        "packages": model["packages"],
    }
    return {
        "stages": logs,
        "experiments": {name: one | {"machine": machine} for name, one in experiments.items()},
        "audit": _read_all(folder / "metrics/audit"),
        "external": {
            key: {"experiment": one.experiment, "set": Path(one.path).stem} | _read(file)
            for key, one in params.external.items()
            if (file := folder / f"metrics/external/{key}.json").exists()
        },
    }


def _sections(params: config.Params, name: str) -> dict:
    """Return the sections beside its own that an experiment draws on: key -> settings."""
    weights = params.experiment(name).weights
    found = {f"autoencoders.{key}": one for key, one in params.autoencoders.items() if key == weights}
    if one := params.compositions.get(name):
        found |= {f"compositions.{name}": one, f"hands.{one.hands}": params.drawn_hands(one.hands)}
    return found


def _merged(run: dict, found: dict, names: tuple[str, ...]) -> dict:
    """Return `run` with these experiments as they were found, their stages and their figures on external sets."""
    sections = {key for name in names for key in found["experiments"][name]["sections"]}
    external = {key: one for key, one in found["external"].items() if one["experiment"] in names}
    ran = {*names, *external, *(key.partition(".")[2] for key in sections)}
    return run | {
        "stages": run["stages"]
        | {stage: cost for stage, cost in found["stages"].items() if stage.partition("-")[2] in ran},
        "experiments": run["experiments"] | {name: found["experiments"][name] for name in names},
        "external": {key: one for key, one in run["external"].items() if one["experiment"] not in names} | external,
    }


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _read_all(folder: Path) -> dict:
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def _models_markdown() -> str:
    lines = ["| `model` | what it is | parameters | reads | size |", "|---|---|--:|---|--:|"]
    for name in registry.names():
        one = registry.find(name).ARCHITECTURE
        lines.append(
            f"| `{name}` | {one.title[0].upper()}{one.title[1:]}: {one.paper} | {one.parameters:,} "
            f"| {one.input_range} | {one.recommended_size} |"
        )
    return "\n".join(lines) + "\n"


def _machine_markdown(run: dict) -> str:
    """Name every machine and what it ran."""
    ran: dict[str, list[str]] = defaultdict(list)
    for name, one in run["experiments"].items():
        machine = one["machine"]
        packages = ", ".join(f"{package} {version}" for package, version in machine["packages"].items())
        ran[
            f"{machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; "
            f"{machine['system']}; {packages}"
        ].append(f"`{name}`")
    return "\n".join(f"- {machine}: {', '.join(names)}" for machine, names in ran.items()) + "\n"


def _table_markdown(run: dict) -> str:
    lines = [
        "| experiment | images: train / validation / test | pixels | accuracy (95% interval) | over seeds | macro F1 "
        "| study |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, one in run["experiments"].items():
        images, metrics, settings = one["images"], one["metrics"], one["settings"]
        counts = " / ".join(f"{images[part]:,}" for part in ("train", "validation", "test"))
        interval = f"{metrics['accuracy_low']:.3f}–{metrics['accuracy_high']:.3f}"
        reported = REPORTED.get(name)
        lines.append(
            f"| `{name}` | {counts} | {settings['image_size']} | **{metrics['accuracy']:.3f}** ({interval}) "
            f"| {_seeds(metrics)} | {metrics['macro_f1']:.3f} | {'–' if reported is None else reported} |"
        )
    return "\n".join(lines) + "\n"


def _seeds(metrics: dict) -> str:
    if "seeds" not in metrics:
        return "–"
    interval = f"{metrics['accuracy_mean_low']:.4f}–{metrics['accuracy_mean_high']:.4f}"
    return (
        f"**{metrics['accuracy_mean']:.4f}** ± {metrics['accuracy_spread']:.4f} ({interval}; {metrics['seeds']} seeds)"
    )


def figures_markdown(run: dict) -> str:
    """Return the figures that matter, of `docs/results/original.json` and `docs/results/reader.csv`."""
    metrics = {name: one["metrics"] for name, one in run["experiments"].items()}
    lines = ["| question | experiment | answer |", "|---|---|--:|"]
    for title, one, other in (
        ("ASL, frames of a burst on both sides of the split, or not", "asl_cnn", "asl_cnn_grouped"),
        ("ArASL, the same", "arasl_cnn", "arasl_cnn_grouped"),
    ):
        before, after = metrics[one]["accuracy"], metrics[other]["accuracy"]
        lines.append(f"| {title} | `{one}`, `{other}` | {before:.3f} → **{after:.3f}** |")
    for title, name in (("ASL, best under a random split", "asl_resnet"), ("ArASL, the same", "arasl_resnet")):
        lines.append(f"| {title} | `{name}` | **{metrics[name]['accuracy_mean']:.4f}** |")
    wanted = {"set": "asl-photos", "dataset": "asl_alphabet", "learnt": "both, drawn hands, joints", "tries": "3"}
    [photos] = [row for row in files.read_csv(READER) if (wanted | {"views": "2"}).items() <= row.items()]
    scenes = _read(Path("models/released/asl_reader/model.json"))["figures"]["asl-scenes"]
    for title, name, share in (
        ("Letters in other people's photographs, learnt without them", "learnt from `asl_alphabet`", photos["share"]),
        ("Letters in whole scenes, the hand to be found first", "released", scenes["accuracy"]),
    ):
        lines.append(f"| {title} (development data) | `asl_reader`, {name} | **{float(share):.3f}** |")
    return "\n".join(lines) + "\n"


def _leakage(run: dict) -> Figure:
    """Return the picture of the same network under several protocols, as the stage `compare` draws it."""
    rows, trainings = [], {}
    for name, one in run["experiments"].items():
        settings, metrics = one["settings"], one["metrics"]
        about = {"dataset": settings["dataset"], "split": settings["split"]["method"]}
        rows.append({"experiment": name, **about, "leakage": metrics["leakage_pixels"]} | metrics)
        trainings[name] = json.dumps({key: settings[key] for key in settings if key not in ("split", "clean")})
    return leakage.protocols(rows, trainings)


def _protocols_markdown(run: dict) -> str:
    """Set experiments with the same dataset and model under different splits side by side."""
    tried: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, one in run["experiments"].items():
        tried[one["settings"]["dataset"], one["settings"]["model"]].append(name)
    lines = [
        "| experiment | split | leakage, by pixels | leakage, by hash | accuracy (95% interval) |",
        "|---|---|--:|--:|--:|",
    ]
    for names in tried.values():
        splits = {run["experiments"][name]["settings"]["split"]["method"] for name in names}
        for name in names if len(splits) > 1 else []:
            one = run["experiments"][name]
            metrics = one["metrics"]
            lines.append(
                f"| `{name}` | {one['settings']['split']['method']} | {metrics['leakage_pixels']:.1%} "
                f"| {metrics['leakage_hash']:.1%} | **{metrics['accuracy']:.3f}** "
                f"({metrics['accuracy_low']:.3f}–{metrics['accuracy_high']:.3f}) |"
            )
    return "\n".join(lines) + "\n"


def _external_markdown(run: dict) -> str:
    lines = []
    for title in dict.fromkeys(one["set"] for one in run["external"].values()):
        lines += [
            f"| experiment | its own test | `{title}` (95% interval) | images |",
            "|---|--:|--:|--:|",
        ]
        for one in run["external"].values():
            if one["set"] == title:
                own = run["experiments"][one["experiment"]]["metrics"]["accuracy"]
                lines.append(
                    f"| `{one['experiment']}` | {own:.3f} | **{one['accuracy']:.3f}** ({one['accuracy_low']:.3f}–"
                    f"{one['accuracy_high']:.3f}) | {one['test_images']:,} |"
                )
        lines.append("")
    return "\n".join(lines[:-1] or ["None."]) + "\n"


def _audit_markdown(run: dict) -> str:
    audits = {name: numbers for name, numbers in run["audit"].items()}
    lines = [f"| | {' | '.join(f'`{name}`' for name in audits)} |", "|---|" + "--:|" * len(audits)]
    for key in next(iter(audits.values()), {}):
        values = " | ".join(f"{numbers[key]:,}" for numbers in audits.values())
        lines.append(f"| {key.replace('_', ' ')} | {values} |")
    return "\n".join(lines) + "\n"


def _settings_markdown(run: dict) -> str:
    """Say where the settings of the run differ from today's params.yaml."""
    params = config.load()
    today = {f"experiments.{name}": one for name, one in params.experiments.items()}
    for name in params.experiments:
        today |= _sections(params, name)
    then = {f"experiments.{name}": one["settings"] for name, one in run["experiments"].items()}
    for one in run["experiments"].values():
        then |= one["sections"]
    lines = []
    for section, settings in then.items():
        if section not in today:
            lines.append(f"- `{section}` is there no more")
            continue
        now, was = (_flat(one) for one in (today[section].model_dump(), settings))
        lines += [f"- `{section}.{key}` was {was[key]}" for key in now if key in was and was[key] != now[key]]
    return "\n".join(lines or ["None."]) + "\n"


def _flat(settings: dict, prefix: str = "") -> dict:
    flat = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _costs_markdown(run: dict) -> str:
    lines = ["| stage | seconds | peak memory, MB |", "|---|--:|--:|"]
    for stage, cost in run["stages"].items():
        if stage.startswith(("download", "audit", "autoencode", *COSTS)):
            name = stage.replace("-", " ", 1)
            lines.append(f"| {name} | {cost['seconds']:,.0f} | {cost['peak_bytes'] / 1e6:,.0f} |")
    return "\n".join(lines) + "\n"


def replace(path: Path, name: str, block: str) -> None:
    """Put `block` between the markers `<!-- name -->` and `<!-- /name -->` of a Markdown file."""
    text = path.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, after = text.split(start)[0], text.split(end)[1]
    files.write_text(path, f"{before}{start}{block}{end}{after}")


if __name__ == "__main__":
    main(*sys.argv[1:])
