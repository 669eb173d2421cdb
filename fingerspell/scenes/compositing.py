"""How a hand is set into a scene: where it lies, how large, and in what light, each drawn at random.

All pictures are uint8 RGB in 0–255, squares of `size` pixels.
"""

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike

# The images are small, and the processor's cores are the network's.
cv2.setNumThreads(0)

STEPS = np.log(np.maximum(np.arange(256, dtype=np.float32), 0.5) / 255)
RIM = 0.02  # of the side of a photograph that is left out: some collections have a frame there
SHEAR, STRETCH = 0.07, 0.06  # standard deviations: how a hand that is not seen straight on is drawn out of shape


def ground(picture: np.ndarray, size: int, random: np.random.Generator, zoom: float = 2.2) -> np.ndarray:
    """Return a random section of a picture (side, side, 3) in other, fainter colours, maybe mirrored or turned."""
    side = len(picture)
    scale = size / side * random.uniform(1, zoom)  # pixels of the section per pixel of the picture
    matrix = np.diag([scale, scale])
    if random.random() < 0.5:
        matrix[0, 0] = -scale
    if random.random() < 0.15:
        matrix = matrix[::-1]  # a quarter turn, or that of the mirror image
    # All of the section lies in the picture: its middle does not come nearer to the rim than half its length.
    reach = (side - size / scale) / 2
    x, y = side / 2 + random.uniform(-reach, reach, 2)
    section = _warp(picture, matrix, (x, y), (size / 2, size / 2), size, cv2.BORDER_REFLECT)
    grey = cv2.cvtColor(cv2.cvtColor(section, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    vivid = random.uniform(0.1, 1)  # most rooms are greyer than drawn ones
    return recolour(cv2.addWeighted(section, vivid, grey, 1 - vivid, 0), random, 0.4, 0.2, 0.06)


def placement(
    box: np.ndarray,
    size: int,
    fill: tuple[float, float],
    rotation: float,
    mirror: bool,
    beyond: float,
    random: np.random.Generator,
) -> np.ndarray:
    """Return the matrix (2, 3) that takes a sheet, on which a hand lies in `box` (x, y, extent), into a picture.

    The hand takes a share of the picture's side within `fill`, is turned by up to `rotation` degrees, and lies
    anywhere, beyond the rim by up to the share `beyond` of the side.
    """
    x, y, extent = box.tolist()
    scale = random.uniform(*fill) * size / extent
    angle, shear = math.radians(random.uniform(-rotation, rotation)), SHEAR * random.standard_normal()
    stretch = math.exp(STRETCH * random.standard_normal())
    turn = np.array([(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))])
    matrix = scale * (turn @ np.array([(stretch, shear), (0, 1 / stretch)]))
    if mirror:
        matrix[:, 0] = -matrix[:, 0]
    room = max(1.0, size / 2 - scale * extent / 2 + beyond * size)  # either way, for the middle of the hand
    middle = size / 2 + random.uniform(-room, room, 2)
    return np.concatenate([matrix, (middle - matrix @ (x, y))[:, None]], axis=1)


def set_before(
    ground: np.ndarray, sheet: np.ndarray, matrix: np.ndarray, random: np.random.Generator, dark: float
) -> tuple[np.ndarray, np.ndarray]:
    """Set the hand on a sheet, uint8 (side, side, 4), before a ground (size, size, 3), the sheet moved by `matrix`.

    Returns the picture and the hand's opacity in it, float32 (size, size) in 0–1. `dark`: the share of hands that
    hardly any light reaches.
    """
    size = len(ground)
    layer = cv2.warpAffine(sheet, matrix, (size, size), flags=cv2.INTER_LINEAR)
    opacity = cv2.extractChannel(layer, 3).astype(np.float32) * np.float32(1 / 255)
    hand = recolour(cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), random, 0.35, 0.2, 0.05, dark)
    if random.random() < 0.4:  # a shadow
        dx, dy = random.uniform(-0.1, 0.1, 2) * size
        aside = np.array([(1, 0, dx), (0, 1, dy)], np.float32)
        shadow = cv2.warpAffine(opacity, aside, (size, size))
        shadow = cv2.blur(cv2.blur(shadow, (size // 10 | 1,) * 2), (size // 10 | 1,) * 2)
        ground = _lit(ground, 1 - np.float32(random.uniform(0.1, 0.5)) * shadow)
    if random.random() < 0.4:  # light that falls off across the hand
        ramp = _ramp(size)
        angle, fall = random.uniform(0, 2 * math.pi), random.uniform(0.2, 0.9)
        across, down = np.float32(fall * math.cos(angle)), np.float32(fall * math.sin(angle))
        hand = _lit(hand, 1 + across * ramp + down * ramp[:, None])
    return cv2.blendLinear(hand, ground, opacity, 1 - opacity), opacity


@cache
def _ramp(size: int) -> np.ndarray:
    return np.linspace(-0.5, 0.5, size, dtype=np.float32)


def recolour(
    picture: np.ndarray, random: np.random.Generator, gamma: float, gain: float, tint: float, dark: float = 0.0
) -> np.ndarray:
    """Return a picture under another lamp and exposure, by a table of its values.

    gamma: largest logarithm of the exponent, either way; gain, tint: standard deviations of the logarithms of the
    factors of all channels and of each; dark: the share of pictures of which hardly anything is left.
    """
    factor = 255 * math.exp(gain * random.standard_normal())
    if random.random() < dark:
        factor *= random.uniform(0.12, 0.5)
    factors = np.exp(tint * random.standard_normal(3, np.float32)) * np.float32(factor)
    curve = np.exp(np.float32(math.exp(random.uniform(-gamma, gamma))) * STEPS)
    table = np.minimum(curve[:, None] * factors, 255).astype(np.uint8)
    return cv2.LUT(picture, table[:, None])


def trimmed(photographs: np.ndarray) -> np.ndarray:
    """Return a view of photographs (n, side, side, channels) without their rim."""
    rim = math.ceil(RIM * photographs.shape[1])
    return photographs[:, rim:-rim, rim:-rim]


def moved(picture: np.ndarray, size: int, scale: float, rotation: float, shift: np.ndarray, mirror: bool) -> np.ndarray:
    """Return a photograph (side, side, 3) at `size` pixels: enlarged, turned (degrees), moved (shares of the side)."""
    angle, scale = math.radians(rotation), scale * size / len(picture)
    matrix = scale * np.array([(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))])
    if mirror:
        matrix[:, 0] = -matrix[:, 0]
    middle = (0.5 + shift) * size
    return _warp(picture, matrix, 2 * (len(picture) / 2,), middle, size, cv2.BORDER_REFLECT)


def _warp(
    picture: np.ndarray, matrix: np.ndarray, source: ArrayLike, target: ArrayLike, size: int, border: int
) -> np.ndarray:
    """Take the point `source` of a picture to `target` of the result, and what lies around it by `matrix` (2, 2)."""
    offset = np.asarray(target) - 0.5 - matrix @ (np.asarray(source) - 0.5)
    whole = np.concatenate([matrix, offset[:, None]], axis=1)
    return cv2.warpAffine(picture, whole, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)


def _lit(picture: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Multiply every pixel by its factor, float32 (size, size)."""
    return cv2.multiply(picture, cv2.merge([factors] * 3), dtype=cv2.CV_8U)
