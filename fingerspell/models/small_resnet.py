"""A small residual network for hands that fill the image: as exact as a large one here, and quick on a CPU."""

from typing import TYPE_CHECKING

from fingerspell.models.common import residual
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="the small residual network",
    paper="He et al. 2016, https://arxiv.org/abs/1512.03385 (fewer and narrower stages; section 3.3, option B)",
    kind="network",
    input_range="−1–1, scaled inside",
    parameters=469_373,
    recommended_size=64,
    minimum_size=16,
)
MOMENTUM = 0.9  # soon right, with few steps an epoch


def build(image_size: int, channels: int, classes: int, dropout: float) -> "keras.Model":
    """Return the untrained network: a stem of 32 filters, two residual stages of 64 and 128.

    The stem makes the maps four times smaller, every stage halves them again. The last features are averaged over
    the image, which may have any size.
    """
    from keras import Input, Model

    pixels = Input((image_size, image_size, channels))
    x = residual.stem(pixels, MOMENTUM)
    for filters in (64, 128):
        x = residual.stage(x, filters, MOMENTUM)
    return Model(pixels, residual.answer(x, classes, dropout), name="small_resnet")
