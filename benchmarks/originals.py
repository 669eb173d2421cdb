"""Quality: what the documents tell of the run on the original archives, its tables, sentences and pictures.

All of it stands in docs/results/original.json, which `benchmarks.study` collects, and in the files beside it.
"""

import json
import textwrap
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.documents import Blocks
from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.errors import counted
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
TARGETS = {"asl_resnet": 0.998, "arasl_resnet": 0.995}  # of the mean over seeds, under a random split
MODES = {"L": "grey", "RGB": "colour"}  # Pillow's names
COSTS = ("prepare", "train", "evaluate")
FOLDER = Path("docs/results")
ORIGINAL = FOLDER / "original.json"
READER = FOLDER / "reader.csv"  # what each part of a reader brings
RELEASED = Path("models/released/asl_reader/model.json")
PHOTOGRAPHS = "asl_photos"  # the set of other people's photographs


def blocks() -> Blocks:
    """Return what the documents show of the originals, of models and of collections."""
    run = read(ORIGINAL)
    about = "docs/results/run.md"
    return {
        ("README.md", "figures"): figures_markdown(run),
        ("README.md", "collections"): collections_markdown(),
        ("docs/results.md", "meaning"): meaning_markdown(run),
        ("docs/results.md", "experiments"): table_markdown(run),
        ("docs/results/protocols.md", "protocols"): protocols_markdown(run),
        ("docs/results/photographs.md", "external"): external_markdown(run),
        ("docs/results/arasl.md", "protocol"): arasl_markdown(run),
        (about, "settings"): settings_markdown(run),
        (about, "machine"): machine_markdown(run),
        (about, "audit"): audit_markdown(run),
        (about, "stages"): costs_markdown(run),
        ("docs/models.md", "models"): models_markdown(),
    }


def pictures() -> dict[Path, Figure]:
    """Return what is drawn of the originals."""
    run = read(ORIGINAL)
    return {FOLDER / "comparison-leakage.png": _leakage(run), FOLDER / "photographs.png": _photographs(run)}


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def models_markdown() -> str:
    lines = ["| `model` | what it is | parameters | reads | size |", "|---|---|--:|---|--:|"]
    for name in registry.names():
        one = registry.find(name).ARCHITECTURE
        lines.append(
            f"| `{name}` | {one.title[0].upper()}{one.title[1:]}: {one.paper} | {one.parameters:,} "
            f"| {one.input_range} | {one.recommended_size} |"
        )
    return _joined(lines)


def collections_markdown() -> str:
    """Say under which name each collection of `params.yaml` is published, how large, and where."""
    lines = ["| dataset | published file | from |", "|---|---|---|"]
    for name in config.load().datasets:
        one = catalogue.find(name)
        parts = [f"`{part.name}`" for part in one.collections]
        size = f" ({one.size / 1e9:.1f} GB)" if one.size else ""
        named = ", ".join(f"`{file}`" for file in (one.archive, *one.extra_files))
        lines.append(
            f"| `{name}` | {' and '.join(parts)}, in one | both |"
            if parts
            else f"| `{name}` | {named}{size} | [{_site(one)}]({one.page}) |"
        )
    return _joined(lines)


def _site(one: catalogue.Dataset) -> str:
    """Return who publishes a collection, and what it is called there."""
    if one.kaggle:
        owner, slug = one.kaggle.split("/")[:2]
        return f"Kaggle, {owner}/{slug}"
    return f"GitHub, {one.github[0]}" if one.github else f"Mendeley Data, {one.mendeley[0]}"


def machine_markdown(run: dict) -> str:
    """Name every machine and what it ran."""
    ran: dict[str, list[str]] = defaultdict(list)
    for name, one in run["experiments"].items():
        machine = one["machine"]
        packages = ", ".join(f"{package} {version}" for package, version in machine["packages"].items())
        ran[
            f"{machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; "
            f"{machine['system']}; {packages}"
        ].append(f"`{name}`")
    return _joined([f"- {machine}: {', '.join(names)}" for machine, names in ran.items()])


def table_markdown(run: dict) -> str:
    lines = [
        "| experiment | images: train / validation / test | pixels | accuracy (95% interval) | macro F1 | study |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, one in run["experiments"].items():
        images, metrics, settings = one["images"], one["metrics"], one["settings"]
        counts = " / ".join(f"{images[part]:,}" for part in ("train", "validation", "test"))
        reported = REPORTED.get(name)
        lines.append(
            f"| `{name}` | {counts} | {settings['image_size']} | {_accuracy(metrics)} | {metrics['macro_f1']:.3f} "
            f"| {'–' if reported is None else reported} |"
        )
    return _joined(lines)


def _accuracy(metrics: dict, digits: int = 3) -> str:
    value, low, high = (f"{metrics[key]:.{digits}f}" for key in ("accuracy", "accuracy_low", "accuracy_high"))
    return f"**{value}** ({low}–{high})"


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
    for title, name, share in (
        ("Letters in other people's photographs, learnt without them", "learnt from `asl_alphabet`", photographs()),
        ("Letters in whole scenes, the hand to be found first", "released", scenes()),
    ):
        lines.append(f"| {title} (development data) | `asl_reader`, {name} | **{share:.3f}** |")
    return _joined(lines)


def photographs() -> float:
    """Return the share of letters that `asl_reader` reads in other people's photographs, learnt without them."""
    wanted = {"set": "asl-photos", "dataset": "asl_alphabet", "learnt": "both, drawn hands, joints", "tries": "3"}
    [row] = [row for row in files.read_csv(READER) if (wanted | {"views": "2"}).items() <= row.items()]
    return float(row["share"])


def scenes() -> float:
    """Return the share of letters that the released `asl_reader` reads in whole scenes."""
    return read(RELEASED)["figures"]["asl-scenes"]["accuracy"]


def meaning_markdown(run: dict) -> str:
    """Say what the figures mean, every figure from its file."""
    metrics = {name: one["metrics"] for name, one in run["experiments"].items()}
    reads = {name: f"{one['accuracy']:.3f}" for name, one in metrics.items()}
    leaks = {name: f"{one['leakage_pixels']:.0%}" for name, one in metrics.items()}
    outside = {one["experiment"]: one for one in run["external"].values() if one["set"] == PHOTOGRAPHS}
    chance = 1 / len(catalogue.find(PHOTOGRAPHS).classes)
    best = [
        f"`{name}` {_seeds(metrics[name])}, target {target}: {_judged(metrics[name], target)}"
        for name, target in TARGETS.items()
    ]
    protocol = read(FOLDER / "arasl_resnet-60-20-20-40-epochs.json")
    return _bullets([
        f"**A random split measures memory.** Under it `asl_cnn` scores {reads['asl_cnn']} and `arasl_cnn` "
        f"{reads['arasl_cnn']}: frames of one burst stand in training and in test. On bursts that it has never seen "
        f"the same network scores **{reads['asl_cnn_grouped']}** and **{reads['arasl_cnn_grouped']}**.",
        f"**Leakage says why.** Of ArASL's random test images {leaks['arasl_cnn']} have a near-duplicate that was "
        f"learnt from. Of *ASL Alphabet* it is {leaks['asl_cnn']}, because only every tenth frame is at hand; the gap "
        "is as large all the same. Leakage is a lower bound ([protocols](results/protocols.md)).",
        f"**Best under a random 80/20 split**: {'; '.join(best)}. Under the ArASL study's own 60/20/20 with all images "
        f"the latter scores {protocol['accuracy_mean']:.4f}: {_judged(protocol, TARGETS['arasl_resnet'])} "
        "([ArASL](results/arasl.md)).",
        f"**Out of domain none of this holds.** On other people's photographs `asl_cnn` scores "
        f"{outside['asl_cnn']['accuracy']:.3f} and `asl_resnet` {outside['asl_resnet']['accuracy']:.3f}; chance is "
        f"{chance:.3f} ([photographs](results/photographs.md)). `asl_reader`, which finds the hand first and never saw "
        f"these, scores **{photographs():.3f}** on the letters. That figure is of development data: choices were made "
        "by it ([experiments.md](experiments.md)).",
        f"**VGG16 and ResNet50 have random weights here.** The study's {REPORTED['asl_vgg16']} is for ImageNet weights "
        "and not comparable.",
        f"**Codes that each tell of 8×8 pixels suit a forest** ({reads['asl_autoencoder_forest']}) and not a logistic "
        f"regression ({reads['asl_autoencoder_logistic']}).",
    ])  # fmt: skip


def _judged(metrics: dict, target: float) -> str:
    """Say whether the mean over seeds meets a target, and whether its whole interval does."""
    if metrics["accuracy_mean"] < target:
        return "missed"
    return "met" if metrics["accuracy_mean_low"] >= target else "met by the mean, not by all of the interval"


def _leakage(run: dict) -> Figure:
    """Return the picture of the same network under several protocols, as the stage `compare` draws it."""
    rows, trainings = [], {}
    for name, one in run["experiments"].items():
        settings, metrics = one["settings"], one["metrics"]
        about = {"dataset": settings["dataset"], "split": settings["split"]["method"]}
        rows.append({"experiment": name, **about, "leakage": metrics["leakage_pixels"]} | metrics)
        trainings[name] = json.dumps({key: settings[key] for key in settings if key not in ("split", "clean")})
    return leakage.protocols(rows, trainings)


@style.quiet()
def _photographs(run: dict) -> Figure:
    """Return the picture of accuracies on their own test images and on other people's photographs."""
    rows = [one for one in run["external"].values() if one["set"] == PHOTOGRAPHS]
    chance = 1 / len(catalogue.find(PHOTOGRAPHS).classes)
    width, top, bottom, left = 7.5, 0.85, 0.55, 2.2
    height = top + 0.32 * len(rows) + bottom
    figure = style.new_figure(width, height)
    axes = figure.add_axes((left / width, bottom / height, 0.96 - left / width, (height - top - bottom) / height))
    axes.axvline(chance, color=style.GREY, linewidth=1, linestyle=":")
    axes.annotate("chance", (chance, 1), (4, 2), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                  fontsize=8, color=style.GREY)  # fmt: skip
    own = [run["experiments"][one["experiment"]]["metrics"] for one in rows]
    axes.hlines(
        range(len(rows)), *([one["accuracy"] for one in asked] for asked in (rows, own)), color=style.FAINT, linewidth=2
    )
    for asked, colour, marker, label in (
        (own, style.BLUE, "o", "its own test images"),
        (rows, style.ORANGE, "s", "other people's photographs"),
    ):
        low, middle, high = ([one[key] for one in asked] for key in ("accuracy_low", "accuracy", "accuracy_high"))
        axes.hlines(range(len(rows)), low, high, color=colour, linewidth=2.5, alpha=0.55)
        axes.plot(middle, range(len(rows)), marker, color=colour, markersize=6, label=label)
    axes.set_yticks(range(len(rows)), [one["experiment"] for one in rows])
    axes.set(xlim=(0, 1.02), ylim=(len(rows) - 0.4, -0.6), xlabel="accuracy, 95% interval")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    figure.legend(loc="upper left", bbox_to_anchor=(0.12 / width, 1 - 0.36 / height), ncols=2, borderaxespad=0)
    figure.text(0.12 / width, 1 - 0.12 / height, "The same networks on photographs that others made", fontsize=12,
                fontweight="bold", va="top")  # fmt: skip
    return figure


def protocols_markdown(run: dict) -> str:
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
                f"| {metrics['leakage_hash']:.1%} | {_accuracy(metrics)} |"
            )
    return _joined(lines)


def external_markdown(run: dict) -> str:
    """Return one table for each set of photographs, of the experiments that were asked about it."""
    lines = []
    for title in dict.fromkeys(one["set"] for one in run["external"].values()):
        lines += [
            f"| experiment | its own test | `{title}` (95% interval) | images |",
            "|---|--:|--:|--:|",
        ]
        for one in run["external"].values():
            if one["set"] == title:
                own = run["experiments"][one["experiment"]]["metrics"]["accuracy"]
                lines.append(f"| `{one['experiment']}` | {own:.3f} | {_accuracy(one)} | {one['test_images']:,} |")
        lines.append("")
    return _joined(lines[:-1] or ["None."])


def arasl_markdown(run: dict) -> str:
    """Set `arasl_resnet` under the study's own protocol beside what `original.json` has of it."""
    few, many = (FOLDER / f"arasl_resnet-60-20-20{suffix}.json" for suffix in ("", "-40-epochs"))
    here = run["experiments"]["arasl_resnet"]
    lines = [
        "| split | epochs | test images | accuracy (95% interval) | over seeds | file |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for split, epochs, metrics, kept in (
        ("80/20", here["settings"]["epochs"], here["metrics"], f"`{ORIGINAL.name}`"),
        ("60/20/20", 26, read(few), f"`{few.name}`"),
        ("60/20/20", 40, read(many), f"`{many.name}`, `{many.stem}-seeds.csv`"),
    ):
        found = f"{metrics['test_images']:,} | {_accuracy(metrics, 4)} | {_seeds(metrics)}"
        lines.append(f"| {split} | {epochs} | {found} | {kept} |")
    return _joined(lines)


def audit_markdown(run: dict) -> str:
    """Return the numbers of all audits side by side, and what they count: sizes, and pairs under two labels."""
    audits = run["audit"]
    lines = [f"| | {' | '.join(f'`{name}`' for name in audits)} |", "|---|" + "--:|" * len(audits)]
    for key in next(iter(audits.values()), {}):
        values = [numbers[key] for numbers in audits.values()]
        if not isinstance(values[0], dict):
            lines.append(f"| {key.replace('_', ' ')} | {' | '.join(f'{value:,}' for value in values)} |")
    lines.append("")
    for name, numbers in audits.items():
        pairs = two_labels(numbers)
        lines.append(f"- `{name}`: {sizes(numbers)}{f'; under two labels {pairs}' if pairs else ''}.")
    return _joined(lines)


def sizes(numbers: dict) -> str:
    """Return how many images an audit found of each size and kind: "53,391 images of 64×64 (grey JPEG), …"."""
    found = []
    for kind, count in numbers["of_size"].items():
        size, mode, form = kind.split()
        found.append(f"{counted(count, 'image')} of {size} ({MODES.get(mode, mode)} {form})")
    return ", ".join(found)


def two_labels(numbers: dict) -> str:
    """Return of which labels pixel-identical pairs are, the most frequent first; "" where there are none."""
    pairs = (f"{counted(count, 'pair')} of {pair}" for pair, count in numbers["of_two_labels"].items())
    return ", ".join(one.replace("/", " and ") for one in pairs)


def settings_markdown(run: dict) -> str:
    """Say where the settings of the run differ from today's params.yaml."""
    params = config.load()
    today = {f"experiments.{name}": one for name, one in params.experiments.items()}
    for name in params.experiments:
        today |= sections(params, name)
    then = {f"experiments.{name}": one["settings"] for name, one in run["experiments"].items()}
    for one in run["experiments"].values():
        then |= one["sections"]
    lines = []
    for section, settings in then.items():
        if section not in today:
            lines.append(f"- `{section}` is there no more")
            continue
        now, was = (flat(one) for one in (today[section].model_dump(), settings))
        lines += [f"- `{section}.{key}` was {was[key]}" for key in now if key in was and was[key] != now[key]]
    return _joined(lines or ["None."])


def sections(params: config.Params, name: str) -> dict:
    """Return the sections beside its own that an experiment draws on: key -> settings."""
    weights = params.experiment(name).weights
    found = {f"autoencoders.{key}": one for key, one in params.autoencoders.items() if key == weights}
    if one := params.compositions.get(name):
        found |= {f"compositions.{name}": one, f"hands.{one.hands}": params.drawn_hands(one.hands)}
    return found


def flat(settings: dict, prefix: str = "") -> dict:
    """Return nested settings in one dictionary: "split.method" -> value."""
    found = {}
    for key, value in settings.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def costs_markdown(run: dict) -> str:
    lines = ["| stage | seconds | peak memory, MB |", "|---|--:|--:|"]
    for stage, cost in run["stages"].items():
        if stage.startswith(("download", "audit", "autoencode", *COSTS)):
            name = stage.replace("-", " ", 1)
            lines.append(f"| {name} | {cost['seconds']:,.0f} | {cost['peak_bytes'] / 1e6:,.0f} |")
    return _joined(lines)


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"


def _bullets(sentences: Sequence[str]) -> str:
    return _joined([
        textwrap.fill(one, 120, initial_indent="- ", subsequent_indent="  ", break_long_words=False,
                      break_on_hyphens=False)
        for one in sentences
    ])  # fmt: skip
