"""Skin under a light: from what the camera sees of a solid to its colours."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter, minimum_filter

from fingerspell.datasets.rendered.flesh import SLEEVE_PART, Relief, Solid


@dataclass(frozen=True)
class Skin:
    """A signer's surface, colours as linear RGB in 0..1.

    back and palm: skin on both sides of the hand; nail; sleeve: cloth; mottle (64, 64): texture around 0;
    stripes: how strongly the sleeve is striped, 0..1.
    """

    back: np.ndarray
    palm: np.ndarray
    nail: np.ndarray
    sleeve: np.ndarray
    mottle: np.ndarray
    stripes: float


@dataclass(frozen=True)
class Light:
    """A lamp and the glow of the room, linear RGB; direction (3,) toward the lamp in the viewer's frame."""

    direction: np.ndarray
    lamp: np.ndarray
    room: np.ndarray


# Skin from very light to very dark, sRGB: the back of the hand. Palms are lighter, most so in dark skin.
_TONES = np.array([[244, 208, 184], [230, 184, 152], [208, 152, 116], [176, 120, 84], [134, 86, 58], [88, 56, 40]])


def linear(srgb: np.ndarray) -> np.ndarray:
    """Take sRGB in 0..255 to linear light in 0..1 (gamma 2.2)."""
    return ((np.asarray(srgb, np.float32) / np.float32(255)) ** np.float32(2.2)).astype(np.float32)


def skin(rng: np.random.Generator, tone: float | None = None) -> Skin:
    """Draw a signer's skin and sleeve; `tone` is 0 (very light) .. 1 (very dark), by default drawn evenly."""
    tone = rng.uniform(0, 1) if tone is None else tone
    steps = np.linspace(0, 1, len(_TONES))
    back = np.array([np.interp(tone, steps, _TONES[:, c]) for c in range(3)]) * rng.normal(1, 0.015, 3)
    pale = np.array([236, 190, 164])
    mix = 0.12 + 0.42 * tone
    palm = (1 - mix) * back + mix * pale * (1 - 0.25 * tone)
    nail = 0.55 * palm + 0.45 * np.array([232, 188, 178])
    sleeve = rng.uniform(15, 235) * rng.uniform(0.75, 1.0, 3)
    mottle = gaussian_filter(rng.normal(0, 1, (64, 64)), 1.2, mode="wrap") * 1.6
    mottle += gaussian_filter(rng.normal(0, 1, (64, 64)), 5, mode="wrap") * 6
    stripes = rng.uniform(0.2, 0.6) if rng.uniform() < 0.3 else 0.0
    return Skin(linear(back), linear(palm), linear(nail), linear(sleeve), mottle.astype(np.float32), stripes)


def shade(relief: Relief, solid: Solid, skin: Skin, light: Light, scale: float) -> np.ndarray:
    """Return the linear RGB (h, w, 3) of the relief; `scale` in pixels per centimetre."""
    normal = relief.normal
    albedo = _albedo(relief, solid, skin)
    depth = relief.depth
    open_sky = 1 - 0.85 * _occlusion(depth, scale)
    toward = normal @ light.direction.astype(np.float32)
    lit = np.clip((toward + 0.15) / 1.15, 0, 1) * (1 - 0.75 * _shadow(depth, light.direction, scale))
    half = light.direction + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    gloss = np.clip(normal @ half.astype(np.float32), 0, 1) ** 18 * lit * 0.07
    up = 0.75 + 0.25 * normal[..., 1]
    glow = (0.55 + 0.45 * np.clip(normal[..., 2], 0, 1)) * up * open_sky
    bleed = np.array([0.10, 0.025, 0.01], np.float32) * (4 * lit * (1 - lit))[..., None]
    colour = albedo * (
        lit[..., None] * (light.lamp * open_sky[..., None] ** 0.5 + bleed) + glow[..., None] * light.room
    )
    colour = (colour + gloss[..., None] * light.lamp).astype(np.float32)
    # The rim, where rays only graze the skin, takes its colour from the skin beside it.
    inner = minimum_filter(relief.alpha, 3, mode="constant") > 0.4
    inner = inner.astype(np.float32)[..., None]
    near = gaussian_filter(np.concatenate([colour * inner, inner], 2), (1.0, 1.0, 0), truncate=2.5)
    shaded: np.ndarray = np.where(
        (inner > 0) | (near[..., 3:] < 0.02), colour, near[..., :3] / np.maximum(near[..., 3:], 0.02)
    )
    return shaded


def _albedo(relief: Relief, solid: Solid, skin: Skin) -> np.ndarray:
    part, along, palmar, place = relief.part, relief.along, relief.palmar, relief.place
    side = np.clip(palmar * 1.2 + 0.35, 0, 1)[..., None]
    colour = skin.back + (skin.palm - skin.back) * side
    texture = skin.mottle[(place[..., 1] * 6).astype(int) % 64, ((place[..., 0] + place[..., 2]) * 6).astype(int) % 64]
    finger = (part >= 0) & (part < 15)
    bone = part % 3
    tip = finger & (bone == 2)
    # Creases: across the joints on the palm's side, wrinkles over the knuckles at the back.
    joint = np.where(finger & (bone > 0), along, 1) * 2.6
    crease = np.exp(-((joint / 0.13) ** 2)) * np.where(palmar > 0, 0.34 * np.clip(palmar * 2, 0, 1), 0.1)
    near = np.where(finger & (bone < 2), 1 - along, 1) * 3.6
    crease += np.where(palmar < 0, 0.12, 0.05) * np.exp(-((near / 0.3) ** 2))
    palm = (part >= 15) & (part < 22) & (palmar > 0.2)
    crease += 0.4 * palm * _palm_lines(place)
    colour = colour * (1 - crease + 0.03 * texture)[..., None]
    warm = np.where(tip, along, 0) + 0.5 * np.where(finger & (bone == 1), 1 - along, 0)
    colour = colour * (1 + warm[..., None] * np.array([0.05, -0.05, -0.04], np.float32))
    nail = np.clip((-palmar - 0.62) * 8, 0, 1) * tip * np.clip((along - 0.35) * 9, 0, 1)
    colour = colour + (skin.nail - colour) * (0.75 * nail)[..., None]
    rim = nail * (1 - nail) * 4
    colour = colour * (1 - 0.3 * rim)[..., None]
    cloth = skin.sleeve * (1 + 0.1 * texture + skin.stripes * np.sign(np.sin(place[..., 1] * 5)))[..., None]
    albedo: np.ndarray = np.where((part >= SLEEVE_PART)[..., None], np.clip(cloth, 0, 1), np.clip(colour, 0, 1))
    return albedo.astype(np.float32)


_LINES = (  # heart, head and life line, in the frame of the hand
    ((-3.4, 6.0), (-1.5, 6.6), (0.3, 7.0), (1.5, 8.0)),
    ((2.9, 6.3), (1.2, 5.9), (-0.8, 4.9), (-2.2, 4.2)),
    ((2.9, 6.3), (1.5, 5.6), (0.5, 4.0), (0.3, 1.8)),
)


def _palm_lines(place: np.ndarray) -> np.ndarray:
    x, y = place[..., 0], place[..., 1]
    best = np.full(x.shape, 9, np.float32)
    for line in _LINES:
        for (ax, ay), (bx, by) in pairwise(line):
            dx, dy = bx - ax, by - ay
            t = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
            np.minimum(best, (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2, out=best)
    lines: np.ndarray = np.exp(best / np.float32(-0.02))
    return lines


def _shifted(depth: np.ndarray, dx: int, dy: int) -> np.ndarray:
    """Return `out[y, x] = depth[y + dy, x + dx]`, far away outside."""
    out = np.full_like(depth, depth.min())
    h, w = depth.shape
    ys, yt = slice(max(0, dy), min(h, h + dy)), slice(max(0, -dy), min(h, h - dy))
    xs, xt = slice(max(0, dx), min(w, w + dx)), slice(max(0, -dx), min(w, w - dx))
    if ys.start < ys.stop and xs.start < xs.stop:
        out[yt, xt] = depth[ys, xs]
    return out


def _occlusion(depth: np.ndarray, scale: float) -> np.ndarray:
    """Return how much of the sky nearby flesh hides, 0..1."""
    total = np.zeros_like(depth)
    for reach, weight in ((0.45, 0.5), (1.1, 0.5)):
        step = max(1, round(reach * scale))
        diagonal = max(1, round(0.7 * reach * scale))
        for dx, dy in ((step, 0), (-step, 0), (0, step), (0, -step)):
            total += weight * np.clip((_shifted(depth, dx, dy) - depth) / np.float32(2.2 * reach), 0, 1)
        for dx, dy in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
            other = _shifted(depth, dx * diagonal, dy * diagonal)
            total += weight * np.clip((other - depth) / np.float32(2.2 * reach), 0, 1)
    return np.clip(total / 3.2, 0, 1)


def _shadow(depth: np.ndarray, direction: np.ndarray, scale: float) -> np.ndarray:
    """Return how deep each point lies in the shadow of other flesh, 0..1."""
    dark = np.zeros_like(depth)
    slope = np.hypot(direction[0], direction[1]) + 1e-6
    for reach in (0.5, 0.9, 1.4, 2.1, 3.0, 4.2):
        dx, dy = direction[0] / slope * reach * scale, -direction[1] / slope * reach * scale
        above = _shifted(depth, round(dx), round(dy)) - depth - np.float32(reach * direction[2] / slope)
        np.maximum(dark, np.clip((above - 0.1) / np.float32(0.2 + 0.25 * reach), 0, 1) * (above < 6), out=dark)
    soft: np.ndarray = gaussian_filter(dark, 0.12 * scale)
    return soft
