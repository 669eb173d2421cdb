"""What stands behind the hand: a plain room, studio walls, clutter; linear RGB, (size, size, 3), float32."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fingerspell.datasets.rendered.shading import linear


def _clouds(size: int, cell: float, rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise (size, size) around 0 with standard deviation about 1."""
    n = max(3, int(np.ceil(size / cell)) + 1)
    noise = Image.fromarray(rng.standard_normal((n, n), np.float32))
    return np.asarray(noise.resize((size, size), Image.Resampling.BICUBIC))


def _ramp(size: int, angle: float) -> np.ndarray:
    """Return a gradient (size, size) from -0.5 to 0.5 along `angle` (radians)."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    ramp: np.ndarray = np.cos(angle) * x + np.sin(angle) * y
    return ramp


def attic(size: int, room: np.random.Generator, shift: tuple[float, float], daylight: float) -> np.ndarray:
    """One bright room under a roof: wall, wooden window frame, skirting; the camera moved by `shift` (0..1).

    `room` must be the same generator state for every picture of the collection: it is the same room.
    """
    big = 2 * size
    picture = Image.new("RGB", (big, big))
    pen = ImageDraw.Draw(picture)
    wall, slope, low, wood = (186, 190, 186), (204, 205, 200), (160, 156, 146), (132, 96, 62)
    dx, dy = shift[0] * big, shift[1] * big

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * big + dx, y * big + dy) for x, y in points]

    pen.rectangle((0, 0, big, big), wall)
    pen.polygon(at((-1, 0.68), (2, 0.60), (2, 2), (-1, 2)), low)
    pen.polygon(at((0.62, 0.12), (0.95, 0.62), (2, 0.55), (2, -1), (0.62, -1)), slope)
    pen.polygon(at((-1, -1), (2, -1), (2, 0.02), (0.45, 0.10), (-1, -0.12)), wood)
    pen.polygon(at((-1, -1), (2, -1), (2, -0.06), (0.42, 0.035), (-1, -0.22)), (238, 244, 250))
    pen.line(at((-1, -0.04), (0.45, 0.10), (2, 0.04)), (92, 64, 40), big // 60)
    pen.polygon(at((0.0, 0.96), (0.14, 0.93), (0.14, 2), (0, 2)), (60, 58, 62))
    picture = picture.filter(ImageFilter.GaussianBlur(big / 140)).resize((size, size), Image.Resampling.BILINEAR)
    light = linear(np.asarray(picture))
    light *= (1 + 0.25 * _ramp(size, 2.0) + 0.02 * _clouds(size, size / 5, room))[..., None]
    return light * np.float32(daylight)


def studio(size: int, rng: np.random.Generator) -> np.ndarray:
    """A light wall with a soft gradient, seldom a black cloth or a curtain, as behind the hands of ArASL."""
    kind = rng.uniform()
    if kind < 0.13:
        base, uneven = rng.uniform(0.004, 0.02), 0.25
    elif kind < 0.2:
        base, uneven = rng.uniform(0.25, 0.4), 0.12
    else:
        base, uneven = rng.uniform(0.42, 0.72), 0.03
    wall = 1 + rng.uniform(0.1, 0.6) * _ramp(size, rng.uniform(0, 6.3)) + uneven * _clouds(size, size / 3, rng)
    if kind < 0.2 and rng.uniform() < 0.6:  # folds
        fold = np.sin(
            np.mgrid[0:size, 0:size][1] / size * rng.uniform(18, 45) + rng.uniform(0, 6) + _clouds(size, size / 2, rng)
        )
        wall = wall * (1 + 0.2 * fold)
    if rng.uniform() < 0.06:
        wall[:, : int(size * rng.uniform(0.05, 0.15))] *= 0.7
    tint = rng.normal(1, 0.03, 3)
    return (np.clip(wall, 0.05, 2)[..., None] * base * tint).astype(np.float32)


def clutter(size: int, rng: np.random.Generator) -> np.ndarray:
    """A busy indoor or outdoor place, out of focus by a little or a lot."""
    palette = rng.uniform(20, 235, (6, 1)) * (1 + rng.uniform(0.1, 0.6) * rng.uniform(-1, 1, (6, 3)))
    picture = Image.fromarray(_sky(size, palette, rng))
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.integers(2, 5)):
        things: Any = [_shelf, _window, _stripes, _blobs, _boxes, _foliage]  # numpy takes them for an array
        rng.choice(things)(pen, size, palette, rng)
    picture = picture.filter(ImageFilter.GaussianBlur(float(rng.choice([0.4, 0.8, 1.6, 3.0])) * size / 256))
    light = linear(np.asarray(picture))
    lamp = 1 + rng.uniform(0, 0.8) * _ramp(size, rng.uniform(0, 6.3)) + 0.08 * _clouds(size, size / 12, rng)
    return light * np.clip(lamp, 0.1, 2)[..., None].astype(np.float32)


def _colour(palette: np.ndarray, rng: np.random.Generator) -> tuple[int, int, int]:
    colour = palette[rng.integers(len(palette))] + rng.normal(0, 14, 3)
    red, green, blue = (int(c) for c in np.clip(colour, 0, 255))
    return red, green, blue


def _sky(size: int, palette: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mix = (_ramp(size, rng.uniform(0, 6.3)) + 0.5 + 0.1 * _clouds(size, size / 4, rng))[..., None]
    sky: np.ndarray = np.clip(palette[0] + (palette[1] - palette[0]) * mix, 0, 255)
    return sky.astype(np.uint8)


def _shelf(pen: ImageDraw.ImageDraw, size: int, palette: np.ndarray, rng: np.random.Generator) -> None:
    y, height, x = rng.uniform(0, 0.8) * size, rng.uniform(0.12, 0.3) * size, rng.uniform(-0.3, 0.5) * size
    right = x + rng.uniform(0.4, 1.0) * size
    while x < right:
        width = rng.uniform(0.02, 0.07) * size
        pen.rectangle((x, y + rng.uniform(0, 0.4) * height, x + width, y + height), _colour(palette, rng))
        x += width
    pen.rectangle((0, y + height, size, y + height * 1.12), _colour(palette, rng))


def _window(pen: ImageDraw.ImageDraw, size: int, palette: np.ndarray, rng: np.random.Generator) -> None:
    x, y = rng.uniform(-0.1, 0.7, 2) * size
    w, h = rng.uniform(0.25, 0.6, 2) * size
    pen.rectangle((x, y, x + w, y + h), (225, 235, 245), _colour(palette, rng), max(2, size // 50))
    pen.line((x + w / 2, y, x + w / 2, y + h), _colour(palette, rng), max(1, size // 80))
    pen.line((x, y + h / 2, x + w, y + h / 2), _colour(palette, rng), max(1, size // 80))


def _stripes(pen: ImageDraw.ImageDraw, size: int, palette: np.ndarray, rng: np.random.Generator) -> None:
    x, y, step = rng.uniform(0, 0.6) * size, rng.uniform(0, 0.6) * size, rng.uniform(0.02, 0.08) * size
    colour, lean, height = _colour(palette, rng), rng.uniform(-0.4, 0.4) * size, rng.uniform(0.3, 1.0) * size
    for i in range(rng.integers(5, 16)):
        pen.line((x + i * step, y, x + i * step + lean, y + height), colour, max(1, int(step / 2.5)))


def _blobs(pen: ImageDraw.ImageDraw, size: int, palette: np.ndarray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(6, 20)):
        x, y = rng.uniform(-0.1, 1.0, 2) * size
        w, h = rng.uniform(0.03, 0.25, 2) * size
        pen.ellipse((x, y, x + w, y + h), _colour(palette, rng))


def _boxes(pen: ImageDraw.ImageDraw, size: int, palette: np.ndarray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(4, 12)):
        x, y = rng.uniform(-0.2, 0.9, 2) * size
        corners = np.array([[0, 0], [1, rng.uniform(-0.2, 0.2)], [1, 1], [0, 1]]) * rng.uniform(0.08, 0.45, 2) * size
        pen.polygon([(x + a, y + b) for a, b in corners], _colour(palette, rng))


def _foliage(pen: ImageDraw.ImageDraw, size: int, palette: np.ndarray, rng: np.random.Generator) -> None:
    x, y = rng.uniform(0, 1, 2) * size
    for _ in range(rng.integers(30, 80)):
        a, b = rng.normal((x, y), 0.16 * size)
        r = rng.uniform(0.01, 0.04) * size
        green = (int(rng.uniform(20, 110)), int(rng.uniform(70, 170)), int(rng.uniform(20, 90)))
        pen.ellipse((a - r, b - r * rng.uniform(0.4, 1), a + r, b + r), green)
