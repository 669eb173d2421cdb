"""The same numbers at random, and the same sums, in every training."""

import keras


def set_seed(seed: int) -> None:
    """Seed all that draws at random: initial weights, dropout.

    On a graphics card, where kernels add up in whatever order they come, TensorFlow is bound to those that do not.
    """
    keras.utils.set_random_seed(seed)
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            tf.config.experimental.enable_op_determinism()
