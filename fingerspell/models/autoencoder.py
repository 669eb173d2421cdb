"""The convolutional autoencoder whose codes the scikit-learn classifiers read (Hinton & Salakhutdinov 2006,
https://doi.org/10.1126/science.1127647)."""

CODE = 512
FILTERS = (32, 64, 128, 256)


def build(image_size: int, channels: int):
    """Return (autoencoder, encoder), sharing their layers.

    The encoder takes pixels 0–255 of shape (batch, image_size, image_size, channels) to codes of shape
    (batch, 512); the autoencoder takes them to the same pixels scaled to 0–1. `image_size` must be a multiple
    of 16.
    """
    from keras import Model, layers

    pixels = layers.Input((image_size, image_size, channels))
    x = layers.Rescaling(1 / 255)(pixels)
    for filters in FILTERS:
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    shape = x.shape[1:]
    code = layers.Dense(CODE, name="code")(layers.Flatten()(x))
    x = layers.Dense(shape[0] * shape[1] * shape[2], activation="relu")(code)
    x = layers.Reshape(shape)(x)
    for filters in (*FILTERS[-2::-1], channels):
        x = layers.UpSampling2D()(x)
        last = filters == channels
        x = layers.Conv2D(filters, 3, padding="same", activation="sigmoid" if last else "relu")(x)
    return Model(pixels, x, name="autoencoder"), Model(pixels, code, name="encoder")
