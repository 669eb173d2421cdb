"""ResNet50 under a small head."""

from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.models.common import backbones
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="ResNet50",
    paper="He et al. 2016, https://arxiv.org/abs/1512.03385",
    kind="backbone",
    input_range="0–255, BGR, less the ImageNet mean (subtracted inside)",
    parameters=23_587_712,
    recommended_size=224,
    minimum_size=32,
)

# Below the address of keras.applications' weights; the MD5 that Keras's source states.
IMAGENET = ("resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "4d473c1dd8becc155b73f8504c6f6626")

head = backbones.head


def backbone(image_size: int, channels: int, weights: Path | None) -> "keras.Model":
    """Return the convolutional part, averaged over the image: pixels 0–255 in, features of shape (2048,) out.

    `weights` is a folder of weights, or None for random ones.
    """
    from keras.applications import ResNet50, resnet50

    return backbones.build(ResNet50, "resnet50", image_size, channels, weights, resnet50.preprocess_input)
