"""Cutting out: a network finds drawn hands in scenes that it has not seen, and what is cut out is a hand."""

import cv2
import numpy as np
import pytest

from fingerspell.datasets.hands import Hands
from fingerspell.datasets.rendered.backgrounds import draw_backgrounds
from fingerspell.datasets.rendered.sheets import draw_sheets
from fingerspell.scenes import compositing, cutting, segmenter

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hands() -> Hands:
    parts = [part for part in draw_sheets("american", 1, seed=1, workers=1)]
    return Hands(*(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts))))


@pytest.fixture(scope="module")
def room() -> np.ndarray:
    return next(draw_backgrounds(40, 8, 1))[39:]


def photographs(hands: Hands, room: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Hands in a room, uint8 (count, 128, 128, 3), and their outlines, bool."""
    random = np.random.default_rng(5)
    pictures, outlines = [], []
    for row in random.integers(len(hands), size=count):
        matrix = compositing.placement(hands.boxes[row], 128, (0.5, 0.7), 10, False, 0.0, random)
        picture, opacity = compositing.set_before(room[0].copy(), hands.sheets[row], matrix, random, dark=0)
        pictures.append(picture)
        outlines.append(opacity > 0.5)
    return np.stack(pictures), np.stack(outlines)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return np.sum(one & other) / np.sum(one | other)


def test_hands_are_found_by_a_network_that_learnt_on_drawn_ones(hands, room, monkeypatch):
    monkeypatch.setattr(segmenter, "SIZE", 32)  # quicker
    said = []
    network = segmenter.train(hands, room, room, steps=60, seed=1, log=said.append)
    assert "60 steps" in said[0]
    pictures, outlines = photographs(hands, room, 24)
    found = segmenter.masks(network, pictures)
    assert found.shape == (24, segmenter.SIZE, segmenter.SIZE, 2) and found.dtype == np.float32
    overlaps = [overlap(cv2.resize(one[..., 0], (128, 128)) > 0.5, outline) for one, outline in zip(found, outlines)]
    assert np.median(overlaps) > 0.35  # one that learnt nothing has less than 0.2
    assert found[..., 1].sum() < found[..., 0].sum(), "the hand is less than hand and arm"


def mask_of(outline: np.ndarray) -> np.ndarray:
    """What a network that is sure would say."""
    soft = cv2.GaussianBlur(outline.astype(np.float32), (0, 0), 1)
    return np.repeat(cv2.resize(soft, (segmenter.SIZE, segmenter.SIZE))[..., None], 2, axis=2)


def test_a_hand_is_cut_out_as_large_as_drawn_ones_are(hands, room):
    pictures, outlines = photographs(hands, room, 20)
    cut = [cutting.cut_out(picture, mask_of(outline), 144) for picture, outline in zip(pictures, outlines)]
    assert sum(one is not None for one in cut) >= 15
    found = [(*one, picture[outline]) for one, picture, outline in zip(cut, pictures, outlines) if one]
    for sheet, (x, y, extent), hand in found:
        assert sheet.shape == (144, 144, 4) and sheet.dtype == np.uint8
        rows, columns = np.nonzero(sheet[..., 3] > 128)
        assert abs(max(np.ptp(rows), np.ptp(columns)) - extent) < 8
        assert abs((columns.min() + columns.max()) / 2 - x) < 8 and abs((rows.min() + rows.max()) / 2 - y) < 8
        lift = max(1, np.percentile(sheet[rows, columns, :3].max(axis=1), 95) / np.percentile(hand.max(axis=1), 95))
        assert np.abs(sheet[rows, columns, :3].mean(axis=0) - lift * hand.mean(axis=0)).max() < 25


def test_a_hand_against_the_light_is_lifted_and_a_bright_one_left(hands, room):
    (picture,), (outline,) = photographs(hands, room, 1)
    cut = {}
    for brightest in (60, 200):
        hand = picture * (brightest / np.percentile(picture[outline].max(axis=1), 95))
        lit = np.where(outline[..., None], hand.clip(0, 255), 230).astype(np.uint8)
        sheet, _ = cutting.cut_out(lit, mask_of(outline), 144)
        cut[brightest] = sheet[..., :3][sheet[..., 3] > 200]
    assert np.percentile(cut[60].max(axis=1), 95) == pytest.approx(cutting.BRIGHT, abs=8)
    assert np.percentile(cut[200].max(axis=1), 95) == pytest.approx(200, abs=8)
    lift = cutting.BRIGHT / 60
    assert np.abs(cut[60].mean(axis=0) - lift * (60 / 200) * cut[200].mean(axis=0)).max() < 15, "the same tones"


@pytest.mark.parametrize("channels", [1, 3])
def test_of_photographs_with_a_hand_each_the_light_on_the_wall_is_left(channels):
    light = np.linspace(40, 220, 60)[None, :, None, None].repeat(60, axis=2).repeat(channels, axis=3)
    walls = np.concatenate([light, light.swapaxes(1, 2), 255 - light]).astype(np.uint8)
    photographs = walls.copy()
    photographs[:, 15:50, 12:48] = 250
    emptied = segmenter.emptied(photographs, 10)
    assert emptied.shape == walls.shape and emptied.dtype == np.uint8
    ends = emptied[:, [0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
    assert np.abs(ends - walls[:, [0, 0, -1, -1], [0, -1, 0, -1]]).max() < 10
    assert np.abs(emptied.astype(int) - walls).max() < 50, "between them it goes over from one to the other"
    assert (segmenter.emptied(photographs, 2) == emptied[[0, 2]]).all()


def test_what_is_hardly_a_hand_is_left_out(hands, room):
    (picture,), (outline,) = photographs(hands, room, 1)
    nothing = np.zeros((segmenter.SIZE, segmenter.SIZE, 2), np.float32)
    speck = nothing.copy()
    speck[40:46, 40:46] = 1
    assert cutting.cut_out(picture, nothing, 144) is None
    assert cutting.cut_out(picture, speck, 144) is None
    assert cutting.cut_out(picture, nothing + 0.5, 144) is None, "a network that does not know"
    assert cutting.cut_out(picture, 0.4 + 0.2 * mask_of(outline), 144) is None, "nor one that hardly does"


def test_all_photographs_are_gone_through_and_the_kept_keep_their_labels(hands, room, monkeypatch):
    pictures, outlines = photographs(hands, room, 12)
    known = {picture.tobytes(): mask_of(outline) for picture, outline in zip(pictures, outlines)}
    monkeypatch.setattr(cutting, "PART", 5)
    monkeypatch.setattr(cutting, "masks", lambda network, some: np.stack([known[one.tobytes()] for one in some]))
    labels = np.array([f"l{at}" for at in range(12)])
    rows = np.arange(1, 12)
    parts = list(cutting.cut(None, pictures, labels, rows, 144))
    kept = [at for at in rows if cutting.cut_out(pictures[at], known[pictures[at].tobytes()], 144)]
    assert np.concatenate([part.labels for part in parts]).tolist() == labels[kept].tolist()
    assert all((part.sources == "cut").all() and np.isnan(part.keypoints).all() for part in parts)
    grey = pictures[..., :1].repeat(3, axis=3)
    known.update({one.tobytes(): mask for one, mask in zip(grey, known.copy().values())})
    assert sum(len(part) for part in cutting.cut(None, grey[..., :1], labels, rows, 144)) > 0
