"""A sheet of what an experiment's random changes make of its training images."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from fingerspell.config import Augmentation
from fingerspell.plots import style
from fingerspell.plots.sheets import heading, tile
from fingerspell.training.augmentation import augment

VERSIONS = 9
TILE = 0.78  # inches, as all sizes below
GAP = 0.06
MARGIN = 0.15
TITLE = 0.68
NAME = 1.5  # width of what is said left of a row
BETWEEN = 0.3  # the rows with all changes and those of one each

_AMOUNTS = {
    "flip": "left to right, half of them",
    "shift": "up to {:.0%} of the side",
    "scale": "a factor within 1 ± {:g}",
    "rotation": "up to {:g}° either way",
    "perspective": "corners by up to {:.0%}",
    "brightness": "up to ± {:.0%} of white",
    "contrast": "a factor within 1 ± {:g}",
    "colour": "factors within 1 ± {:g}",
    "blur": "deviation up to {:g} px",
    "noise": "deviation up to {:.0%} of white",
    "cutout": "up to {:.0%} of the side",
    "grey": "{:.0%} of the images",
    "motion_blur": "up to {:g} px, any way",
    "compression": "quality down by up to {:.0%}",
}


@style.quiet()
def augmentation_sheet(
    images: np.ndarray, labels: Sequence[str], settings: Augmentation, seed: int = 0, title: str = "Augmentation"
) -> Figure:
    """Return a sheet: each image and versions of it with all changes, then versions with each change alone.

    images: uint8 (n, size, size, 1 or 3) in [0, 255], of which the changes alone show each another in turn; labels:
    n, one a row. Without any change set the sheet says so.
    """
    chosen = {name: amount for name, amount in settings.model_dump().items() if amount}
    if images.shape[3] == 1:
        chosen = {name: amount for name, amount in chosen.items() if name not in ("colour", "grey")}
    if not chosen:
        figure = style.new_figure(5.6, 0.8)
        heading(style.bare_axes(figure), title, "None: training sees the images as they are.")
        return figure
    nothing = dict.fromkeys(Augmentation.model_fields, 0.0) | {"flip": False}
    rows = [(label, "all changes", settings, image) for label, image in zip(labels, images)]
    for at, (name, amount) in enumerate(chosen.items()):
        alone = Augmentation(**(nothing | {name: amount}))
        rows.append((name, _AMOUNTS[name].format(amount), alone, images[at % len(images)]))

    across, down = TILE + GAP, TILE + GAP
    width = 2 * MARGIN + NAME + (1 + VERSIONS) * across
    figure = style.new_figure(width, 2 * MARGIN + TITLE + len(rows) * down + BETWEEN)
    axes = style.bare_axes(figure)
    heading(axes, title, "the image as it is, and as training may see it: with all changes, then with each alone")
    top = MARGIN + TITLE
    random = np.random.default_rng(seed)
    for at, (name, amount, changes, image) in enumerate(rows):
        if at == len(images):
            top += BETWEEN
            axes.plot([MARGIN, width - MARGIN], 2 * [top - (BETWEEN + GAP) / 2], color=style.FAINT, linewidth=1)
        axes.text(MARGIN, top + TILE / 2 - 0.02, name, va="bottom", fontsize=9, fontweight="bold")
        axes.text(MARGIN, top + TILE / 2 + 0.02, amount, va="top", fontsize=7, color=style.GREY)
        versions = augment(np.repeat(image[None], VERSIONS, axis=0), changes, random)
        for place, version in enumerate([image, *versions]):
            tile(axes, version, MARGIN + NAME + place * across + (GAP if place else 0), top, TILE)
        top += down
    return figure
