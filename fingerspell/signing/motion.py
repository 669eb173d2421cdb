"""A spelt text as a movement: which pose the hand has at which time, and where it is.

Each letter is reached by a transition and held. Transitions follow the minimum-jerk profile of human reaching (Flash
& Hogan 1985, https://doi.org/10.1523/JNEUROSCI.05-07-01688.1985): joint angles are blended, the hand turns the short
way round. J and Z move; of a double letter the second is bounced to the side.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from fingerspell.datasets.rendered.sheets import ALPHABETS
from fingerspell.datasets.rendered.skeleton import (
    FINGERS,
    Build,
    Finger,
    Pose,
    Thumb,
    closed,
    kinematics,
    orientation,
    varied,
)
from fingerspell.signing.spelling import BLANK

MOVING_SECONDS = 0.9  # that J and Z take at least
HELD = 0.55  # share of a letter's time for which it is held
BOUNCE = 3.0  # centimetres to the side
CENTRED = 0.75  # how much of a sign's own extent the arm makes up for, so that letters are shown at one place
AWAY = np.array([0.0, -42.0])  # centimetres: out of the picture
LIFT = 14.0  # degrees by which the thumb gives way in the middle of a transition
UNSTEADY = 1.5  # degrees by which a sign differs from its pose
# Signs that are shown in another way than in the collections, the number of it: M and N upright as in charts of the
# alphabet, R and C from where one sees that the fingers cross and that the hand is open.
CLEARER = {"C": 1, "M": 10, "N": 13, "R": 11}


@dataclass(frozen=True)
class Spelt:
    """One letter of the truth: from `start` to `end`, seconds, its sign is held (J and Z: moved)."""

    label: str
    start: float
    end: float


@dataclass(frozen=True)
class Key:
    """Where the hand is at a time: pose, and the place of the wrist, centimetres to the right and up."""

    time: float
    pose: Pose
    place: np.ndarray


class Movement:
    """A text in time. seconds: how long it takes. spelt: its letters. All poses are those of a right hand."""

    def __init__(self, labels: Sequence[str], alphabet: str, speed: float, figure: Build, rng: np.random.Generator):
        """labels: as of `spelling.labels`. speed: letters a second; J and Z take their time."""
        self._alphabet, self._figure, self._rng = alphabet, figure, rng
        self._keys: list[Key] = []
        self.spelt: list[Spelt] = []
        first = self._signed(next(label for label in labels if label != BLANK))
        self._stay(Key(0.0, first.pose, AWAY))
        before = BLANK
        for label in labels:
            self._add(label, before, 1 / speed)
            before = label
        last = self._keys[-1]
        self._stay(Key(last.time + 0.4, last.pose, AWAY))
        self.seconds = self._keys[-1].time
        self._times = [key.time for key in self._keys]

    def at(self, time: float) -> tuple[Pose, np.ndarray]:
        """Return pose and place, (2,) centimetres, of the wrist at a time in seconds."""
        after = min(max(bisect_right(self._times, time), 1), len(self._keys) - 1)
        a, b = self._keys[after - 1], self._keys[after]
        share = min(max((time - a.time) / max(b.time - a.time, 1e-9), 0.0), 1.0)
        if a.pose == b.pose and (a.place == b.place).all():
            return a.pose, a.place
        eased = share**3 * (10 - 15 * share + 6 * share**2)
        pose = a.pose if a.pose == b.pose else between(a.pose, b.pose, eased)
        return pose, a.place + eased * (b.place - a.place)

    def held(self, time: float) -> str | None:
        """Return the letter that is shown at a time, None in between."""
        return next((one.label for one in self.spelt if one.start <= time < one.end), None)

    def _stay(self, key: Key) -> None:
        self._keys.append(key)

    def _add(self, label: str, before: str, seconds: float) -> None:
        last = self._keys[-1]
        reached = last.time + (1 - HELD) * seconds
        if label == BLANK:
            self._stay(Key(last.time + 0.35, last.pose, AWAY))
            self._stay(Key(last.time + 0.5, last.pose, AWAY))
            return
        if before == BLANK:
            reached = last.time + max(0.35, (1 - HELD) * seconds)
        if label in PATHS:
            self._move(label, reached, max(seconds * HELD, MOVING_SECONDS))
            return
        if label == before:
            key = replace(last, time=reached, place=last.place + np.array([BOUNCE, 0.0]))
        else:
            key = replace(self._signed(label), time=reached)
        end = reached + HELD * seconds
        self._stay(key)
        self._stay(replace(key, time=end))
        self.spelt.append(Spelt(label, reached, end))

    def _signed(self, label: str) -> Key:
        pose = closed(varied(shown(self._alphabet, label), self._rng, UNSTEADY), self._figure)
        return Key(0.0, replace(pose, touch=()), centred(pose, self._figure))

    def _move(self, label: str, start: float, seconds: float) -> None:
        for share, pose, place in PATHS[label]():
            pose = closed(pose, self._figure)
            key = Key(start + share * seconds, replace(pose, touch=()), np.array(place))
            self._stay(key)
        self.spelt.append(Spelt(label, start, start + seconds))


def shown(alphabet: str, label: str) -> Pose:
    """Return the pose that shows a sign to people."""
    usual, others = ALPHABETS[alphabet]
    return others[label][CLEARER[label]] if alphabet == "american" and label in CLEARER else usual[label]


def centred(pose: Pose, figure: Build) -> np.ndarray:
    """Return where the wrist goes, centimetres, so that the sign is shown near the middle."""
    joints = kinematics(pose, figure)[0] @ orientation(pose).T
    place: np.ndarray = -CENTRED * (joints.min(axis=0) + joints.max(axis=0))[:2] / 2
    return place


def _j() -> list[tuple[float, Pose, tuple[float, float]]]:
    """The little finger draws a J: down, and round as the palm turns to the signer."""
    poses = ALPHABETS["american"][0]
    i = poses["I"]
    return [
        (0.0, i, (0, -5)),
        (0.12, i, (0, -5)),
        (0.5, replace(i, roll=8), (0, -13)),
        (0.75, replace(i, roll=-20, yaw=75), (2, -15)),
        (0.92, replace(i, roll=-48, yaw=140), (4, -12)),
        (1.0, replace(i, roll=-48, yaw=140), (4, -12)),
    ]


def _z() -> list[tuple[float, Pose, tuple[float, float]]]:
    """The forefinger draws a Z, as the signer sees it."""
    z = ALPHABETS["american"][0]["Z"]
    return [
        (0.0, z, (5, -3)),
        (0.08, z, (5, -3)),
        (0.34, z, (-5, -3)),
        (0.4, z, (-5, -3)),
        (0.62, z, (5, -11)),
        (0.68, z, (5, -11)),
        (0.94, z, (-5, -11)),
        (1.0, z, (-5, -11)),
    ]


PATHS = {"J": _j, "Z": _z}


def between(a: Pose, b: Pose, share: float) -> Pose:
    """Return the pose on the way from one to another, share 0–1; the thumb gives way in between."""
    fingers: dict[str, Any] = {
        name: Finger(*_blend(astuple(getattr(a, name)), astuple(getattr(b, name)), share)) for name in FINGERS
    }
    out, front, turn, mcp, ip = _blend(astuple(a.thumb), astuple(b.thumb), share)
    give = LIFT * math.sin(math.pi * share) * min(1.0, _apart(a.thumb, b.thumb) / 40)
    turned = _turn(a.yaw, a.pitch, a.roll, b.yaw, b.pitch, b.roll)(share)
    roll, yaw, pitch = turned.as_euler("ZYX", degrees=True)
    flexion, deviation = _blend((a.wrist_flexion, a.wrist_deviation), (b.wrist_flexion, b.wrist_deviation), share)
    return Pose(
        **fingers,
        thumb=Thumb(out, min(front + give, 75.0), turn, mcp, ip),
        yaw=float(yaw),
        pitch=float(pitch),
        roll=float(roll),
        wrist_flexion=flexion,
        wrist_deviation=deviation,
    )


@cache
def _turn(*angles: float) -> Slerp:
    """Return the way from one orientation to the other: yaw, pitch, roll, and the same of the end."""
    ends = [(roll, yaw, pitch) for yaw, pitch, roll in (angles[:3], angles[3:])]
    return Slerp([0, 1], Rotation.from_euler("ZYX", ends, degrees=True))


def _blend(a: Sequence[float], b: Sequence[float], share: float) -> list[float]:
    return [x + share * (y - x) for x, y in zip(a, b)]


def _apart(a: Thumb, b: Thumb) -> float:
    return max(abs(float(x - y)) for x, y in zip(astuple(a), astuple(b)))
