"""J and Z, read from the path of a fingertip: the letters that are movements.

J: the little finger goes down and round. Z: the forefinger goes across, down and back, and across again. Both in
either direction, as a right hand, a left hand and a mirror image show them, and at any speed: the path is taken as a
figure, whatever time it took.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from fingerspell.inference.reader import Reading

MOVING = {"J": "I", "Z": "D"}  # and what the hand shows where it holds still
TIPS = {"J": 20, "Z": 8}  # landmarks
SHAPES = {"J": ("I", "J"), "Z": ("D", "Z")}  # what such a hand is taken for
SHAPED = 0.35  # probability, both together
MOSTLY = 0.75  # of the frames of a movement in which the hand has its shape
LONGEST = 4.0  # seconds of a movement
PATIENCE = 0.35  # seconds for which the shape may be another: fingers are seen badly from behind
CORNER = 0.16  # palms by which a path may differ from straight strokes
DOWN, ROUND, ASIDE = 0.45, math.radians(55), 0.3  # of a J: palms down, turn of its direction, palms to the side
STROKE, SLANT = 0.45, 0.25  # of a Z: palms across, palms down between the two
LEVEL = math.radians(38)  # within which a stroke counts as level
CERTAINTY = 0.9  # that is claimed of what is read from a path


class Path:
    """The way of a fingertip while the hand has the shape of a letter that moves."""

    def __init__(self) -> None:
        self._points: dict[str, list[tuple[float, float, float]]] = {label: [] for label in MOVING}
        self._frames: dict[str, list[bool]] = {label: [] for label in MOVING}  # whether it had the shape
        self._shaped = dict.fromkeys(MOVING, -math.inf)

    def add(
        self, time: float, reading: Reading, classes: Sequence[str], palm: float
    ) -> tuple[str, float, float] | None:
        """Take a frame; return letter, the time at which it began, and its probability, once it is complete.

        palm: size of the hand in heights of the picture.
        """
        for label, points in self._points.items():
            if label not in classes:
                continue
            share = sum(float(reading.probabilities[classes.index(one)]) for one in SHAPES[label] if one in classes)
            if share >= SHAPED:
                self._shaped[label] = time
            if time - self._shaped[label] > PATIENCE:
                points.clear()
                self._frames[label].clear()
                continue
            x, y = reading.points[TIPS[label]].tolist()
            points.append((time, x, y))
            shaped = self._frames[label]
            shaped.append(share >= SHAPED)
            while points[-1][0] - points[0][0] > LONGEST:
                points.pop(0)
                shaped.pop(0)
            if (start := FIGURES[label]([(at, x / palm, y / palm) for at, x, y in points])) is None:
                continue
            during = [one for one, point in zip(shaped, points) if point[0] >= start]
            if sum(during) >= MOSTLY * len(during):
                self._clear()
                return label, start, CERTAINTY
        return None

    def _clear(self) -> None:
        for points in self._points.values():
            points.clear()
        for shaped in self._frames.values():
            shaped.clear()


def strokes(points: Sequence[tuple[float, float, float]]) -> np.ndarray:
    """Return the corners of a path as straight strokes, float (n, 3): time, x, y (Douglas & Peucker 1973).

    The time of a corner is the one at which it is left.
    """
    path = np.array([point[1:] for point in points], np.float32)
    corners = cv2.approxPolyDP(path.reshape(-1, 1, 2), CORNER, closed=False).reshape(-1, 2)
    at, found = 0, []
    for corner, following in zip(corners, [*corners[1:], corners[-1]]):
        while at < len(path) - 1 and (path[at] != corner).any():
            at += 1
        left = at
        while left < len(path) - 1 and (path[left] != following).any():
            left += 1
        near = [k for k in range(at, left) if np.linalg.norm(path[k] - corner) < CORNER]
        found.append((points[near[-1] if near else at][0], *corner.tolist()))
    return np.array(found)


def _j(points: Sequence[tuple[float, float, float]]) -> float | None:
    """Return when a J begins that ends with the last point; None if there is none."""
    if len(points) < 3:
        return None
    corners = strokes(points)
    if len(corners) < 3:
        return None
    steps = np.diff(corners[:, 1:], axis=0)
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    turns = (np.diff(angles) + math.pi) % (2 * math.pi) - math.pi
    # The longest end of the path that turns one way.
    for first in range(len(steps) - 1):
        bend = turns[first:]
        if not ((bend > 0).all() or (bend < 0).all()):
            continue
        path = corners[first:, 1:]
        low = int(path[:, 1].argmax())
        down, aside = path[low, 1] - path[0, 1], abs(path[-1, 0] - path[:, 0][0])
        falls = steps[first][1] > abs(steps[first][0])
        hooked = abs(path[-1, 0] - path[max(low - 1, 0), 0]) >= ASIDE or aside >= ASIDE
        if falls and down >= DOWN and hooked and abs(bend.sum()) >= ROUND:
            return float(corners[first, 0])
    return None


def _z(points: Sequence[tuple[float, float, float]]) -> float | None:
    """Return when a Z begins that ends with the last point; None if there is none."""
    if len(points) < 4:
        return None
    corners = strokes(points)
    if len(corners) < 4:
        return None
    (x1, y1), (x2, y2), (x3, y3) = np.diff(corners[-4:, 1:], axis=0).tolist()
    level = all(abs(math.atan2(y, abs(x))) <= LEVEL for x, y in ((x1, y1), (x3, y3)))
    across = min(abs(x1), abs(x2), abs(x3)) >= STROKE
    if level and across and x1 * x3 > 0 > x1 * x2 and y2 >= SLANT:
        return float(corners[-4, 0])
    return None


FIGURES = {"J": _j, "Z": _z}
