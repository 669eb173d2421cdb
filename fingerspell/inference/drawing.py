"""What was read, drawn into the picture: each hand's box and skeleton, and the letter above it."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fingerspell.inference.reader import Reading

# Between which landmarks there are bones.
BONES = [(0, 1), (0, 5), (0, 17), (5, 9), (9, 13), (13, 17)] + [
    (first + step, first + step + 1) for first in (1, 5, 9, 13, 17) for step in range(3)
]
LIGHT, DARK, UNSURE = (255, 255, 255), (17, 24, 39), (156, 163, 175)
SIGN = (249, 168, 37)


def drawn(picture: np.ndarray, readings: Sequence[Reading], names: Sequence[str]) -> np.ndarray:
    """Return a copy of a picture, uint8 (h, w, 3), RGB, with its readings; names: what is written above each."""
    picture = picture.copy()
    height, width = picture.shape[:2]
    thick = max(1, round(max(height, width) / 320))
    for reading in readings:
        points = np.round(reading.hand.landmarks[:, :2] * (width, height)).astype(int)
        colour = UNSURE if reading.sign is None else SIGN
        for start, end in BONES:
            for size, shade in ((3 * thick, DARK), (thick, LIGHT)):
                cv2.line(picture, points[start].tolist(), points[end].tolist(), shade, size, cv2.LINE_AA)
        for point in points:
            cv2.circle(picture, point.tolist(), 2 * thick, colour, -1, cv2.LINE_AA)
        left, top, right, bottom = _corners(reading, width, height)
        cv2.rectangle(picture, (left, top), (right, bottom), colour, 2 * thick, cv2.LINE_AA)
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    font = _font(max(12, round(max(height, width) / 18)))
    for reading, name in zip(readings, names):
        left, top, _, _ = _corners(reading, width, height)
        x0, y0, x1, y1 = pen.textbbox((0, 0), name, font=font)
        border = (y1 - y0) // 4
        x = min(max(0, left), max(0, width - (x1 - x0) - 2 * border))
        y = max(0, top - (y1 - y0) - 2 * border)
        pen.rectangle((x, y, x + x1 - x0 + 2 * border, y + y1 - y0 + 2 * border), DARK)
        colour = UNSURE if reading.sign is None else SIGN
        pen.text((x + border - x0, y + border - y0), name, colour, font=font)
    return np.asarray(image)


def _corners(reading: Reading, width: int, height: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = reading.hand.box
    border = 0.04 * max(width, height)
    return (
        max(0, round(left * width - border)),
        max(0, round(top * height - border)),
        min(width - 1, round(right * width + border)),
        min(height - 1, round(bottom * height + border)),
    )


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_path(), size)


def font_path() -> Path:
    """Return the file of DejaVu Sans, which has Arabic letters too, and comes with Matplotlib."""
    return Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans-Bold.ttf")
