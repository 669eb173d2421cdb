"""Frames of the drawn hand, and films of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from fingerspell import video
from fingerspell.datasets.rendered.camera import encode_light
from fingerspell.datasets.rendered.drawing import stream
from fingerspell.datasets.rendered.flesh import solid, trace
from fingerspell.datasets.rendered.scenes import studio
from fingerspell.datasets.rendered.shading import Light, Skin, shade, skin
from fingerspell.datasets.rendered.sheets import ALPHABETS
from fingerspell.datasets.rendered.skeleton import Build, Pose, build, closed
from fingerspell.errors import FingerspellError
from fingerspell.signing.motion import Movement, Spelt, centred, shown
from fingerspell.signing.spelling import labels

HEIGHT = 36.0  # centimetres of the world that the picture shows from top to bottom
DISTANCE = 60.0  # centimetres from the camera to the wrist
SLEEVE = 6.5  # centimetres of bare forearm
SPEEDS = 0.2, 10.0  # letters a second, from and to
LIGHT = Light(
    np.array([-0.45, 0.6, 0.66]),
    np.array([0.95, 0.92, 0.86], np.float32),
    np.array([0.38, 0.4, 0.44], np.float32),
)


@dataclass(frozen=True)
class Frame:
    """One frame. time: seconds. pixels: uint8 (h, w, 3), RGB. label: the sign that is held, None in between."""

    time: float
    pixels: np.ndarray
    label: str | None


class Film:
    """A text, spelt by the drawn hand. spelt: the truth, letter by letter. seconds: its length."""

    def __init__(
        self,
        text: str,
        alphabet: str = "american",
        speed: float = 2.0,
        left: bool = False,
        tone: float | None = None,
        size: tuple[int, int] = (640, 480),
        rate: float = 30.0,
        seed: int = 0,
    ) -> None:
        """speed: letters a second. left: by a left hand. tone: of the skin, 0 (very light) to 1 (very dark); None:
        any. size: width and height in pixels. rate: frames a second. The same arguments give the same frames.

        Raises FingerspellError for a text that cannot be spelt and a speed that nobody signs.
        """
        if not SPEEDS[0] <= speed <= SPEEDS[1]:
            raise FingerspellError(
                f"{speed:g} letters a second is no speed; give one from {SPEEDS[0]} to {SPEEDS[1]:g}"
            )
        rng = stream(seed, "film", alphabet)
        self._figure, self._left, self._size, self._rate = build(rng), left, size, rate
        self._painter = Painter(skin(rng, tone), self._figure, size, left)
        self._ground = _ground(size, rng)
        self._movement = Movement(labels(text, alphabet), alphabet, speed, self._figure, rng)

    @property
    def spelt(self) -> list[Spelt]:
        return self._movement.spelt

    @property
    def seconds(self) -> float:
        return self._movement.seconds

    def __len__(self) -> int:
        return int(self.seconds * self._rate) + 1

    def __iter__(self) -> Iterator[Frame]:
        for number in range(len(self)):
            time = number / self._rate
            pose, place = self._movement.at(time)
            yield Frame(time, self._painter.paint(self._ground, pose, place), self._movement.held(time))


def write(
    text: str,
    path: Path,
    alphabet: str = "american",
    speed: float = 2.0,
    left: bool = False,
    tone: float | None = None,
    size: tuple[int, int] = (640, 480),
    rate: float = 30.0,
    seed: int = 0,
) -> list[Spelt]:
    """Write a film of the text, .mp4, .webm or .mjpeg, and return its letters; see `Film` and `video.Writer`."""
    film = Film(text, alphabet, speed, left, tone, size, rate, seed)
    with video.Writer(path, size, rate) as writer:
        for frame in film:
            writer.add(frame.pixels, frame.time)
    return film.spelt


def still(alphabet: str, label: str, size: int = 360, left: bool = False, tone: float = 0.35) -> np.ndarray:
    """Return the drawn hand that shows a sign, uint8 (size, size, 3), RGB.

    Raises FingerspellError for a sign that is not drawn.
    """
    if alphabet not in ALPHABETS or label not in ALPHABETS[alphabet][0]:
        raise FingerspellError(f"there is no drawn sign {label!r} of the alphabet {alphabet!r}")
    rng, figure = stream(0, "still"), build()
    pose = closed(shown(alphabet, label), figure)
    painter = Painter(skin(rng, tone), figure, (size, size), left, zoom=1.3)
    return painter.paint(_ground((size, size), rng), pose, centred(pose, figure))


class Painter:
    """Draws one person's hand in front of a ground. A pose that is held is drawn once."""

    def __init__(self, surface: Skin, figure: Build, size: tuple[int, int], left: bool, zoom: float = 1.0) -> None:
        self._surface, self._figure, self._size, self._left = surface, figure, size, left
        self._scale = zoom * size[1] / HEIGHT
        light = LIGHT
        if left:  # the sheet is mirrored afterwards
            light = replace(light, direction=light.direction * (-1, 1, 1))
        self._light = light
        self._sheet = lru_cache(4)(self._draw)

    def paint(self, ground: np.ndarray, pose: Pose, place: np.ndarray) -> np.ndarray:
        """Return the ground, uint8 (h, w, 3), with the hand in front of it, the wrist `place` centimetres from the
        middle, to the right and up (of a left hand: to the left and up)."""
        drawn = self._sheet(pose)
        picture = ground.copy()
        if drawn is None:
            return picture
        sheet, corner = drawn
        width, height = self._size
        x = width / 2 + place[0] * self._scale + corner[0]
        y = height / 2 - place[1] * self._scale + corner[1]
        shift = np.array([[1, 0, x], [0, 1, y]], np.float32)
        moved = cv2.warpAffine(sheet, shift, (width, height), flags=cv2.INTER_LINEAR)
        if self._left:
            moved = moved[:, ::-1]
        opacity = moved[..., 3:]
        mixed: np.ndarray = picture * (1 - opacity) + moved[..., :3]
        return np.round(mixed).astype(np.uint8)

    def _draw(self, pose: Pose) -> tuple[np.ndarray, tuple[float, float]] | None:
        """Return the hand's window, float32 (h, w, 4), premultiplied, and its corner seen from the wrist, in pixels."""
        side = round(2.6 * self._size[1])
        hand = solid(pose, self._figure, SLEEVE)
        relief = trace(hand, side, side, (side / 2, side / 2), self._scale, DISTANCE)
        if relief is None:
            return None
        colours = encode_light(shade(relief, hand, self._surface, self._light, self._scale)).astype(np.float32)
        opacity = relief.alpha[..., None].astype(np.float32)
        sheet = cv2.copyMakeBorder(np.dstack([colours * opacity, opacity]), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
        return sheet, (relief.left - 1 - side / 2, relief.top - 1 - side / 2)


def _ground(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a plain wall, uint8 (h, w, 3)."""
    width, height = size
    wall = encode_light(studio(max(size), rng))
    return np.ascontiguousarray(wall[:height, :width])
