"""VGG19 under a small head."""

from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.models.common import backbones
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="VGG19",
    paper="Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556",
    kind="backbone",
    input_range="0–255, BGR, less the ImageNet mean (subtracted inside)",
    parameters=20_024_384,
    recommended_size=224,
    minimum_size=32,
)

# Below the address of keras.applications' weights; the MD5 that Keras's source states.
IMAGENET = ("vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", "253f8cb515780f3b799900260a226db6")


def backbone(image_size: int, channels: int, weights: Path | None) -> "keras.Model":
    """Return the convolutional part: pixels 0–255 in, features of shape (n, n, 512) out, n = image_size // 32.

    `weights` is a folder of weights, or None for random ones.
    """
    from keras.applications import VGG19, vgg19

    return backbones.build(VGG19, "vgg19", image_size, channels, weights, vgg19.preprocess_input, averaged=False)


def head(shape: tuple[int, ...], classes: int, dropout: float) -> "keras.Model":
    """Return the head: two dense layers on the flattened features."""
    return backbones.head(shape, classes, dropout, widths=(512, 256))
