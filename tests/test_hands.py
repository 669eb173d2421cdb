"""Hands: where they are cut out, how they are found, and what becomes of them."""

import json
import zipfile
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerspell import cli
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.rendered import draw
from fingerspell.errors import FingerspellError
from fingerspell.hands import embedding, landmarks, layout, model
from fingerspell.hands.crops import Crop, around, whole
from fingerspell.hands.finder import Finder
from fingerspell.hands.layout import LANDMARKS
from fingerspell.hands.network import SIZE, HandNetwork
from fingerspell.images import decode
from fingerspell.images import whole as whole_picture
from fingerspell.inference.drawing import drawn
from fingerspell.inference.reader import Reader
from fingerspell.inference.sources import sources

pytestmark = pytest.mark.slow

CLASSES = ["A", "B", "nothing"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """Two hands of every sign, drawn; beside it the table of their joints."""
    return draw("asl_photos", 2, 5, tmp_path_factory.mktemp("drawn"), workers=1)


@pytest.fixture(scope="module")
def pictures(archive) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(archive) as opened:
        return {Path(name).stem: np.asarray(decode(opened.read(name))) for name in opened.namelist()}


@pytest.fixture(scope="module")
def finder():
    with Finder(most=2) as opened:
        yield opened


@pytest.fixture(scope="module")
def network() -> HandNetwork:
    return HandNetwork()


def test_a_crop_turns_the_hand_upright():
    """A hand that points to the right: wrist at (10, 50), knuckles at (50, 50), fingertips at (90, 50)."""
    points = np.full((LANDMARKS, 2), 50.0)
    points[0], points[[5, 9, 13]], points[12] = (10, 50), (50, 50), (90, 50)
    crop = around(points)
    assert crop.angle == pytest.approx(np.pi / 2) and crop.side == pytest.approx(160)
    assert (crop.x, crop.y) == pytest.approx((58, 50)), "a tenth of its length toward the fingers"
    inverse = cv2.invertAffineTransform(crop.matrix(160))
    wrist, tip = (inverse[:, :2] @ points[at] + inverse[:, 2] for at in (0, 12))
    assert wrist == pytest.approx((80, 128)) and tip == pytest.approx((80, 48)), "the tip above the wrist"
    mirrored = cv2.invertAffineTransform(crop.matrix(160, mirror=True))
    thumb = np.array([50.0, 30.0])
    right, left = (matrix[:, :2] @ thumb + matrix[:, 2] for matrix in (inverse, mirrored))
    assert right[0] + left[0] == pytest.approx(160) and right[1] == pytest.approx(left[1])


def test_a_crop_cuts_the_same_picture_out_of_a_turned_one():
    picture = np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)
    picture = cv2.GaussianBlur(picture, (0, 0), 3)
    upright = Crop(30, 30, 40, 0.0).cut(picture, 40)
    turned = Crop(30, 30, 40, np.pi / 2).cut(np.ascontiguousarray(np.rot90(picture, -1)), 40)
    assert np.abs(upright.astype(int) - turned).mean() < 2
    corner = whole(60, 60, 3.0).cut(picture, 120)[0, 0]
    assert np.abs(corner.astype(int) - picture[0, 0]).max() <= 2, "the rim goes on"


def test_drawn_hands_are_found_where_their_joints_are(archive, finder, tmp_path):
    folder = tmp_path / "found"
    folder.mkdir()
    rows = landmarks.write(catalogue.find("asl_photos"), archive, folder, tmp_path / "kept", workers=1)
    points = landmarks.Landmarks.open(folder).points
    assert len(rows) == len(points) == 58 and np.isnan(points[[row.found is None for row in rows]]).all()
    told = landmarks.against_truth(rows, points, archive.with_name("hands.csv"))
    assert told["hands"] == 56 and told["found"] > 0.9
    assert told["half_within_palms"] < 0.2, "of the length of the palm"
    assert told["side_right"] > 0.9, "the person's own right is the right"
    shares = landmarks.summary(rows)
    assert shares["images"] == 58 and shares["found"] == pytest.approx(sum(shares["by_try"].values()), abs=1e-3)


def once(look):
    """Return the function, which a second call interrupts."""
    calls = []

    def interrupted(task):
        calls.append(task)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return look(task)

    return interrupted


def test_finding_goes_on_after_an_interrupt_with_the_same_bytes(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(landmarks, "CHUNK", 20)
    dataset, bytes_of = catalogue.find("asl_photos"), []
    for attempt in ("cut", "whole"):
        folder = tmp_path / attempt
        folder.mkdir()
        if attempt == "cut":
            with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
                patch.setattr(landmarks, "_look", once(landmarks._look))
                landmarks.write(dataset, archive, folder, tmp_path / "kept", workers=1)
            [kept] = (tmp_path / "kept").iterdir()
            assert [path.name for path in kept.iterdir()] == ["0.npz"]
            before = (kept / "0.npz").stat().st_mtime_ns
            landmarks.write(dataset, archive, folder, tmp_path / "kept", workers=1)
            assert (kept / "0.npz").stat().st_mtime_ns == before, "what was found is not looked for again"
        else:
            landmarks.write(dataset, archive, folder, tmp_path / "other", workers=1)
        bytes_of.append([(folder / name).read_bytes() for name in (landmarks.TABLE, landmarks.ARRAY)])
    assert bytes_of[0] == bytes_of[1]


def test_the_mirror_image_shows_the_other_hand(pictures, finder):
    [hand] = finder.find(pictures["B0"])
    [mirrored] = finder.find(np.ascontiguousarray(pictures["B0"][:, ::-1]))
    assert {hand.side, mirrored.side} == {"left", "right"}
    assert np.allclose(1 - mirrored.landmarks[:, 0], hand.landmarks[:, 0], atol=0.05)


def test_a_border_and_a_turn_change_nothing_but_the_place(pictures, finder):
    picture = pictures["B0"]
    side = len(picture)
    [hand] = finder.find(picture)
    wide = cv2.copyMakeBorder(picture, 0, 0, side, 0, cv2.BORDER_CONSTANT)
    [beside] = finder.find(wide)
    assert np.allclose(beside.landmarks[:, 0] * 2 * side - side, hand.landmarks[:, 0] * side, atol=0.05 * side)
    [turned] = finder.find(np.ascontiguousarray(np.rot90(picture)))  # anticlockwise: (x, y) goes to (y, 1 - x)
    assert np.allclose(turned.landmarks[:, 1], 1 - hand.landmarks[:, 0], atol=0.06)
    left, top, right, bottom = hand.box
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1 and (right - left) * (bottom - top) < 0.9


def test_hands_that_fill_the_picture_are_found_by_later_tries(pictures, finder):
    tight = []
    for name, picture in pictures.items():
        if len(name) == 2 and (hands := finder.find(picture)):
            low, high = np.array(hands[0].box[:2]), np.array(hands[0].box[2:])
            (left, top), (right, bottom) = ((end * len(picture)).astype(int) for end in (low - 0.03, high + 0.03))
            tight.append(np.ascontiguousarray(picture[max(0, top) : bottom, max(0, left) : right]))
    with Finder(tries=1) as impatient:
        first = [bool(impatient.find(picture)) for picture in tight]
    later = [finder.find(picture) for picture in tight]
    assert np.mean(first) + 0.1 < np.mean([bool(hands) for hands in later])
    assert {hands[0].found for hands in later if hands} == {"picture", "border", "cut out"}


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (400, 12), (300, 300)])
def test_a_picture_without_a_hand_has_none(finder, shape):
    assert finder.find(np.full((*shape, 3), 120, np.uint8)) == []


def test_two_hands_are_both_found_the_larger_first(pictures, finder):
    small = cv2.resize(pictures["L0"], None, fx=0.6, fy=0.6)
    scene = cv2.copyMakeBorder(pictures["B0"], 0, 0, 0, small.shape[1], cv2.BORDER_REPLICATE)
    scene[: len(small), -small.shape[1] :] = small
    hands = finder.find(scene)
    assert len(hands) == 2
    sizes = [max(hand.box[2] - hand.box[0], hand.box[3] - hand.box[1]) for hand in hands]
    assert sizes == sorted(sizes, reverse=True)


def test_a_hand_that_is_found_twice_is_told_once(pictures):
    with Finder(most=10) as opened:
        for picture in list(pictures.values())[:20]:
            boxes = [hand.box for hand in opened.find(picture)]
            assert all(abs(one[0] - other[0]) + abs(one[3] - other[3]) > 0.1 for one, other in combinations(boxes, 2))


def test_the_model_file_is_the_published_one_or_refused_in_a_sentence(tmp_path, monkeypatch):
    real = model.path()
    monkeypatch.setenv("FINGERSPELL_ARCHIVES", str(tmp_path))
    for content, words in ((real.read_bytes()[:1000], "is not the published"), (b"another", "is not the published")):
        (tmp_path / model.FILE).write_bytes(content)
        model.path.cache_clear()
        with pytest.raises(FingerspellError, match=words), Finder():
            pass
    (tmp_path / model.FILE).unlink()
    monkeypatch.setattr(model, "_packaged", lambda: None)
    model.path.cache_clear()
    with pytest.raises(FingerspellError, match="make setup"):
        model.path()
    monkeypatch.undo()
    model.path.cache_clear()
    assert model.path() == real


def test_a_platform_without_mediapipe_is_told_what_still_works(monkeypatch, network):
    def missing():
        raise ImportError("no wheel")

    monkeypatch.setattr("fingerspell.hands.finder.mediapipe", missing)
    with pytest.raises(FingerspellError, match=r"does not run on this platform .no wheel.; .* can be read without it"):
        Finder(network).__enter__()


@given(st.integers(0, 1000), st.floats(0.1, 50), st.floats(-20, 20))
def test_a_hand_is_the_same_wherever_and_however_large(seed, scale, shift):
    joints = np.random.default_rng(seed).normal(size=(LANDMARKS, 3))
    row, other = embedding.of_joints(joints), embedding.of_joints(joints * scale + shift)
    assert np.allclose(row, other, atol=2e-3)
    points = row[layout.IN_SPACE].reshape(LANDMARKS, 3)
    assert (points[0] == 0).all() and row[layout.GIVEN].tolist() == [0, 1]
    palm = np.linalg.norm(points[9]) + np.linalg.norm(points[5] - points[17])
    assert palm == pytest.approx(1.5, abs=1e-4)


def test_a_row_of_the_mirrored_hand_is_that_of_the_mirrored_picture(pictures, finder, network):
    picture = pictures["L0"]
    crop = finder.find(picture)[0].crop(*picture.shape[1::-1])
    row = embedding.of_picture(network, picture, crop, mirror=True)
    flipped = Crop(picture.shape[1] - crop.x, crop.y, crop.side, -crop.angle)
    other = embedding.of_picture(network, np.ascontiguousarray(picture[:, ::-1]), flipped)
    assert np.abs(row[layout.IN_SPACE] - other[layout.IN_SPACE]).max() < 0.1
    lost = embedding.of_picture(network, picture, whole(*picture.shape[1::-1]), found=False)
    assert lost[layout.GIVEN].tolist() == [1, 0] and not lost[layout.IN_SPACE].any()
    assert network.see(np.zeros((SIZE, SIZE, 3), np.uint8)).presence < 0.5


def pointing(rows: np.ndarray) -> np.ndarray:
    """A network in a line: the higher the middle finger stands in the picture, the more it is a B."""
    height = rows[:, layout.IN_PICTURE].reshape(-1, LANDMARKS, 3)[:, 12, 1]
    share = 1 / (1 + np.exp(-4 * (height - 0.5)))
    return np.stack([1 - share, share, np.zeros_like(share)], axis=1).astype(np.float32)


def test_a_reader_names_hands_above_its_threshold_and_left_ones_like_right_ones(pictures):
    about = {"classes": CLASSES, "letters": CLASSES, "threshold": 0.8}
    with Reader(about, pointing) as reader:
        [reading] = reader.read(pictures["B0"])
        assert reading.sign == "B" and reading.probabilities.argmax() == 1
        [mirrored] = reader.read(np.ascontiguousarray(pictures["B0"][:, ::-1]))
        assert np.allclose(mirrored.probabilities, reading.probabilities, atol=0.02)
        said = reader.probabilities([pictures["B0"], np.zeros((64, 64, 3), np.uint8)])
        assert said.shape == (2, 3) and not said[1].any(), "no hand, no sign"
    with Reader(about, lambda rows: np.full((len(rows), 3), 1 / 3, np.float32)) as reader:
        assert reader.read(pictures["B0"])[0].sign is None


def test_what_was_read_is_drawn_over_the_hand_alone(pictures):
    with Reader({"classes": CLASSES, "letters": CLASSES}, pointing) as reader:
        readings = reader.read(pictures["B0"])
    shown = drawn(pictures["B0"], readings, ["ب 93%"])
    changed = (shown != pictures["B0"]).any(axis=2)
    left, top, right, bottom = (np.array(readings[0].hand.box) * len(shown)).astype(int)
    assert changed[top:bottom, left:right].mean() > 0.02 and changed.mean() < 0.6
    assert (drawn(pictures["B0"], readings, ["ت 93%"]) != shown).any(), "letters differ"
    assert (drawn(np.zeros((1, 1, 3), np.uint8), [], []) == 0).all()


def test_pictures_come_from_files_folders_patterns_and_standard_input(tmp_path, monkeypatch):
    for name in ("b.jpg", "a.png", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    monkeypatch.chdir(tmp_path)
    assert [one.name for one in sources(["notes.txt", "."])] == ["notes.txt", "a.png", "b.jpg"]
    assert [one.name for one in sources(["*.jpg"])] == ["b.jpg"]
    [picture] = sources(["a.png"])
    assert picture.read() == b"a.png"
    (tmp_path / "empty").mkdir()
    for word, words in (("empty", "there are no pictures in empty"), ("*.gif", "no file fits")):
        with pytest.raises(FingerspellError, match=words):
            list(sources([word]))
    with pytest.raises(FingerspellError, match="cannot be read: No such file"):
        next(sources(["nowhere.jpg"])).read()


def test_a_picture_of_108_megapixels_is_read_small():
    data = cv2.imencode(".jpg", np.full((9000, 12000, 3), 90, np.uint8))[1].tobytes()
    assert whole_picture(data).shape == (960, 1280, 3)


def test_predict_tells_and_draws_every_hand(archive, tmp_path, capsys, monkeypatch):
    from fingerspell.inference import released

    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(archive) as opened:
        for name in ("B0", "Nothing0"):
            [member] = [one for one in opened.namelist() if Path(one).stem == name]
            Path(f"{name}.jpg").write_bytes(opened.read(member))
    assert released.DEFAULT in released.names()
    assert cli.main(["predict", "B0.jpg", "Nothing0.jpg", "--draw", "drawn"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert " hand, box " in first and second == "Nothing0.jpg  no hand"
    assert {path.name for path in Path("drawn").iterdir()} == {"B0.png", "Nothing0.png"}
    assert cli.main(["predict", "B0.jpg", "--json", "--threshold", "1"]) == 0
    [[hand]] = [one["hands"] for one in json.loads(capsys.readouterr().out)]
    assert hand["class"] is None and len(hand["answers"]) == 3 and len(hand["landmarks"]) == LANDMARKS
    assert hand["hand"] in ("left", "right")
