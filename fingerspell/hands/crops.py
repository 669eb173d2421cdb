"""The square around a hand: where it lies, how it is turned, and the picture in it, with the hand upright.

As in MediaPipe Hands (Zhang et al. 2020, https://arxiv.org/abs/2006.10214, section 2.1): the fingers point up, and the
square is twice as long as the landmarks reach. Coordinates are pixels: x to the right, y down, angles in radians,
positive clockwise as the viewer sees it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

MARGIN = 2.0  # sides of the square per longer side of the box around the landmarks
SHIFT = 0.1  # of the box's height, toward the fingers: the landmarks lie below the middle of a hand
KNUCKLES = (5, 9, 13)  # of index, middle and ring finger; the middle one counts twice


@dataclass(frozen=True)
class Crop:
    """A square: its middle, its side, and the angle by which the hand in it is turned."""

    x: float
    y: float
    side: float
    angle: float

    def matrix(self, size: int, mirror: bool = False) -> np.ndarray:
        """Return the matrix (2, 3) from pixels of the cut picture, `size` a side, to those of the whole one."""
        scale, half = self.side / size, size / 2
        along, down = scale * np.cos(self.angle), scale * np.sin(self.angle)
        turn = np.array([[along, -down], [down, along]])
        if mirror:
            turn[:, 0] = -turn[:, 0]
        return np.concatenate([turn, (np.array([self.x, self.y]) - turn @ (half, half))[:, None]], axis=1)

    def cut(self, picture: np.ndarray, size: int, mirror: bool = False) -> np.ndarray:
        """Return what lies in the square of a picture, uint8 (h, w, 3), as uint8 (size, size, 3), the hand upright.

        Beyond the rim the outermost pixels go on. `mirror` shows the other hand.
        """
        matrix = self.matrix(size, mirror)
        while self.side > 2 * size and min(picture.shape[:2]) > 1:  # else every other pixel would be skipped
            picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            return Crop(self.x / 2, self.y / 2, self.side / 2, self.angle).cut(picture, size, mirror)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(picture, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def around(landmarks: np.ndarray) -> Crop:
    """Return the square around a hand's landmarks, float (21, 2), in pixels."""
    landmarks = np.asarray(landmarks, float)
    toward = landmarks[list(KNUCKLES)].T @ (0.25, 0.5, 0.25) - landmarks[0]
    angle = np.arctan2(toward[0], -toward[1])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # from upright to the picture
    upright = landmarks @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = turn @ ((low + high) / 2 - (0, SHIFT * (high - low)[1]))
    return Crop(float(x), float(y), float(max(*(high - low), 1.0) * MARGIN), float(angle))


def whole(width: int, height: int, zoom: float = 1.0, angle: float = 0.0) -> Crop:
    """Return the square around a whole picture, `zoom` times as long as its longer side."""
    return Crop(width / 2, height / 2, max(width, height) * zoom, angle)
