"""What a replica of TensorFlow's MirroredStrategy must know of the others, to compute its part of the whole batch."""

import keras
import tensorflow as tf
from keras import layers

from fingerspell.training.keypoints import Loss


def strategy() -> tf.distribute.Strategy:
    """Return the strategy over all graphics cards or, where there are none, over the processors."""
    cards = tf.config.list_logical_devices("GPU")
    if cards:
        return tf.distribute.MirroredStrategy([card.name for card in cards])
    processors = [processor.name for processor in tf.config.list_logical_devices("CPU")]
    # Between processors the default, collective operations, meets in another order in each, and fails.
    return tf.distribute.MirroredStrategy(processors, tf.distribute.ReductionToOneDevice())


def of_whole_batch(layer: keras.Layer) -> keras.Layer:
    """Return a copy of a layer, without its weights, that does with a part of a batch what it does with the whole."""
    config = layer.get_config()
    if isinstance(layer, layers.BatchNormalization):
        return layers.BatchNormalization.from_config(config | {"synchronized": True})
    if isinstance(layer, layers.Dropout):
        return _Dropout.from_config(config)
    return layer.__class__.from_config(config)


class _Dropout(layers.Dropout):
    """Draws for the whole batch, and drops in its part of it."""

    def call(self, inputs: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        replica = tf.distribute.get_replica_context()
        if not training or replica is None:
            return super().call(inputs, training)
        shape = tf.shape(inputs)
        parts = replica.all_gather(shape[:1], axis=0)
        first = tf.reduce_sum(parts[: replica.replica_id_in_sync_group])
        whole = tf.ones(tf.concat([tf.reduce_sum(parts)[None], shape[1:]], axis=0), inputs.dtype)
        return inputs * super().call(whole, training)[first : first + shape[0]]


def weighed(loss: keras.losses.Loss | Loss | str) -> Loss:
    """Return a loss (wanted, said) per image whose gradient is that of the whole batch.

    Keras adds up the means of the parts, each divided by their number, as if all were of one size. The values stay
    as they are: those that it reports it weighs rightly.
    """

    per_image = loss.call if isinstance(loss, keras.losses.Loss) else keras.losses.get(loss)

    def whole(wanted: keras.KerasTensor, said: keras.KerasTensor) -> keras.KerasTensor:
        values = per_image(wanted, said)
        replica = tf.distribute.get_replica_context()
        if replica is None:
            return values
        count = tf.cast(tf.shape(values)[0], values.dtype)
        every = replica.all_reduce(tf.distribute.ReduceOp.SUM, count)
        share = replica.num_replicas_in_sync * count / every
        still = tf.stop_gradient(values)
        return still + share * (values - still)

    return whole
