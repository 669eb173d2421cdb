"""A trained model on disk: its weights, and beside them all that is needed to use them.

A model folder holds `model.json` and either `model.weights.h5` (a network, or backbone and head together; trained
with further seeds, `model-<seed>.weights.h5`) or `encoder.weights.h5` and `classifier.skops` (an autoencoder's encoder
and a scikit-learn classifier). The same training gives the same bytes.
"""

import json
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fingerspell.config import Experiment
from fingerspell.errors import FingerspellError
from fingerspell.models.common import registry
from fingerspell.models.common.description import DESCRIPTION, Damaged, Trained, read
from fingerspell.models.common.tta import averaged

if TYPE_CHECKING:
    import keras
    from sklearn.base import BaseEstimator, ClassifierMixin

TRUSTED = {"sklearn.tree._tree.Tree"}  # a forest's trees; skops itself trusts the rest


@contextmanager
def whole_model(folder: Path) -> Iterator[None]:
    """Let a model be read in a `with` block: what is missing or damaged is told in one sentence."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError) as error:
        reason = f"{Path(error.filename).name}: {error.strerror}"
        raise FingerspellError(f"{folder} holds no whole model ({reason}); run `dvc repro` first") from error
    except (Damaged, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())[:200]
        raise FingerspellError(
            f"the model in {folder} is damaged ({reason}); delete the folder and run `dvc repro`"
        ) from error


def describe(name: str, experiment: Experiment, seed: int, prepared: dict[str, Any]) -> dict[str, Any]:
    """Return what `model.json` says of a model before it is trained.

    name: the experiment's. prepared: what its prepared images say of themselves (`Prepared.settings`).
    """
    classifies = registry.find(experiment.model).ARCHITECTURE.kind == "classifier"
    return {
        "experiment": name,
        "model": experiment.model,
        "trains_on": experiment.trains_on,
        **prepared,
        "value_range": [0, 255],
        "precision": experiment.precision,
        "dropout": experiment.dropout,
        "weights": experiment.weights,
        "seeds": [seed + number for number in range(experiment.seeds)],
        "augment": experiment.augment.model_dump(),
        "tta_scales": experiment.tta_scales,
        "tta_rotations": experiment.tta_rotations,
        "composition": experiment.composition and experiment.composition.model_dump(),
        "packages": _versions(classifies),
    }


def _versions(classifies: bool) -> dict[str, str]:
    """Return the versions of what makes the model; Keras makes an encoder too, but is not imported for a classifier."""
    packages = ["sklearn"] if classifies else ["keras", import_module("keras").config.backend()]
    return {"keras": version("keras")} | {
        package: import_module(package).__version__ for package in [*packages, "numpy", "PIL"]
    }


def build(description: dict[str, Any]) -> "keras.Model":
    """Return the untrained Keras network that `model.json` describes; for a classifier, its encoder.

    It computes in the precision that the description names. A backbone's weights are random too.
    """
    import keras

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(description["precision"])
    try:
        return _build(description)
    finally:
        keras.config.set_dtype_policy(policy)


def _build(description: dict[str, Any]) -> "keras.Model":
    architecture = registry.find(description["model"])
    size, channels = description["image_size"], description["channels"]
    classes, dropout = len(description["classes"]), description["dropout"]
    kind = architecture.ARCHITECTURE.kind
    if kind == "network":
        return architecture.build(size, channels, classes, dropout)
    if kind == "reader":
        return architecture.build(classes, dropout)
    if kind == "classifier":
        from fingerspell.models import autoencoder

        return autoencoder.build(size, channels)[1]
    from keras import Sequential

    backbone = architecture.backbone(size, channels, None)
    return Sequential([backbone, architecture.head(backbone.output_shape[1:], classes, dropout)])


def weights_file(seed: int | None = None) -> str:
    """Return the name of the weights that a training with a further seed left; None for the model itself."""
    return "model.weights.h5" if seed is None else f"model-{seed}.weights.h5"


def read_description(folder: Path) -> dict[str, Any]:
    """Return the `model.json` of a trained model, whose network can be built; to be called in `whole_model`."""
    description = read(folder / DESCRIPTION, Trained)
    name, size = description["model"], description["image_size"]
    if name not in registry.names():
        raise Damaged(f"{DESCRIPTION}: model is {name!r}, which is none of {', '.join(registry.names())}")
    model = registry.find(name).ARCHITECTURE
    if not model.minimum_size <= size <= model.maximum_size or size % model.size_multiple:
        raise Damaged(f"{DESCRIPTION}: image_size is {size}, which {model.title} does not take")
    return description


def load_network(folder: Path, description: dict[str, Any], seed: int | None = None) -> "keras.Model":
    """Return the trained Keras network, whose answers are the mean over its views; to be called in `whole_model`."""
    network = build(description)
    _load_weights(network, folder / weights_file(seed))
    return averaged(network, description["tta_scales"], description["tta_rotations"])


def _load_weights(network: "keras.Model", path: Path) -> None:
    path.open("rb").close()  # is it there, and may it be read?
    try:
        # Keras warns of layers that it leaves as they were.
        with warnings.catch_warnings(action="error", category=UserWarning):
            network.load_weights(path)
    except Exception as error:  # h5py and Keras raise all sorts of errors on damaged bytes and on foreign weights
        raise Damaged(f"{path.name} does not hold the weights of the network that {DESCRIPTION} describes") from error


def load(folder: Path, seed: int | None = None) -> tuple[dict[str, Any], Callable[[np.ndarray], np.ndarray]]:
    """Return (`model.json`, predict): predict takes uint8 (n, size, size, channels), or the rows of a reader, to
    float32 (n, classes).

    `seed` chooses the network that was trained with this further seed. Raises `FingerspellError` if the folder holds
    no whole model, a damaged one, or one not to be trusted.
    """
    with whole_model(folder):
        description = read_description(folder)
        if registry.find(description["model"]).ARCHITECTURE.kind != "classifier":
            return description, load_network(folder, description, seed).predict_on_batch
        network = build(description)
        _load_weights(network, folder / "encoder.weights.h5")
        classifier = load_classifier(folder / "classifier.skops")
        if classifier.classes_.tolist() != list(range(len(description["classes"]))):
            raise Damaged(f"classifier.skops knows {len(classifier.classes_)} classes, {DESCRIPTION} other ones")
        if classifier.n_features_in_ != network.output_shape[-1]:
            raise Damaged(f"classifier.skops takes other codes than the encoder of {DESCRIPTION} makes")

    def predict(images: np.ndarray) -> np.ndarray:
        answers: np.ndarray = classifier.predict_proba(network.predict_on_batch(images))
        return answers.astype(np.float32)

    return description, predict


def save_classifier(classifier: "BaseEstimator", path: Path) -> None:
    """Write a scikit-learn estimator as skops, made free of memory addresses and dates.

    skops names objects and their arrays by their address in memory and stamps the zip with the time of day, so
    two equal estimators would give two different files: addresses become numbers in order of appearance. Raises
    FingerspellError where the clock names a year that a zip cannot hold.
    """
    if not 1980 <= (year := time.localtime().tm_year) <= 2107:
        raise FingerspellError(
            f"the clock of this machine says {year}, and a classifier is saved as a zip, which knows the years 1980 to "
            "2107; set the clock, then run again"
        )
    import skops.io

    numbers: dict[str, str] = {}

    def number(address: str) -> str:
        return numbers.setdefault(address, str(len(numbers)))

    def renumber(node: dict[str, Any]) -> dict[str, Any]:
        if "__id__" in node:
            node["__id__"] = int(number(str(node["__id__"])))
        if "file" in node:
            address, suffix = node["file"].split(".", 1)
            node["file"] = f"{number(address)}.{suffix}"
        return node

    source = zipfile.ZipFile(BytesIO(skops.io.dumps(classifier)))
    schema = json.loads(source.read("schema.json"), object_hook=renumber)
    arrays = {
        renumber({"file": name})["file"]: source.read(name) for name in source.namelist() if name != "schema.json"
    }
    with zipfile.ZipFile(path, "w") as out:
        for name, data in [*sorted(arrays.items()), ("schema.json", json.dumps(schema).encode())]:
            out.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def load_classifier(path: Path) -> "ClassifierMixin":
    """Read what `save_classifier` wrote; refuses files that hold anything but scikit-learn's own types.

    To be called in `whole_model`.
    """
    import skops.io

    path.open("rb").close()  # is it there, and may it be read?
    try:
        untrusted = set(skops.io.get_untrusted_types(file=path)) - TRUSTED
        classifier = None if untrusted else skops.io.load(path, trusted=sorted(TRUSTED))
    except Exception as error:  # zipfile, JSON and skops each raise their own on damaged bytes
        raise Damaged(f"{path.name} is no whole classifier") from error
    if untrusted:
        raise FingerspellError(
            f"{path} holds types that are not scikit-learn's ({', '.join(untrusted)}); do not use it"
        )
    if not hasattr(classifier, "predict_proba"):
        raise Damaged(f"{path.name} holds no classifier, but a {type(classifier).__name__}")
    return classifier
