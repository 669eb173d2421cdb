"""What is wrong with a signed letter, from the hand's landmarks: which finger to bend, where the thumb belongs.

A hand is measured in the plane of its palm, where MediaPipe is good; depth, of which it says about half, counts for
little. The range of every measure is that of the project's own poses in many signers' ways (`datasets.rendered`), one
range for each way of showing a sign; a hand is compared with the way that is nearest to it. Which measure lies outside
of its range, and on which side, says what to do; but where the thumb belongs is written here, sign by sign.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from fingerspell.datasets.rendered.drawing import stream
from fingerspell.datasets.rendered.sheets import ALPHABETS, signer
from fingerspell.datasets.rendered.skeleton import FINGERS, Pose, closed, kinematics, orientation, varied
from fingerspell.datasets.rendered.ways_american import MOVING
from fingerspell.errors import FingerspellError
from fingerspell.hands.embedding import PALM
from fingerspell.hands.layout import INDEX, LANDMARKS, LITTLE, MIDDLE
from fingerspell.practice.sentences import SENTENCES

MOST = 3  # pieces of advice at a time
DRAWN = 24  # hands of each way: with proportions and angles of their own
VARIATION = 3, 9  # degrees by which a signer's angles differ from the pose
DEPTH = 0.35, 1.0  # share of the true depth that landmarks have
DISTANCE = 35, 90  # centimetres to the camera: what is near it looks larger
RANGE = 3, 97  # percentiles of the drawn hands, from and to
STRETCHED = 0.45  # of `rise`: from here a finger's direction means something, and its tip's height does not
FOLDED = 50  # degrees of `hook`, from which a finger that does not rise is folded, and does not hang
LENGTHS = np.array([0.87, 0.95, 0.90, 0.70])  # of stretched fingers above their knuckles, the palm as in `_in_palm`
SEEN = 0.6  # length of the palm in the picture, likewise, from which its direction there means something
CAPPED = 3.0  # deviations: one measure alone does not choose the way
THUMB = (1, 2, 3, 4)
TIP = 4
CROSSED = 8  # degrees: two fingers that lean further apart than that are spread, or crossed
ALL = tuple(range(LANDMARKS))

Limits = dict[str, tuple[float, float] | None]  # of measures

# What is measured: the tolerance beyond the drawn range, and what counts as one whole deviation.
MEASURES = {
    "rise index": (0.27, 0.30),  # of the tip above the knuckle; about 1: stretched
    "rise middle": (0.30, 0.30),
    "rise ring": (0.35, 0.30),
    "rise little": (0.40, 0.30),
    **{f"hook {name}": (60, 60) for name in FINGERS},  # degrees at the middle joint
    "step middle": (0.20, 0.20),  # of a folded finger's rise over that of the one beside it, nearer to the thumb
    "step ring": (0.20, 0.20),
    "step little": (0.20, 0.20),
    "apart index": (6, 12),  # degrees to the middle finger, both stretched; below 0: crossed
    "apart middle": (10, 12),
    "apart ring": (10, 12),
    "thumb across": (0.28, 0.25),  # place of the thumb's tip in the plane of the palm
    "thumb along": (0.22, 0.25),
    "thumb index": (0.22, 0.25),  # of the thumb's tip above the folded finger's
    "thumb ring": (0.22, 0.25),
    **{f"gap {name}": (0.30, 0.30) for name in FINGERS},  # from the thumb's tip to the fingertip that it touches
    "roll": (40, 40),  # degrees in the picture, anticlockwise, from straight up to where the palm points
    "turn": (70, 40),  # degrees about the palm's length: 0, the palm faces the viewer; 90, the viewer's right
}  # fmt: skip
_NAMES = tuple(MEASURES)
_TOLERANCE, _DEVIATION = np.array(list(MEASURES.values())).T

# What matters about the thumb wherever it belongs so, whatever the drawn ones do; None: whatever it is.
_AWAY: Limits = {"thumb across": (0.6, 1.7), "thumb along": (-0.2, 1.7), "thumb index": None, "thumb ring": None}
_FREE: Limits = dict.fromkeys(("thumb across", "thumb along", "thumb index", "thumb ring"))
PLACES: dict[str, Limits] = {
    "thumb_out": _AWAY,
    "thumb_up": {**_AWAY, "thumb across": (0.4, 1.7)},
    "thumb_loose": _FREE,
    "thumb_low": _FREE,
    "thumb_edge": {**_FREE, "thumb across": (0.1, 1.7)},
    "thumb_opposite": {**_FREE, "gap index": (0.25, 3)},
    "touch_index": _FREE,
    "touch_middle": _FREE,
    "touch_tips": _FREE,
    "touch_index_middle": _FREE,
}
# What people do otherwise than drawn hands, or so that signs stay apart that differ by little.
RANGES: dict[str, dict[str, Limits]] = {
    "american": {
        "A": {"thumb across": (0.22, 0.95), "thumb along": (0.85, 1.4), "thumb index": (0.2, 0.85), "thumb ring": None},
        "C": {"roll": (-80, 60), "gap index": (0.28, 3), "thumb across": (0.06, 1.3)},
        "D": {"gap middle": (0, 0.32)},
        "E": {
            "thumb ring": (-0.3, 0.38), "thumb index": (-0.45, 0.34), "step ring": (-0.2, 0.2),
            "step little": (-0.13, 0.3),
        },
        "F": {"rise index": (-0.7, 0.5)},
        "G": {"roll": (10, 80), "thumb across": None},
        "H": {"apart index": (-8, 9), "thumb across": (-0.4, 0.4), "thumb along": (0.4, 1.3)},
        "I": {"roll": (-35, 20), "thumb index": None, "thumb ring": None},
        "J": {"roll": (18, 325), "rise little": (0, 1.7), **_FREE},
        "K": {"apart index": (2, 60), "rise middle": (0.35, 1.6), "thumb along": (1.03, 1.5), "thumb ring": None},
        "M": {
            "step little": (-0.6, 0.04), "step ring": (-0.18, 0.4),
            "thumb across": (-0.45, 0.28), "thumb index": (0, 0.7), "thumb ring": (0.05, 0.75),
        },
        "N": {"step ring": (-0.6, -0.04), "thumb across": (-0.45, 0.25), "thumb ring": (0.24, 0.85)},
        "O": {"roll": (-75, 60), "gap index": (0, 0.35), "hook index": (10, 88), "hook middle": (10, 92)},
        "P": {"roll": (8, 150), "thumb ring": None},
        "Q": {"roll": (50, 185), **_FREE},
        "R": {"apart index": (-90, -7)},
        "S": {
            "thumb across": (-0.3, 0.2), "thumb along": (0.6, 1.06), "thumb index": (-0.05, 0.42),
            "thumb ring": (0.11, 0.5), "step ring": (-0.13, 0.2), "step little": (-0.08, 0.3),
            "rise index": (-0.7, -0.08),
        },
        "T": {
            "thumb across": (-0.22, 0.35), "thumb along": (0.99, 1.4), "thumb index": (0.21, 0.7),
            "thumb ring": (0.4, 0.85), "step ring": (-0.13, 0.25), "step middle": (-0.4, 0),
        },
        "U": {"apart index": (-8, 8), "thumb along": (0.4, 1.1)},
        "V": {"apart index": (9, 48), "thumb along": (0.4, 1.07)},
        "X": {"thumb across": (-0.5, 0.6), "rise index": (0, 0.8), "roll": (-40, 20)},
        "Z": {"gap middle": (0.14, 3), "rise index": (0.6, 1.6)},
        "del": {"roll": None, "turn": None},
        "space": {"roll": None, "turn": (10, 170)},
    },
    "arabic": {},
}  # fmt: skip
# Where the thumb belongs: keys of `sentences.SENTENCES`.
THUMBS = {
    "american": {
        "A": "thumb_beside", "B": "thumb_palm", "C": "thumb_opposite", "D": "touch_middle", "E": "thumb_below",
        "F": "touch_index", "G": "thumb_along", "H": "thumb_folded", "I": "thumb_across", "J": "thumb_across",
        "K": "thumb_between", "L": "thumb_out", "M": "thumb_under_three", "N": "thumb_under_two", "O": "touch_tips",
        "P": "thumb_middle", "Q": "thumb_along", "R": "thumb_folded", "S": "thumb_across", "T": "thumb_between",
        "U": "thumb_folded", "V": "thumb_folded", "W": "touch_little", "X": "thumb_across", "Y": "thumb_out",
        "Z": "thumb_folded", "del": "thumb_loose", "space": "thumb_loose",
    },
    "arabic": {
        "ain": "thumb_folded", "al": "thumb_out", "aleff": "thumb_up", "bb": "thumb_folded", "dal": "thumb_opposite",
        "dha": "thumb_above_middle", "dhad": "thumb_out", "fa": "touch_index", "gaaf": "touch_index_middle",
        "ghain": "thumb_up", "ha": "touch_tips", "haa": "thumb_edge", "jeem": "thumb_opposite", "kaaf": "thumb_palm",
        "khaa": "thumb_above_knuckles", "la": "thumb_folded", "laam": "thumb_out", "meem": "thumb_folded",
        "nun": "thumb_opposite", "ra": "thumb_across", "saad": "thumb_beside", "seen": "thumb_edge",
        "sheen": "thumb_loose", "ta": "touch_middle", "taa": "thumb_folded", "thaa": "thumb_folded",
        "thal": "thumb_opposite", "toot": "thumb_folded", "waw": "thumb_low", "ya": "thumb_out", "yaa": "thumb_up",
        "zay": "thumb_folded",
    },
}  # fmt: skip
# Fingertips that are to be marked with the thumb.
TOUCHED = {
    "touch_index": (8,), "touch_middle": (12,), "touch_little": (20,), "touch_index_middle": (8, 12),
    "touch_tips": (8, 12, 16, 20),
}  # fmt: skip
# Where the hand points, if not up.
SIDEWAYS = {"american": ("G", "H", "del", "space"), "arabic": ("ain", "aleff", "ghain", "khaa", "nun", "waw", "yaa")}
DOWNWARD = {"american": ("P", "Q"), "arabic": ()}


@dataclass(frozen=True)
class Advice:
    """One thing to do.

    key: names its sentence (see `sentence`). finger: "thumb", "index", "middle", "ring" or "little", or None where it
    is the whole hand; of two neighbours the one nearer to the thumb. joints: the landmarks to be marked. size: how far
    a measure lies beyond what signers do, in deviations of that measure; the larger the worse.
    """

    key: str
    finger: str | None
    joints: tuple[int, ...]
    size: float


def advise(alphabet: str, label: str, landmarks: np.ndarray, side: str, width: int, height: int) -> list[Advice]:
    """Return what is wrong with a hand that is to show a sign, at most three things, the worst first; none: it is it.

    landmarks, side: of a `hands.finder.Hand`, float32 (21, 3), "left" or "right". width, height: of its picture, in
    pixels. Raises FingerspellError for an unknown alphabet or sign.
    """
    points = np.asarray(landmarks, float) * (width, -height, -width)
    ways = _ways(alphabet, label)
    hands = measure(np.stack([points, points * (-1, 1, 1)]))[:: -1 if side == "left" else 1]
    tries = [(hands[0], way) for way in ways] + [(hands[1], way) for way in ways if _aside(way)]
    beyond, way = min(((_beyond(hand, *way), way) for hand, way in tries), key=lambda one: _cost(one[0]))
    worst: dict[tuple[str, str | None], Advice] = {}
    for one in _advice(alphabet, label, beyond, way):
        known = worst.get((one.key, one.finger))
        if known is None or known.size < one.size:
            worst[one.key, one.finger] = one
    return sorted(_together(list(worst.values())), key=lambda one: -one.size)[:MOST]


def sentence(advice: Advice, language: str = "en") -> str:
    """Return a piece of advice in words, in English ("en") or Arabic ("ar"), with a full stop.

    Raises FingerspellError for another language.
    """
    if language not in SENTENCES:
        raise FingerspellError(f"there is no advice in {language!r}; choose one of {', '.join(SENTENCES)}")
    words = SENTENCES[language][advice.key]
    if isinstance(words, str):
        return words
    assert advice.finger is not None  # such advice is of one finger
    return words[advice.finger]


def measure(points: np.ndarray) -> np.ndarray:
    """Measure right hands (n, 21, 3), x to the right, y up, z to the viewer, in any unit: float (n, len(MEASURES)).

    NaN stands where a measure means nothing, as the angle between fingers that are folded.
    """
    points = points - points[:, :1]
    palm = _in_palm(points)
    knuckles, tips = palm[:, INDEX::4], palm[:, INDEX + 3 :: 4]
    rise = (tips - knuckles)[..., 1] / LENGTHS
    upright = rise > STRETCHED
    bones = np.diff(palm[:, INDEX:].reshape(-1, 4, 4, 3), axis=2)
    hook = np.degrees(np.arccos(np.clip(_cosine(bones[:, :, 0], bones[:, :, 1]), -1, 1)))
    folded = ~upright & (hook > FOLDED)
    step = np.where(folded[:, 1:] & folded[:, :-1], np.diff((tips - knuckles)[..., 1]), np.nan)
    leaning = np.degrees(np.arctan2(*np.moveaxis((tips - knuckles)[..., :2], -1, 0)))
    apart = np.where(upright[:, 1:] & upright[:, :-1], -np.diff(leaning), np.nan)
    thumb = palm[:, TIP]
    above = np.where(upright, np.nan, thumb[:, None, 1] - tips[..., 1])[:, [0, 2]]
    gap = np.linalg.norm(thumb[:, None] - tips, axis=2)
    return np.hstack([rise, hook, step, apart, thumb[:, :2], above, gap, _direction(points)])


def _in_palm(points: np.ndarray) -> np.ndarray:
    """Return hands in the frame of their palms: toward the thumb, along the palm, out of it; the palm is 1.5 long and
    broad."""
    along = points[:, MIDDLE] / _length(points[:, MIDDLE])
    across = points[:, INDEX] - points[:, LITTLE]
    size = _length(points[:, MIDDLE]) + _length(across)
    across = across - along * (across * along).sum(axis=1, keepdims=True)
    across /= _length(across)
    frames = np.stack([across, along, np.cross(across, along)], axis=2)
    placed: np.ndarray = points @ frames * (PALM / size)[:, None]
    return placed


def _direction(points: np.ndarray) -> np.ndarray:
    """Return where palms point and face, degrees (n, 2): NaN where they point at the viewer or away from him."""
    x, y = points[:, MIDDLE, 0], points[:, MIDDLE, 1]
    roll = np.arctan2(-x, y)
    size = _length(points[:, MIDDLE]) + _length(points[:, INDEX] - points[:, LITTLE])
    facing = np.cross(points[:, INDEX], points[:, LITTLE])
    turn = np.arctan2(np.cos(roll) * facing[:, 0] + np.sin(roll) * facing[:, 1], facing[:, 2])
    seen = np.hypot(x, y) * PALM > SEEN * size[:, 0]
    return np.where(seen[:, None], np.degrees(np.stack([roll, turn], axis=1)), np.nan)


def _length(vectors: np.ndarray) -> np.ndarray:
    lengths: np.ndarray = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return lengths


def _cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    cosine: np.ndarray = (one / _length(one) * (other / _length(other))).sum(axis=-1)
    return cosine


@cache
def _ways(alphabet: str, label: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the lowest and the highest value of every measure, tolerated, for each way in which a sign is shown."""
    if alphabet not in ALPHABETS:
        raise FingerspellError(f"there is no alphabet {alphabet!r}; choose one of {', '.join(ALPHABETS)}")
    poses, variants = ALPHABETS[alphabet]
    if label not in THUMBS[alphabet]:
        signs = ", ".join(THUMBS[alphabet])
        raise FingerspellError(f"there is no advice on the sign {label!r} of that alphabet; choose one of {signs}")
    moving = MOVING.get(label, ()) if alphabet == "american" else ()
    ways = [
        _range(pose, stream(place, "advice", alphabet, label))
        for place, pose in enumerate((poses[label], *variants.get(label, ()), *moving))
    ]
    for low, high in ways:
        known = PLACES.get(THUMBS[alphabet][label], {}) | RANGES[alphabet].get(label, {})
        for name, limits in known.items():
            low[_NAMES.index(name)], high[_NAMES.index(name)] = limits or (np.nan, np.nan)
    return ways


def _range(pose: Pose, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    hands = np.empty((DRAWN, LANDMARKS, 3))
    for place in range(DRAWN):
        figure = signer(rng)
        one = closed(varied(pose, rng, float(rng.uniform(*VARIATION))), figure)
        joints = kinematics(one, figure)[0] @ orientation(one).T
        distance = rng.uniform(*DISTANCE)
        joints[:, :2] *= (distance / (distance - joints[:, 2]))[:, None]
        hands[place] = joints * (1, 1, rng.uniform(*DEPTH))
    measured = measure(hands)
    for name in ("roll", "turn"):  # around their mean, not across ±180
        at = _NAMES.index(name)
        radians = np.radians(measured[:, at])
        mean = np.degrees(np.arctan2(np.nansum(np.sin(radians)), np.nansum(np.cos(radians))))
        measured[:, at] = mean + _around(measured[:, at] - mean)
    # A measure that means nothing for many of the hands, or touches that are none, have no range.
    given = np.isfinite(measured).mean(axis=0) > 0.7
    given[[_NAMES.index(f"gap {name}") for name in FINGERS if name not in pose.touch]] = False
    low, high = np.full((2, len(_NAMES)), np.nan)
    low[given], high[given] = np.nanpercentile(measured[:, given], RANGE, axis=0)
    low[[_NAMES.index(f"gap {name}") for name in FINGERS if name in pose.touch]] = 0
    return low - _TOLERANCE, high + _TOLERANCE


def _around(degrees: np.ndarray) -> np.ndarray:
    return (degrees + 180) % 360 - 180


def _from_middle(measured: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    away: np.ndarray = measured - (low + high) / 2
    away[-2:] = _around(away[-2:])
    return away


def _beyond(measured: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return by how many deviations each measure lies beyond its range: negative below, 0 within or without one."""
    away, half = _from_middle(measured, low, high), (high - low) / 2
    deviations: np.ndarray = np.nan_to_num(np.sign(away) * np.maximum(np.abs(away) - half, 0)) / _DEVIATION
    return deviations


def _cost(beyond: np.ndarray) -> float:
    return float(np.minimum(np.abs(beyond), CAPPED).sum())


def _middle(way: tuple[np.ndarray, np.ndarray], name: str) -> float:
    low, high = way
    return float(low[_NAMES.index(name)] + high[_NAMES.index(name)]) / 2


def _aside(way: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether a hand lies on its side, where MediaPipe takes left for right as often as not."""
    return abs(_middle(way, "roll")) > 45


def _advice(alphabet: str, label: str, beyond: np.ndarray, way: tuple[np.ndarray, np.ndarray]) -> Iterator[Advice]:
    """Say what each measure means that lies beyond the range of this way."""
    thumb = THUMBS[alphabet][label]
    for name, far in zip(_NAMES, beyond.tolist()):
        what, _, finger = name.partition(" ")
        size, more, usual = abs(far), far > 0, _middle(way, name)
        if not far:
            continue
        if what in ("thumb", "gap") or (what == "step" and thumb.startswith("thumb_under")):
            yield Advice(thumb, "thumb", THUMB + TOUCHED.get(thumb, ()), size)
        elif what == "rise":
            yield _of("bend_more" if more else "stretch", finger, size)
        elif what == "hook":
            yield _of("stretch" if more else "bend_more", finger, size)
        elif what == "step":
            yield _of("bend_more", finger if more else FINGERS[FINGERS.index(finger) - 1], size)
        elif what == "apart" and more:
            yield _of("cross" if usual < -CROSSED else "together", finger, size, and_the_next=True)
        elif what == "apart":
            yield _of("spread" if usual > CROSSED else "uncross", finger, size, and_the_next=True)
        elif what == "roll":
            yield Advice(_pointing(alphabet, label), None, ALL, size)
        else:
            away = abs(usual)
            yield Advice("palm_camera" if away < 40 else "palm_side" if away < 135 else "palm_away", None, ALL, size)


def _of(key: str, finger: str, size: float, and_the_next: bool = False) -> Advice:
    knuckle = INDEX + 4 * FINGERS.index(finger)
    return Advice(key, finger, tuple(range(knuckle, knuckle + (8 if and_the_next else 4))), size)


def _pointing(alphabet: str, label: str) -> str:
    if label == "J":
        return "swing"
    return "hand_side" if label in SIDEWAYS[alphabet] else "hand_down" if label in DOWNWARD[alphabet] else "hand_up"


def _together(advice: list[Advice]) -> list[Advice]:
    """Say once what is to be done with all four fingers."""
    for key, every in (("bend_more", "bend_all"), ("stretch", "stretch_all")):
        same = [one for one in advice if one.key == key]
        if len(same) == len(FINGERS):
            joints = tuple(sorted(joint for one in same for joint in one.joints))
            advice = [one for one in advice if one.key != key]
            advice.append(Advice(every, None, joints, max(one.size for one in same)))
    return advice
