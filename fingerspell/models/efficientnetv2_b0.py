"""EfficientNetV2-B0 under a small head."""

from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.models.common import backbones
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="EfficientNetV2-B0",
    paper="Tan & Le 2021, https://arxiv.org/abs/2104.00298",
    kind="backbone",
    input_range="0–1, less the ImageNet mean, over its deviation (scaled inside)",
    parameters=5_919_312,
    recommended_size=224,
    minimum_size=32,
)

# Below the address of keras.applications' weights; the MD5 that Keras's source states.
IMAGENET = ("efficientnet_v2/efficientnetv2-b0_notop.h5", "893217f2bb855e2983157299931e43ff")

head = backbones.head


def backbone(image_size: int, channels: int, weights: Path | None) -> "keras.Model":
    """Return the convolutional part, averaged over the image: pixels 0–255 in, features of shape (1280,) out.

    `weights` is a folder of weights, or None for random ones. Keras's network itself begins with the scaling.
    """
    from keras.applications import EfficientNetV2B0

    return backbones.build(EfficientNetV2B0, "efficientnetv2_b0", image_size, channels, weights)
