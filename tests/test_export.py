"""What is exported answers as the trained network does, is small, and is the same every time; else there is none."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from miniature import NAME, photographs
from test_external import train

from fingerspell.errors import FingerspellError
from fingerspell.files import sha256
from fingerspell.inference import export
from fingerspell.inference.predictor import Predictor
from fingerspell.models.common import saved
from stages import export as stage

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture
def place(exported, tmp_path, monkeypatch) -> Path:
    """A copy to change, without the export."""
    shutil.copytree(exported, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "data/exported")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_answers_as_the_network_does(exported):
    images = photographs(3)
    expected = saved.load(exported / "models" / NAME)[1](images)
    found = Predictor.open(exported / "data/exported" / NAME).predict(images)
    assert found.shape == expected.shape == (len(images), 3)
    assert np.abs(found - expected).max() < 0.005
    assert 0.02 < np.median(1 - expected.max(axis=1)) < 0.5, "in doubt, or the test could not fail"
    assert len(set(expected.argmax(axis=1))) == 3


def test_its_description_says_all_that_serving_needs(exported):
    folder = exported / "data/exported" / NAME
    description = json.loads((folder / "model.json").read_text())
    trained = json.loads((exported / "models" / NAME / "model.json").read_text())
    for key in ("experiment", "classes", "letters", "image_size", "channels", "resample"):
        assert description[key] == trained[key]
    check = description["export"]
    assert check["images"] == 36 and check["equal_answers"] == 1 and 0 < check["largest_difference"] < 0.005
    assert description["sha256"] == {
        "table.csv": trained["table_sha256"],
        "model.weights.h5": sha256(exported / "models" / NAME / "model.weights.h5"),
        "model.tflite": sha256(folder / "model.tflite"),
    }
    assert {"keras", "ai_edge_litert"} <= set(description["packages"])


def test_weights_take_half_the_space(exported):
    size = (exported / "data/exported" / NAME / "model.tflite").stat().st_size
    weights = saved.build(json.loads((exported / "models" / NAME / "model.json").read_text())).count_params()
    assert 2 * weights < size < 2.2 * weights


@pytest.mark.parametrize("backend", [{}, {"KERAS_BACKEND": "jax"}])
def test_every_process_writes_the_same_bytes_whatever_the_backend(exported, place, backend):
    words = [sys.executable, "-m", "stages.export", NAME]
    done = subprocess.run(words, env={"PYTHONPATH": str(ROOT)} | backend, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for file in ("model.tflite", "model.json"):
        first, again = (root / "data/exported" / NAME / file for root in (exported, place))
        assert first.read_bytes() == again.read_bytes()


def refused(name: str = NAME) -> str:
    with pytest.raises(FingerspellError) as raised:
        stage.main(name)
    assert not Path("data/exported", name).exists() and not list(Path("data").glob("exported/.*"))
    return str(raised.value)


def test_one_that_answers_otherwise_is_not_written(place, monkeypatch):
    """Pixels in another range: the classic of all faults."""
    predict = Predictor.predict
    monkeypatch.setattr(Predictor, "predict", lambda self, pixels: predict(self, pixels // 2))
    sentence = refused()
    assert "does not answer as the network does: probabilities differ by up to 0." in sentence
    assert "of 36 test images get the same name; nothing was written" in sentence


def test_answers_that_are_no_numbers_are_refused(exported):
    predictor = Predictor.open(exported / "data/exported" / NAME)
    network = export.load(exported / "models" / NAME)[1]
    network.set_weights([one * np.nan for one in network.get_weights()])
    with pytest.raises(FingerspellError, match="differ by up to nan"):
        export.compare(NAME, network, predictor, photographs(3)[:2])


def test_only_test_images_are_asked_about(place):
    table = Path("data/prepared", NAME, "table.csv")
    table.write_text(table.read_text().replace(",test", ",train"))
    assert "there are no test images to check the export of tiny by" in refused()


def test_other_classes_are_refused(place):
    path = Path("data/prepared", NAME, "prepared.json")
    path.write_text(path.read_text().replace('"del"', '"space"'))
    table = Path("data/prepared", NAME, "table.csv")
    table.write_text(table.read_text().replace("del", "space"))
    assert "models/tiny knows other classes than data/prepared/tiny; run `dvc repro`" in refused()


def test_a_classifier_is_refused(place):
    shutil.rmtree("models/tiny")
    train(Path("models/tiny"))
    assert "models/tiny holds a classifier of scikit-learn, not a network" in refused()


@pytest.mark.parametrize("file", ["model.json", "model.weights.h5"])
def test_a_model_that_is_not_whole_is_refused(place, file):
    path = Path("models", NAME, file)
    path.write_bytes(path.read_bytes()[:-100])
    assert "the model in models/tiny is damaged" in refused()
    path.unlink()
    assert "models/tiny holds no whole model" in refused()
    if file != "model.json":  # which tells what was prepared
        shutil.rmtree("data/prepared")
        assert "holds no prepared images" in refused()


def test_a_network_trained_in_half_precision_is_exported_too(place):
    path = Path("models", NAME, "model.json")
    path.write_text(path.read_text().replace('"float32"', '"mixed_bfloat16"'))
    stage.main(NAME)
    assert json.loads(Path("data/exported", NAME, "model.json").read_text())["export"]["largest_difference"] < 0.005


def test_answers_averaged_over_views_are_what_is_exported(place):
    stage.main(NAME)
    once, images = Predictor.open(place / "data/exported" / NAME), photographs(3)
    path = Path("models", NAME, "model.json")
    path.write_text(
        path.read_text()
        .replace('"tta_scales": [1]', '"tta_scales": [1, 0.5]')
        .replace('"tta_rotations": [0]', '"tta_rotations": [0, 60]')
    )
    stage.main(NAME)
    found = Predictor.open(place / "data/exported" / NAME).predict(images)
    assert np.allclose(found, saved.load(path.parent)[1](images), atol=0.01)
    assert not np.allclose(found, once.predict(images), atol=0.01)
