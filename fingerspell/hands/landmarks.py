"""The hands of a whole dataset, found once.

A folder of landmarks holds

- `hands.csv`: member, label, width, height (pixels, upright), side, score, found (see `finder.Hand`), one row an image,
  sorted by member; empty where no hand was found, or the image cannot be read
- `landmarks.npy`: float32 (n, 21, 3), in the order of the rows; NaN where no hand was found
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from fingerspell import files, images, tables
from fingerspell.datasets.published.archive import Archive, Reference
from fingerspell.datasets.published.catalogue import Dataset
from fingerspell.errors import FingerspellError
from fingerspell.hands import finder, model
from fingerspell.hands.layout import LANDMARKS, MIDDLE, WRIST
from fingerspell.hands.network import HandNetwork
from fingerspell.processes import in_processes
from fingerspell.progress import progress

TABLE, ARRAY = "hands.csv", "landmarks.npy"
CHUNK = 64  # images of a task: what an interrupt costs, and what memory holds
CODE = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """What was found in one image; the columns of `hands.csv`."""

    member: str
    label: str
    width: int | None
    height: int | None
    side: str | None
    score: float | None
    found: str | None


@dataclass(frozen=True)
class Landmarks:
    """A folder of landmarks, opened."""

    rows: list[Row]
    points: np.ndarray  # float32 (n, 21, 3)

    @classmethod
    def open(cls, folder: Path) -> "Landmarks":
        """Open a folder that `write` filled; raises FingerspellError if it is not there."""
        return cls(tables.read(folder / TABLE, Row, "table of hands"), np.load(folder / ARRAY, mmap_mode="r"))

    def of(self, members: list[str]) -> np.ndarray:
        """Return the landmarks of some images, (n, 21, 3); raises FingerspellError if one was never looked at."""
        place = {row.member: at for at, row in enumerate(self.rows)}
        try:
            return self.points[[place[member] for member in members]]
        except KeyError as error:
            raise FingerspellError(f"nobody looked for hands in {error.args[0]}; run `dvc repro`") from error


def write(dataset: Dataset, archive: Path, folder: Path, checkpoints: Path, workers: int | None = None) -> list[Row]:
    """Look for the signing hand in every labelled image of an archive, in `workers` processes (None: one a core, or
    those of the scheduler that is named).

    Fills `folder` and returns its rows. After an interrupt the next call goes on with what `checkpoints` holds; the
    result is the same. An image that cannot be read has no hand.
    """
    with Archive(archive) as opened:
        members = sorted((member.name, member.label) for name in opened.names if (member := dataset.parse(name)))
        reference = opened.reference
    chunks = [members[start : start + CHUNK] for start in range(0, len(members), CHUNK)]
    kept = checkpoints / _recipe(archive)
    missing = [number for number in range(len(chunks)) if not (kept / f"{number}.npz").exists()]
    tasks = [(reference, [member for member, _ in chunks[number]]) for number in missing]
    done = zip(missing, in_processes(_look, tasks, workers if len(tasks) > 1 else 1))
    for number, (found, points) in progress(done, len(missing), f"hands of {dataset.name}", f"times {CHUNK} images"):
        with files.write_aside(kept / f"{number}.npz") as aside, open(aside, "wb") as file:
            np.savez(file, found=np.array(json.dumps(found)), points=points)
    rows: list[Row] = []
    files.write_array(folder / ARRAY, np.float32, (LANDMARKS, 3), _collect(kept, chunks, rows))
    tables.write(folder / TABLE, Row, rows)
    return rows


def summary(rows: list[Row]) -> dict[str, Any]:
    """Return how many images there are, the share in which a hand was found, by each try and in each class."""
    labels = sorted({row.label for row in rows})
    found = {label: [row.found is not None for row in rows if row.label == label] for label in labels}
    return {
        "images": len(rows),
        "found": _share([row.found is not None for row in rows]),
        "by_try": {name: _share([row.found == name for row in rows]) for name in finder.TRIES},
        "by_class": {label: _share(values) for label, values in found.items()},
    }


def against_truth(rows: list[Row], points: np.ndarray, hands_csv: Path) -> dict[str, Any]:
    """Return how the finder does on drawn hands, whose joints are known (see `rendered.draw`): the share of them that
    it finds, how far its landmarks lie from the joints (half, and nine tenths, of the hands lie nearer), in lengths of
    the palm, and how often it tells right from left.

    points: float32 (n, 21, 3), in the order of rows.
    """
    truth = {row["member"]: row for row in files.read_csv(hands_csv) if row["hand"]}
    drawn = [at for at, row in enumerate(rows) if row.member in truth and row.width]
    apart, sides = [], []
    for at in drawn:
        row, known = rows[at], truth[rows[at].member]
        if row.found is None:
            continue
        joints = np.array([[float(known[f"{axis}{joint}"]) for axis in "xy"] for joint in range(LANDMARKS)])
        palm = np.linalg.norm(joints[MIDDLE] - joints[WRIST])
        away = np.linalg.norm(points[at, :, :2] * (row.width, row.height) - joints, axis=1)
        apart.append(away.mean() / max(palm, 1.0))
        sides.append(row.side == known["hand"])
    if not apart:
        return {}
    half, most = np.quantile(apart, [0.5, 0.9])
    return {
        "hands": len(drawn),
        "found": round(len(apart) / len(drawn), 4),
        "half_within_palms": round(float(half), 4),
        "nine_tenths_within_palms": round(float(most), 4),
        "side_right": _share(sides),
    }


def _share(values: list[bool]) -> float:
    return round(float(np.mean(values)), 4)


def _collect(kept: Path, chunks: list[list[tuple[str, str]]], rows: list[Row]) -> Iterator[np.ndarray]:
    for number, members in enumerate(chunks):
        with np.load(kept / f"{number}.npz") as held:
            for (member, label), seen in zip(members, json.loads(str(held["found"]))):
                rows.append(Row(member, label, *seen))
            yield held["points"]


def _recipe(archive: Path) -> str:
    """Return a name for what is found: other pictures, code or model find otherwise."""
    code = [files.sha256(path) for path in (*sorted(CODE.glob("*.py")), Path(images.__file__))]
    parts = [files.sha256(archive), model.SHA256, version("mediapipe"), version("opencv-python-headless"), *code]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _look(task: tuple[Reference, list[str]]) -> tuple[list[list[Any]], np.ndarray]:
    """Return width, height, and side, score and try of the hand of each of some images, and landmarks (n, 21, 3)."""
    reference, members = task
    archive = reference.opened()
    archive.fetch(members)
    points = np.full((len(members), LANDMARKS, 3), np.nan, np.float32)
    found: list[list[Any]] = []
    # Made for every task: MediaPipe must be closed before its process begins to end.
    with finder.Finder(_network()) as hand_finder:
        for place, member in enumerate(members):
            try:
                picture = images.whole(archive.read(member))
            except FingerspellError:  # the audit tells which images cannot be read
                found.append([None] * 5)
                continue
            size, hands = [picture.shape[1], picture.shape[0]], hand_finder.find(picture)
            if hands:
                points[place] = hands[0].landmarks
            seen = [hands[0].side, round(hands[0].score, 4), hands[0].found] if hands else [None] * 3
            found.append(size + seen)
    return found, points


@cache
def _network() -> HandNetwork:
    """Return the network of this process."""
    return HandNetwork()
