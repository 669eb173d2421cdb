"""The signs of the American manual alphabet, as the pictures of the ASL Alphabet collection hold them.

Seen from the viewer, right hand, degrees. J and Z are stills out of their movements; `space` and `del` are
the collection's own (https://www.kaggle.com/datasets/grassknoted/asl-alphabet).
"""

from typing import Any

from fingerspell.datasets.rendered.skeleton import Finger, Pose, Thumb


def straight(spread: float = 0.0) -> Finger:
    return Finger(3, 4, 3, spread)


def folded(spread: float = 0.0) -> Finger:
    """Curled into the palm."""
    return Finger(82, 104, 58, spread)


# Where the thumb rests.
BESIDE = Thumb(out=14, front=22, turn=10, mcp=2, ip=-8)  # upright against the index finger
OVER = Thumb(out=6, front=68, turn=47, mcp=38, ip=34)  # across the front of a fist
HOLDING = Thumb(out=7, front=70, turn=46, mcp=44, ip=40)  # over the ring and little finger
ACROSS = Thumb(out=14, front=48, turn=25, mcp=62, ip=45)  # across the palm
AWAY = Thumb(out=68, front=8, turn=0, mcp=-5, ip=-12)  # out to the side
IN_LINE = (straight(0), straight(0), straight(2), straight(4))

FIST: dict[str, Any] = dict(index=folded(4), middle=folded(0), ring=folded(-4), little=folded(-8))
HANGING = Finger(82, 18, 8)

POSES: dict[str, Pose] = {
    "A": Pose(**FIST, thumb=BESIDE),
    "B": Pose(*IN_LINE, thumb=ACROSS),
    "C": Pose(
        Finger(32, 46, 28, 2), Finger(34, 48, 28), Finger(36, 48, 28, 1), Finger(36, 46, 26, 2),
        Thumb(28, 60, 60, 10, 18), yaw=58, roll=-6,
    ),
    "D": Pose(
        straight(2), Finger(62, 62, 32), Finger(66, 68, 36, 1), Finger(70, 72, 38, 3),
        Thumb(24, 60, 50, 25, 25), yaw=30, touch=("middle",),
    ),
    "E": Pose(
        Finger(38, 108, 62, 0), Finger(38, 110, 62), Finger(40, 108, 62, 2), Finger(42, 104, 60, 5),
        Thumb(20, 72, 30, 64, 58),
    ),
    "F": Pose(
        Finger(58, 58, 30, 2), Finger(14, 12, 8, 2), Finger(6, 8, 5, -7), Finger(4, 6, 4, -18),
        Thumb(34, 50, 50, 20, 25), touch=("index",), yaw=14,
    ),
    "G": Pose(
        straight(0), folded(0), folded(-4), folded(-8), Thumb(18, 30, 20, 14, 5), roll=62, yaw=-10,
    ),
    "H": Pose(
        straight(-2), straight(1), folded(-4), folded(-8), HOLDING, roll=66, yaw=-10,
    ),
    "I": Pose(folded(4), folded(0), folded(-4), straight(-6), OVER),
    "J": Pose(folded(4), folded(0), folded(-4), straight(-12), OVER, roll=44, yaw=8),
    "K": Pose(straight(10), Finger(18, 4, 3, -6), folded(-4), folded(-8), Thumb(18, 23, 27, 38, 11)),
    "L": Pose(straight(2), folded(0), folded(-4), folded(-8), AWAY),
    "M": Pose(
        HANGING, HANGING, HANGING, folded(4), Thumb(12, 50, 40, 50, 30), pitch=48, wrist_flexion=48,
    ),
    "N": Pose(
        HANGING, HANGING, folded(-4), folded(-8), Thumb(12, 50, 40, 50, 30), pitch=48, wrist_flexion=48,
    ),
    "O": Pose(
        Finger(50, 58, 34, 1), Finger(52, 58, 34), Finger(54, 58, 34, 1), Finger(56, 58, 34, 2),
        Thumb(28, 60, 60, 20, 22), yaw=56, roll=-4, touch=("index", "middle"),
    ),
    "P": Pose(
        straight(4), Finger(72, 46, 24), folded(2), folded(4), Thumb(30, 58, 50, 10, 20),
        yaw=-78, roll=88, wrist_flexion=35, touch=("middle",),
    ),
    "Q": Pose(
        Finger(30, 32, 16, 4), folded(0), folded(2), folded(4), Thumb(30, 62, 50, 5, 10),
        yaw=-78, roll=100, wrist_flexion=40,
    ),
    "R": Pose(Finger(-2, 6, 4, -13), Finger(14, 10, 6, 12), folded(2), folded(-8), HOLDING),
    "S": Pose(**FIST, thumb=OVER),
    "T": Pose(Finger(66, 92, 48, 11), folded(-4), folded(-5), folded(-8), Thumb(0, 27, 15, 6, -5)),
    "U": Pose(straight(-1), straight(2), folded(2), folded(-8), HOLDING),
    "V": Pose(straight(12), straight(-10), folded(2), folded(-8), HOLDING),
    "W": Pose(straight(14), straight(0), straight(-14), Finger(70, 70, 40, 2), Thumb(8, 55, 19, 50, 36)),
    "X": Pose(Finger(22, 92, 48, 0), folded(0), folded(-4), folded(-8), OVER),
    "Y": Pose(folded(4), folded(0), folded(2), straight(-20), AWAY),
    "Z": Pose(straight(0), folded(0), folded(-4), folded(-8), OVER, roll=-34),
    "del": Pose(
        Finger(72, 14, 8, 2), Finger(76, 14, 8), Finger(78, 16, 8, 1), Finger(80, 18, 8, 2),
        Thumb(20, 55, 40, 10, 5), yaw=-76, roll=84, wrist_flexion=50,
    ),
    "space": Pose(
        Finger(14, 34, 22, 2), Finger(16, 36, 22), Finger(18, 38, 22, 0), Finger(20, 36, 20, -2),
        Thumb(40, 70, 30, 5, 0), yaw=72, roll=78, wrist_flexion=-35,
    ),
}  # fmt: skip
