"""From a trained network to what serving needs: a LiteRT file with float16 weights, and its description.

The file computes in float32, whatever the training did, and is half as large as the weights. It is written only where
it answers as the network does.
"""

from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from fingerspell import files
from fingerspell.errors import FingerspellError, counted
from fingerspell.inference.predictor import Predictor
from fingerspell.models.common import registry, saved
from fingerspell.models.common.description import DESCRIPTION, MODEL

if TYPE_CHECKING:
    import keras

# By so much may a probability differ, on any image. Float16 weights cost up to 0.004 on the networks here; a wrong
# value range or a lost layer costs nearly 1.
TOLERANCE = 0.02
CHECKED = 1000  # images at most
BATCH = 64


def export(trained: Path, inputs: np.ndarray, folder: Path) -> dict[str, Any]:
    """Write `model.tflite` and `model.json` of a trained network's folder into another, and return the latter.

    inputs: images, uint8 (n, size, size, channels), or a reader's rows, that the network has not learnt from; up to
    `CHECKED` of them, evenly spread, are named by both. The same network gives the same bytes. Raises FingerspellError
    if `trained` is no whole network, if there are no images, or if the answers differ by more than `TOLERANCE`.
    """
    if not len(inputs):
        raise FingerspellError(
            f"there are no test images to check the export of {trained.name} by; give it a larger test split"
        )
    description, network = load(trained)
    model = convert(network, description)
    chosen = np.linspace(0, len(inputs) - 1, min(CHECKED, len(inputs))).astype(int)
    check = compare(trained.name, network, Predictor(description, model), inputs[chosen])
    table = description.pop("table_sha256")
    weights = files.sha256(trained / saved.weights_file())
    (folder / MODEL).write_bytes(model)
    description |= {
        "export": {"format": "LiteRT", "weights": "float16", "bytes": len(model), **check},
        "sha256": {"table.csv": table, saved.weights_file(): weights, MODEL: files.sha256(folder / MODEL)},
        "packages": description["packages"] | {"ai_edge_litert": version("ai-edge-litert")},
    }
    files.write_json(folder / DESCRIPTION, description)
    return description


def load(trained: Path) -> tuple[dict[str, Any], "keras.Model"]:
    """Return (`model.json`, the Keras network), which computes in float32; see `export` for what is refused."""
    import keras

    keras.utils.clear_session()  # layers are numbered on within a process, and their numbers get into the file
    with saved.whole_model(trained):
        description = saved.read_description(trained)
        if registry.find(description["model"]).ARCHITECTURE.kind == "classifier":
            raise FingerspellError(f"{trained} holds a classifier of scikit-learn, not a network; export another model")
        return description, saved.load_network(trained, description | {"precision": "float32"})


def convert(network: "keras.Model", description: dict[str, Any]) -> bytes:
    """Return a Keras network as a LiteRT file that takes one image at a time and has float16 weights."""
    import tensorflow as tf

    shape = tuple(network.input_shape[1:])
    with TemporaryDirectory() as folder:
        file = Path(folder) / MODEL
        network.export(
            file,
            format="litert",
            verbose=False,
            input_signature=[tf.TensorSpec((1, *shape), tf.float32, name="inputs")],
            optimizations=[tf.lite.Optimize.DEFAULT],
            target_spec={"supported_types": [tf.float16]},
        )
        return file.read_bytes()


def compare(name: str, network: "keras.Model", predictor: Predictor, images: np.ndarray) -> dict[str, Any]:
    """Return how far the answers of both to the same images lie apart; raises FingerspellError if too far.

    images: of how many. largest_difference: of any probability. equal_answers: share of images that get the same name.
    """
    batches = range(0, len(images), BATCH)
    expected = np.concatenate([network.predict_on_batch(images[start : start + BATCH]) for start in batches])
    found = predictor.predict(images)
    difference = float(np.abs(found - expected).max())
    equal = float((found.argmax(axis=1) == expected.argmax(axis=1)).mean())
    if not difference <= TOLERANCE:  # or is not a number
        raise FingerspellError(
            f"the export of {name} does not answer as the network does: probabilities differ by up to "
            f"{difference:.3f}, {equal:.1%} of {counted(len(images), 'test image')} get the same name; "
            "nothing was written"
        )
    return {"images": len(images), "largest_difference": round(difference, 6), "equal_answers": round(equal, 6)}
