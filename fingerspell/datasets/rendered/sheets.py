"""Single hands on transparent ground: the sign, and at random all that may differ between two pictures of it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from fingerspell.datasets.hands import SIDE, Hands, extend
from fingerspell.datasets.rendered import poses_american, poses_arabic, ways_american
from fingerspell.datasets.rendered.camera import aim, encode_light
from fingerspell.datasets.rendered.drawing import stream
from fingerspell.datasets.rendered.flesh import solid, trace
from fingerspell.datasets.rendered.shading import Light, shade, skin
from fingerspell.datasets.rendered.skeleton import Build, Pose, build, closed, varied
from fingerspell.errors import FingerspellError
from fingerspell.processes import in_processes

FILL = 0.56  # share of the side that the hand takes: the rest is for arms
BORDER = 8.0  # pixels by which the flesh goes beyond the joints, both sides together
Poses = tuple[dict[str, Pose], dict[str, tuple[Pose, ...]]]  # the usual ones, and others
ALPHABETS: dict[str, Poses] = {
    "american": (
        poses_american.POSES | {"nothing": ways_american.NEITHER[0]},
        ways_american.VARIANTS | {"nothing": ways_american.NEITHER[1:]},
    ),
    "arabic": (poses_arabic.POSES, {}),
}
CHUNK = 10  # hands that one task draws


def draw_sheets(alphabet: str, per_class: int, seed: int, workers: int | None = None) -> Iterator[Hands]:
    """Draw `per_class` hands of every sign of an alphabet, sign by sign, and yield them in parts.

    The same arguments give the same bytes; `workers` (1: this process alone) changes nothing but the time. Every
    hand has its own proportions, skin, sleeve, light and camera, and is a right one: a left hand is its mirror image.
    Raises FingerspellError for an unknown alphabet.
    """
    if alphabet not in ALPHABETS:
        raise FingerspellError(f"there is no alphabet {alphabet!r} to draw; choose one of {', '.join(ALPHABETS)}")
    task = partial(_draw_some, alphabet, seed)
    starts = range(0, per_class, CHUNK)
    tasks = [
        (label, range(start, min(start + CHUNK, per_class))) for label in ALPHABETS[alphabet][0] for start in starts
    ]
    yield from in_processes(task, tasks, workers)


def _draw_some(alphabet: str, seed: int, task: tuple[str, range]) -> Hands:
    label, numbers = task
    sheets, keypoints = zip(*(_draw(alphabet, label, number, seed) for number in numbers))
    keypoints = np.stack(keypoints)
    low, high = keypoints.min(axis=1), keypoints.max(axis=1)
    extents = (high - low).max(axis=1, keepdims=True) + BORDER
    return Hands(
        np.stack(sheets),
        keypoints,
        np.full(len(numbers), label),
        np.full(len(numbers), "rendered"),
        np.concatenate([(low + high) / 2, extents], axis=1).astype(np.float32),
    )


def _draw(alphabet: str, label: str, number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a sheet and its keypoints."""
    rng = stream(seed, "sheets", alphabet, label, number)
    pose = pose_of(ALPHABETS[alphabet], label, rng)
    figure, surface = signer(rng), skin(rng, rng.uniform() ** 1.3)
    cuff = float(rng.uniform(4, 10)) if rng.uniform() < 0.4 else None
    hand = solid(closed(varied(pose, rng, float(rng.uniform(3, 7))), figure), figure, cuff)
    view = aim(hand.joints, SIDE, FILL, np.full(2, 0.5), float(rng.uniform(24, 75)))
    relief = trace(hand, SIDE, SIDE, (view.x, view.y), view.scale, view.distance)
    assert relief is not None  # the camera is aimed at it
    sheet: np.ndarray = np.zeros((SIDE, SIDE, 4), np.uint8)
    window = sheet[relief.top :, relief.left :][: relief.alpha.shape[0], : relief.alpha.shape[1]]
    window[..., :3] = encode_light(shade(relief, hand, surface, _light(rng), view.scale))
    window[..., 3] = np.round(255 * relief.alpha)
    extend(sheet)
    return sheet, view.project(hand.joints).astype(np.float32)


def pose_of(alphabet: Poses, label: str, rng: np.random.Generator) -> Pose:
    """Draw one of the ways in which a sign is shown: the usual one, or three times in four another, if there is one."""
    poses, variants = alphabet
    usual, others = poses[label], variants.get(label, ())
    return others[rng.integers(len(others))] if others and rng.uniform() < 0.75 else usual


def signer(rng: np.random.Generator) -> Build:
    """Draw proportions, from slender to stout: on the average a broader hand than the one of the collections."""
    figure = build(rng)
    stout = float(np.clip(rng.normal(0.07, 0.07), -0.06, 0.25))
    return replace(figure, knuckles=figure.knuckles * (1 + stout, 1, 1), thickness=figure.thickness * (1 + stout))


def _light(rng: np.random.Generator) -> Light:
    """Draw a lamp, from the side as well as from the front, brighter or darker than the room."""
    angle, height = rng.uniform(-2.2, 2.2), rng.uniform(-0.3, 0.95)
    direction = np.array([np.sin(angle), height, 0.3 + 0.7 * np.cos(angle)])
    warmth, lamp, room = rng.normal(0, 0.06), rng.uniform(0.45, 1.15), rng.uniform(0.25, 0.7)
    return Light(
        direction / np.linalg.norm(direction),
        (lamp * np.array([1 + warmth, 1, 1 - warmth])).astype(np.float32),
        (room * np.array([1 - warmth, 1, 1 + warmth])).astype(np.float32),
    )
