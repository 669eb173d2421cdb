"""The 32 signs of the Arabic sign alphabet as the ArASL collection pictures them.

Written from the pictures of ArASL (Latif et al. 2019, https://doi.org/10.17632/y7pckrw6z2.1), the commonest
variant of each sign, always as a right hand. Keys are the collection's folder names. Angles in degrees, as
`skeleton.Pose` defines them.

Three views recur: the palm to the camera; the little finger's edge, so that bent fingers point to the
viewer's right; and the hand lying on its side, so that straight fingers point to the viewer's left.
"""

from dataclasses import replace
from typing import Any

from fingerspell.datasets.rendered.skeleton import Finger, Pose, Thumb


def _straight(spread: float = 0.0) -> Finger:
    return Finger(2, 4, 2, spread)


def _folded(spread: float = 0.0) -> Finger:
    return Finger(87, 104, 60, spread)


def _ahead(mcp: float, spread: float = 0.0) -> Finger:
    """Return a finger that is straight but for its knuckle: at 90, at right angles out of the palm."""
    return Finger(mcp, 8, 4, spread)


THUMB_AWAY = Thumb(out=46, front=8, turn=0, mcp=-4, ip=-12)  # stretched out to the side
THUMB_OVER_MIDDLE = Thumb(out=31, front=73, turn=27, mcp=42, ip=46)  # across the folded fingers
THUMB_OVER_RING = Thumb(out=16, front=68, turn=20, mcp=49, ip=41)
THUMB_OVER_LITTLE = Thumb(out=-1, front=56, turn=19, mcp=53, ip=35)
THUMB_FACING = Thumb(out=32, front=58, turn=30, mcp=8, ip=8)  # opposite the fingers, for a C

FIST = Pose(_folded(3), _folded(1), _folded(-1), _folded(-4), THUMB_OVER_MIDDLE, pitch=14)
FLAT = Pose(
    _straight(-3),
    _straight(0),
    _straight(3),
    _straight(6),
    Thumb(out=20, front=8, turn=0, mcp=4, ip=4),
    pitch=10,
)

EDGE: dict[str, Any] = {"yaw": 68.0, "pitch": 0.0, "wrist_flexion": 22.0}  # seen from the little finger's edge
ASIDE: dict[str, Any] = {
    "roll": 82.0,
    "pitch": 0.0,
    "wrist_deviation": -32.0,
}  # on its side, the arm from the lower right

CURVED = Finger(45, 38, 20, 0)
MIDDLE_OVER = Finger(38, 46, 24, 6)  # crossed: the middle finger arches over the index, tips together
INDEX_UNDER = Finger(64, 12, 6, -6)

POSES: dict[str, Pose] = {
    # ain: index and middle together, pointing left; thumb tucked in
    "ain": replace(FIST, index=_straight(-2), middle=_straight(2), thumb=THUMB_OVER_RING, **ASIDE),
    # alif-lam: index and middle in a V, thumb stretched out
    "al": replace(FIST, index=_straight(9), middle=_straight(-9), thumb=THUMB_AWAY),
    # alif: thumb up over a fist on its side
    "aleff": replace(FIST, thumb=Thumb(out=46, front=28, turn=0, mcp=-12, ip=-26), **ASIDE),
    # ba: index up
    "bb": replace(FIST, index=_straight(2)),
    # dal: index and thumb in an open C, the rest folded
    "dal": replace(FIST, index=CURVED, thumb=replace(THUMB_FACING, out=40, front=63), **EDGE),
    # zah: as ta, with the thumb's tip above the middle finger for the dot
    "dha": replace(
        FIST,
        index=_straight(0),
        middle=_ahead(94),
        ring=Finger(94, 62, 30, 0),
        little=Finger(92, 85, 45, 0),
        thumb=Thumb(out=8, front=18, turn=0, mcp=0, ip=-5),
        **EDGE,
    ),
    # dad: fist with the thumb stretched out
    "dhad": replace(FIST, thumb=replace(THUMB_AWAY, out=52)),
    # fa: index meets the thumb in a ring above a fist
    "fa": replace(FIST, index=Finger(44, 80, 42, 0), thumb=Thumb(48, 62, 35, 50, 48), touch=("index",), yaw=38),
    # qaf: index and middle meet the thumb above a fist
    "gaaf": replace(
        FIST,
        index=Finger(48, 76, 40, -3),
        middle=Finger(50, 80, 40, 3),
        thumb=Thumb(out=42, front=66, turn=20, mcp=55, ip=38),
        touch=("index", "middle"),
        yaw=14,
    ),
    # ghayn: as ain, with the thumb up
    "ghain": replace(FIST, index=_straight(-2), middle=_straight(2), thumb=THUMB_AWAY, **ASIDE),
    # ha: all fingertips meet the thumb
    "ha": Pose(
        Finger(68, 52, 26, 0),
        Finger(70, 54, 26, 0),
        Finger(70, 52, 26, 0),
        Finger(66, 46, 24, 0),
        Thumb(out=30, front=72, turn=35, mcp=27, ip=41),
        touch=("middle",),
        pitch=4,
        yaw=8,
    ),
    # hha: fingers together, bent at the knuckles to point right, thumb against the palm's edge
    "haa": Pose(_ahead(72), _ahead(72), _ahead(72), _ahead(72), Thumb(60, 4, 0, 65, 20), **EDGE),
    # jim: C of all fingers and the thumb
    "jeem": Pose(CURVED, CURVED, CURVED, CURVED, THUMB_FACING, **EDGE),
    # kaf: flat hand, thumb across the palm
    "kaaf": replace(FLAT, thumb=Thumb(out=20, front=48, turn=13, mcp=70, ip=55)),
    # kha: as hha, the thumb's tip above the knuckles for the dot; seen from a little above, to show it
    "khaa": Pose(
        _ahead(94),
        _ahead(94),
        _ahead(94),
        _ahead(94),
        Thumb(out=16, front=6, turn=0, mcp=0, ip=-4),
        yaw=61,
        pitch=44,
        roll=53,
        wrist_flexion=22,
    ),
    # lam-alif: index and little finger up, thumb over the two between
    "la": replace(FIST, index=_straight(10), little=_straight(-20)),
    # lam: index up, thumb stretched out
    "laam": replace(FIST, index=_straight(3), thumb=THUMB_AWAY),
    # mim: little finger up
    "meem": replace(FIST, little=_straight(-8)),
    # nun: curved index and thumb in a cup that opens upward
    "nun": replace(FIST, index=CURVED, thumb=THUMB_FACING, yaw=58, pitch=0, roll=55, wrist_flexion=-35),
    # ra: index hooked to the right
    "ra": replace(FIST, index=Finger(28, 45, 25, 0), **EDGE),
    # sad: fist, thumb along its side
    "saad": replace(FIST, thumb=Thumb(out=38, front=36, turn=15, mcp=30, ip=10)),
    # sin: flat hand, fingers and thumb together
    "seen": FLAT,
    # shin: fingers spread
    "sheen": replace(
        FLAT,
        index=_straight(15),
        middle=_straight(2),
        ring=_straight(-12),
        little=_straight(-26),
        thumb=Thumb(out=32, front=28, turn=30, mcp=20, ip=15),
    ),
    # tah: index up, the others point right and meet the thumb
    "ta": Pose(
        _straight(0),
        Finger(84, 15, 8, 0),
        Finger(86, 15, 8, 0),
        Finger(86, 18, 8, 0),
        Thumb(out=12, front=62, turn=33, mcp=12, ip=6),
        touch=("middle",),
        **EDGE,
    ),
    # ta: index and middle together, up
    "taa": replace(FIST, index=_straight(-2), middle=_straight(2), thumb=THUMB_OVER_RING),
    # tha: three fingers together, up
    "thaa": replace(FIST, index=_straight(-2), middle=_straight(0), ring=_straight(3), thumb=THUMB_OVER_LITTLE),
    # dhal: as dal, with index and middle crossed
    "thal": replace(FIST, index=INDEX_UNDER, middle=MIDDLE_OVER, thumb=THUMB_FACING, **EDGE),
    # ta marbuta: index and middle hooked, apart
    "toot": replace(FIST, index=Finger(8, 62, 38, 8), middle=Finger(8, 62, 38, -8), thumb=THUMB_OVER_RING, yaw=16),
    # waw: seen from the thumb's edge, fingers curled over a low thumb, pointing left
    "waw": Pose(
        Finger(66, 95, 52, 0),
        Finger(70, 96, 52, 0),
        Finger(74, 98, 52, 0),
        Finger(78, 98, 52, 0),
        Thumb(out=26, front=50, turn=70, mcp=-6, ip=-16),
        yaw=-72,
        roll=85,
        wrist_flexion=15,
    ),
    # ya with hamza: thumb and little finger out
    "ya": replace(FIST, little=_straight(-18), thumb=THUMB_AWAY),
    # ya: index points left, thumb up
    "yaa": replace(FIST, index=_straight(2), thumb=THUMB_AWAY, **ASIDE),
    # zay: as ra, with index and middle crossed
    "zay": replace(FIST, index=INDEX_UNDER, middle=MIDDLE_OVER, thumb=THUMB_OVER_RING, **EDGE),
}
