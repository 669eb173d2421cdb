"""Collect what a run of the whole study left, and bring the tables of README.md and docs/results.md up to date.

    python -m benchmarks.study              the README's table, from plots/comparison, and that of docs/models.md
    python -m benchmarks.study FOLDER [EXPERIMENT …]
                                            also docs/results/original.json and the tables of docs/results.md, from
                                            a repository in which the original archives were run: all that was found
                                            there anew, or these experiments alone, the others as they stand

Seconds and peak memory come from the `logs/` of that repository.
"""

import json
import os
import platform
import shutil
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.machine import processor
from fingerspell import config, files
from fingerspell.models.common import registry

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


def main(folder: str | None = None, *names: str) -> None:
    _replace(Path("README.md"), "experiments", Path("plots/comparison/experiments.md").read_text())
    _replace(Path("docs/models.md"), "models", _models_markdown())
    if folder:
        found = _collect(Path(folder), names)
        files.write_json(ORIGINAL, _merged(json.loads(ORIGINAL.read_text()), found, names) if names else found)
        for name in ("asl_cnn/confusion", "arasl_cnn/confusion", "arasl_resnet/confusion", "comparison/leakage"):
            if not names or name.split("/")[0] in names:
                shutil.copy(Path(folder) / f"plots/{name}.png", ORIGINAL.parent / f"{name.replace('/', '-')}.png")
    run = json.loads(ORIGINAL.read_text())
    _replace(Path("docs/results.md"), "machine", _machine_markdown(run))
    _replace(Path("docs/results.md"), "experiments", _table_markdown(run))
    _replace(Path("docs/results.md"), "protocols", _protocols_markdown(run))
    _replace(Path("docs/results.md"), "external", _external_markdown(run))
    _replace(Path("docs/results.md"), "audit", _audit_markdown(run))
    _replace(Path("docs/results.md"), "settings", _settings_markdown(run))
    _replace(Path("docs/results.md"), "stages", _costs_markdown(run))


def _collect(folder: Path, names: tuple[str, ...]) -> dict:
    """Gather metrics, costs and circumstances of the experiments that a run finished, or of those that are named.

    `folder` is the repository of the run.
    """
    params = config.load(folder / "params.yaml")
    for name in names:
        params.experiment(name)  # an unknown one is told at once
    logs = {path.stem: json.loads(path.read_text()) for path in sorted((folder / "logs").glob("*.json"))}
    experiments = {}
    for name, experiment in params.experiments.items():
        if name not in names if names else not (folder / f"metrics/{name}.json").exists():
            continue
        model = json.loads((folder / f"models/{name}/model.json").read_text())
        experiments[name] = {
            "source": params.datasets[experiment.dataset].source,
            "settings": experiment.model_dump(),
            "images": model["images"],
            "metrics": json.loads((folder / f"metrics/{name}.json").read_text()),
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
        "external": _read_all(folder / "metrics/external"),
    }


def _merged(run: dict, found: dict, names: tuple[str, ...]) -> dict:
    """Return `run` with these experiments as they were found, their stages and their figures on external sets."""
    return run | {
        "stages": run["stages"]
        | {stage: cost for stage, cost in found["stages"].items() if stage.partition("-")[2] in names},
        "experiments": run["experiments"] | {name: found["experiments"][name] for name in names},
        "external": {
            title: {name: one for name, one in figures.items() if name not in names}
            | {name: one for name, one in found["external"].get(title, {}).items() if name in names}
            for title, figures in run["external"].items()
        },
    }


def _read_all(folder: Path) -> dict:
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


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


def _protocols_markdown(run: dict) -> str:
    """Set experiments with the same dataset and model under different splits side by side."""
    tried: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, one in run["experiments"].items():
        tried[one["settings"]["dataset"], one["settings"]["model"]].append(name)
    lines = [
        "| experiment | split | leaks, by pixels | leaks, by hash | accuracy (95% interval) |",
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
    for title, figures in run["external"].items():
        lines += [
            f"| experiment | its own test | `{title}` (95% interval) | images |",
            "|---|--:|--:|--:|",
        ]
        for name, metrics in figures.items():
            own = run["experiments"][name]["metrics"]["accuracy"]
            lines.append(
                f"| `{name}` | {own:.3f} | **{metrics['accuracy']:.3f}** ({metrics['accuracy_low']:.3f}–"
                f"{metrics['accuracy_high']:.3f}) | {metrics['test_images']:,} |"
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
    lines = []
    for name, one in run["experiments"].items():
        today = _flat(params.experiment(name).model_dump())
        then = _flat(one["settings"])
        lines += [
            f"- `{name}`: `{key}` was {then.get(key)}" for key in today if key in then and then[key] != today[key]
        ]
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


def _replace(path: Path, name: str, block: str) -> None:
    """Put `block` between the markers `<!-- name -->` and `<!-- /name -->` of a Markdown file."""
    text = path.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, after = text.split(start)[0], text.split(end)[1]
    files.write_text(path, f"{before}{start}{block}{end}{after}")


if __name__ == "__main__":
    main(*sys.argv[1:])
