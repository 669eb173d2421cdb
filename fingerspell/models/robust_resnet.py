"""A residual network for hands in any room: as `small_resnet`, deeper by a block on the stem and a stage."""

from typing import TYPE_CHECKING

from fingerspell.models.common import residual
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="the robust residual network",
    paper="He et al. 2016, https://arxiv.org/abs/1512.03385 (fewer and narrower stages; section 3.3, option B)",
    kind="network",
    input_range="−1–1, scaled inside",
    parameters=1_376_957,
    recommended_size=96,
    minimum_size=32,
    keypoints=True,
)
MOMENTUM = 0.95


def build(image_size: int, channels: int, classes: int, dropout: float) -> "keras.Model":
    """Return the untrained network: a stem of 32 filters, a residual block on it, stages of 64, 128 and 192.

    The stem makes the maps four times smaller, every stage halves them again. The last features, the layer
    `features`, are averaged over the image, which may have any size.
    """
    from keras import Input, Model

    pixels = Input((image_size, image_size, channels))
    x = residual.block(residual.stem(pixels, MOMENTUM), residual.STEM, MOMENTUM)
    x = residual.stage(residual.stage(x, 64, MOMENTUM), 128, MOMENTUM)
    x = residual.stage(x, 192, MOMENTUM, name="features")
    return Model(pixels, residual.answer(x, classes, dropout), name="robust_resnet")
