"""Hands on transparent ground and backgrounds: the same whoever draws them, whole, and readable from disk."""

import numpy as np
import pytest

from fingerspell.datasets import hands
from fingerspell.datasets.hands import Hands, extend
from fingerspell.datasets.rendered import joints, poses_american, sheets, ways_american
from fingerspell.datasets.rendered.backgrounds import draw_backgrounds
from fingerspell.datasets.rendered.drawing import POSES
from fingerspell.datasets.rendered.joints import draw_joints
from fingerspell.datasets.rendered.sheets import ALPHABETS, FILL, SIDE, draw_sheets, pose_of
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


def test_a_sign_is_shown_in_its_usual_way_one_time_in_four_and_always_where_there_is_no_other():
    rng = np.random.default_rng(0)
    poses, variants = ALPHABETS["american"]
    label = max(variants, key=lambda one: len(variants[one]))
    shown = [pose_of(ALPHABETS["american"], label, rng) for _ in range(1000)]
    assert 200 < shown.count(poses[label]) < 300
    assert all(way in shown for way in variants[label])
    assert all(pose_of(ALPHABETS["arabic"], "ain", rng) == ALPHABETS["arabic"][0]["ain"] for _ in range(20))


def test_the_same_arguments_give_the_same_joints_and_others_give_others():
    hands = draw_joints("american", "B", 5, seed=3)
    assert hands.shape == (5, 21, 3) and hands.dtype == np.float32
    assert draw_joints("american", "B", 5, seed=3).tobytes() == hands.tobytes()
    assert (draw_joints("american", "B", 3, seed=3) == hands[:3]).all(), "more hands begin with the same"
    for other in (draw_joints("american", "B", 5, seed=4), draw_joints("american", "C", 5, seed=3), hands[::-1]):
        assert (np.abs(other[0] - hands[0]).max(axis=1)[1:] > 0).all()


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_joints_are_those_of_hands_of_human_size_with_the_wrist_at_the_origin(alphabet):
    for label in ALPHABETS[alphabet][0]:
        hands = draw_joints(alphabet, label, 4, seed=1)
        assert (hands[:, 0] == 0).all()
        palm = np.linalg.norm(hands[:, 9], axis=1)
        assert (palm > 7).all() and (palm < 13).all(), "centimetres from the wrist to the middle knuckle"


def test_joints_are_of_right_hands_the_thumb_to_the_right_of_an_open_palm():
    hands = draw_joints("american", "B", 200, seed=1)
    upright = hands[(hands[:, 9, 1] > 6) & (np.abs(hands[:, 9, 2]) < 4)]
    assert len(upright) > 100
    assert (upright[:, 5, 0] > upright[:, 17, 0]).all(), "the index finger's knuckle right of the little finger's"
    assert (upright[:, 2, 0] > upright[:, 17, 0]).all()
    assert (upright[:, 12, 1] > upright[:, 9, 1]).all(), "fingers up"
    assert np.mean(upright[:, 4, 2] > upright[:, 5, 2]) > 0.9, "the thumb before the palm, nearer to the viewer"


def test_a_sign_that_moves_is_caught_at_other_moments_in_the_american_alphabet_alone(monkeypatch):
    still = draw_joints("american", "L", 10, seed=1)
    moments = draw_joints("american", "J", 200, seed=1)
    monkeypatch.setattr(joints, "MOVED", 0)
    usual = draw_joints("american", "J", 200, seed=1)
    assert (draw_joints("american", "L", 10, seed=1) == still).all()

    def palm(hands):  # the way it faces
        across = np.cross(hands[:, 5], hands[:, 17])
        return across / np.linalg.norm(across, axis=1, keepdims=True)

    assert np.linalg.norm(palm(moments).std(axis=0)) > 1.2 * np.linalg.norm(palm(usual).std(axis=0))


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
