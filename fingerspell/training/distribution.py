"""A training divided over the devices of one host or of several: each takes a part of every batch.

Together they compute what one device computes, but for the order in which they add up: batch normalisation sees the
whole batch, dropout drops the same, and every image of a batch weighs the same, however uneven its parts.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


@contextmanager
def divided(model: keras.Model, distribution: str) -> Iterator[keras.Model]:
    """Yield what is to be trained in place of `model`, which knows the same when the `with` block ends.

    distribution: `training.distribution` of the parameters.
    """
    if distribution == "none":
        yield model
        return
    if distribution == "mirrored":
        from fingerspell.training import mirrored

        scope, change = mirrored.strategy().scope(), mirrored.of_whole_batch
    else:
        scope, change = OverHosts(auto_shard_dataset=False).scope(), None
    with scope:
        replica = keras.models.clone_model(model, clone_function=change, recursive=True)
        _copy(model, replica)
        yield replica
    _copy(replica, model)


def _copy(source: keras.Model, target: keras.Model) -> None:
    """Copy all variables, the states of random generators among them."""
    for old, new in zip(source.variables, target.variables, strict=True):
        new.assign(np.asarray(old))


class OverHosts(keras.distribution.DataParallel):
    """Every host is given the whole batch, and its devices compute their part of what each layer makes of it.

    To be given its part, as in Keras, a batch must be divisible by the devices, and the last of an epoch seldom is.
    """

    def get_data_layout(self, data_shape: tuple[int, ...]) -> keras.distribution.TensorLayout:
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    def get_tensor_layout(self, path: str) -> keras.distribution.TensorLayout:
        return keras.distribution.TensorLayout([self.batch_dim_name], self.device_mesh)
