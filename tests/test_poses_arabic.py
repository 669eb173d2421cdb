"""The poses of the Arabic sign alphabet: complete, possible for a human hand, and told apart in a picture."""

from dataclasses import fields
from itertools import combinations

import numpy as np
import pytest

from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.datasets.rendered.poses_arabic import POSES
from fingerspell.datasets.rendered.skeleton import FINGERS, build, closed, kinematics, limited, orientation

FARTHEST_JOINT_CM = 2.0  # the nearest two signs differ at least so much at some joint of their pictures
MEAN_JOINT_CM = 0.5  # and so much on average over the 21 joints


def picture(name: str) -> np.ndarray:
    """Return the 21 joints of a sign as seen, (21, 2) in centimetres, centred."""
    figure = build()
    pose = closed(POSES[name], figure)
    seen = (kinematics(pose, figure)[0] @ orientation(pose).T)[:, :2]
    return seen - seen.mean(0)


def test_one_pose_for_every_class_in_sorted_order() -> None:
    assert tuple(POSES) == tuple(sorted(DATASETS["arasl"].classes))
    assert len(POSES) == 32


@pytest.mark.parametrize("name", POSES)
def test_pose_is_within_the_limits_of_human_joints(name: str) -> None:
    pose = POSES[name]
    allowed = limited(pose)
    for part in fields(pose):
        assert getattr(pose, part.name) == getattr(allowed, part.name), part.name
    assert set(pose.touch) <= set(FINGERS)


def test_no_two_signs_look_alike() -> None:
    pictures = {name: picture(name) for name in POSES}
    for one, other in combinations(POSES, 2):
        gaps = np.linalg.norm(pictures[one] - pictures[other], axis=1)
        assert gaps.max() > FARTHEST_JOINT_CM, (one, other)
        assert gaps.mean() > MEAN_JOINT_CM, (one, other)


@pytest.mark.parametrize("name", [name for name in POSES if POSES[name].touch])
def test_thumb_meets_the_fingers_it_touches(name: str) -> None:
    figure = build()
    joints = kinematics(closed(POSES[name], figure), figure)[0]
    for finger in POSES[name].touch:
        tip = joints[8 + 4 * FINGERS.index(finger)]
        assert np.linalg.norm(joints[4] - tip) < 2.0, finger
