"""The network that finds hands in photographs, learnt from drawn ones, whose outlines are known.

It learns before the photographs' own scenes, where they have a class without a hand, and so finds what was never in
them: a hand.
"""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import keras
import numpy as np

from fingerspell.config import Augmentation
from fingerspell.datasets.hands import Hands
from fingerspell.models import segmenter
from fingerspell.models.common.seeding import set_seed
from fingerspell.scenes import compositing
from fingerspell.training.augmentation import augment

SIZE = 96  # pixels: side of what the network sees
BATCH = 16
LIGHT = Augmentation(flip=False, brightness=0.1, contrast=0.3, colour=0.5, blur=1, noise=0.03)


class _Lessons(keras.utils.PyDataset):
    """Drawn hands before photographs without one, and where they are."""

    def __init__(self, hands: Hands, backgrounds: np.ndarray, rooms: np.ndarray, steps: int, seed: int) -> None:
        super().__init__()
        self._hands, self._backgrounds, self._rooms = hands, backgrounds, rooms
        self._steps, self._seed = steps, seed
        self._grey = rooms.shape[3] == 1

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng([self._seed, index])
        pictures, masks = zip(*(self._draw(random) for _ in range(BATCH)))
        pictures = augment(np.stack(pictures), LIGHT, random)
        if self._grey:
            pictures = np.stack([coloured(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY)[..., None]) for one in pictures])
        return pictures, np.stack(masks)

    def _draw(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        if len(self._rooms) and random.random() < 0.75:
            room = coloured(self._rooms[random.integers(len(self._rooms))])
            ground = compositing.ground(room, SIZE, random, zoom=1.25)
        else:
            ground = compositing.ground(self._backgrounds[random.integers(len(self._backgrounds))], SIZE, random)
        if random.random() < 0.06:
            return ground, np.zeros((SIZE, SIZE, 2), np.float32)
        row = random.integers(len(self._hands))
        matrix = compositing.placement(
            self._hands.boxes[row], SIZE, (0.2, 0.85), 25, bool(random.random() < 0.1), 0.1, random
        )
        picture, opacity = compositing.set_before(ground, self._hands.sheets[row], matrix, random, dark=0.25)
        return picture, np.stack([opacity, opacity * _around(self._hands.keypoints[row], matrix)], axis=-1)


def _around(keypoints: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return a mask float32 (SIZE, SIZE) of the hand without the arm: the hull of the keypoints, and flesh."""
    points = (keypoints @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(points).astype(np.int32), 1)
    flesh = max(1, int(0.09 * np.ptp(points, axis=0).max()))
    return cv2.dilate(mask, np.ones((2 * flesh + 1, 2 * flesh + 1), np.uint8))


def train(
    hands: Hands, backgrounds: np.ndarray, rooms: np.ndarray, steps: int, seed: int, log: Callable[[str], Any]
) -> keras.Model:
    """Return a `segmenter` that learnt on drawn hands: `steps` batches of 16.

    backgrounds: uint8 (n, side, side, 3). rooms: photographs without a hand, uint8 (n, side, side, 1 or 3), maybe
    none; with one channel the network sees all in grey. The same arguments give the same bits on the same machine.
    """
    set_seed(seed)
    network = segmenter.build(SIZE)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    network.compile(
        keras.optimizers.Adam(rate),
        "binary_crossentropy",
        jit_compile=False if keras.config.backend() == "tensorflow" else "auto",
    )
    network.optimizer.build(network.trainable_variables)  # made in the first step they would have it traced twice
    found = network.fit(_Lessons(hands, backgrounds, rooms, steps, seed), shuffle=False, verbose=0)
    log(f"finding hands: loss {found.history['loss'][0]:.4f} after {steps} steps")
    return network


def emptied(photographs: np.ndarray, count: int) -> np.ndarray:
    """Return what stands in for photographs without a hand where there are none: the light of `count` of them alone.

    photographs: uint8 (n, side, side, channels), of hands before walls. Their four corners are mixed over the whole.
    """
    side, channels = photographs.shape[2:]
    patch = max(1, side // 12)
    rows = np.linspace(0, len(photographs) - 1, min(count, len(photographs))).astype(int)
    ends = slice(None, patch), slice(-patch, None)
    walls = []
    for photograph in photographs[rows]:
        corners = [[np.median(photograph[y, x], axis=(0, 1)) for x in ends] for y in ends]
        walls.append(cv2.resize(np.array(corners, np.float32), (side, side)).reshape(side, side, channels))
    return np.stack(walls).astype(np.uint8)


def masks(network: keras.Model, photographs: Sequence[np.ndarray]) -> np.ndarray:
    """Return float32 (n, SIZE, SIZE, 2) of n photographs uint8 (length, length, 3): see `segmenter`."""
    small = [cv2.resize(one, (SIZE, SIZE), interpolation=cv2.INTER_AREA) for one in photographs]
    return np.asarray(network.predict_on_batch(np.stack(small)))


def coloured(picture: np.ndarray) -> np.ndarray:
    """Return a picture with three channels."""
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB) if picture.shape[2] == 1 else picture
