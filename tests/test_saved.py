"""A saved model answers as the trained one did, and the same model gives the same bytes."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from fingerspell.errors import FingerspellError
from fingerspell.hands import layout
from fingerspell.models.common import registry, saved

pytestmark = pytest.mark.slow

SIZE = 32
CLASSES = ["A", "B", "C"]
IMAGES = np.random.default_rng(0).integers(0, 256, (6, SIZE, SIZE, 3), np.uint8)
ROWS = np.random.default_rng(1).normal(size=(6, layout.WIDTH)).astype(np.float32)  # what a reader is given instead


def described(model: str) -> dict:
    return {
        "experiment": "one",
        "dataset": "asl_alphabet",
        "model": model,
        "image_size": 224 if model == "hand_reader" else SIZE,
        "channels": 3,
        "resample": "bilinear",
        "classes": CLASSES,
        "letters": CLASSES,
        "dropout": 0.2,
        "precision": "float32",
        "seeds": [1],
        "augment": {"flip": False},
        "composition": None,
        "tta_scales": [1],
        "tta_rotations": [0],
    }


def unsettle(network: keras.Model) -> None:
    """Give every weight, moving averages included, a value that no initialiser gives."""
    random = np.random.default_rng(1)
    network.set_weights([one + random.uniform(0, 0.02, one.shape) for one in network.get_weights()])


@pytest.mark.parametrize(
    ("name", "inputs"), [("cnn", IMAGES), ("arasl_cnn", IMAGES), ("resnet50", IMAGES), ("hand_reader", ROWS)]
)
def test_a_network_comes_back(tmp_path, name, inputs):
    description = described(name)
    network = saved.build(description)
    unsettle(network)
    expected = network.predict_on_batch(inputs)
    network.save_weights(tmp_path / "model.weights.h5")
    (tmp_path / "model.json").write_text(json.dumps(description))
    keras.utils.set_random_seed(99)
    found, predict = saved.load(tmp_path)
    assert found == description
    assert (predict(inputs) == expected).all()
    assert expected.shape == (6, 3)
    assert not np.allclose(saved.build(description).predict_on_batch(inputs), expected, atol=1e-3)


def fitted(name: str, codes: np.ndarray):
    """Search as the study does, with a few trees."""
    labels = np.arange(len(codes)) % 3
    grid = {"n_estimators": [4], "max_depth": [None, 3]} if name.endswith("forest") else {"C": [0.1, 1.0]}
    return registry.find(name).search(codes, labels, grid, seed=2**31 - 1).best_estimator_


@pytest.mark.parametrize("name", ["autoencoder_forest", "autoencoder_logistic"])
def test_encoder_and_classifier_come_back(tmp_path, name):
    description = described(name)
    encoder = saved.build(description)
    images = np.random.default_rng(2).integers(0, 256, (30, SIZE, SIZE, 3), np.uint8)
    classifier = fitted(name, encoder.predict_on_batch(images))
    expected = classifier.predict_proba(encoder.predict_on_batch(IMAGES))
    encoder.save_weights(tmp_path / "encoder.weights.h5")
    saved.save_classifier(classifier, tmp_path / "classifier.skops")
    (tmp_path / "model.json").write_text(json.dumps(description))
    _, predict = saved.load(tmp_path)
    found = predict(IMAGES)
    assert found.dtype == np.float32 and found.shape == (6, 3)
    assert (found == expected.astype(np.float32)).all()
    again = saved.load_classifier(tmp_path / "classifier.skops")
    assert repr(again.get_params()) == repr(classifier.get_params())


def test_long_integers_are_not_taken_for_addresses(tmp_path):
    """A forest's trees carry ten-digit seeds, which look like the numbers that skops gives to objects."""
    codes = np.random.default_rng(3).normal(size=(30, 5)).astype(np.float32)
    forest = fitted("autoencoder_forest", codes)
    saved.save_classifier(forest, tmp_path / "forest.skops")
    again = saved.load_classifier(tmp_path / "forest.skops")
    assert again.random_state == forest.random_state == 2**31 - 1
    seeds = [tree.random_state for tree in forest.estimators_]
    assert [tree.random_state for tree in again.estimators_] == seeds
    assert max(seeds) > 10**8
    assert (again.predict_proba(codes) == forest.predict_proba(codes)).all()
    assert again.classes_.tolist() == [0, 1, 2]


SAVE = """
import sys
import numpy as np
from fingerspell.models.common import registry, saved
padding = [object() for _ in range(int(sys.argv[2]))]  # other addresses in memory
codes = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
for name, grid in (("forest", {"n_estimators": [3]}), ("logistic", {"C": [1.0]})):
    search = registry.find(f"autoencoder_{name}").search(codes, np.arange(30) % 3, grid, 7)
    saved.save_classifier(search.best_estimator_, f"{sys.argv[1]}/{name}.skops")
"""


def test_two_processes_write_the_same_bytes(tmp_path):
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        padding = "10" if run == "first" else "54321"
        subprocess.run([sys.executable, "-c", SAVE, tmp_path / run, padding], check=True)
    for name in ("forest.skops", "logistic.skops"):
        first, second = ((tmp_path / run / name).read_bytes() for run in ("first", "second"))
        assert first == second, name
    with zipfile.ZipFile(tmp_path / "first" / "forest.skops") as file:
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def harmless(values):
    return values


def test_types_that_are_not_scikit_learns_are_refused(tmp_path):
    path = tmp_path / "classifier.skops"
    saved.save_classifier(FunctionTransformer(harmless), path)
    with pytest.raises(FingerspellError, match=r"classifier\.skops holds types .*harmless.*do not use it"):
        saved.load_classifier(path)


def write(folder: Path, name: str = "cnn") -> None:
    description = described(name)
    saved.build(description).save_weights(folder / "model.weights.h5")
    (folder / "model.json").write_text(json.dumps(description))


@pytest.mark.parametrize("missing", ["model.json", "model.weights.h5"])
def test_what_is_missing_is_named(tmp_path, missing):
    write(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(FingerspellError, match=r"holds no whole model.*run `dvc repro` first") as raised:
        saved.load(tmp_path)
    assert missing in str(raised.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FingerspellError, match="nowhere holds no whole model"):
        saved.load(tmp_path / "nowhere")


def refusal(folder: Path) -> str:
    with pytest.raises(FingerspellError) as raised:
        saved.load(folder)
    sentence = str(raised.value)
    assert str(folder) in sentence and "run `dvc repro`" in sentence
    assert "\n" not in sentence and len(sentence) < 400 + len(str(folder))
    return sentence


@pytest.mark.parametrize("file", ["model.json", "model.weights.h5"])
def test_a_damaged_file_is_refused(tmp_path, file):
    write(tmp_path)
    data = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(data[: len(data) // 2])
    assert "damaged" in refusal(tmp_path)


@pytest.mark.parametrize("data", [b"", b"no zip at all", b"PK\x03\x04 cut short"])
def test_a_damaged_classifier_is_refused(tmp_path, data):
    description = described("autoencoder_logistic") | {"image_size": 16}
    saved.build(description).save_weights(tmp_path / "encoder.weights.h5")
    (tmp_path / "model.json").write_text(json.dumps(description))
    (tmp_path / "classifier.skops").write_bytes(data)
    assert "damaged" in refusal(tmp_path)


def test_weights_of_another_network_are_refused(tmp_path):
    write(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps(described("arasl_cnn")))
    assert "damaged" in refusal(tmp_path)
