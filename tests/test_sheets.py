"""Hands on transparent ground and backgrounds: the same whoever draws them, whole, and readable from disk."""

import numpy as np
import pytest

from fingerspell.datasets import hands
from fingerspell.datasets.hands import Hands, extend
from fingerspell.datasets.rendered import poses_american, sheets, ways_american
from fingerspell.datasets.rendered.backgrounds import draw_backgrounds
from fingerspell.datasets.rendered.drawing import POSES
from fingerspell.datasets.rendered.sheets import ALPHABETS, FILL, SIDE, draw_sheets
from fingerspell.datasets.rendered.skeleton import limited
from fingerspell.errors import FingerspellError

pytestmark = pytest.mark.slow


def gathered(parts) -> Hands:
    return Hands(*(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts))))


@pytest.fixture(scope="module")
def drawn() -> Hands:
    return gathered(draw_sheets("american", 2, seed=3, workers=1))


def test_all_letters_are_there_in_order(drawn):
    assert drawn.labels.tolist() == [label for label in [*POSES["asl_alphabet"], "nothing"] for _ in range(2)]
    assert set("ABCDEFGHIJKLMNOPQRSTUVWXYZ") <= set(drawn.labels)
    assert set(drawn.sources) == {"rendered"}
    assert set(ALPHABETS["arabic"][0]) == set(POSES["arasl"])


def test_the_same_seed_draws_the_same_whatever_the_workers_and_another_draws_others(drawn):
    parallel = gathered(draw_sheets("american", 2, seed=3, workers=2))
    for one, other in zip(vars(drawn).values(), vars(parallel).values()):
        assert (one == other).all()
    other = next(iter(draw_sheets("american", 2, seed=4, workers=1)))
    assert (other.sheets[0] != drawn.sheets[0]).any()
    assert (drawn.sheets[0] != drawn.sheets[1]).any()


def test_more_hands_begin_with_the_same(drawn):
    more = next(iter(draw_sheets("american", 3, seed=3, workers=1)))
    assert (more.sheets[:2] == drawn.sheets[:2]).all()


def test_the_keypoints_lie_on_the_hand_and_in_its_box(drawn):
    inside = total = 0
    for sheet, points, (x, y, extent) in zip(drawn.sheets, drawn.keypoints, drawn.boxes):
        columns, rows = points.astype(int).T
        inside += np.count_nonzero(sheet[rows, columns, 3] > 128)
        total += len(points)
        assert (np.abs(points - (x, y)) <= extent / 2).all()
        assert 0.45 * SIDE * FILL < extent < 1.3 * SIDE * FILL
    assert inside > 0.97 * total


def test_signers_are_slender_and_stout():
    several = sheets._draw_some("american", 3, ("B", range(16)))
    knuckles = np.linalg.norm(several.keypoints[:, 5] - several.keypoints[:, 17], axis=1)
    breadth = knuckles / np.linalg.norm(several.keypoints[:, 0] - several.keypoints[:, 9], axis=1)
    assert np.ptp(breadth) > 0.2 * breadth.mean(), "0.14 with the proportions of the collections alone"
    assert breadth.mean() > 0.65


def test_ground_is_transparent_and_colours_go_on_beyond_the_rim(drawn):
    for sheet in drawn.sheets:
        opacity = sheet[..., 3]
        assert 0.02 < np.mean(opacity > 128) < 0.6
        assert np.mean(opacity == 0) > 0.3
    sheet = np.zeros((20, 20, 4), np.uint8)
    sheet[5:15, 5:15] = (200, 100, 50, 255)
    sheet[4, 5:15] = (20, 10, 5, 120)  # mixed with the ground
    extend(sheet)
    assert (sheet[3:17, 3:17, :3] == (200, 100, 50)).all()
    assert (sheet[:2, :, :3] == 0).all() and (sheet[4, 5:15, 3] == 120).all()


def test_an_unknown_alphabet_is_refused():
    with pytest.raises(FingerspellError, match=r"'klingon'.*american, arabic"):
        next(draw_sheets("klingon", 1, 0))


def test_the_variants_are_signs_of_the_alphabet_and_all_poses_are_what_a_hand_can_do():
    assert set(ways_american.VARIANTS) <= set(poses_american.POSES)
    for poses in (ways_american.NEITHER, *ways_american.VARIANTS.values()):
        for pose in poses:
            assert limited(pose) == pose


def test_hands_are_read_as_they_were_written(tmp_path, drawn):
    hands.write(tmp_path, SIDE, [drawn[:30], drawn[30:]])
    found = Hands.open(tmp_path)
    assert isinstance(found.sheets, np.memmap)
    for one, other in zip(vars(drawn).values(), vars(found).values()):
        assert one.shape == other.shape
        if one.dtype.kind == "f":
            assert np.abs(one - other).max() < 0.01
        else:
            assert (one == other).all()
    hands.write(tmp_path, SIDE, [])
    assert len(Hands.open(tmp_path)) == 0
    with pytest.raises(FingerspellError, match="no hands"):
        Hands.open(tmp_path / "nowhere")


def test_backgrounds_are_many_and_the_same_whatever_the_workers():
    one, parallel = (np.concatenate(list(draw_backgrounds(60, 3, workers))) for workers in (1, 2))
    assert one.shape == (60, 128, 128, 3) and one.dtype == np.uint8
    assert (one == parallel).all()
    assert (np.concatenate(list(draw_backgrounds(10, 4, 1))) != one[:10]).any()
    assert len(np.unique(one.reshape(60, -1), axis=0)) == 60
    means, detail = one.mean(axis=(1, 2, 3)), np.abs(np.diff(one.astype(int), axis=2)).mean(axis=(1, 2, 3))
    assert np.ptp(means) > 100, "dark ones and light ones"
    assert detail.min() < 2 and detail.max() > 10, "plain ones and busy ones"
