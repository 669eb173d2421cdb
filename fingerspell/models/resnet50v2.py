"""ResNet50V2 under a small head."""

from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.models.common import backbones
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    import keras

ARCHITECTURE = Architecture(
    title="ResNet50V2",
    paper="He et al. 2016, https://arxiv.org/abs/1603.05027",
    kind="backbone",
    input_range="−1–1, scaled inside",
    parameters=23_564_800,
    recommended_size=224,
    minimum_size=32,
)

# Below the address of keras.applications' weights; the MD5 that Keras's source states.
IMAGENET = ("resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5", "fac2f116257151a9d068a22e544a4917")

head = backbones.head


def backbone(image_size: int, channels: int, weights: Path | None) -> "keras.Model":
    """Return the convolutional part, averaged over the image: pixels 0–255 in, features of shape (2048,) out.

    `weights` is a folder of weights, or None for random ones.
    """
    from keras.applications import ResNet50V2, resnet_v2

    return backbones.build(ResNet50V2, "resnet50v2", image_size, channels, weights, resnet_v2.preprocess_input)
