"""Put an exported model into `models/released/`, with all that tells how it was made and what it is worth.

    python -m tools.release EXPERIMENT              from this repository
    python -m tools.release EXPERIMENT FOLDER       from another one, in which for instance the originals were run
    python -m tools.release --cards                 write the cards of all released models anew, from their model.json

Code that is not committed is refused, and an export that is not of the present code and parameters. Parameters may
differ from the committed ones: they are recorded. Cards have Hugging Face's format (tools/front_matter.py).
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fingerspell import config, files, tables
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.rendered import draw
from fingerspell.errors import FingerspellError, counted
from fingerspell.evaluation.predictions import Predictions
from fingerspell.external import error_analysis
from fingerspell.images import whole
from fingerspell.inference import export, released
from fingerspell.inference.predictor import Predictor, reads_whole
from fingerspell.inference.reader import Reader
from fingerspell.models.common.description import DESCRIPTION, MODEL
from fingerspell.preparation.prepared import TABLE, Image
from tools import front_matter

RELEASED = Path("models/released")
CARDS = {False: Path(__file__).with_name("model_card.md"), True: Path(__file__).with_name("reader_card.md")}
CODE = ("fingerspell", "stages", "dvc.yaml", "requirements")
METRICS = {  # of metrics/<experiment>.json -> its type, where Hugging Face has one, and its name
    "accuracy": ("accuracy", "Accuracy"),
    "macro_f1": ("f1", "Macro F1"),
    "top3_accuracy": ("accuracy", "Top-3 accuracy"),
    "expected_calibration_error": ("expected_calibration_error", "Expected calibration error"),
}
BURSTS = ("bursts", "accuracy_bursts_low", "accuracy_bursts_high")  # of plots/<experiment>/metrics.json
SAMPLES = 9  # drawn hands, each of another class
# What training images are composed of, by the name of the share
COMPOSED = {
    "rendered": "hands drawn by this project (MIT), {per_class} of a sign, before {backgrounds}",
    "cut": "{cut} cut out of {photographs_with_a_hand}, before the same backgrounds",
    "photographs": "{photographs} as they are",
}
# Out-of-domain photographs that the project's own documents tell of
OUT_OF_DOMAIN = {
    "asl-scenes": (
        "development data: whole scenes by other people, in which the hand is to be found. None was learnt from, but\n"
        "  choices were made by this figure: photographs that nobody has looked at may be read worse; see\n"
        "  [docs/experiments.md](../../../docs/experiments.md)"
    ),
    "asl_photos_rest": (
        "development data: the 26 letters by other people in many rooms, less the photographs that\n"
        "  poses were drawn after. None was learnt from, but choices were made by looking at this figure too:\n"
        "  photographs that nobody has looked at may be read worse; see\n"
        "  [docs/experiments.md](../../../docs/experiments.md)"
    ),
}


def main(name: str, run: str = ".") -> None:
    folder = Path(run)
    exported = folder / "data/exported" / name
    predictor = Predictor.open(exported)
    revision = committed(folder)
    require_current(folder, name)
    description = predictor.description | {
        "revision": revision,
        "parameters": parameters(folder, name),
        "figures": figures(folder, name),
        "composed": composed(folder, name),
        "empty_scenes": empty_scenes(folder, name),
    }
    with files.write_aside(RELEASED / name) as out:
        out.mkdir(parents=True)
        shutil.copyfile(exported / MODEL, out / MODEL)
        files.write_json(out / DESCRIPTION, description)
        files.write_text(out / "README.md", card(description))
        write_samples(folder / "models" / name, description, out)
    print(f"{RELEASED / name} is written; read its README.md, then commit it")


def cards() -> None:
    """Write the cards of all released models anew."""
    for name in released.names():
        folder = released.FOLDER / name
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        files.write_text(folder / "README.md", card(description))


def committed(folder: Path) -> str:
    """Return the revision of a repository; raises FingerspellError if its code is not as committed."""
    if changed := _git(folder, "status", "--porcelain", "--", *CODE):
        first = changed.splitlines()[0][3:]
        raise FingerspellError(f"{first} in {folder} is not as committed; commit it, run `dvc repro`, then release")
    return _git(folder, "rev-parse", "HEAD").strip()


def require_current(folder: Path, name: str) -> None:
    """Raise FingerspellError unless the export, and the figures, are what the present code and parameters make."""
    stages = [f"export@{name}", f"evaluate@{name}", *(f"external@{key}" for key in external(folder, name).values())]
    if subprocess.run([sys.executable, "-m", "dvc", "status", "--quiet", *stages], cwd=folder).returncode:
        raise FingerspellError(f"{name} in {folder} is not up to date; run `dvc repro {' '.join(stages)}` there first")


def parameters(folder: Path, name: str) -> dict[str, Any]:
    """Return what `params.yaml` says of an experiment: its section, those of what it is composed of or of its crops,
    its dataset's, its hands'."""
    params = load(folder)
    experiment, composition, crops = params.experiment(name), params.compositions.get(name), params.crops.get(name)
    drawn = composition or crops
    return {
        "seed": params.seed,
        "datasets": {experiment.dataset: params.dataset(experiment.dataset).model_dump()},
        "hands": {drawn.hands: hands.model_dump()} if drawn and (hands := params.drawn_hands(drawn.hands)) else {},
        "compositions": {name: composition.model_dump()} if composition else {},
        **({"crops": {name: crops.model_dump()}} if crops else {}),
        "experiment": experiment.model_dump(),
    }


def figures(folder: Path, name: str) -> dict[str, Any]:
    """Return the metrics of an experiment: on its own test images, with the interval over their bursts, and on each set
    of out-of-domain photographs."""
    paths = {"own test": folder / f"metrics/{name}.json"}
    paths |= {title: folder / f"metrics/external/{key}.json" for title, key in external(folder, name).items()}
    found = {title: json.loads(path.read_text(encoding="utf-8")) for title, path in paths.items()}
    details = json.loads((folder / f"plots/{name}/metrics.json").read_text(encoding="utf-8"))
    found["own test"] |= {key: details[key] for key in BURSTS if key in details}
    return found


def external(folder: Path, name: str) -> dict[str, str]:
    """Return the sets of photographs that an experiment was asked about: file or folder -> section under `external`.

    Where two files have one name, the second is called as its section is.
    """
    found: dict[str, str] = {}
    for key, one in load(folder).external.items():
        if one.experiment == name and (folder / f"metrics/external/{key}.json").exists():
            title = Path(one.path).stem
            found[key if title in found else title] = key
    return found


def load(folder: Path) -> config.Params:
    """Return the parameters of a repository; external sets lie where they do from there."""
    with chdir(folder):
        return config.load()


def composed(folder: Path, name: str) -> dict[str, Any] | None:
    """Return how many hands and photographs training images were composed of, or how many hands a reader learnt from;
    None where images were not composed."""
    experiment = load(folder).experiment(name)
    if experiment.trains_on == "crops":
        table = tables.read(
            folder / "data/crops" / name / TABLE, Image, "table of crops", f"run `dvc repro crop@{name}`"
        )
        kinds = [row.member.split("/")[0] for row in table if row.split == "train"]
        counts = {kind: kinds.count(kind) for kind in ("drawn", "joints")}
        return counts | {"photographs": len(kinds) - sum(counts.values())}
    if experiment.composition is None:
        return None
    path = folder / "data/compositions" / name / "composition.json"
    try:
        held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FingerspellError(f"{path} is not there; run `dvc repro compose@{name}` in {folder} first") from error
    return held


def empty_scenes(folder: Path, name: str) -> dict[str, Any]:
    """Return by set of images which share of those without a hand is named so, where there are such images."""
    empty = catalogue.find(load(folder).experiment(name).dataset).empty
    tables = {"own test": folder / f"data/predictions/{name}.csv"}
    tables |= {title: folder / f"data/external/{key}.csv" for title, key in external(folder, name).items()}
    read = {
        title: error_analysis.empty_scenes(Predictions.read(path), {empty} if empty else set())
        for title, path in tables.items()
        if path.exists()
    }
    return {title: found["seen_empty"] for title, found in read.items() if found}


def card(description: dict[str, Any]) -> str:
    """Return the model card in Markdown; nothing in it is said by hand but its use and its limits."""
    parameters, checked = description["parameters"], description["export"]
    own, experiment = description["figures"]["own test"], parameters["experiment"]
    reads = reads_whole(description)
    return Template(CARDS[reads].read_text(encoding="utf-8")).substitute(
        header=front_matter.header(metadata(description)),
        alphabet=catalogue.find(description["dataset"]).alphabet.capitalize(),
        intervals=_intervals(own),
        threshold=description.get("threshold"),
        name=description["experiment"],
        count=len(description["classes"]),
        classes=", ".join(description["letters"]),
        size=description["image_size"],
        channels=description["channels"],
        colours="grey" if description["channels"] == 1 else "colour",
        kilobytes=f"{checked['bytes'] / 1000:,.0f}",
        weights=checked["weights"],
        figures="\n".join(_figures(description["figures"])),
        out_of_domain="".join(_out_of_domain(description["figures"])),
        split=experiment["split"]["method"],
        leakage=f"{own['leakage_pixels']:.1%} by pixels, {own['leakage_hash']:.1%} by hash",
        checked=f"{checked['images']:,}",
        difference=checked["largest_difference"],
        equal=f"{checked['equal_answers']:.1%}",
        data="\n".join(_data(parameters, description["composed"])),
        empty=_empty(description),
        revision=description["revision"],
        hashes="\n".join(f"- `{part}`: `{digest}`" for part, digest in description["sha256"].items()),
    )


def metadata(description: dict[str, Any]) -> dict[str, Any]:
    """Return what the header of the card says: whose letters, licence, data, and figures as a `model-index`."""
    alphabet = catalogue.find(description["dataset"]).alphabet
    learnt = [one.name for one, source in _collections(description["parameters"]) if source == "original"]
    return {
        "language": front_matter.LANGUAGES[alphabet],
        "license": "mit",
        "library_name": "litert",
        "pipeline_tag": front_matter.TASK,
        "tags": ["sign-language", "fingerspelling", front_matter.TAGS[alphabet]],
        **({"datasets": learnt} if learnt else {}),
        "metrics": ["accuracy", "f1"],
        "model-index": [{"name": description["experiment"], "results": _results(description)}],
    }


def _results(description: dict[str, Any]) -> list[dict[str, Any]]:
    dataset, parameters = catalogue.find(description["dataset"]), description["parameters"]
    drawn = all(source == "rendered" for _, source in _collections(parameters))
    held_out = f"{dataset.title}{', drawn anew' if drawn else ''}, split {parameters['experiment']['split']['method']}"
    return [
        {
            "task": {"type": front_matter.TASK, "name": "Letters of a manual alphabet"},
            "dataset": {"type": dataset.name, "name": held_out, "split": "test"}
            if title == "own test"
            else {"type": title, "name": f"{title}, out-of-domain photographs"},
            "metrics": [{"type": kind, "value": one[key], "name": name} for key, (kind, name) in METRICS.items()],
        }
        for title, one in description["figures"].items()
    ]


def _figures(figures: dict[str, Any]) -> list[str]:
    lines = ["| images | accuracy (95% interval) | macro F1 | top-3 | ECE | count |", "|---|--:|--:|--:|--:|--:|"]
    for title, one in figures.items():
        low, high = (one.get(f"accuracy_bursts_{end}", one[f"accuracy_{end}"]) for end in ("low", "high"))
        lines.append(
            f"| {title} | **{one['accuracy']:.3f}** ({low:.3f}–{high:.3f}) "
            f"| {one['macro_f1']:.3f} | {one['top3_accuracy']:.3f} | {one['expected_calibration_error']:.3f} "
            f"| {one['test_images']:,} |"
        )
    return lines


def _intervals(own: dict[str, Any]) -> str:
    """Return what the intervals treat as independent; models that were released before know no bursts."""
    if "bursts" not in own:
        return (
            "- The intervals treat images as independent; frames of one recording are not, so read them as too narrow."
        )
    bursts = counted(own["bursts"], "burst")
    return (
        f"- The interval of `own test` is over its {bursts}: frames of one recording are right or wrong together.\n"
        "  Intervals of other sets treat images as independent: read them as too narrow."
    )


def _out_of_domain(figures: dict[str, Any]) -> list[str]:
    about = "out-of-domain photographs ([docs/external.md](../../../docs/external.md))"
    return [f"- `{title}`: {OUT_OF_DOMAIN.get(title, about)}.\n" for title in figures if title != "own test"]


def _empty(description: dict[str, Any]) -> str:
    """Return a sentence on empty scenes, none where none were shown."""
    seen = [f"{one['hits']:,} of {one['images']:,} ({title})" for title, one in description["empty_scenes"].items()]
    label = catalogue.find(description["dataset"]).empty
    return f" Of images that show no sign it names as `{label}` {', '.join(seen)}." if seen else ""


def _data(parameters: dict[str, Any], composed: dict[str, Any] | None) -> list[str]:
    lines = []
    for one, source in _collections(parameters):
        if source == "rendered":
            lines.append(f"- `{one.name}`: hands drawn by this project (MIT), laid out as [{one.title}]({one.page})")
        else:
            lines.append(
                f"- `{one.name}`: [{one.title}]({one.page}), licence: {one.licence}. {one.citation} "
                f"([card](../../../docs/datasets/{one.name}.md))"
            )
    if composed and "crops" in parameters:
        [crops], [drawn] = parameters["crops"].values(), parameters["hands"].values()
        every = counted(2 + crops["views"], "view")
        lines.append(
            f"- of these {counted(composed['photographs'], 'training image')}; {composed['drawn']:,} hands drawn by "
            f"this project (MIT) and set before {counted(drawn['backgrounds'], 'drawn background')}; the joints alone "
            f"of {composed['joints']:,} more; {every} of each"
        )
    elif composed:
        experiment = parameters["experiment"]
        composition = experiment.get("composition") or experiment["scenes"]  # as it was called before
        [drawn] = parameters["hands"].values()
        shares = {kind: share for kind, share in composition["shares"].items() if share and composed[kind]}
        parts = [
            f"{COMPOSED[kind].format(**_counted(composed | drawn))} ({share / sum(shares.values()):.0%})"
            for kind, share in shares.items()
        ]
        images = counted(composition["images"], "image")
        lines.append(f"- composed of these anew in every epoch, {images}: {'; '.join(parts)}")
    return lines


def _collections(parameters: dict[str, Any]) -> list[tuple[catalogue.Dataset, str]]:
    """Return the collections that a model learnt from, and whether they were rendered or are the originals."""
    return [
        (one, settings["source"])
        for name, settings in parameters["datasets"].items()
        for one in catalogue.find(name).collections or (catalogue.find(name),)
    ]


def _counted(counts: dict[str, Any]) -> dict[str, Any]:
    nouns = {"backgrounds": "drawn background", "cut": "hand", "photographs": "training image"}
    nouns["photographs_with_a_hand"] = nouns["photographs"]
    given = {key: count for key, count in counts.items() if count is not None}
    return {key: counted(count, nouns[key]) if key in nouns else f"{count:,}" for key, count in given.items()}


def write_samples(trained: Path, description: dict[str, Any], out: Path) -> None:
    """Draw hands of some classes into `samples/`, and write what the trained Keras network answers to them.

    Of a reader those in which no hand is found are left out, unless they show none.
    """
    dataset, classes = catalogue.find(description["dataset"]), description["classes"]
    dataset = dataset.collections[-1] if dataset.collections else dataset
    wanted = [classes[at] for at in np.linspace(0, len(classes) - 1, min(SAMPLES, len(classes))).astype(int)]
    answers = {}
    (out / "samples").mkdir()
    with (
        TemporaryDirectory() as folder,
        Archive(draw(dataset.name, 2, 0, Path(folder), workers=1)) as drawn,
        asked(trained, description, out) as ask,
    ):
        members = {one.label: one.name for one in map(dataset.parse, reversed(drawn.names)) if one}
        for label in wanted:
            data = drawn.read(members[label])
            probabilities = ask(data)
            if probabilities.any() or label == description["empty"]:
                name = label + Path(members[label]).suffix.lower()
                (out / "samples" / name).write_bytes(data)
                answers[name] = [round(float(one), 6) for one in probabilities]
    files.write_json(out / "samples.json", answers)


@contextmanager
def asked(trained: Path, description: dict[str, Any], out: Path) -> Iterator[Callable[[bytes], np.ndarray]]:
    """Yield what the trained network answers to an image file, float32 (classes,); zeros where it finds no hand."""
    network = export.load(trained)[1]
    if reads_whole(description):
        with Reader(description, network.predict_on_batch) as reader:
            yield lambda data: reader.probabilities([whole(data)])[0]
    else:
        predictor = Predictor.open(out)
        yield lambda data: network.predict_on_batch(predictor.read(data)[None])[0]


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise FingerspellError(f"git does not know {folder}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["--cards"]:
            cards()
        elif len(sys.argv) in (2, 3):
            main(*sys.argv[1:])
        else:
            raise FingerspellError("name one experiment: make release EXPERIMENT=asl_reader")
    except FingerspellError as error:
        sys.exit(f"release: {error}")
