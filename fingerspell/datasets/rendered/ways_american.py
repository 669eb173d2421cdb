"""Other ways in which signers show the letters of the American manual alphabet, and hands that show none.

They widen what a network learns from; the collections are drawn from `poses_american.POSES` alone. Seen from the
viewer, right hand, degrees.
"""

from fingerspell.datasets.rendered.poses_american import (
    ACROSS,
    AWAY,
    BESIDE,
    FIST,
    HOLDING,
    IN_LINE,
    OVER,
    folded,
    straight,
)
from fingerspell.datasets.rendered.skeleton import Finger, Pose, Thumb

LOOSE = Finger(82, 94, 40)
LOW = Finger(86, 88, 34)  # a fist that shows its nails, low on the palm
PINCHING = Thumb(out=0, front=50, turn=0, mcp=0, ip=0)  # in front of the palm, beside a pointing index finger
SIDEWAYS = Thumb(out=20, front=50, turn=20, mcp=60, ip=30)  # from the side onto the middle finger
TIGHT = Finger(88, 108, 62)  # a fist of which nothing stands out
TUCKED = Thumb(out=14, front=24, turn=10, mcp=34, ip=6)  # under the fingers, unseen
UNDER = Finger(76, 90, 24)  # bent over the thumb

# M and N upright with the fingertips over the thumb, E with the thumb below the fingertips, G pointing past the viewer,
# and every letter from other sides.
VARIANTS: dict[str, tuple[Pose, ...]] = {
    "A": (
        Pose(**FIST, thumb=BESIDE, yaw=-18),
        Pose(**FIST, thumb=Thumb(out=24, front=22, turn=10, mcp=2, ip=-8), yaw=-10, roll=-8),
        Pose(
            Finger(80, 104, 56, 4), Finger(80, 104, 56), Finger(80, 104, 56, -3), Finger(80, 104, 56, -6),
            Thumb(26, 20, 0, -4, -10), pitch=10, roll=14,
        ),
        Pose(
            Finger(80, 104, 56, 4), Finger(80, 104, 56), Finger(80, 104, 56, -3), Finger(80, 104, 56, -6),
            Thumb(32, 16, 0, -6, -12), pitch=-8, roll=16, yaw=-8,
        ),
    ),
    "B": (
        Pose(straight(3), straight(1), straight(0), straight(-2), ACROSS),
        Pose(straight(0), straight(0), straight(2), straight(4), Thumb(14, 40, 25, 50, 25), yaw=15),
    ),
    "C": (
        Pose(
            Finger(32, 46, 28, 2), Finger(34, 48, 28), Finger(36, 48, 28, 1), Finger(36, 46, 26, 2),
            Thumb(28, 60, 60, 10, 18), yaw=75, roll=20,
        ),
        Pose(
            Finger(25, 40, 24, 2), Finger(27, 42, 24), Finger(29, 42, 24, 1), Finger(30, 40, 22, 2),
            Thumb(34, 60, 60, 5, 10), yaw=62, roll=12,
        ),
    ),
    "D": (
        Pose(
            straight(2), Finger(52, 92, 46), Finger(54, 92, 46, 1), Finger(58, 90, 46, 3), Thumb(22, 62, 50, 26, 28),
            touch=("middle",),
        ),
        Pose(
            straight(2), Finger(46, 86, 44), Finger(48, 88, 44, 1), Finger(52, 88, 44, 3), Thumb(22, 62, 50, 26, 28),
            yaw=-12, touch=("middle",),
        ),
        Pose(
            straight(0), Finger(60, 92, 40), Finger(62, 94, 44, 1), Finger(66, 94, 44, 3), Thumb(22, 62, 50, 26, 28),
            yaw=12, touch=("middle", "ring"),
        ),
        Pose(
            straight(2), Finger(40, 98, 56), Finger(42, 100, 56, 1), Finger(46, 100, 56, 3), Thumb(22, 52, 50, 26, 28),
            touch=("middle",),
        ),
        Pose(
            straight(2), Finger(46, 100, 50), Finger(48, 102, 50, 1), Finger(52, 102, 50, 3), Thumb(16, 56, 40, 30, 28),
            yaw=-28, touch=("middle", "ring"),
        ),
        Pose(
            straight(2), Finger(52, 92, 46), Finger(54, 94, 50, 1), Finger(58, 94, 50, 3), Thumb(24, 56, 50, 22, 24),
            yaw=-18, touch=("middle",),
        ),
        Pose(
            straight(2), Finger(36, 100, 66), Finger(38, 102, 66, 1), Finger(44, 102, 66, 3),
            Thumb(24, 46, 46, 30, 34), pitch=-8, yaw=6, touch=("middle",),
        ),
        Pose(
            straight(2), Finger(72, 80, 50), Finger(74, 82, 50, 1), Finger(78, 82, 50, 3), Thumb(30, 30, 20, 40, 30),
            pitch=-10, touch=("middle",),
        ),
        Pose(
            straight(2), Finger(70, 90, 60), Finger(72, 92, 60, 1), Finger(76, 92, 60, 3), Thumb(30, 30, 20, 40, 30),
            pitch=-8, yaw=6, touch=("middle",),
        ),
        Pose(
            straight(6), Finger(84, 70, 50), Finger(86, 72, 50, 1), Finger(90, 72, 50, 3), Thumb(34, 40, 40, 30, 30),
            pitch=-10, touch=("middle",),
        ),
        Pose(
            straight(2), Finger(78, 56, 60), Finger(80, 58, 60, 1), Finger(84, 58, 60, 3), Thumb(30, 30, 20, 40, 30),
            pitch=-4, touch=("middle",),
        ),
        Pose(
            straight(2), Finger(66, 90, 70), Finger(68, 92, 70, 1), Finger(72, 92, 70, 3), Thumb(30, 30, 20, 40, 30),
            pitch=6, touch=("middle",),
        ),
        Pose(
            straight(2), Finger(54, 100, 70), Finger(56, 102, 70, 1), Finger(60, 102, 70, 3), Thumb(24, 52, 46, 40, 40),
            pitch=4, touch=("middle", "ring"),
        ),
    ),
    "E": (
        Pose(
            Finger(30, 112, 68, 0), Finger(30, 114, 68), Finger(32, 112, 66, 2), Finger(34, 108, 64, 5),
            Thumb(20, 62, 30, 70, 50),
        ),
        Pose(
            Finger(48, 104, 50, 0), Finger(48, 106, 50), Finger(50, 104, 50, 2), Finger(52, 100, 50, 5),
            Thumb(16, 66, 35, 60, 50), yaw=-15,
        ),
        Pose(
            Finger(70, 80, 60, -2), Finger(70, 82, 60), Finger(72, 80, 60, 2), Finger(74, 78, 60, 5),
            Thumb(30, 60, 30, 60, 30), pitch=-10,
        ),
        Pose(
            Finger(66, 86, 60, -2), Finger(66, 88, 60), Finger(68, 86, 60, 2), Finger(70, 84, 60, 5),
            Thumb(36, 54, 20, 70, 30), pitch=-6,
        ),
        Pose(
            Finger(74, 74, 60, -2), Finger(74, 76, 60), Finger(76, 74, 60, 2), Finger(78, 72, 60, 5),
            Thumb(34, 60, 40, 50, 40), pitch=-4,
        ),
        Pose(
            Finger(60, 96, 66, -2), Finger(60, 98, 66), Finger(62, 96, 66, 2), Finger(64, 94, 66, 5),
            Thumb(34, 40, 20, 60, 60), pitch=-6, yaw=-6,
        ),
    ),
    "F": (
        Pose(
            Finger(58, 58, 30, 2), Finger(14, 12, 8, 2), Finger(6, 8, 5, -7), Finger(4, 6, 4, -18),
            Thumb(34, 50, 50, 20, 25), touch=("index",), yaw=-10,
        ),
        Pose(
            Finger(62, 66, 34, 4), Finger(10, 8, 6, 2), Finger(2, 6, 4, -11), Finger(-4, 4, 3, -26),
            Thumb(30, 52, 50, 24, 28), touch=("index",), roll=14,
        ),
        Pose(
            Finger(66, 60, 30, 4), Finger(14, 10, 6, 4), Finger(4, 6, 4, -10), Finger(0, 4, 3, -24),
            Thumb(30, 52, 50, 24, 28), touch=("index",), roll=24, yaw=8,
        ),
        Pose(
            Finger(50, 92, 40, 4), Finger(10, 8, 6, 2), Finger(2, 6, 4, -11), Finger(-4, 4, 3, -26),
            Thumb(30, 42, 50, 24, 28), touch=("index",), roll=10,
        ),
        Pose(
            Finger(60, 80, 40, 6), Finger(10, 8, 6, 2), Finger(2, 6, 4, -9), Finger(-4, 4, 3, -20),
            Thumb(36, 42, 50, 14, 28), touch=("index",), roll=10, pitch=-8,
        ),
        Pose(
            Finger(66, 80, 50, 8), Finger(6, 8, 6, 2), Finger(2, 6, 4, -9), Finger(-4, 4, 3, -20),
            Thumb(40, 32, 50, 24, 28), touch=("index",), roll=16, yaw=-15,
        ),
        Pose(
            Finger(74, 60, 40, 4), Finger(8, 8, 6, 4), Finger(2, 6, 4, -10), Finger(-4, 4, 3, -26),
            Thumb(36, 40, 40, 26, 28), touch=("index",), roll=14,
        ),
        Pose(
            Finger(80, 56, 40, 4), Finger(8, 8, 6, 4), Finger(2, 6, 4, -10), Finger(-4, 4, 3, -26),
            Thumb(40, 40, 30, 30, 28), touch=("index",), pitch=-12, roll=16,
        ),
        Pose(
            Finger(66, 70, 50, 4), Finger(8, 8, 6, 4), Finger(2, 6, 4, -10), Finger(-4, 4, 3, -26),
            Thumb(34, 46, 40, 26, 28), touch=("index",), pitch=8, roll=18,
        ),
        Pose(
            Finger(80, 70, 40, 4), Finger(8, 8, 6, 4), Finger(2, 6, 4, -10), Finger(-4, 4, 3, -26),
            Thumb(44, 40, 30, 30, 30), touch=("index",), roll=20, yaw=10,
        ),
    ),
    "G": (
        Pose(Finger(56, 3, 2), TIGHT, TIGHT, TIGHT, PINCHING, yaw=-110, roll=32, touch=("index",)),
        Pose(Finger(56, 3, 2), TIGHT, TIGHT, TIGHT, PINCHING, yaw=-100, roll=26, touch=("index",)),
        Pose(Finger(60, 3, 2), TIGHT, TIGHT, TIGHT, Thumb(10, 70, 20, 0, 0), yaw=-118, roll=30, touch=("index",)),
        Pose(Finger(48, 6, 4), *3 * (LOOSE,), Thumb(6, 50, 10, 0, 0), yaw=-96, roll=40, touch=("index",)),
        Pose(Finger(60, 10, 8), *3 * (LOOSE,), Thumb(6, 60, 10, 0, 0), yaw=-80, roll=40, touch=("index",)),
        Pose(Finger(56, 14, 10), *3 * (LOOSE,), Thumb(6, 40, 10, 0, 0), yaw=-84, roll=38, wrist_flexion=-20),
        Pose(Finger(54, 6, 4), *3 * (LOOSE,), Thumb(6, 46, 10, 0, 0), yaw=-104, roll=34),
        Pose(Finger(62, 6, 4), TIGHT, TIGHT, TIGHT, PINCHING, yaw=-110, roll=46, touch=("index",)),
        Pose(Finger(58, 8, 6), TIGHT, TIGHT, TIGHT, PINCHING, yaw=-120, roll=62, pitch=-8, touch=("index",)),
        Pose(Finger(60, 6, 4), TIGHT, TIGHT, TIGHT, PINCHING, yaw=-110, roll=40),
        Pose(Finger(60, 14, 6), folded(0), folded(2), folded(4), Thumb(16, 72, 50, 4, 2), yaw=-95, roll=46),
        Pose(Finger(45, 14, 8), folded(0), folded(2), folded(4), Thumb(24, 62, 60, 4, 6), yaw=-60, roll=60),
    ),
    "H": (
        Pose(straight(-2), straight(1), folded(-4), folded(-8), HOLDING, roll=80, yaw=-4),
        Pose(straight(-2), straight(1), folded(-4), folded(-8), HOLDING, roll=86, yaw=10),
        Pose(
            straight(-2), straight(1), folded(-4), folded(-8), HOLDING, roll=82, yaw=4, wrist_deviation=-30,
        ),
        Pose(straight(-2), straight(1), folded(-4), folded(-8), OVER, roll=76, yaw=-10, wrist_deviation=-40),
        Pose(
            straight(-2), straight(1), LOW, LOW, Thumb(out=7, front=60, turn=46, mcp=30, ip=60), roll=80, yaw=-10,
            wrist_deviation=-30,
        ),
        Pose(
            straight(-2), straight(1), Finger(70, 100, 50), Finger(74, 100, 50), Thumb(20, 44, 20, 50, 40),
            roll=80, yaw=10, wrist_deviation=-35,
        ),
        Pose(
            straight(-2), straight(1), Finger(76, 104, 58), Finger(80, 104, 58), Thumb(14, 48, 30, 50, 60),
            roll=74, yaw=18, wrist_deviation=-40,
        ),
        Pose(
            straight(-2), straight(1), Finger(76, 104, 58), Finger(80, 104, 58), Thumb(24, 40, 16, 66, 30),
            roll=80, yaw=4, wrist_deviation=-40,
        ),
        Pose(
            straight(-2), straight(1), Finger(66, 104, 58), Finger(70, 104, 58), Thumb(24, 40, 16, 60, 30),
            roll=82, yaw=6, pitch=-14, wrist_deviation=-35,
        ),
        Pose(
            straight(-2), straight(1), Finger(66, 104, 58), Finger(70, 104, 58), Thumb(24, 40, 16, 60, 30),
            roll=82, yaw=6, pitch=14, wrist_deviation=-35,
        ),
    ),
    "I": (
        Pose(folded(4), folded(0), folded(-4), straight(-6), HOLDING),
        Pose(folded(4), folded(0), folded(-4), straight(-6), BESIDE, yaw=12),
    ),
    "J": (
        Pose(folded(4), folded(0), folded(-4), straight(-12), OVER, roll=72, yaw=0),
        Pose(folded(4), folded(0), folded(-4), straight(-12), HOLDING, roll=58, yaw=20),
    ),
    "K": (
        Pose(straight(12), Finger(10, 4, 3, -8), folded(-4), folded(-8), Thumb(18, 23, 27, 30, 8), yaw=-10),
        Pose(straight(8), Finger(25, 6, 3, -5), folded(-4), folded(-8), Thumb(18, 23, 27, 30, 8), yaw=20),
    ),
    "L": (
        Pose(straight(2), folded(0), folded(-4), folded(-8), AWAY, roll=-15),
    ),
    "M": (
        Pose(*3 * (Finger(72, 96, 30),), Finger(86, 102, 30, -4), TUCKED),
        Pose(*3 * (Finger(72, 96, 30),), LOW, Thumb(14, 20, 0, 50, 20), roll=8),
        Pose(*3 * (Finger(80, 80, 30),), Finger(94, 86, 30, -4), Thumb(10, 30, 10, 30, 0), pitch=-15),
        Pose(*3 * (Finger(60, 110, 40),), Finger(80, 100, 40, -4), Thumb(14, 20, 10, 40, 10), pitch=8),
        Pose(*3 * (Finger(80, 86, 20),), LOW, Thumb(14, 20, 10, 40, 10), pitch=-18, yaw=-10),
        Pose(*3 * (Finger(56, 104, 30),), Finger(84, 96, 40, -6), Thumb(20, 40, 10, 60, 20), pitch=-8, roll=6),
        Pose(*3 * (Finger(70, 80, 20),), Finger(84, 96, 40, -6), Thumb(20, 40, 10, 60, 20), pitch=-20, roll=6),
        Pose(UNDER, UNDER, UNDER, Finger(80, 96, 40), Thumb(10, 46, 30, 62, 40)),
        Pose(
            *3 * (Finger(62, 100, 34),), Finger(92, 80, 20, 10), Thumb(34, 40, 10, 60, 20), pitch=-8,
        ),
        Pose(
            *3 * (Finger(62, 100, 34),), Finger(92, 80, 20, 10), Thumb(36, 46, 20, 70, 20), pitch=-14, yaw=-10,
        ),
        Pose(
            Finger(52, 106, 34), Finger(52, 106, 34, 2), Finger(54, 106, 34, 4), Finger(96, 80, 30, 12),
            Thumb(36, 46, 20, 70, 30), pitch=-6,
        ),
        Pose(
            Finger(52, 106, 34), Finger(52, 106, 34, 1), Finger(54, 106, 34, 3), Finger(98, 66, 10, 12),
            Thumb(36, 46, 20, 70, 30), pitch=-16,
        ),
        Pose(
            Finger(76, 82, 20), Finger(76, 82, 20, 1), Finger(76, 82, 20, 3), Finger(98, 66, 10, 12),
            Thumb(40, 40, 20, 70, 30), pitch=-24,
        ),
        Pose(
            Finger(80, 72, 14), Finger(80, 72, 14, 1), Finger(80, 72, 14, 3), Finger(98, 76, 10, 12),
            Thumb(40, 40, 20, 70, 30), pitch=-20, roll=8,
        ),
    ),
    "N": (
        Pose(Finger(72, 96, 30), Finger(72, 96, 30), LOW, LOW, TUCKED),
        Pose(
            Finger(72, 96, 30), Finger(72, 96, 30), Finger(84, 78, 20, -3), Finger(86, 76, 20, -7), TUCKED,
            pitch=-12, roll=10,
        ),
        Pose(
            Finger(60, 110, 40), Finger(60, 110, 40), Finger(80, 92, 40, -3), Finger(84, 90, 40, -7),
            Thumb(14, 20, 10, 40, 10),
        ),
        Pose(
            Finger(60, 112, 46), Finger(60, 112, 46), Finger(84, 96, 30, -3), Finger(88, 96, 30, -7),
            Thumb(14, 26, 10, 44, 10), yaw=-12,
        ),
        Pose(
            Finger(76, 84, 24), Finger(76, 84, 24), Finger(80, 98, 36, -3), Finger(84, 98, 36, -7),
            Thumb(14, 26, 10, 40, 10), pitch=-10, yaw=12,
        ),
        Pose(
            *2 * (Finger(56, 104, 30),), Finger(84, 92, 36, -5), Finger(86, 90, 36, -9), Thumb(20, 40, 10, 60, 20),
            pitch=-8, roll=6,
        ),
        Pose(
            *2 * (Finger(66, 88, 24),), Finger(84, 96, 40, -5), Finger(86, 96, 40, -9), Thumb(18, 36, 10, 56, 20),
            pitch=-16, yaw=-10,
        ),
        Pose(UNDER, UNDER, folded(-4), folded(-8), Thumb(10, 44, 30, 56, 35)),
        Pose(
            *2 * (Finger(62, 100, 34),), Finger(92, 76, 10, 10), Finger(96, 70, 10, 10), Thumb(34, 40, 10, 60, 20),
            pitch=-8,
        ),
        Pose(
            *2 * (Finger(62, 100, 34),), Finger(92, 76, 10, 10), Finger(96, 70, 10, 10), Thumb(36, 46, 20, 70, 20),
            pitch=-14, yaw=-10,
        ),
        Pose(
            Finger(52, 106, 34), Finger(52, 106, 34, 2), Finger(90, 88, 30, 8), Finger(96, 80, 30, 8),
            Thumb(36, 46, 20, 70, 30), pitch=-6,
        ),
        Pose(
            Finger(52, 106, 34), Finger(54, 106, 34, 2), Finger(98, 64, 10, 8), Finger(100, 56, 10, 8),
            Thumb(36, 46, 20, 70, 30), pitch=-16,
        ),
        Pose(
            Finger(70, 90, 30), Finger(70, 90, 30, 2), Finger(98, 84, 30, 14), Finger(100, 76, 30, 14),
            Thumb(36, 46, 20, 70, 30), pitch=-24, yaw=-8,
        ),
        Pose(
            Finger(62, 96, 30, -3), Finger(62, 96, 30, 2), Finger(92, 94, 40, 10), Finger(96, 90, 40, 12),
            Thumb(30, 56, 30, 60, 30), pitch=-14, roll=8,
        ),
    ),
    "O": (
        Pose(
            Finger(54, 62, 36, 1), Finger(56, 62, 36), Finger(58, 62, 36, 1), Finger(60, 62, 36, 2),
            Thumb(28, 60, 60, 20, 22), yaw=72, roll=10, touch=("index", "middle"),
        ),
        Pose(
            Finger(50, 58, 34, 1), Finger(52, 58, 34), Finger(54, 58, 34, 1), Finger(56, 58, 34, 2),
            Thumb(28, 60, 60, 20, 22), yaw=30, roll=-4, touch=("index", "middle"),
        ),
    ),
    "P": (
        Pose(
            straight(10), Finger(30, 6, 4, -6), folded(-4), folded(-8), Thumb(18, 23, 27, 38, 11), roll=78,
            yaw=-20, wrist_flexion=10,
        ),
        Pose(
            straight(8), Finger(42, 10, 6, -6), folded(-2), folded(-4), Thumb(20, 35, 30, 28, 11), roll=88,
            yaw=-45, wrist_flexion=25,
        ),
        Pose(
            straight(4), Finger(64, 20, 10), folded(2), folded(4), Thumb(30, 52, 50, 10, 20), yaw=-70, roll=80,
            wrist_flexion=35,
        ),
    ),
    "Q": (
        Pose(
            Finger(34, 16, 10, 4), folded(0), folded(2), folded(4), Thumb(34, 60, 50, 2, 4), yaw=-72, roll=122,
            wrist_flexion=50,
        ),
        Pose(
            Finger(40, 14, 8, 4), folded(0), folded(2), folded(4), Thumb(38, 60, 50, 2, 4), yaw=-60, roll=138,
            wrist_flexion=60,
        ),
        Pose(Finger(60, 10, 4), TIGHT, TIGHT, TIGHT, Thumb(10, 50, 0, 0, 0), yaw=-100, roll=84, wrist_flexion=40),
        Pose(Finger(50, 10, 4), TIGHT, TIGHT, TIGHT, Thumb(14, 46, 0, 0, 0), yaw=-110, roll=96, wrist_flexion=60),
        Pose(Finger(64, 14, 8), TIGHT, TIGHT, TIGHT, Thumb(20, 50, 0, 0, 0), yaw=-120, roll=84, wrist_flexion=70),
        Pose(Finger(54, 14, 8), TIGHT, TIGHT, TIGHT, Thumb(20, 50, 0, 0, 0), yaw=-90, roll=100, wrist_flexion=70),
    ),
    "R": (
        Pose(Finger(-2, 6, 4, -13), Finger(14, 10, 6, 12), folded(2), folded(-8), HOLDING, yaw=15),
        Pose(Finger(0, 6, 4, -15), Finger(16, 14, 8, 14), folded(2), folded(-8), HOLDING, yaw=-12),
        Pose(Finger(-2, 6, 4, -13), Finger(14, 10, 6, 12), folded(2), folded(-8), HOLDING, roll=22),
        Pose(Finger(-2, 6, 4, -16), Finger(14, 10, 6, 16), folded(2), folded(-8), HOLDING, roll=30, yaw=-20),
        Pose(Finger(8, 6, 4, -15), Finger(2, 10, 6, 12), folded(2), folded(-8), HOLDING, roll=20),
        Pose(Finger(8, 6, 4, -18), Finger(-2, 10, 6, 14), folded(2), folded(-8), HOLDING, roll=20, yaw=-30),
        Pose(
            Finger(8, 4, 3, -24), Finger(-4, 24, 26, 14), Finger(80, 92, 44, -1), Finger(84, 92, 44, -5),
            Thumb(22, 40, 20, 56, 20), roll=18,
        ),
        Pose(
            Finger(10, 4, 3, -28), Finger(-4, 20, 36, 18), Finger(80, 92, 44, -1), Finger(84, 92, 44, -5),
            Thumb(22, 40, 20, 56, 20), roll=22,
        ),
        Pose(
            Finger(6, 8, 4, -28), Finger(-10, 30, 30, 16), Finger(80, 92, 44, -1), Finger(84, 92, 44, -5),
            Thumb(22, 40, 20, 56, 20), roll=16, yaw=-10,
        ),
        Pose(
            Finger(12, 4, 3, -24), Finger(0, 34, 30, 20), Finger(80, 92, 44, -1), Finger(84, 92, 44, -5),
            Thumb(22, 40, 20, 56, 20), roll=24, pitch=8,
        ),
        Pose(
            Finger(10, 6, 3, -26), Finger(-8, 30, 30, 18), Finger(80, 92, 44, -1), Finger(84, 92, 44, -5),
            Thumb(26, 36, 10, 60, 10), roll=20, pitch=-8,
        ),
        Pose(
            Finger(8, 4, 3, -22), Finger(-2, 20, 26, 18), Finger(80, 92, 44, -1), Finger(84, 92, 44, -5),
            Thumb(26, 46, 20, 60, 30), roll=22, yaw=6,
        ),
    ),
    "S": (
        Pose(**FIST, thumb=OVER, yaw=-12),
        Pose(**FIST, thumb=OVER, yaw=15),
    ),
    "T": (
        Pose(Finger(66, 92, 48, 11), folded(-4), folded(-5), folded(-8), Thumb(0, 27, 15, 6, -5), yaw=-14),
        Pose(Finger(70, 88, 44, 12), folded(-5), folded(-6), folded(-8), Thumb(-2, 30, 15, 2, -8), yaw=12),
        Pose(Finger(60, 104, 50, 8), *3 * (Finger(84, 100, 50),), Thumb(0, 30, 15, 10, -5), roll=-12, yaw=-15),
        Pose(
            Finger(60, 104, 50, 10), *3 * (Finger(84, 104, 60),), Thumb(-2, 34, 10, 4, -5), pitch=-8, roll=-10, yaw=10,
        ),
        Pose(
            Finger(60, 112, 50, 8), *3 * (Finger(82, 106, 60),), Thumb(6, 34, 14, 24, 10), pitch=-10, roll=-12, yaw=-10,
        ),
        Pose(
            Finger(50, 116, 60, 10), *3 * (Finger(82, 106, 60),), Thumb(0, 36, 10, 14, 10), pitch=-10, roll=-16,
        ),
    ),
    "U": (
        Pose(straight(-1), straight(2), folded(2), folded(-8), HOLDING, yaw=-14),
    ),
    "V": (
        Pose(straight(9), straight(-7), folded(2), folded(-8), HOLDING, yaw=-12),
        Pose(straight(14), straight(-12), folded(2), folded(-8), OVER, yaw=10),
    ),
    "W": (
        Pose(straight(11), straight(0), straight(-11), Finger(74, 76, 44, 2), Thumb(8, 55, 19, 54, 40), yaw=-10),
    ),
    "X": (
        Pose(Finger(12, 84, 44, 0), folded(0), folded(-4), folded(-8), OVER, yaw=-50),
        Pose(Finger(8, 86, 50, 0), folded(0), folded(-4), folded(-8), HOLDING, yaw=-65),
        Pose(Finger(10, 78, 38, 0), folded(0), folded(-4), folded(-8), OVER, yaw=-85),
        Pose(Finger(12, 84, 44, 0), folded(0), folded(-4), folded(-8), HOLDING, yaw=30),
    ),
    "Y": (
        Pose(folded(4), folded(0), folded(2), straight(-20), AWAY, roll=14),
        Pose(folded(4), folded(0), folded(2), straight(-20), Thumb(50, 8, 0, -5, -12)),
        Pose(folded(4), folded(0), folded(2), straight(-14), Thumb(44, 14, 0, -5, -16), yaw=-10),
        Pose(LOW, LOW, LOW, straight(-20), Thumb(52, 8, 0, -5, -12), pitch=-12, roll=-6),
        Pose(LOW, LOW, LOW, Finger(8, 10, 6, -16), Thumb(56, 20, 0, -5, -12), yaw=15),
    ),
    "Z": (
        Pose(straight(0), folded(0), folded(-4), folded(-8), OVER),
        Pose(straight(0), folded(0), folded(-4), folded(-8), HOLDING, roll=-14, yaw=-8),
        Pose(
            straight(2), Finger(72, 104, 58), Finger(72, 104, 58, -3), Finger(72, 104, 58, -6),
            Thumb(8, 66, 47, 44, 40), pitch=-16, yaw=10,
        ),
        Pose(straight(2), *3 * (Finger(80, 100, 50),), SIDEWAYS, pitch=-10),
        Pose(straight(2), *3 * (TIGHT,), Thumb(20, 54, 20, 60, 10), pitch=-10, yaw=-20),
        Pose(straight(2), *3 * (Finger(84, 100, 50),), Thumb(24, 50, 10, 70, 20), pitch=-10),
        Pose(straight(2), *3 * (TIGHT,), Thumb(26, 66, 30, 60, 20), pitch=-15, yaw=10),
        Pose(Finger(-8, 4, 4), *3 * (Finger(70, 104, 58),), Thumb(30, 46, 10, 66, 10), pitch=14, yaw=14),
        Pose(Finger(-8, 4, 4), *3 * (Finger(66, 104, 58),), Thumb(30, 46, 10, 66, 10), pitch=32),
        Pose(Finger(-4, 4, 4), *3 * (Finger(76, 100, 50),), Thumb(40, 46, 10, 66, 20), pitch=24, yaw=6),
        Pose(straight(4), *3 * (Finger(84, 100, 50),), Thumb(36, 36, 6, 70, 10), pitch=10),
        Pose(Finger(14, 4, 4), *3 * (Finger(86, 100, 50),), Thumb(36, 36, 6, 70, 10), pitch=24),
    ),
}  # fmt: skip

# Hands that make no letter: open, seen from behind, at rest, counting.
NEITHER: tuple[Pose, ...] = (
    Pose(straight(14), straight(3), straight(-8), straight(-20), AWAY),
    Pose(straight(10), straight(2), straight(-6), straight(-16), Thumb(44, 20, 0, 0, -8), yaw=16, roll=10),
    Pose(straight(14), straight(3), straight(-8), straight(-20), AWAY, yaw=180),
    Pose(*IN_LINE, Thumb(30, 10, 0, 0, -6), yaw=180),
    Pose(**FIST, thumb=OVER, yaw=180),
    Pose(**FIST, thumb=BESIDE, yaw=165, roll=-20),
    Pose(*4 * (Finger(26, 34, 18),), Thumb(36, 30, 20, 14, 14), roll=170, yaw=20),
    Pose(*4 * (Finger(18, 24, 14),), Thumb(34, 24, 20, 10, 10), yaw=160),
    Pose(*IN_LINE, Thumb(24, 20, 10, 0, 0), yaw=84),
    Pose(*IN_LINE, Thumb(24, 20, 10, 0, 0), yaw=10, roll=90),
    Pose(straight(12), straight(-4), folded(-2), folded(-8), AWAY),
    Pose(straight(6), folded(0), folded(-2), straight(-18), AWAY),
    Pose(*4 * (Finger(8, 10, 6),), Thumb(40, 30, 20, 0, 0), pitch=70),
)

_LITTLE = (folded(4), folded(0), folded(-4), straight(-10))
_POINTING = (straight(2), *3 * (Finger(84, 100, 50),))

# J and Z at other moments of their movement: the little finger swung to the side and down, the forefinger pointing at
# the viewer, the palm down. Of these the joints alone are learnt (see `joints`).
MOVING: dict[str, tuple[Pose, ...]] = {
    "J": (
        Pose(*_LITTLE, HOLDING, roll=95, yaw=10),
        Pose(*_LITTLE, OVER, roll=115, yaw=-20),
        Pose(*_LITTLE, HOLDING, roll=90, pitch=30),
        Pose(*_LITTLE, OVER, roll=130, pitch=20, yaw=20),
        Pose(*_LITTLE, HOLDING, roll=-95, yaw=160),
        Pose(*_LITTLE, OVER, roll=-120, yaw=180),
        Pose(*_LITTLE, HOLDING, roll=100, yaw=70),
    ),
    "Z": (
        Pose(*_POINTING, OVER, pitch=65, roll=30),
        Pose(*_POINTING, HOLDING, pitch=75, roll=-20),
        Pose(*_POINTING, OVER, pitch=50, roll=60),
        Pose(*_POINTING, SIDEWAYS, pitch=45, roll=-50),
        Pose(*_POINTING, OVER, pitch=60, yaw=30),
        Pose(*_POINTING, SIDEWAYS, pitch=80, yaw=-30),
        Pose(*_POINTING, OVER, pitch=60, roll=80),
    ),
}  # fmt: skip
