"""What is written into the frames of a video: the hand's outline, the letter that holds, the text so far.

Arabic is shaped and set from right to left here (arabic-reshaper, python-bidi), in a font that comes with Matplotlib:
both are there on every machine.
"""

from functools import lru_cache

import arabic_reshaper
import cv2
import numpy as np
from bidi.algorithm import get_display
from PIL import Image, ImageDraw, ImageFont

from fingerspell.inference.drawing import BONES, DARK, LIGHT, SIGN, UNSURE, font_path

LETTER, TEXT, HINT = 0.16, 0.075, 0.05  # of the frame's shorter side: heights of letter, text so far, suggestion
OPACITY = 0.72  # of what lies behind the text


class Overlay:
    """Writes into frames of one size; what does not change is drawn once."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._unit = min(width, height)
        self._plate = lru_cache(16)(self._draw)

    def paint(self, pixels: np.ndarray, landmarks: np.ndarray | None, letter: str, text: str, hint: str) -> np.ndarray:
        """Return a copy of a frame, uint8 (h, w, 3), RGB.

        landmarks: of the hand, float (21, 2 or 3), x and y as fractions of the sides; None where there is none.
        letter: the one that holds, "" for none. text: what was written so far, of which the end is shown. hint: what
        it may have been meant to be.
        """
        frame = pixels.copy()
        if landmarks is not None:
            self._outline(frame, landmarks, SIGN if letter else UNSURE)
        margin = round(0.03 * self._unit)
        if letter:
            plate = self._plate(letter, round(LETTER * self._unit), SIGN, self._width)
            self._lay(frame, plate, margin, margin)
        bottom = self._height - margin
        for line, share, colour in ((hint, HINT, UNSURE), (text, TEXT, LIGHT)):
            if line:
                plate = self._plate(line, round(share * self._unit), colour, self._width - 2 * margin)
                bottom -= plate.shape[0]
                self._lay(frame, plate, (self._width - plate.shape[1]) // 2, bottom)
        return frame

    def _outline(self, frame: np.ndarray, landmarks: np.ndarray, colour: tuple[int, int, int]) -> None:
        thick = max(1, round(self._unit / 240))
        points = np.round(landmarks[:, :2] * (self._width, self._height)).astype(int).tolist()
        for size, shade in ((3 * thick, DARK), (thick, LIGHT)):
            for start, end in BONES:
                cv2.line(frame, points[start], points[end], shade, size, cv2.LINE_AA)
        for point in points:
            cv2.circle(frame, point, 2 * thick, colour, -1, cv2.LINE_AA)

    def _lay(self, frame: np.ndarray, plate: np.ndarray, x: int, y: int) -> None:
        x, y = max(x, 0), max(y, 0)
        window = frame[y : y + plate.shape[0], x : x + plate.shape[1]]
        plate = plate[: window.shape[0], : window.shape[1]]
        opacity = plate[..., 3:].astype(np.uint16)
        window[:] = (window * (255 - opacity) + plate[..., :3] * opacity) // 255

    def _draw(self, text: str, size: int, colour: tuple[int, int, int], widest: int) -> np.ndarray:
        """Return a line of text on its ground, uint8 (h, w, 4); of a long one the end."""
        font = ImageFont.truetype(font_path(), max(size, 8), layout_engine=ImageFont.Layout.BASIC)
        border = max(size // 4, 2)
        while len(text) > 1 and font.getlength(visual(text)) + 2 * border > widest:
            text = text[1:]
        line = visual(text)
        ascent, descent = font.getmetrics()
        width, height = round(font.getlength(line)) + 2 * border, ascent + descent + border
        plate = Image.new("RGBA", (max(width, height), height), (*DARK, round(255 * OPACITY)))
        x = (plate.width - font.getlength(line)) / 2
        ImageDraw.Draw(plate).text((x, border / 2), line, (*colour, 255), font=font)
        return np.asarray(plate)


def visual(text: str) -> str:
    """Return a text in the order in which it is drawn, left to right, Arabic letters in their joined forms."""
    drawn: str = get_display(arabic_reshaper.reshape(text))
    return drawn
