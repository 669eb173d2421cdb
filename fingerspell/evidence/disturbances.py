"""What befalls pictures on their way to a model: noise, blur, light, compression, moves, and things in front.

Each disturbance has five levels, as in ImageNet-C (Hendrycks and Dietterich 2019, "Benchmarking Neural Network
Robustness to Common Corruptions and Perturbations", https://arxiv.org/abs/1903.12261). Amounts marked `PAPER` are those
of its code (https://github.com/hendrycks/robustness, make_imagenet_c.py); the others are chosen here, from what is
hardly seen to about what still lets a person read the sign.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from zlib import crc32

import cv2
import numpy as np
from PIL import Image

LEVELS = 5
SIDE = 224  # pixels: of the pictures for which the paper's blur is meant
GREY = 128
PAPER, CHOSEN = "ImageNet-C", "chosen"

Apply = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Disturbance:
    """A way in which pictures are changed, and how much at each level.

    apply: picture, uint8 (h, w, 1 or 3), amount and random numbers to a picture of the same shape. unit and source are
    those of the amounts.
    """

    apply: Apply
    amounts: tuple[float, float, float, float, float]
    unit: str
    source: str


def disturbed(picture: np.ndarray, name: str, level: int, seed: int, member: str) -> np.ndarray:
    """Return a picture, uint8 (h, w, 1 or 3), RGB, under a disturbance at level 1–5, in the same shape.

    What is random is drawn by the seed, the picture's name and the disturbance, and is the same at all levels: where an
    occlusion lies and in which way a picture is turned does not depend on how much.
    """
    one = DISTURBANCES[name]
    random = np.random.default_rng([seed, crc32(name.encode()), *member.encode()])
    return one.apply(picture, one.amounts[level - 1], random)


def encoded(picture: np.ndarray, kind: str, **options: int) -> bytes:
    """Return a picture, uint8 (h, w, 1 or 3), as a file; kind and options are Pillow's."""
    stream = BytesIO()
    Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture).save(stream, kind, **options)
    return stream.getvalue()


def noise(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise to every value; amount: its standard deviation, where white is 1."""
    return _bytes(picture + 255 * np.float32(amount) * random.standard_normal(picture.shape, np.float32))


def blur(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Blur by a Gaussian; amount: its standard deviation, in pixels of a picture whose shorter side has 224."""
    sigma = amount * min(picture.shape[:2]) / SIDE
    return cv2.GaussianBlur(picture, (0, 0), sigma).reshape(picture.shape) if sigma else picture


def brightness(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Add to the value of every pixel, in the sense of HSV: hue and saturation stay. amount: where white is 1."""
    value = picture.max(axis=2, keepdims=True).astype(np.float32)
    lit = (value + np.float32(255 * amount)).clip(0, 255)
    return _bytes(np.where(value > 0, picture * (lit / np.maximum(value, 1)), lit))


def contrast(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Bring every value nearer to the mean of its channel; amount: the share of the contrast that is lost."""
    mean = picture.mean(axis=(0, 1), dtype=np.float32)
    return _bytes(mean + (picture - mean) * np.float32(1 - amount))


def jpeg(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Compress as JPEG; amount: the quality, 0–100."""
    return np.asarray(Image.open(BytesIO(encoded(picture, "JPEG", quality=int(amount))))).reshape(picture.shape)


def rotation(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Turn about the middle, in either direction; amount: degrees."""
    height, width = picture.shape[:2]
    angle = amount * random.choice((-1, 1))
    return _moved(picture, cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1))


def shift(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Move in any direction, by whole pixels; amount: share of the shorter side."""
    angle, length = random.uniform(0, 2 * np.pi), amount * min(picture.shape[:2])
    across, down = np.rint(length * np.array([np.cos(angle), np.sin(angle)]))
    return _moved(picture, np.array([(1, 0, across), (0, 1, down)]))


def occlusion(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Cover a square anywhere in the picture with grey; amount: its side, as a share of the shorter one."""
    side = round(amount * min(picture.shape[:2]))
    top, left = (random.random(2) * (np.array(picture.shape[:2]) - side + 1)).astype(int)
    covered = picture.copy()
    covered[top : top + side, left : left + side] = GREY
    return covered


def image_size(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Show no more than a smaller picture holds; amount: pixels of its shorter side. None is made larger."""
    height, width = picture.shape[:2]
    if amount >= min(height, width):
        return picture
    share = amount / min(height, width)
    small = cv2.resize(picture, (round(width * share), round(height * share)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).reshape(picture.shape)


def grey(picture: np.ndarray, amount: float, random: np.random.Generator) -> np.ndarray:
    """Take the colours away; amount: the share of them."""
    if picture.shape[2] == 1:
        return picture
    luma = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(picture, 1 - amount, luma, amount, 0)


def _moved(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Move a picture by a matrix (2, 3); beyond the rim lies its mirror image, as where training moves photographs."""
    size = picture.shape[1::-1]
    return cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REFLECT).reshape(picture.shape)


def _bytes(values: np.ndarray) -> np.ndarray:
    whole: np.ndarray = np.rint(values).clip(0, 255)
    return whole.astype(np.uint8)


DISTURBANCES = {
    "gaussian_noise": Disturbance(noise, (0.08, 0.12, 0.18, 0.26, 0.38), "of white (σ)", PAPER),
    "gaussian_blur": Disturbance(blur, (1, 2, 3, 4, 6), "px of 224 (σ)", PAPER),
    "brighter": Disturbance(brightness, (0.1, 0.2, 0.3, 0.4, 0.5), "of white", PAPER),
    "darker": Disturbance(brightness, (-0.1, -0.2, -0.3, -0.4, -0.5), "of white", CHOSEN),
    "contrast": Disturbance(contrast, (0.6, 0.7, 0.8, 0.9, 0.95), "of it lost", PAPER),
    "jpeg": Disturbance(jpeg, (25, 18, 15, 10, 7), "of 100 (quality)", PAPER),
    "rotation": Disturbance(rotation, (9, 18, 27, 36, 45), "degrees", CHOSEN),
    "shift": Disturbance(shift, (0.05, 0.1, 0.15, 0.2, 0.25), "of the side", CHOSEN),
    "occlusion": Disturbance(occlusion, (0.1, 0.2, 0.3, 0.4, 0.5), "of the side", CHOSEN),
    "image_size": Disturbance(image_size, (64, 48, 32, 24, 16), "px a side", CHOSEN),
    "grey": Disturbance(grey, (0.2, 0.4, 0.6, 0.8, 1.0), "of the colours", CHOSEN),
}
