"""The hands of a whole archive: a table, landmarks beside it, and what is told of them."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from fingerspell import files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.rendered import draw
from fingerspell.errors import FingerspellError
from fingerspell.hands import landmarks
from fingerspell.hands.landmarks import Landmarks, Row

pytestmark = pytest.mark.slow

PHOTOS = catalogue.find("asl_photos")
DAMAGED, WITHOUT = "train/C/C7.jpg", "train/Nothing/Nothing0.jpg"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> dict[str, bytes]:
    with zipfile.ZipFile(draw("asl_photos", 2, 5, tmp_path_factory.mktemp("drawn"), workers=1)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(drawn: dict[str, bytes], path: Path, *more: str) -> Path:
    """An archive with hands, an image without one, one that cannot be read, and files that are no labelled images."""
    names = ["train/B/B0.jpg", "train/L/L0.jpg", WITHOUT, *more]
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, drawn[name])
        archive.writestr(DAMAGED, drawn["train/C/C0.jpg"][:300])
        archive.writestr("readme.md", "hello")
    return path


def find(archive: Path, place: Path, workers: int = 1) -> tuple[list[Row], Path]:
    (place / "found").mkdir(parents=True)
    return landmarks.write(PHOTOS, archive, place / "found", place / "kept", workers), place / "found"


def test_every_labelled_image_has_a_row_whether_or_not_a_hand_is_in_it(drawn, tmp_path):
    rows, folder = find(packed(drawn, tmp_path / "photos.zip"), tmp_path)
    assert [(row.member, row.label) for row in rows] == [
        ("train/B/B0.jpg", "B"), (DAMAGED, "C"), ("train/L/L0.jpg", "L"), (WITHOUT, "nothing"),
    ]  # fmt: skip
    b, damaged, _, without = rows
    assert (b.width, b.height, b.found) == (224, 224, "picture") and b.side in ("left", "right") and 0.3 < b.score <= 1
    assert damaged == Row(DAMAGED, "C", None, None, None, None, None), "nobody knows its size"
    assert without == Row(WITHOUT, "nothing", 224, 224, None, None, None)
    opened = Landmarks.open(folder)
    assert opened.rows == rows and opened.points.shape == (4, 21, 3) and opened.points.dtype == np.float32
    assert np.isnan(opened.points).all(axis=(1, 2)).tolist() == [False, True, False, True]
    chosen = opened.of(["train/L/L0.jpg", "train/B/B0.jpg"])
    assert (chosen == opened.points[[2, 0]]).all(), "in the order that is asked for"
    with pytest.raises(FingerspellError, match=r"nobody looked for hands in train/Z/Z0\.jpg; run `dvc repro`"):
        opened.of(["train/Z/Z0.jpg"])


def test_processes_find_what_one_finds(drawn, tmp_path, monkeypatch):
    archive = packed(drawn, tmp_path / "photos.zip")
    _, alone = find(archive, tmp_path / "alone")
    monkeypatch.setattr(landmarks, "CHUNK", 2)
    _, together = find(archive, tmp_path / "together", workers=2)
    for name in (landmarks.TABLE, landmarks.ARRAY):
        assert (alone / name).read_bytes() == (together / name).read_bytes()


def test_what_was_found_in_another_archive_does_not_count(drawn, tmp_path, monkeypatch):
    one = packed(drawn, tmp_path / "one.zip")
    find(one, tmp_path)
    looked: list[str] = []
    look = landmarks._look
    monkeypatch.setattr(landmarks, "_look", lambda task: looked.extend(task[1]) or look(task))
    landmarks.write(PHOTOS, one, tmp_path / "found", tmp_path / "kept", 1)
    assert looked == []
    other = packed(drawn, tmp_path / "other.zip", "train/Y/Y0.jpg")
    rows = landmarks.write(PHOTOS, other, tmp_path / "found", tmp_path / "kept", 1)
    assert looked == [row.member for row in rows] and "train/Y/Y0.jpg" in looked


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FingerspellError, match="is no table of hands"):
        Landmarks.open(tmp_path)


# Figures, worked out by hand


def row(number: int, label: str, side: str | None = None, found: str | None = None) -> Row:
    return Row(f"{number}.jpg", label, 100, 200, side, side and 0.9, found)


ROWS = [row(0, "A", "right", "picture"), row(1, "A", "left", "border"), row(2, "B", "right", "cut out"), row(3, "B")]


def test_the_summary_counts_images_tries_and_classes():
    assert landmarks.summary(ROWS) == {
        "images": 4,
        "found": 0.75,
        "by_try": {"picture": 0.25, "border": 0.25, "cut out": 0.25},
        "by_class": {"A": 1.0, "B": 0.5},
    }


def test_the_truth_is_how_far_landmarks_lie_from_joints(tmp_path):
    """All joints at (50, 100), but the middle knuckle, 20 pixels above: a palm of 20."""
    joints = np.full((21, 2), (50.0, 100.0))
    joints[9] = 50, 80
    names = [f"{axis}{joint}" for joint in range(21) for axis in "xy"]
    known = dict(zip(names, joints.ravel().tolist()))
    none = dict.fromkeys(names, "")
    table = [{"member": f"{number}.jpg", "hand": "right"} | known for number in range(3)]
    files.write_csv(tmp_path / "hands.csv", [*table, {"member": "3.jpg", "hand": ""} | none])
    points = np.full((4, 21, 3), np.nan, np.float32)
    for at, away in enumerate((2, 6)):  # pixels to the right, of 100: tenths of a palm
        points[at] = np.column_stack([(joints + np.array([away, 0])) / (100, 200), np.zeros(21)])
    points[2] = np.column_stack([(joints + np.array([0, 10])) / (100, 200), np.zeros(21)])
    told = landmarks.against_truth(ROWS, points, tmp_path / "hands.csv")
    # 0.1, 0.3 and 0.5 palms: the middle one, and eight tenths of the way from it to the last.
    assert told == {
        "hands": 3, "found": 1.0, "half_within_palms": 0.3, "nine_tenths_within_palms": 0.46, "side_right": 0.6667,
    }  # fmt: skip
    lost = [row(0, "A", "right", "picture"), row(1, "A"), row(2, "B"), row(3, "B")]
    told = landmarks.against_truth(lost, points, tmp_path / "hands.csv")
    assert told["found"] == 0.3333 and told["half_within_palms"] == 0.1 and told["side_right"] == 1
    assert landmarks.against_truth([row(number, "A") for number in range(4)], points, tmp_path / "hands.csv") == {}
