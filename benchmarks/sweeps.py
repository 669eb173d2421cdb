"""Quality: what accuracy costs, one experiment over numbers of training images, sizes, channels and epochs.

    python -m benchmarks.sweeps FOLDER      run them in a repository, as experiments of DVC
    python -m benchmarks.sweeps             draw the picture again

Writes docs/results/sweeps.csv and docs/results/sweeps.png. Each value is one `dvc exp run` with all the swept
parameters set, so that they do not lean on each other. Accuracies are of bursts that nothing was learnt from, with
intervals over bursts; seconds and peak memory are of the training, milliseconds of one image after the other. The
picture counts processor seconds: they are nearly the same on a machine that has other work.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from fingerspell import files
from fingerspell.plots import style

EXPERIMENT = "arasl_cnn_grouped"
BASE = {"sample_size": 100, "image_size": 32, "channels": 1, "epochs": 8}
SWEPT = {
    "sample_size": (25, 50, 100, 200, 400),
    "image_size": (16, 32, 48, 64),
    "channels": (1, 3),
    "epochs": (2, 4, 8, 16),
}
TABLE, PICTURE = Path("docs/results/sweeps.csv"), Path("docs/results/sweeps.png")
AXES = {
    "sample_size": ("train_images", "training images"),
    "image_size": ("value", "side of an image, pixels"),
    "epochs": ("value", "epochs"),
    "channels": ("value", "channels"),
}
TIMED = 200  # images


def main(folder: str | None = None) -> None:
    """Run the sweeps in a repository, or draw what they left."""
    if folder:
        files.write_csv(TABLE, list(_rows(Path(folder))))
    style.save(picture(files.read_csv(TABLE)), PICTURE)


def _rows(folder: Path) -> Iterator[dict[str, object]]:
    measured: dict[tuple, dict[str, object]] = {}  # the settings that all sweeps share are measured once
    for swept, values in SWEPT.items():
        for value in values:
            settings = BASE | {swept: value}
            if (key := tuple(settings.values())) not in measured:
                _run(folder, settings)
                measured[key] = _measured(folder)
            yield {"experiment": EXPERIMENT, "swept": swept, "value": value} | measured[key]


def _run(folder: Path, settings: dict[str, int]) -> None:
    """Run the experiment with these settings; train anew what DVC has in its cache, to see what that takes."""
    begun = time.time()
    words = [word for key, value in settings.items() for word in ("-S", f"experiments.{EXPERIMENT}.{key}={value}")]
    subprocess.run(["dvc", "exp", "run", *words, f"evaluate@{EXPERIMENT}"], cwd=folder, check=True)
    log = folder / f"logs/train-{EXPERIMENT}.json"
    if not log.exists() or log.stat().st_mtime < begun:
        subprocess.run(["dvc", "repro", "--force", "--single-item", f"train@{EXPERIMENT}"], cwd=folder, check=True)


def _measured(folder: Path) -> dict[str, object]:
    model = folder / "models" / EXPERIMENT
    metrics, costs, details = (
        json.loads((folder / path).read_text(encoding="utf-8"))
        for path in (
            f"metrics/{EXPERIMENT}.json",
            f"logs/train-{EXPERIMENT}.json",
            f"plots/{EXPERIMENT}/metrics.json",
        )
    )
    description = json.loads((model / "model.json").read_text(encoding="utf-8"))
    return {
        "accuracy": metrics["accuracy"],
        "accuracy_low": details["accuracy_bursts_low"],
        "accuracy_high": details["accuracy_bursts_high"],
        "train_images": description["images"]["train"],
        "train_seconds": costs["seconds"],
        "train_cpu_seconds": costs["cpu_seconds"],
        "peak_bytes": costs["peak_bytes"],
        "model_bytes": (model / "model.weights.h5").stat().st_size,
        "ms_per_image": round(_milliseconds(model, description), 3),
    }


def _milliseconds(model: Path, description: dict) -> float:
    """Return the median time of naming one image, in milliseconds."""
    from fingerspell.models.common import saved

    size, channels = description["image_size"], description["channels"]
    predict = saved.load(model)[1]
    images = np.random.default_rng(0).integers(0, 256, (TIMED, 1, size, size, channels), np.uint8)
    times = []
    for image in images:
        begun = time.perf_counter()
        predict(image)
        times.append(time.perf_counter() - begun)
    return 1000 * float(np.median(times))


@style.quiet()
def picture(rows: list[dict[str, str]]) -> Figure:
    """Return accuracy over each swept parameter, and over seconds of training with the frontier: none is both better
    and quicker.

    rows: of docs/results/sweeps.csv.
    """
    figure = style.new_figure(9, 5.6)
    axes = figure.subplots(2, 3)
    colours = dict(zip(AXES, style.COLOURS))
    number = [{key: float(one[key]) for key in one if key.startswith(("accuracy", "train"))} for one in rows]
    for place, (swept, (column, label)) in zip(axes.flat, AXES.items()):
        chosen = [at for at, one in enumerate(rows) if one["swept"] == swept]
        at = [float(rows[row][column]) for row in chosen]
        accuracy = [number[row]["accuracy"] for row in chosen]
        lows, highs = ([number[row][f"accuracy_{end}"] for row in chosen] for end in ("low", "high"))
        place.fill_between(at, lows, highs, color=colours[swept], alpha=0.18, linewidth=0)
        place.plot(at, accuracy, "o-", color=colours[swept])
        place.set(xlabel=label, xticks=at)
        if swept == "sample_size":
            place.set(xscale="log")
            place.set_xticks(at, [f"{value:,.0f}" for value in at])
            place.minorticks_off()
        else:
            place.set_xticks(at, [f"{value:g}" for value in at])
    costs, points = axes.flat[4], []
    for swept, colour in colours.items():
        chosen = [one for one, row in zip(number, rows) if row["swept"] == swept]
        points += [(one["train_cpu_seconds"], one["accuracy"]) for one in chosen]
        seconds, accuracy = [one["train_cpu_seconds"] for one in chosen], [one["accuracy"] for one in chosen]
        costs.plot(seconds, accuracy, "o", color=colour, label=AXES[swept][1])
    best = frontier(points)
    costs.step(*zip(*best), where="post", color=style.GREY, linewidth=1)
    costs.set(xscale="log", xlabel="processor seconds of training")
    costs.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    costs.xaxis.set_major_formatter("{x:g}")
    costs.minorticks_off()
    for place in axes.flat[:5]:
        place.set(ylim=(0, 1))
        place.grid(axis="y")
    for place in axes[:, 0]:
        place.set_ylabel("accuracy, 95% over bursts")
    axes.flat[5].axis("off")
    axes.flat[5].legend(*costs.get_legend_handles_labels(), loc="center left", title="swept; grey: the frontier")
    figure.suptitle(f"What accuracy costs: {EXPERIMENT}", x=0.02, ha="left", fontsize=12, fontweight="bold")
    figure.tight_layout()
    return figure


def frontier(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return of (cost, gain) those that no other beats in both, by cost."""
    kept: list[tuple[float, float]] = []
    for cost, gain in sorted(points, key=lambda point: (point[0], -point[1])):
        if not kept or gain > kept[-1][1]:
            kept.append((cost, gain))
    return kept


if __name__ == "__main__":
    main(*sys.argv[1:])
