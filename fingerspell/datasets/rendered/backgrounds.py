"""Grounds to set hands before: drawn places, shapes, textures and walls; uint8 (SIDE, SIDE, 3), sRGB."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np

from fingerspell.datasets.rendered import scenes
from fingerspell.datasets.rendered.camera import encode_light
from fingerspell.datasets.rendered.drawing import stream
from fingerspell.processes import in_processes

SIDE = 128  # pixels
CHUNK = 50  # that one task draws
COLUMNS, ROWS = np.meshgrid(*2 * [np.linspace(-0.5, 0.5, SIDE, dtype=np.float32)])


def draw_backgrounds(count: int, seed: int, workers: int | None = None) -> Iterator[np.ndarray]:
    """Draw backgrounds and yield them in parts, uint8 (k, SIDE, SIDE, 3).

    The same count and seed give the same bytes; `workers` (1: this process alone) changes nothing but the time.
    """
    tasks = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    task = partial(_draw_some, seed)
    yield from in_processes(task, tasks, workers)


def _draw_some(seed: int, numbers: range) -> np.ndarray:
    cv2.setNumThreads(0)
    return np.stack([_draw(stream(seed, "backgrounds", number)) for number in numbers])


def _draw(rng: np.random.Generator) -> np.ndarray:
    kinds: Any = [_place, _leaves, _noise, _planks, _plain]  # numpy takes them for an array
    kind = rng.choice(kinds, p=[0.35, 0.25, 0.12, 0.14, 0.14])
    picture = kind(rng)
    if rng.uniform() < 0.35:  # the light falls off across it
        picture = picture * (1 + rng.uniform(0, 1.2) * _ramp(rng))[..., None]
    if kind is not _place and rng.uniform() < 0.3:  # things before it
        cover = cv2.GaussianBlur(rng.standard_normal((SIDE, SIDE), np.float32), (0, 0), SIDE / 8)
        picture = np.where((cover > 0.7 * cover.std())[..., None], _leaves(rng), picture)
    if blur := rng.choice([0, 0, 0.6, 1.2, 2.5]):
        picture = cv2.GaussianBlur(picture, (0, 0), float(blur))
    light: np.ndarray = np.clip(picture, 0, 255)
    return light.astype(np.uint8)


def _place(rng: np.random.Generator) -> np.ndarray:
    """A busy place, in doors or out."""
    return encode_light(scenes.clutter(SIDE, rng)).astype(np.float32)


def _leaves(rng: np.random.Generator) -> np.ndarray:
    """Dead leaves: shapes that hide each other, their sizes by a power law, as in pictures of nature (Lee, Mumford
    and Huang 2001, "Occlusion Models for Natural Images", https://doi.org/10.1023/A:1011109015675)."""
    picture = np.empty((SIDE, SIDE, 3), np.float32)
    picture[:] = rng.uniform(20, 235, 3) * rng.uniform(0.7, 1.1)
    palette = rng.uniform(10, 240, (5, 1)) * (1 + rng.uniform(0.05, 0.5) * rng.uniform(-1, 1, (5, 3)))
    sizes = np.exp(rng.uniform(np.log(3), np.log(SIDE * rng.uniform(0.3, 0.9)), rng.integers(30, 220)))
    if rng.uniform() < 0.6:  # the small ones in front
        sizes = np.sort(sizes)[::-1]
    for size in sizes:
        colour = np.clip(palette[rng.integers(5)] + rng.normal(0, 18, 3), 0, 255).tolist()
        x, y = rng.uniform(-0.1, 1.1, 2) * SIDE
        shape = rng.uniform()
        if shape < 0.4:
            ellipse = ((x, y), (size * rng.uniform(0.3, 2), size), rng.uniform(0, 180))
            cv2.ellipse(picture, ellipse, colour, cv2.FILLED, cv2.LINE_AA)
        elif shape < 0.8:
            turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 6)))
            corners = [x + size * np.cos(turns) * rng.uniform(0.4, 1.5), y + size * np.sin(turns)]
            cv2.fillPoly(picture, [np.stack(corners, 1).astype(np.int32)], colour, cv2.LINE_AA)
        else:
            angle = rng.uniform(0, np.pi)
            dx, dy = np.cos(angle) * SIDE, np.sin(angle) * SIDE
            ends = (int(x - dx), int(y - dy)), (int(x + dx), int(y + dy))
            cv2.line(picture, *ends, colour, max(1, int(size / 8)), cv2.LINE_AA)
    return picture


def _noise(rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls with the frequency, as in pictures of nature, often stretched one way: cloth, bark."""
    frequency, stretch = np.fft.fftfreq(SIDE), np.exp(rng.uniform(-2, 2))
    radius = np.hypot(frequency[:, None] * stretch, frequency / stretch)
    radius[0, 0] = 1 / SIDE
    fall = radius ** rng.uniform(0.8, 1.8)
    layers = np.fft.ifft2(np.fft.fft2(rng.standard_normal((3, SIDE, SIDE))) / fall).real
    layers /= layers.std(axis=(1, 2), keepdims=True)
    shared = 0.8 * layers[:1] + 0.2 * layers
    picture = rng.uniform(40, 220, (3, 1, 1)) + rng.uniform(10, 45, (3, 1, 1)) * shared
    return np.ascontiguousarray(picture.transpose(1, 2, 0), np.float32)


def _planks(rng: np.random.Generator) -> np.ndarray:
    """Boards or tiles, grained and turned."""
    big = 2 * SIDE
    colour = rng.uniform(60, 200) * (1 + rng.uniform(0, 0.35) * np.array([0.5, 0, -0.6]))
    count = int(rng.integers(4, 14))
    boards = np.zeros((big, big, 3), np.float32)
    for left in (np.arange(count) * big / count).astype(int):
        boards[:, left:] = colour * (1 + rng.normal(0, 0.1))
        boards[:, left : left + rng.integers(1, 3)] *= rng.uniform(0.4, 0.9)
    grain: np.ndarray = rng.standard_normal((big, big), np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), sigmaX=0.7, sigmaY=rng.uniform(6, 25))
    boards *= (1 + rng.uniform(0.03, 0.12) * grain / grain.std())[..., None]
    turn: np.ndarray = cv2.getRotationMatrix2D((SIDE, SIDE), rng.uniform(0, 360), rng.uniform(0.7, 1.3))
    turn[:, 2] -= SIDE / 2
    return cv2.warpAffine(boards, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)


def _plain(rng: np.random.Generator) -> np.ndarray:
    """A wall, or a few that meet."""
    light = rng.uniform(5, 250) * (1 + rng.uniform(0, 0.9) * _ramp(rng))
    picture = light[..., None] * (1 + rng.uniform(0, 0.25) * rng.uniform(-1, 1, 3))
    for _ in range(rng.integers(0, 4)):
        x, y = rng.uniform(-0.5, 0.5, 2)
        angle = rng.uniform(0, np.pi)
        beyond = (COLUMNS - x) * np.cos(angle) + (ROWS - y) * np.sin(angle) > 0
        factor = rng.uniform(0.5, 1.5) * (1 + rng.normal(0, 0.05, 3))
        picture = np.where(beyond[..., None], picture * factor, picture)
    return picture.astype(np.float32)


def _ramp(rng: np.random.Generator) -> np.ndarray:
    """Return a gradient (SIDE, SIDE) around 0 in any direction."""
    angle = rng.uniform(0, 2 * np.pi)
    ramp: np.ndarray = np.cos(angle) * COLUMNS + np.sin(angle) * ROWS
    return ramp
