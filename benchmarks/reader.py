"""What each part of a reader brings: learnt with parts left out, and asked about sets of photographs.

    python -m benchmarks.reader RUN EXPERIMENT OUT.json SET …

RUN: a repository in which `crop@EXPERIMENT` was run. SET: a folder or zip of class folders. OUT: where the rows go, one
for each set and each choice of parts; what stands there of other experiments or sets stays. Accuracy is that on the
letters; a hand that is not found is an error. Some minutes on two cores.
"""

import os
import sys
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from fingerspell import config, files
from fingerspell.external import photographs
from fingerspell.external.error_analysis import share
from fingerspell.hands import embedding
from fingerspell.hands.finder import TRIES, Finder
from fingerspell.hands.network import HandNetwork
from fingerspell.images import whole
from fingerspell.preparation.prepared import PLAIN, Prepared
from fingerspell.progress import progress

PICTURE, LANDMARKS, BOTH = (1, 0), (0, 1), (1, 1)  # which parts are given
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


@dataclass(frozen=True)
class Asked:
    """The letters of a set of photographs: rows of the found hands and of their mirror images, zeros where there is
    none; labels, as classes; and which try found each, -1 where none did."""

    views: list[np.ndarray]
    labels: list[str]
    found: np.ndarray


def main(run: str, experiment: str, out: str, *sets: str) -> None:
    path = Path(out)
    rows = files.read_csv(path) if path.exists() else []
    names = [Path(one).stem for one in sets]
    rows = [row for row in rows if not (row["experiment"] == experiment and row["set"] in names)]
    asked = {name: look(Path(one)) for name, one in zip(names, sets)}
    with chdir(run):
        params = config.load()
        prepared = Prepared.open(Path("data/crops") / experiment)
    for name, (sources, parts) in ROWS.items():
        answer = learn(params, experiment, prepared, sources, parts)
        tries = range(len(TRIES)) if name == list(ROWS)[-1] else [len(TRIES) - 1]
        for title, one in asked.items():
            answers = [answer(given(view, parts)) for view in one.views]
            for most in tries:
                for views in (1, 2) if most == len(TRIES) - 1 else (2,):
                    named = np.array(prepared.classes)[sum(answers[:views]).argmax(axis=1)]
                    seen = (one.found >= 0) & (one.found <= most)
                    hits = int((seen & (named == np.array(one.labels))).sum())
                    row = {"experiment": experiment, "dataset": prepared.settings["dataset"], "set": title}
                    row |= {"learnt": name, "tries": most + 1, "views": views, "found": round(float(seen.mean()), 4)}
                    rows.append(row | share(hits, len(one.labels)))
                    print(rows[-1], flush=True)
    files.write_csv(path, rows)


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
                none = np.zeros(embedding.WIDTH, np.float32)
                crop = hands[0].crop(width, height) if hands else None
                rows.append(embedding.of_picture(network, picture, crop, bool(mirror)) if hands else none)
    return Asked([np.stack(rows) for rows in views], labels, np.array(found))


def given(rows: np.ndarray, parts: tuple[int, int]) -> np.ndarray:
    """Return rows of which these parts alone are given."""
    rows = np.array(rows)
    rows[:, embedding.GIVEN] *= parts
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
    rows = rows[arrays[0][rows][:, embedding.GIVEN].any(axis=1)]
    set_seed(params.seed)
    network = saved.build(saved.describe(name, experiment, params.seed, prepared.settings))
    batches = Batches(arrays, prepared.labels, rows, experiment.batch_size, params.seed)
    fitting.fit(network, batches, None, experiment.epochs, experiment.training, lambda line: None)
    return network.predict_on_batch


if __name__ == "__main__":
    main(*sys.argv[1:])
