"""What a reader learns from: rows of found hands, of drawn ones and of joints, in the splits where they belong."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fingerspell import tables
from fingerspell.config import Crops
from fingerspell.datasets import hands
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.rendered import draw, sheets
from fingerspell.datasets.rendered.backgrounds import draw_backgrounds
from fingerspell.errors import FingerspellError
from fingerspell.hands import landmarks
from fingerspell.hands.layout import FEATURES, GIVEN, IN_PICTURE, IN_SPACE, INDEX, LITTLE
from fingerspell.preparation import crops
from fingerspell.preparation.prepared import Image, Prepared, write_table
from fingerspell.processes import in_processes

pytestmark = pytest.mark.slow

SETTINGS = Crops(dataset="asl_photos", hands="american", joints=4, views=2)
ARRAYS = ["embeddings", "mirrored", "view-1", "view-2"]
IMAGES = [
    Image("train/B/B0.jpg", "B", "train"),
    Image("train/L/L0.jpg", "L", "validation"),
    Image("train/L/L1.jpg", "L", "test"),
    Image("train/Nothing/Nothing0.jpg", "nothing", "train"),
    Image("train/Space/Space0.jpg", "space", "train"),
]


@pytest.fixture(scope="module", autouse=True)
def alone():
    """This process does all: others take seconds to begin."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crops, "in_processes", lambda work, tasks, _: in_processes(work, tasks, 1))
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """What the stages before leave: an archive, its landmarks, drawn hands, and a table of images."""
    place = tmp_path_factory.mktemp("crops")
    archive, wanted = draw("asl_photos", 2, 5, place, workers=1), [image.member for image in IMAGES]
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(place / "photos.zip", "w") as few:
        for name in wanted:
            few.writestr(name, whole.read(name))
    for name in ("landmarks", "hands", "prepared"):
        (place / name).mkdir()
    landmarks.write(catalogue.find("asl_photos"), place / "photos.zip", place / "landmarks", place / "kept", 1)
    drawn = [sheets._draw_some("american", 3, (label, range(2))) for label in ("B", "C", "L", "nothing")]
    hands.write(place / "hands", hands.SIDE, drawn)
    np.save(place / "hands/backgrounds.npy", np.concatenate(list(draw_backgrounds(10, 3, 1))))
    write_table(place / "prepared", IMAGES, {"classes": ["B", "L", "nothing", "space"]})
    return place


def write(place: Path, folder: Path, settings: Crops = SETTINGS, seed: int = 1) -> Prepared:
    folder.mkdir()
    prepared, archive = Prepared.open(place / "prepared"), place / "photos.zip"
    crops.write(prepared, archive, place / "landmarks", place / "hands", settings, seed, folder)
    return Prepared.open(folder)


@pytest.fixture(scope="module")
def written(place) -> Prepared:
    return write(place, place / "written")


def rows(written: Prepared) -> np.ndarray:
    """All views, float32 (rows, views, 1280)."""
    return np.stack([np.asarray(written.array(name), np.float32) for name in written.views()], axis=1)


def test_drawn_hands_and_joints_follow_the_images_for_training_alone(written):
    found = tables.read(written.folder / "table.csv", Image, "table")
    assert found[:5] == IMAGES
    assert [(image.member, image.label) for image in found[5:11]] == [
        ("drawn/0", "B"), ("drawn/1", "B"), ("drawn/4", "L"), ("drawn/5", "L"),
        ("drawn/6", "nothing"), ("drawn/7", "nothing"),
    ], "C is no class here"  # fmt: skip
    assert [image.member for image in found[11:]] == [
        f"joints/{label}/{number}" for label in ("B", "L", "nothing") for number in range(4)
    ], "of space nothing is drawn"
    assert {image.split for image in found[5:]} == {"train"}
    assert written.rows("validation").tolist() == [1] and written.rows("test").tolist() == [2]


def test_every_row_has_as_many_views_as_are_asked_for(written):
    assert written.views() == ARRAYS == crops.names(2)
    assert {path.name for path in written.folder.iterdir()} == {
        "table.csv", "prepared.json", *(f"{name}.npy" for name in ARRAYS),
    }  # fmt: skip
    for name in ARRAYS:
        array = written.array(name)
        assert array.shape == (23, 1280) and array.dtype == np.float16 and np.isfinite(array).all()


def test_validation_and_test_images_have_their_own_view_and_its_mirror_image_alone(written):
    views = rows(written)
    assert not views[[1, 2], 2:].any()
    assert views[[1, 2], :2].any(axis=2).all() and views[[0, 3, 4]].any(axis=2).all()


def test_what_is_known_of_a_hand_is_said(written):
    given = rows(written)[:, :, GIVEN]
    assert (given[0] == 1).all() and (given[5:11] == 1).all(), "picture and landmarks"
    assert (given[3] == (1, 0)).all(), "where no hand is found, the picture alone"
    assert (given[11:] == (0, 1)).all(), "joints alone"
    assert not rows(written)[3, :, FEATURES : GIVEN.start].any() and not rows(written)[11:, :, :FEATURES].any()


def test_the_second_view_is_the_mirror_image(written):
    """The palm's breadth, from the index finger's knuckle to the little finger's, changes its way."""

    def across(view: int) -> np.ndarray:
        points = rows(written)[:3, view, IN_PICTURE].reshape(3, 21, 3)
        return points[:, INDEX, 0] - points[:, LITTLE, 0]

    assert (np.sign(across(0)) == -np.sign(across(1))).all() and (np.abs(across(0)) > 0.2).all()


def test_views_are_changed_a_little_and_are_of_the_same_hand(written):
    views = rows(written)
    for at in (0, 4):
        plain, changed = views[at, :2, :FEATURES], views[at, 2:, :FEATURES]
        nearest = np.linalg.norm(changed[:, None] - plain, axis=2).min(axis=1)
        assert (nearest > 0).all() and (nearest < 1.5 * np.linalg.norm(plain[0])).all()
    assert (views[5:11, 0] != views[5:11, 1]).any(axis=1).all(), "drawn hands are in another scene each time"


def test_half_of_the_joints_are_of_left_hands(written):
    points = rows(written)[11:, :, IN_SPACE].reshape(12, 4, 21, 3)[:4]  # of the B, an open palm
    right = points[:, :, INDEX, 0] > points[:, :, LITTLE, 0]
    assert right[:, 0::2].mean() > 0.8 and right[:, 1::2].mean() < 0.2
    assert len(np.unique(points.reshape(16, -1).astype(np.float16), axis=0)) == 16


def test_the_same_gives_the_same_bytes_and_another_seed_others(place, written, tmp_path):
    again, other = write(place, tmp_path / "again"), write(place, tmp_path / "other", seed=2)
    for path in written.folder.iterdir():
        assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name
    plain = np.s_[:5], np.s_[:2]
    assert (rows(other)[plain] == rows(written)[plain]).all(), "images are what they are"
    assert (rows(other)[0, 2:] != rows(written)[0, 2:]).any() and (rows(other)[5:] != rows(written)[5:]).any()


def test_an_image_that_cannot_be_read_is_named(place, tmp_path):
    with zipfile.ZipFile(place / "photos.zip") as whole, zipfile.ZipFile(tmp_path / "photos.zip", "w") as damaged:
        for name in whole.namelist():
            damaged.writestr(name, whole.read(name)[: 300 if name.endswith("L1.jpg") else None])
    prepared = Prepared.open(place / "prepared")
    with pytest.raises(FingerspellError, match=r"train/L/L1\.jpg: the image cannot be decoded"):
        crops.write(prepared, tmp_path / "photos.zip", place / "landmarks", place / "hands", SETTINGS, 1, tmp_path)


def test_an_image_in_which_nobody_looked_for_hands_is_named(place, tmp_path):
    prepared = replace(Prepared.open(place / "prepared"), members=["train/Q/Q0.jpg"], splits=np.array(["train"]))
    with pytest.raises(FingerspellError, match=r"nobody looked for hands in train/Q/Q0\.jpg"):
        crops.write(prepared, place / "photos.zip", place / "landmarks", place / "hands", SETTINGS, 1, tmp_path)
