"""The bones of a hand: a pose in joint angles, a signer's proportions, and forward kinematics to 21 joints.

Joints follow the order of MediaPipe Hands (Zhang et al. 2020, https://arxiv.org/abs/2006.10214): 0 wrist;
1-4 thumb CMC, MCP, IP, tip; 5-8 index MCP, PIP, DIP, tip; 9-12 middle; 13-16 ring; 17-20 little.

The frame of the hand, in centimetres, for a RIGHT hand held up with its palm toward the viewer: origin at
the wrist, +x toward the thumb (the viewer's right), +y along the fingers (up), +z out of the palm (to the
viewer). A left hand is the mirror image of the picture; poses are always written for the right one.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

FINGERS = ("index", "middle", "ring", "little")


@dataclass(frozen=True)
class Finger:
    """One finger's angles in degrees.

    mcp, pip, dip: flexion toward the palm at the knuckle, the middle and the last joint. 0 is straight. A
    fist has about (85, 100, 50); a straight finger pointing at right angles out of the palm is (90, 0, 0).
    spread: sideways at the knuckle, positive toward the thumb (for all four fingers). Relaxed is about
    index 4, middle 0, ring -4, little -9; fingers held together are index -1, middle 0, ring 2, little 4;
    wide apart index 14, middle 2, ring -10, little -22.
    """

    mcp: float = 12.0
    pip: float = 15.0
    dip: float = 8.0
    spread: float = 0.0


@dataclass(frozen=True)
class Thumb:
    """The thumb's angles in degrees.

    out: direction of the metacarpal in the plane of the palm, from +y (0, alongside the fingers) toward +x
    (90, straight out to the side). front: its elevation out of that plane toward +z (in front of the palm).
    turn: which way mcp and ip bend. 0 bends in the plane of the palm, sweeping the tip toward and across the
    palm (anticlockwise as the viewer sees it); 90 bends it backward, toward the palm (-z): the pad faces the
    palm, as when the thumb wraps over closed fingers. mcp, ip: flexion of the two outer joints.
    """

    out: float = 42.0
    front: float = 22.0
    turn: float = 30.0
    mcp: float = 12.0
    ip: float = 10.0


@dataclass(frozen=True)
class Pose:
    """One sign: the fingers, the thumb, and the orientation of the hand to the camera, all in degrees.

    Orientation starts at palm toward the viewer with the fingers up (0, 0, 0), and is applied in this order:
    pitch: tips the hand about the horizontal axis; positive brings the fingertips toward the viewer, so 90
        points the fingers at the viewer with the palm down, and -90 points them away with the palm up;
    yaw: turns it about the vertical axis; positive turns the palm to the viewer's right (90: the viewer sees
        the little finger's edge, palm right; -90: the thumb's edge, palm left; 180: the back of the hand);
    roll: turns the picture, positive anticlockwise (90: fingers that pointed up point to the viewer's left,
        -90: to the viewer's right, 180: down).
    wrist_flexion bends the forearm (not the hand): positive as when the palm bends toward the forearm, so the
    forearm leaves the wrist on the palm's side. wrist_deviation is positive where the hand bends toward the
    thumb, so that the forearm leaves toward the thumb's side of straight down.
    touch: names of fingers whose tips the thumb's tip touches; the thumb is then solved for from the angles
    given, so that the contact holds for every signer.
    """

    index: Finger = Finger(spread=4)
    middle: Finger = Finger(spread=0)
    ring: Finger = Finger(spread=-4)
    little: Finger = Finger(spread=-9)
    thumb: Thumb = Thumb()
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    wrist_flexion: float = 0.0
    wrist_deviation: float = 0.0
    touch: tuple[str, ...] = ()


Part = TypeVar("Part", Finger, Thumb)

LIMITS = {
    "mcp": (-25.0, 100.0),
    "pip": (-8.0, 118.0),
    "dip": (-12.0, 85.0),
    "spread": (-30.0, 30.0),
    "out": (-25.0, 100.0),
    "front": (-20.0, 75.0),
    "turn": (-30.0, 120.0),
    "thumb_mcp": (-15.0, 75.0),
    "ip": (-30.0, 90.0),
    "wrist_flexion": (-80.0, 90.0),
    "wrist_deviation": (-45.0, 35.0),
}


@dataclass(frozen=True)
class Build:
    """A signer's proportions: knuckles (4, 3), finger bones (4, 3), thumb base (3,), thumb bones (3,).

    All in centimetres, in the frame of the hand; `thickness` multiplies every radius of the flesh.
    """

    knuckles: np.ndarray
    bones: np.ndarray
    thumb_base: np.ndarray
    thumb_bones: np.ndarray
    thickness: float


_KNUCKLES = np.array([[2.55, 8.7, -0.1], [0.45, 8.95, 0.1], [-1.5, 8.45, 0.0], [-3.15, 7.5, -0.25]])
_BONES = np.array([[4.3, 2.6, 2.0], [4.8, 3.0, 2.1], [4.4, 2.8, 2.1], [3.5, 2.1, 1.9]])
_THUMB_BASE = np.array([1.9, 2.0, 0.5])
_THUMB_BONES = np.array([4.2, 3.3, 2.5])


def build(rng: np.random.Generator | None = None) -> Build:
    """Draw a signer's proportions (adult variation of a few per cent); without `rng`, the average hand."""
    if rng is None:
        return Build(_KNUCKLES, _BONES, _THUMB_BASE, _THUMB_BONES, 1.0)
    size, slender = rng.normal(1, 0.04), rng.normal(1, 0.05)
    width = np.array([rng.normal(1, 0.04), 1, 1])
    fingers = rng.normal(1, 0.025, (4, 1)) * slender
    return Build(
        knuckles=_KNUCKLES * size * width,
        bones=_BONES * size * fingers,
        thumb_base=_THUMB_BASE * size,
        thumb_bones=_THUMB_BONES * size * rng.normal(1, 0.04),
        thickness=float(np.clip(size * rng.normal(1, 0.05) / np.sqrt(slender), 0.85, 1.18)),
    )


def rotation(axis: np.ndarray, degrees: float) -> np.ndarray:
    """Return the (3, 3) matrix that turns right-handedly about the unit vector `axis` (Rodrigues)."""
    angle = math.radians(degrees)
    x, y, z = (float(v) for v in axis)
    c, s = math.cos(angle), math.sin(angle)
    t = 1 - c
    return np.array(
        [
            [c + t * x * x, t * x * y - s * z, t * x * z + s * y],
            [t * x * y + s * z, c + t * y * y, t * y * z - s * x],
            [t * x * z - s * y, t * y * z + s * x, c + t * z * z],
        ]
    )


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The vector product of two vectors; numpy's own is slow for so little."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


_X, _Y, _Z = np.eye(3)


def orientation(pose: Pose) -> np.ndarray:
    """Return the (3, 3) matrix from the frame of the hand to the viewer's (x right, y up, z to viewer)."""
    matrix: np.ndarray = rotation(_Z, pose.roll) @ rotation(_Y, pose.yaw) @ rotation(_X, pose.pitch)
    return matrix


def _thumb(thumb: Thumb, build: Build) -> tuple[np.ndarray, np.ndarray]:
    """Return the thumb's four joints (4, 3) and the backs (3, 3) of its bones: unit vectors, nail side."""
    out, front = np.deg2rad([thumb.out, thumb.front])
    along = np.array([np.cos(front) * np.sin(out), np.cos(front) * np.cos(out), np.sin(front)])
    normal = np.array([-np.sin(front) * np.sin(out), -np.sin(front) * np.cos(out), np.cos(front)])
    inward = _cross(normal, along)
    turn = np.deg2rad(thumb.turn)
    bend = np.cos(turn) * inward - np.sin(turn) * normal
    axis = _cross(along, bend)
    joints, backs = [build.thumb_base], []
    for length, angle in zip(build.thumb_bones, (0.0, thumb.mcp, thumb.ip)):
        turned = rotation(axis, angle)
        along, bend = turned @ along, turned @ bend
        joints.append(joints[-1] + length * along)
        backs.append(-bend)
    return np.array(joints), np.array(backs)


def _finger(finger: Finger, knuckle: np.ndarray, bones: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the finger's four joints (4, 3) and the backs (3, 3) of its bones."""
    frame = rotation(_Z, -finger.spread)
    joints, backs = [knuckle], []
    for length, angle in zip(bones, (finger.mcp, finger.pip, finger.dip)):
        frame = frame @ rotation(_X, angle)
        joints.append(joints[-1] + length * frame[:, 1])
        backs.append(-frame[:, 2])
    return np.array(joints), np.array(backs)


def kinematics(pose: Pose, build: Build) -> tuple[np.ndarray, np.ndarray]:
    """Return joints (21, 3) in centimetres and backs (5, 3, 3), both in the frame of the hand.

    `backs[finger, bone]` is the unit vector that leaves the bone on the side of the nail; thumb first.
    """
    parts = [_thumb(pose.thumb, build)]
    parts += [_finger(getattr(pose, name), build.knuckles[i], build.bones[i]) for i, name in enumerate(FINGERS)]
    joints = np.concatenate([np.zeros((1, 3)), *(joints for joints, _ in parts)])
    return joints, np.array([backs for _, backs in parts])


def forearm(pose: Pose) -> np.ndarray:
    """Return the unit vector from the wrist to the elbow, in the frame of the hand."""
    flexion, deviation = np.deg2rad([pose.wrist_flexion, pose.wrist_deviation])
    return np.array([np.sin(deviation) * np.cos(flexion), -np.cos(deviation) * np.cos(flexion), np.sin(flexion)])


def limited(pose: Pose) -> Pose:
    """Return the pose with every angle brought within the limits of a human joint."""

    def clip(part: Part, names: dict[str, str]) -> Part:
        values = {f.name: getattr(part, f.name) for f in fields(part)}
        return type(part)(**{k: float(np.clip(v, *LIMITS[names.get(k, k)])) for k, v in values.items()})

    fingers: dict[str, Any] = {name: clip(getattr(pose, name), {}) for name in FINGERS}
    return replace(
        pose,
        **fingers,
        thumb=clip(pose.thumb, {"mcp": "thumb_mcp"}),
        wrist_flexion=float(np.clip(pose.wrist_flexion, *LIMITS["wrist_flexion"])),
        wrist_deviation=float(np.clip(pose.wrist_deviation, *LIMITS["wrist_deviation"])),
    )


def varied(pose: Pose, rng: np.random.Generator, amount: float) -> Pose:
    """Return the pose as a person would repeat it: angles off by about `amount` degrees, within the limits.

    Middle and last joint of a finger move together, as their tendons do; sideways angles move less.
    """

    def finger(f: Finger) -> Finger:
        mcp, curl, side = rng.normal(0, amount, 3)
        return Finger(f.mcp + mcp, f.pip + curl, f.dip + 0.6 * curl, f.spread + 0.3 * side)

    fingers: dict[str, Any] = {name: finger(getattr(pose, name)) for name in FINGERS}
    out, front, turn, mcp, ip = rng.normal(0, amount, 5) * 0.6
    t = pose.thumb
    thumb = Thumb(t.out + out, t.front + front, t.turn + turn, t.mcp + mcp, t.ip + ip)
    yaw, pitch, roll, flexion, deviation = rng.normal(0, amount, 5) * (1.6, 1.2, 1.2, 1.0, 0.7)
    return limited(
        replace(
            pose,
            **fingers,
            thumb=thumb,
            yaw=pose.yaw + yaw,
            pitch=pose.pitch + pitch,
            roll=pose.roll + roll,
            wrist_flexion=pose.wrist_flexion + flexion,
            wrist_deviation=pose.wrist_deviation + deviation,
        )
    )


def closed(pose: Pose, build: Build) -> Pose:
    """Return the pose with the thumb moved until its tip touches the fingertips in `pose.touch`."""
    if not pose.touch:
        return pose
    names = [f.name for f in fields(Thumb)]
    low, high = np.array([LIMITS["thumb_mcp" if n == "mcp" else n] for n in names]).T
    joints, backs = kinematics(pose, build)
    tips = [4 * (FINGERS.index(name) + 2) for name in pose.touch]
    target = np.mean([joints[t] - 0.75 * build.thickness * backs[t // 4 - 1, 2] for t in tips], axis=0)

    def pad(angles: np.ndarray) -> np.ndarray:
        thumb_joints, thumb_backs = _thumb(Thumb(*angles), build)
        place: np.ndarray = thumb_joints[3] - 0.7 * build.thickness * thumb_backs[2]
        return place

    angles = np.array([getattr(pose.thumb, n) for n in names], float)
    for _ in range(8):  # damped least squares
        here = pad(angles)
        gap = target - here
        if gap @ gap < 0.01:
            break
        jacobian = np.array([pad(angles + one) - here for one in np.eye(5)]).T
        step = np.linalg.solve(jacobian.T @ jacobian + 2e-4 * np.eye(5), jacobian.T @ gap)
        angles = np.clip(angles + np.clip(step, -12, 12), low, high)
    return replace(pose, thumb=Thumb(*(float(a) for a in angles)))
