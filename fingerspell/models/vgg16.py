"""VGG16 under a small head."""

from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.models.common import backbones
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="VGG16",
    paper="Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556",
    kind="backbone",
    input_range="0–255, BGR, less the ImageNet mean (subtracted inside)",
    parameters=14_714_688,
    recommended_size=224,
    minimum_size=32,
)

# Below the address of keras.applications' weights; the MD5 that Keras's source states.
IMAGENET = ("vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc")


def backbone(image_size: int, channels: int, weights: Path | None) -> "keras.Model":
    """Return the convolutional part: pixels 0–255 in, features of shape (n, n, 512) out, n = image_size // 32.

    `weights` is a folder of weights, or None for random ones.
    """
    from keras.applications import VGG16, vgg16

    return backbones.build(VGG16, "vgg16", image_size, channels, weights, vgg16.preprocess_input, averaged=False)


def head(shape: tuple[int, ...], classes: int, dropout: float) -> "keras.Model":
    """Return the head: two dense layers on the flattened features."""
    return backbones.head(shape, classes, dropout, widths=(512, 256))
