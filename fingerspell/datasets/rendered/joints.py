"""The joints of hands that are not drawn: every sign in any signer's way, which costs a thousandth of a second."""

import numpy as np

from fingerspell.datasets.rendered.drawing import stream
from fingerspell.datasets.rendered.sheets import ALPHABETS, pose_of, signer
from fingerspell.datasets.rendered.skeleton import closed, kinematics, orientation, varied
from fingerspell.datasets.rendered.ways_american import MOVING

MOVED = 0.5  # share of the hands of a sign that moves which are caught at another moment of it
VARIATION = 3, 9  # degrees, from and to: by how much a signer's angles differ from the pose


def draw_joints(alphabet: str, label: str, count: int, seed: int) -> np.ndarray:
    """Return float32 (count, 21, 3) in centimetres: x to the right, y up, z to the viewer, the wrist at the origin.

    alphabet, label: as in `sheets.draw_sheets`. Each hand has its own proportions, pose and angles; they are right
    hands. The same arguments give the same bytes.
    """
    rng = stream(seed, "joints", alphabet, label)
    moving = MOVING.get(label) if alphabet == "american" else None
    hands = np.empty((count, 21, 3), np.float32)
    for place in range(count):
        pose, build = pose_of(ALPHABETS[alphabet], label, rng), signer(rng)
        if moving and rng.uniform() < MOVED:
            pose = moving[rng.integers(len(moving))]
        pose = closed(varied(pose, rng, float(rng.uniform(*VARIATION))), build)
        hands[place] = kinematics(pose, build)[0] @ orientation(pose).T
    return hands
