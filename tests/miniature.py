"""An experiment in miniature, trained for real: photographs in one colour per class."""

import json
from pathlib import Path

import numpy as np
from test_external import COLOURS, MODEL

from fingerspell.models.common import saved
from fingerspell.preparation import prepared

NAME = "tiny"
DESCRIPTION = MODEL | {"experiment": NAME, "model": "small_resnet"}
PER_CLASS = 24


def photographs(seed: int) -> np.ndarray:
    """uint8 (3 · PER_CLASS, 16, 16, 3): the colours in their order, each mixed with up to half of the next one."""
    random = np.random.default_rng(seed)
    colours = np.repeat(list(COLOURS.values()), PER_CLASS, axis=0)
    share = random.uniform(0, 0.5, (len(colours), 1))
    mixed = (1 - share) * colours + share * np.roll(colours, PER_CLASS, axis=0)
    return np.clip(mixed[:, None, None] + random.normal(0, 10, (len(colours), 16, 16, 3)), 0, 255).astype(np.uint8)


def make(place: Path) -> None:
    """Write `models/tiny` and `data/prepared/tiny` as the stages before the export do."""
    import keras

    keras.utils.set_random_seed(1)
    network = saved.build(DESCRIPTION)
    network.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    labels = np.repeat(np.arange(3), PER_CLASS)
    network.fit(photographs(1), labels, batch_size=12, epochs=4, verbose=0)
    head = network.layers[-1]
    head.set_weights([one / 8 for one in head.get_weights()])  # to be in doubt, where exporting may change the answer
    model = place / "models" / NAME
    model.mkdir(parents=True)
    network.save_weights(model / "model.weights.h5")
    extra = {"table_sha256": "0" * 64, "packages": {"keras": keras.__version__}}
    (model / "model.json").write_text(json.dumps(DESCRIPTION | extra))

    folder = place / "data/prepared" / NAME
    folder.mkdir(parents=True)
    np.save(folder / "images.npy", photographs(2))
    classes = list(COLOURS)
    rows = [
        prepared.Image(f"{at}.png", classes[label], "test" if at % 2 else "train") for at, label in enumerate(labels)
    ]
    keys = ("dataset", "classes", "letters", "image_size", "channels", "resample")
    prepared.write_table(folder, rows, {key: DESCRIPTION[key] for key in keys})
