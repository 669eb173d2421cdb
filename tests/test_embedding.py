"""What a reader is told about a hand: golden rows, and what turning and mirroring do to them."""

import zipfile

import numpy as np
import pytest

from fingerspell.datasets.rendered import draw
from fingerspell.hands import embedding
from fingerspell.hands.crops import Crop
from fingerspell.hands.finder import Finder
from fingerspell.hands.layout import FEATURES, GIVEN, IN_PICTURE, IN_SPACE, INDEX, LITTLE, MIDDLE, WIDTH, WRIST
from fingerspell.hands.network import HandNetwork
from fingerspell.images import whole

pytestmark = pytest.mark.slow

SIDE = 224


@pytest.fixture(scope="module")
def network() -> HandNetwork:
    return HandNetwork()


@pytest.fixture(scope="module")
def hand(tmp_path_factory, network) -> tuple[np.ndarray, Crop]:
    """A drawn L, and where it was found."""
    with zipfile.ZipFile(draw("asl_photos", 2, 5, tmp_path_factory.mktemp("drawn"), workers=1)) as archive:
        picture = whole(archive.read("train/L/L0.jpg"))
    with Finder(network) as finder:
        [found] = finder.find(picture)
    return picture, found.crop(SIDE, SIDE)


def points(row: np.ndarray, where: slice) -> np.ndarray:
    return row[where].reshape(21, 3)


def test_joints_are_moved_to_the_wrist_and_divided_by_the_palm():
    joints = np.ones((21, 3))
    joints[MIDDLE], joints[INDEX], joints[LITTLE], joints[12] = (1, 3, 1), (2, 3, 1), (0, 3, 1), (1, 5, 0)
    row = embedding.of_joints(joints)
    assert row.shape == (WIDTH,) == (1280,) and row.dtype == np.float32
    assert not row[:FEATURES].any() and row[GIVEN].tolist() == [0, 1], "no picture, but landmarks"
    for where in (IN_SPACE, IN_PICTURE):
        found = points(row, where)
        # A palm of 2, and 2 from the index finger's knuckle to the little finger's: 1.5 / 4 of the unit.
        assert found[MIDDLE].tolist() == [0, 0.75, 0] and found[WRIST].tolist() == [0, 0, 0]
        assert found[INDEX].tolist() == [0.375, 0.75, 0] and found[12].tolist() == [0, 1.5, -0.375]


def test_a_hand_that_is_a_point_is_no_fault():
    assert not embedding.of_joints(np.full((21, 3), 7.0))[IN_SPACE].any()


def test_a_picture_gives_features_and_landmarks_with_fingers_up_and_the_thumb_on_its_side(network, hand):
    picture, crop = hand
    row = embedding.of_picture(network, picture, crop)
    assert row[:FEATURES].any() and row[GIVEN].tolist() == [1, 1]
    for where in (IN_SPACE, IN_PICTURE):
        found = points(row, where)
        assert found[8, 1] > 1.2, "the index finger of an L stands up: y grows upward"
        assert found[8, 1] > found[12, 1] and found[8, 1] > found[20, 1]
        palm = np.linalg.norm(found[MIDDLE]) + np.linalg.norm(found[INDEX] - found[LITTLE])
        assert palm == pytest.approx(embedding.PALM, abs=1e-4)
        mirrored = points(embedding.of_picture(network, picture, crop, mirror=True), where)
        assert np.sign(found[4, 0]) == -np.sign(mirrored[4, 0]), "the thumb changes its side"


def test_a_turned_hand_is_seen_alike_and_has_turned_landmarks(network, hand):
    picture, crop = hand
    row = embedding.of_picture(network, picture, crop)
    clockwise = Crop(SIDE - crop.y, crop.x, crop.side, crop.angle + np.pi / 2)
    turned = embedding.of_picture(network, np.ascontiguousarray(np.rot90(picture, -1)), clockwise)
    apart = np.linalg.norm(turned[:FEATURES] - row[:FEATURES]) / np.linalg.norm(row[:FEATURES])
    assert apart < 0.1, "the network is shown the same"
    for where in (IN_SPACE, IN_PICTURE):
        x, y, z = points(row, where).T
        assert np.allclose(points(turned, where), np.stack([y, -x, z], axis=1), atol=0.05)


def test_where_no_hand_was_found_the_picture_alone_is_given(network, hand):
    picture, crop = hand
    row = embedding.of_picture(network, picture, crop, found=False)
    assert row[GIVEN].tolist() == [1, 0] and not row[FEATURES : GIVEN.start].any()
    assert (row[:FEATURES] == embedding.of_picture(network, picture, crop)[:FEATURES]).all()
