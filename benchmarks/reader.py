"""Quality: what each part of a reader brings, learnt with parts left out, asked about sets of photographs.

    python -m benchmarks.reader RUN EXPERIMENT SET …

RUN: a repository in which `crop@EXPERIMENT` was run. SET: a folder or zip of class folders. The rows go into
docs/results/reader.csv, one for each dataset, set and choice of parts, in place of those that stand there of the same
dataset and set; the tables of docs/experiments.md and docs/hands.md are brought up to date. Accuracy is that on the
letters; a hand that is not found is an error. A quarter of an hour on two cores.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks import documents
from benchmarks.documents import Blocks
from fingerspell import config, files
from fingerspell.external import photographs
from fingerspell.external.error_analysis import share
from fingerspell.hands import embedding, layout
from fingerspell.hands.finder import TRIES, Finder
from fingerspell.hands.network import HandNetwork
from fingerspell.images import whole
from fingerspell.inference import released
from fingerspell.preparation.prepared import PLAIN, Prepared
from fingerspell.progress import progress

PICTURE, LANDMARKS, BOTH = (1, 0), (0, 1), (1, 1)  # which parts are given
ROWS_KEPT = Path("docs/results/reader.csv")
SCENES = Path(
    "docs/results/asl_reader-scenes.json"
)  # error-analysis.json of `fingerspell evaluate asl-scenes.zip --report`
THRESHOLDS = (0, 0.5, 0.6, 0.7, 0.9)  # of those in it, the ones that are shown
ALL = ("", "drawn", "joints")  # what is learnt from: the dataset, drawn hands, joints
# Name of a row -> what it learns from, and the parts of it that it is given.
ROWS = {
    "landmarks": (("",), LANDMARKS),
    "landmarks, joints": (("", "joints"), LANDMARKS),
    "joints alone": (("joints",), LANDMARKS),
    "picture": (("",), PICTURE),
    "picture, drawn hands": (("", "drawn"), PICTURE),
    "drawn hands alone": (("drawn",), PICTURE),
    "both": (("",), BOTH),
    "both, drawn hands, joints": (ALL, BOTH),
}
WHOLE = "both, drawn hands, joints"


@dataclass(frozen=True)
class Asked:
    """The letters of a set of photographs: rows of the found hands and of their mirror images, zeros where there is
    none; labels, as classes; and which try found each, -1 where none did."""

    views: list[np.ndarray]
    labels: list[str]
    found: np.ndarray


def main(run: str, experiment: str, *sets: str) -> None:
    with chdir(run):
        params = config.load()
        prepared = Prepared.open(Path("data/crops", experiment).absolute())
    dataset = prepared.settings["dataset"]
    asked = {Path(one).stem: look(Path(one)) for one in sets}
    rows = files.read_csv(ROWS_KEPT) if ROWS_KEPT.exists() else []
    rows = [row for row in rows if row["dataset"] != dataset or row["set"] not in asked]
    for name, (sources, parts) in ROWS.items():
        answer = learn(params, experiment, prepared, sources, parts)
        for title, one in asked.items():
            for row in judge(answer, one, parts, prepared.classes, every=name == WHOLE):
                rows.append({"dataset": dataset, "set": title, "learnt": name} | row)
                print(rows[-1], flush=True)
    rows.sort(key=lambda row: (row["set"], row["dataset"]))
    files.write_csv(ROWS_KEPT, rows)
    documents.write(blocks())


def blocks() -> Blocks:
    """Return what the documents show of readers."""
    rows = files.read_csv(ROWS_KEPT)
    return {
        ("docs/experiments.md", "readers"): readers_markdown(rows),
        ("docs/experiments.md", "parts"): parts_markdown(rows),
        ("docs/experiments.md", "abstention"): abstention_markdown(),
        ("docs/hands.md", "tries"): tries_markdown(rows),
    }


def judge(
    answer: Callable, asked: Asked, parts: tuple[int, int], classes: Sequence[str], every: bool
) -> Iterator[dict]:
    """Yield the accuracy on a set; with `every` also that of fewer tries, and of the hand without its mirror image."""
    answers = [answer(given(view, parts)) for view in asked.views]
    last = len(TRIES) - 1
    for most, views in [(last, 2), *([(last, 1), *((most, 2) for most in range(last))] if every else [])]:
        named = np.array(classes)[sum(answers[:views]).argmax(axis=1)]
        seen = (asked.found >= 0) & (asked.found <= most)
        right = int((seen & (named == np.array(asked.labels))).sum())
        yield {"tries": most + 1, "views": views, "found": round(float(seen.mean()), 4)} | share(right, len(seen))


def readers_markdown(rows: list[dict[str, str]]) -> str:
    """Return the table of how well the readers read what: other people's photographs, and their own test images."""
    [photos] = [row for row in rows if row["set"] == "asl-photos" and _whole(row, "asl_alphabet")]
    american, arabic, images = (_figures(name) for name in ("asl_reader", "arasl_reader", "arasl_robust"))
    scenes = american["asl-scenes"]
    share, low, high = (float(photos[key]) for key in ("share", "low", "high"))
    lines = [
        "| what it reads | learnt from | letters read correctly |",
        "|---|---|--:|",
        f"| `asl-photos.zip`: {int(photos['images']):,} letters by other people in many rooms "
        f"| `asl_alphabet`, not these | **{share:.3f}** ({low:.3f}–{high:.3f}) |",
        f"| `asl-scenes.zip`: {scenes['test_images']:,} whole scenes, the hand to be found | `american` | "
        f"**{scenes['accuracy']:.3f}** {_interval(scenes)} |",
        f"| its own test (`grouped`), 29 classes | `american` | {american['own test']['accuracy']:.3f} "
        f"{_interval(american['own test'])} |",
        f"| ArASL (`grouped`), 32 classes, every third image | `arasl` | {arabic['own test']['accuracy']:.3f} "
        f"{_interval(arabic['own test'])}; `arasl_robust` reads {images['own test']['accuracy']:.3f} of all of it |",
    ]
    return "\n".join(lines) + "\n"


def abstention_markdown() -> str:
    """Return how many hands of whole scenes the released reader names, and how well, where it abstains from others."""
    found = json.loads(SCENES.read_text(encoding="utf-8"))
    chosen = [row for row in found["abstention"] if row["threshold"] in THRESHOLDS]
    cells = {
        "answers only above a probability of": [f"{row['threshold']:g}" for row in chosen],
        "coverage (hands that get an answer)": [f"{row['coverage']['share']:.2f}" for row in chosen],
        "accuracy of these": [f"{row['correct']['share']:.3f}" for row in chosen],
    }
    lines = [f"| {what} | {' | '.join(values)} |" for what, values in cells.items()]
    lines.insert(1, "|---|" + "--:|" * len(chosen))
    mirrored, taken = (found["mirrored"][key]["share"] for key in ("mirrored", "as_taken"))
    lines += ["", f"Mirrored, the same scenes are read with {mirrored:.3f}; as they were taken, with {taken:.3f}."]
    return "\n".join(lines) + "\n"


def _figures(name: str) -> dict[str, dict]:
    """Return the figures of a released model, by set."""
    return json.loads((released.FOLDER / name / "model.json").read_text(encoding="utf-8"))["figures"]


def _interval(one: dict) -> str:
    return f"({one['accuracy_low']:.3f}–{one['accuracy_high']:.3f})"


def _whole(row: dict[str, str], dataset: str) -> bool:
    """Tell whether a row is of a reader that learnt from all there is beside a dataset, and looked as it does."""
    return (row["dataset"], row["learnt"], row["tries"], row["views"]) == (dataset, WHOLE, "3", "2")


def parts_markdown(rows: list[dict[str, str]]) -> str:
    """Return the table of what each part brings, of all tries and both views."""
    columns = sorted({(row["set"], row["dataset"]) for row in rows})
    heads = [f"`{name}`, learnt from `{dataset}`" for name, dataset in columns]
    lines = [f"| given, and learnt from beside the dataset | {' | '.join(heads)} |", "|---|" + "--:|" * len(columns)]
    for learnt in ROWS:
        cells = []
        for column in columns:
            found = [
                row
                for row in rows
                if (row["set"], row["dataset"], row["learnt"], row["tries"], row["views"])
                == (*column, learnt, "3", "2")
            ]
            cells += [f"{float(row['share']):.3f}" for row in found] or ["–"]
        mark = "**" if learnt == WHOLE else ""
        lines.append(f"| {learnt} | {' | '.join(mark + cell + mark for cell in cells)} |")
    return "\n".join(lines) + "\n"


def tries_markdown(rows: list[dict[str, str]]) -> str:
    """Return the table of what each try of the finder brings, and the mirror image."""
    lines = ["| set | learnt from | tries | mirror image too | found | accuracy |", "|---|---|--:|---|--:|--:|"]
    for row in sorted(rows, key=lambda row: (row["set"], row["dataset"], row["tries"], row["views"])):
        if row["learnt"] == WHOLE:
            lines.append(
                f"| `{row['set']}` | `{row['dataset']}` | {row['tries']} | {'yes' if row['views'] == '2' else 'no'} "
                f"| {float(row['found']):.3f} | {float(row['share']):.3f} |"
            )
    return "\n".join(lines) + "\n"


def look(path: Path) -> Asked:
    """Find the signing hand in every photograph of a letter."""
    views: list[list[np.ndarray]] = [[] for _ in PLAIN]
    labels, found = [], []
    network = HandNetwork()
    with photographs.open_set(path) as images, Finder(network) as finder:
        names = [
            name for name in images.names if len(Path(name).parent.name) == 1 and Path(name).suffix in (".jpg", ".png")
        ]
        for name in progress(names, len(names), f"looking for hands in {path.name}"):
            picture = whole(images.read(name))
            hands = finder.find(picture)
            labels.append(Path(name).parent.name.upper())
            found.append(TRIES.index(hands[0].found) if hands else -1)
            for mirror, rows in enumerate(views):
                height, width = picture.shape[:2]
                none = np.zeros(layout.WIDTH, np.float32)
                crop = hands[0].crop(width, height) if hands else None
                rows.append(embedding.of_picture(network, picture, crop, bool(mirror)) if hands else none)
    return Asked([np.stack(rows) for rows in views], labels, np.array(found))


def given(rows: np.ndarray, parts: tuple[int, int]) -> np.ndarray:
    """Return rows of which these parts alone are given."""
    rows = np.array(rows)
    rows[:, layout.GIVEN] *= parts
    return rows


def learn(params: config.Params, name: str, prepared: Prepared, sources: tuple[str, ...], parts: tuple[int, int]):
    """Return the answers of a reader that learnt from these sources, and was given these parts alone."""
    from fingerspell.models.common import saved
    from fingerspell.models.common.seeding import set_seed
    from fingerspell.training import fitting
    from fingerspell.training.batches import Batches

    experiment = params.experiment(name)
    source = np.array([member.split("/")[0] if "/" in member else "" for member in prepared.members])
    source = np.where(np.isin(source, ("drawn", "joints")), source, "")
    rows = np.flatnonzero((prepared.splits == "train") & np.isin(source, sources))
    arrays = [given(prepared.array(view), parts) for view in prepared.views()]
    rows = rows[arrays[0][rows][:, layout.GIVEN].any(axis=1)]
    set_seed(params.seed)
    network = saved.build(saved.describe(name, experiment, params.seed, prepared.settings))
    batches = Batches(arrays, prepared.labels, rows, experiment.batch_size, params.seed)
    fitting.fit(network, batches, None, experiment.epochs, experiment.training, lambda line: None)
    return network.predict_on_batch


if __name__ == "__main__":
    main(*sys.argv[1:])
