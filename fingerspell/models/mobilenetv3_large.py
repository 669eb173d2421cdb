"""MobileNetV3 Large under a small head."""

from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.models.common import backbones
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="MobileNetV3 Large",
    paper="Howard et al. 2019, https://arxiv.org/abs/1905.02244",
    kind="backbone",
    input_range="−1–1, scaled inside",
    parameters=2_996_352,
    recommended_size=224,
    minimum_size=32,
)

# Below the address of keras.applications' weights; the MD5 that Keras's source states.
IMAGENET = ("mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5", "07fb09a5933dd0c8eaafa16978110389")

head = backbones.head


def backbone(image_size: int, channels: int, weights: Path | None) -> "keras.Model":
    """Return the convolutional part, averaged over the image: pixels 0–255 in, features of shape (960,) out.

    `weights` is a folder of weights, or None for random ones. Keras's network itself begins with the scaling.
    """
    from keras.applications import MobileNetV3Large

    return backbones.build(MobileNetV3Large, "mobilenetv3_large", image_size, channels, weights)
