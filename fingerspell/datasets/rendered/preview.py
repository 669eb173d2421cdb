"""A contact sheet of canonical poses, for whoever writes them.

python -m fingerspell.datasets.rendered.preview poses_american sheet.png [name …]
"""

import sys
from importlib import import_module

import numpy as np
from PIL import Image, ImageDraw

from fingerspell.datasets.rendered.flesh import solid, trace
from fingerspell.datasets.rendered.shading import Light, shade, skin
from fingerspell.datasets.rendered.skeleton import Pose, build, closed

_LIGHT = Light(
    np.array([-0.45, 0.6, 0.66]),
    np.array([0.95, 0.92, 0.86], np.float32),
    np.array([0.34, 0.36, 0.4], np.float32),
)


def portrait(pose: Pose, size: int = 160, seed: int = 0) -> Image.Image:
    """Draw one pose of an average hand in the middle of a grey picture of `size` by `size` pixels."""
    figure = build()
    hand = solid(closed(pose, figure), figure, 9.0)
    scale = size / 24
    low, high = hand.joints.min(0), hand.joints.max(0)
    centre = (size / 2 - (low[0] + high[0]) / 2 * scale, size / 2 + (low[1] + high[1]) / 2 * scale)
    picture = np.full((size, size, 3), 0.42, np.float32)
    relief = trace(hand, size, size, centre, scale, 55.0)
    if relief is not None:
        h, w = relief.alpha.shape
        view = picture[relief.top : relief.top + h, relief.left : relief.left + w]
        colours = shade(relief, hand, skin(np.random.default_rng(seed), 0.3), _LIGHT, scale)
        view += relief.alpha[..., None] * (colours - view)
    return Image.fromarray((np.clip(picture, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8))


def sheet(poses: dict[str, Pose], columns: int = 7, size: int = 160) -> Image.Image:
    """Draw all poses with their names."""
    rows = -(-len(poses) // columns)
    picture = Image.new("RGB", (columns * size, rows * (size + 14)), "white")
    pen = ImageDraw.Draw(picture)
    for place, (name, pose) in enumerate(poses.items()):
        y, x = divmod(place, columns)
        pen.text((x * size + 3, y * (size + 14) + 1), name, fill="black")
        picture.paste(portrait(pose, size), (x * size, y * (size + 14) + 14))
    return picture


if __name__ == "__main__":
    module, target, *names = sys.argv[1:]
    every = import_module(f"fingerspell.datasets.rendered.{module}").POSES
    sheet({name: every[name] for name in names or every}).save(target)
