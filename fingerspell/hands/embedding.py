"""What a reader is told about one hand: a row of numbers, of which a part may be missing.

A row, float32 (1280,), holds

- the features that MediaPipe's network sees in the hand's picture, cut out upright (see `crops`, `network`): 1152
- its landmarks in space, 21 × 3, and those in the picture, 21 × 3: moved to the wrist, divided by the size of the
  palm, turned as the hand is turned; x to the right, y up, z to the viewer
- whether there is a picture, and whether there are landmarks: 1 or 0

A hand that is drawn from poses alone has no picture; where no hand was found there are no landmarks.
"""

import numpy as np

from fingerspell.hands.crops import Crop
from fingerspell.hands.layout import FEATURES, GIVEN, IN_PICTURE, IN_SPACE, INDEX, LITTLE, MIDDLE, WIDTH, WRIST
from fingerspell.hands.network import SIZE, HandNetwork, Seen

PALM = 1.5  # length of the palm plus its breadth, in the unit of the landmarks in a row


def of_picture(
    network: HandNetwork, picture: np.ndarray, crop: Crop, mirror: bool = False, found: bool = True
) -> np.ndarray:
    """Return the row of a hand in a picture, uint8 (h, w, 3); with `mirror` that of its mirror image.

    found: whether the crop is known to hold a hand; else there are no landmarks.
    """
    return of_cut(network, crop.cut(picture, SIZE, mirror), -crop.angle if mirror else crop.angle, found)


def of_cut(network: HandNetwork, cut: np.ndarray, angle: float, found: bool = True) -> np.ndarray:
    """Return the row of a hand that is cut out already, uint8 (224, 224, 3), and was turned by `angle` before."""
    return of_seen(network.see(cut), angle, found)


def of_seen(seen: Seen, angle: float, found: bool = True) -> np.ndarray:
    """Return the row of what the network saw in a hand that is cut out and was turned by `angle` before."""
    row = np.zeros(WIDTH, np.float32)
    row[:FEATURES] = seen.features
    if found:
        row[IN_SPACE] = _normal(_turned(seen.world, angle)).ravel()
        row[IN_PICTURE] = _normal(_turned(seen.landmarks, angle)).ravel()
    row[GIVEN] = 1, found
    return row


def of_joints(joints: np.ndarray) -> np.ndarray:
    """Return the row of a hand of which the joints alone are known: (21, 3), x right, y up, z to the viewer."""
    row = np.zeros(WIDTH, np.float32)
    row[IN_SPACE] = row[IN_PICTURE] = _normal(np.asarray(joints, np.float32)).ravel()
    row[GIVEN] = 0, 1
    return row


def _turned(points: np.ndarray, angle: float) -> np.ndarray:
    """Turn upright landmarks (21, 3), y down and z away, back to how the hand was, y up and z to the viewer."""
    x, y, z = points.T
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * x - sin * y, -(sin * x + cos * y), -z], axis=1)


def _normal(points: np.ndarray) -> np.ndarray:
    points = points - points[WRIST]
    palm = np.linalg.norm(points[MIDDLE]) + np.linalg.norm(points[INDEX] - points[LITTLE])
    return points * (PALM / max(float(palm), 1e-6))
