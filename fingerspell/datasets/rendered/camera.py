"""Where the camera stands and what its sensor makes of the light."""

from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Camera:
    """x, y: the wrist's place in pixels; scale: pixels per centimetre there; distance: to the wrist in cm."""

    x: float
    y: float
    scale: float
    distance: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Take points (n, 3) in the viewer's frame (cm, wrist at the origin) to pixels (n, 2)."""
        factor = self.scale * self.distance / (self.distance - points[:, 2])
        return np.stack([self.x + factor * points[:, 0], self.y - factor * points[:, 1]], 1)


def aim(joints: np.ndarray, size: float, fill: float, place: np.ndarray, distance: float) -> Camera:
    """Point the camera so that the joints (21, 3) fill `fill` of the picture's side.

    `place` (x, y) in 0..1: where the hand's box lies in the room that is left, 0 left or top.
    """
    flat = Camera(0, 0, 1.0, distance).project(joints)
    low, high = flat.min(0) - 1.0, flat.max(0) + 1.0
    scale = fill * size / max(*(high - low), 13.0)
    x, y = place * (size - (high - low) * scale) - low * scale
    return Camera(float(x), float(y), float(scale), distance)


def encode_light(light: np.ndarray) -> np.ndarray:
    """Take linear RGB to 8 bits with gamma 2.2 and soft highlights; any shape, uint8."""
    return _GAMMA[np.clip(light * np.float32(1024), 0, 4095).astype(np.int16)]


def _shoulder() -> np.ndarray:
    light = np.arange(4096) / 1024
    light = np.where(light > 0.75, 1 - 0.25 * np.exp((0.75 - light) / 0.25), light)
    return np.round(255 * light ** (1 / 2.2)).astype(np.uint8)


_GAMMA = _shoulder()


@dataclass(frozen=True)
class Sensor:
    """gain (3,): exposure and white balance, linear factors per channel.

    grain: noise in grey levels, int16, larger than the picture, of which every frame takes another window.
    """

    gain: np.ndarray
    grain: np.ndarray | None


def grain(side: int, strength: float, rng: np.random.Generator) -> np.ndarray | None:
    """Make a sensor's noise, partly shared by the channels; None for a clean one."""
    if strength <= 0:
        return None
    shape = (side + side // 4, side + side // 4)
    noise = rng.standard_normal((*shape, 3), np.float32) + rng.standard_normal((*shape, 1), np.float32)
    return np.round(0.7 * strength * noise).astype(np.int16)


def develop(picture: Image.Image, sensor: Sensor, rng: np.random.Generator) -> Image.Image:
    """Return the RGB picture as the sensor records it."""
    pixels = np.asarray(picture)
    levels = np.round(np.arange(256)[:, None] * sensor.gain ** (1 / 2.2)).astype(np.int16)
    recorded = np.stack([levels[:, c][pixels[..., c]] for c in range(3)], -1)
    if sensor.grain is not None:
        y, x = rng.integers(0, sensor.grain.shape[0] - picture.height + 1, 2)
        recorded += sensor.grain[y : y + picture.height, x : x + picture.width]
    return Image.fromarray(np.clip(recorded, 0, 255).astype(np.uint8))
