"""Random changes to training images.

Every change has an amount, the largest that it makes: each image draws its own, evenly between none and that, and to
both sides where there are two. On what they are good for: Shorten & Khoshgoftaar 2019, "A survey on Image Data
Augmentation for Deep Learning", https://doi.org/10.1186/s40537-019-0197-0.
"""

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import simplejpeg
from scipy.special import ndtri

from fingerspell.config import Augmentation

# The images are small, and the processor's cores are the network's.
cv2.setNumThreads(0)

CORNERS = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)], np.float32)  # of an image whose side is 1
LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue: ITU-R BT.601
# The standard normal distribution in 256 equal parts: a table turns random bytes into noise, five times as fast as
# drawing it.
NORMAL = ndtri((np.arange(256) + 0.5) / 256)
NORMAL /= NORMAL.std()

# What is done to one image, given its place in the batch. OpenCV leaves out the axis of a single channel.
Change = Callable[[np.ndarray, int], np.ndarray]


def augment(images: np.ndarray, settings: Augmentation, random: np.random.Generator) -> np.ndarray:
    """Return the images, each changed at random as `settings` say.

    images: uint8 (n, size, size, 1 or 3) in 0–255; they stay as they are. Returns as many of the same kind. The same
    generator gives the same bytes. Whatever is set, pixels are resampled once.

    In this order: `flip` mirrors half of the images left to right; `perspective` moves every corner, across and
    down, by a fraction of the side; `rotation` turns about the centre, by degrees; `scale` enlarges by a factor
    within 1 ± its fraction; `shift` moves across and down, by a fraction of the side; `cutout` fills a square, its
    side a fraction of the image's and its centre anywhere, with the mean colour (DeVries & Taylor 2017,
    https://arxiv.org/abs/1708.04552); `blur` is Gaussian, by pixels; `motion_blur` is that of a camera that moves,
    straight on by pixels, any way; `colour` multiplies the saturation by a factor within 1 ± its fraction and every
    channel by one within 1 ± half of it, like the light of another lamp (it leaves grey images alone); `grey` takes the
    colours out of a fraction of the images; `contrast` multiplies the distance from the mean by a factor within 1 ± its
    fraction; `brightness` adds a fraction of 255; `noise` is normally distributed, its standard deviation a fraction of
    255; `compression` is JPEG's, its quality lowered from 100 by a fraction.
    """
    changes = []
    if settings.flip:
        changes.append(_flip(images, random))
    if settings.perspective or settings.rotation or settings.scale or settings.shift:
        changes.append(_move(images, settings, random))
    if settings.cutout:
        changes.append(_cut_out(images, settings.cutout, random))
    if settings.blur:
        changes.append(_blur(images, settings.blur, random))
    if settings.motion_blur:
        changes.append(_shake(images, settings.motion_blur, random))
    if settings.brightness or settings.contrast or (images.shape[3] == 3 and (settings.colour or settings.grey)):
        changes.append(_light(images, settings, random))
    if settings.noise:
        changes.append(_add_noise(images, settings.noise, random))
    if settings.compression:
        changes.append(_compress(images, settings.compression, random))
    if not changes:
        return images
    changed = np.empty_like(images)
    for at, image in enumerate(images):
        for change in changes:
            image = change(image, at)
        changed[at] = image.reshape(images.shape[1:])
    return changed


def _flip(images: np.ndarray, random: np.random.Generator) -> Change:
    chosen = random.random(len(images)) < 0.5
    return lambda image, at: cv2.flip(image, 1) if chosen[at] else image


def _move(images: np.ndarray, settings: Augmentation, random: np.random.Generator) -> Change:
    """Perspective, rotation, scale and shift as one homography."""
    count, size = images.shape[:2]
    corners = CORNERS + _either_way(random, settings.perspective, (count, 4, 2)).astype(np.float32)
    angles = np.radians(_either_way(random, settings.rotation, count))
    factors = 1 + _either_way(random, settings.scale, count)
    matrices = np.zeros((count, 3, 3))
    matrices[:, 0, 0] = matrices[:, 1, 1] = factors * np.cos(angles)
    matrices[:, 1, 0] = factors * np.sin(angles)
    matrices[:, 0, 1] = -matrices[:, 1, 0]
    matrices[:, :2, 2] = _either_way(random, settings.shift, (count, 2))
    matrices[:, 2, 2] = 1
    if settings.perspective:
        matrices = matrices @ np.stack([cv2.getPerspectiveTransform(CORNERS, moved) for moved in corners])
    # So far the centre of the image is at 0 and its side 1.
    pixels = np.array([(size, 0, (size - 1) / 2), (0, size, (size - 1) / 2), (0, 0, 1)])
    matrices = pixels @ matrices @ np.linalg.inv(pixels)
    # Beyond its edge an image is mirrored: drawn out, its last pixels would flood it where a frame runs round it.
    how: dict[str, Any] = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REFLECT}
    return lambda image, at: cv2.warpPerspective(image, matrices[at], (size, size), **how)


def _cut_out(images: np.ndarray, fraction: float, random: np.random.Generator) -> Change:
    count, size = images.shape[:2]
    sides = np.rint(random.uniform(0, fraction * size, count)).astype(int)
    starts = random.integers(size, size=(count, 2)) - sides[:, None] // 2

    def cut_out(image: np.ndarray, at: int) -> np.ndarray:
        square = (*starts[at].tolist(), sides[at].item(), sides[at].item())
        return cv2.rectangle(image.copy(), square, cv2.mean(image), cv2.FILLED) if sides[at] else image

    return cut_out


def _blur(images: np.ndarray, most: float, random: np.random.Generator) -> Change:
    sigmas = random.uniform(0, most, len(images))

    def blur(image: np.ndarray, at: int) -> np.ndarray:
        kernel = cv2.getGaussianKernel(2 * math.ceil(3 * sigmas[at]) + 1, sigmas[at])
        return cv2.sepFilter2D(image, -1, kernel, kernel)  # GaussianBlur, which is exact to the bit, takes longer

    return blur


def _shake(images: np.ndarray, most: float, random: np.random.Generator) -> Change:
    lengths = random.uniform(0, most, len(images))
    angles = random.uniform(0, np.pi, len(images))
    reach = math.ceil(most / 2)
    places, parts = np.arange(-reach, reach + 1), np.linspace(-0.5, 0.5, 2 * reach + 1)[:, None]

    def motion_blur(image: np.ndarray, at: int) -> np.ndarray:
        # Points of the way, each shared between the four pixels about it.
        across = np.maximum(1 - np.abs(places - lengths[at] * math.cos(angles[at]) * parts), 0)
        down = np.maximum(1 - np.abs(places - lengths[at] * math.sin(angles[at]) * parts), 0)
        kernel = down.T @ across
        return cv2.filter2D(image, -1, kernel / kernel.sum())

    return motion_blur


def _light(images: np.ndarray, settings: Augmentation, random: np.random.Generator) -> Change:
    """Colours, contrast and brightness as one matrix: values are rounded and cut off at 0 and 255 once."""
    count, channels = len(images), images.shape[3]
    colours = np.broadcast_to(np.eye(channels), (count, channels, channels))
    if channels == 3:
        saturation = 1 + _either_way(random, settings.colour, (count, 1, 1))
        gains = 1 + _either_way(random, settings.colour / 2, (count, 3, 1))
        colours = gains * (saturation * colours + (1 - saturation) * LUMA)
        if settings.grey:
            colours[random.random(count) < settings.grey] = LUMA
    contrast = 1 + _either_way(random, settings.contrast, count)
    brightness = 255 * _either_way(random, settings.brightness, count)
    matrices = np.zeros((count, channels, channels + 1))
    matrices[:, :, :channels] = contrast[:, None, None] * colours
    to_mean = (1 - contrast[:, None]) * colours.mean(axis=1)

    def light(image: np.ndarray, at: int) -> np.ndarray:
        matrices[at, :, channels] = to_mean[at] @ cv2.mean(image)[:channels] + brightness[at]
        return cv2.transform(image, matrices[at])

    return light


def _add_noise(images: np.ndarray, most: float, random: np.random.Generator) -> Change:
    deviations = random.uniform(0, 255 * most, len(images))
    draws = random.integers(256, size=images.shape, dtype=np.uint8)

    def add_noise(image: np.ndarray, at: int) -> np.ndarray:
        noise = cv2.LUT(draws[at], (deviations[at] * NORMAL).astype(np.float32))
        return cv2.add(image, noise, dtype=cv2.CV_8U)

    return add_noise


def _compress(images: np.ndarray, most: float, random: np.random.Generator) -> Change:
    qualities = np.rint(100 * (1 - random.uniform(0, most, len(images)))).astype(int).tolist()
    colours = "RGB" if images.shape[3] == 3 else "GRAY"

    def compress(image: np.ndarray, at: int) -> np.ndarray:
        image = np.ascontiguousarray(image).reshape(images.shape[1:])
        data = simplejpeg.encode_jpeg(image, max(1, qualities[at]), colours, "420" if colours == "RGB" else "444")
        compressed: np.ndarray = simplejpeg.decode_jpeg(data, colours)
        return compressed

    return compress


def _either_way(random: np.random.Generator, amount: float, shape: int | tuple[int, ...]) -> np.ndarray:
    return random.uniform(-amount, amount, shape)
