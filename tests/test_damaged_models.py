"""A damaged model never answers and never leaves a traceback: one sentence says which file, what, and what to do."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from miniature import NAME
from sklearn.linear_model import LinearRegression, LogisticRegression
from test_external import COLOURS, fill, picture, train

from fingerspell import cli
from fingerspell.files import sha256
from fingerspell.inference import released
from fingerspell.models.common import saved

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
TEXTS = {
    "empty": b"",
    "blank": b" \n",
    "cut short": b'{"classes": ["A", ',
    "no UTF-8": b'{"classes": "\xff\xfe"}',
    "UTF-16": '{"classes": []}'.encode("utf-16"),
    "a list": b"[1, 2]",
    "null": b"null",
    "a number": b"3",
    "a text": b'"classes"',
    "no number": b"NaN",
    "deep": b"[" * 100_000,
    "a number of 5,000 digits": b'{"image_size": ' + b"9" * 5000 + b"}",
    "bytes": bytes(range(256)),
}
NAN, INF = float("nan"), float("inf")
VALUES = {
    "experiment": [None, 1, ["tiny"]],
    "trains_on": [None, 1, ["crops"]],
    "classes": [
        None, "A B del", 3, {}, [], ["A"], ["A", "B"], ["A", "B", 3], ["A", "B", None], ["A", "B", "B"], ["A", "B", ""],
        [["A"], ["B"], ["del"]], ["A", "B", "\ud800"], {"A": 0, "B": 1, "del": 2},
    ],
    "letters": [None, "A B del", 3, {}, [], ["A"], ["A", "B"], ["A", "B", 3], ["A", "B", "C", "D"], [["A"], "B", "C"]],
    "empty": [3, ["del"], {}],
    "image_size": [None, "16", 16.5, True, [16], -16, 0, 10**30, 10**9, NAN, {}],
    "channels": [None, "3", 2, -3, 0, 3.5, [3]],
    "resample": [None, 3, "smooth", ["bilinear"]],
    "threshold": [None, NAN, INF, -INF, "0.5", -0.1, 1.5, [0.5]],
}  # fmt: skip
OF_EXPORTED = {"sha256": [None, "0" * 64, [], {}, {"model.tflite": None}, {"model.tflite": 3}, {"table.csv": "0"}]}
OF_TRAINED = {
    "dataset": [None, 3],
    "model": [None, 3, "", "cnm", "common", "../cnn", ["cnn"]],
    "dropout": [None, "0.2", -0.1, 1, NAN],
    "precision": [None, 32, "float128"],
    "seeds": [None, 1, [], ["1"], [1.5]],
    "augment": [None, [], {}, {"flip": "no"}, {"flip": False, "shift": NAN}, {"flip": False, "shake": 1}],
    "tta_scales": [None, 1, [], ["1"], [0], [NAN], [1] * 1000],
    "tta_rotations": [None, 0, [], ["0"], [1000], [INF]],
    "composition": ["none", [], {}, {"images": 1}],
}
LEFT_OUT = {"trains_on", "empty", "threshold"}  # and yet the description is whole


def changes(values: dict[str, list]) -> Iterator[pytest.param]:
    for key, wrong in values.items():
        if key not in LEFT_OUT:
            yield pytest.param(key, ..., id=f"{key} missing")
        for number, value in enumerate(wrong):
            yield pytest.param(key, value, id=f"{key} {number}")


@pytest.fixture(scope="module")
def whole(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole models, exported and trained, and pictures; tests do not change it."""
    place = tmp_path_factory.mktemp("whole")
    shutil.copytree(exported / "data/exported" / NAME, place / "released" / NAME)
    shutil.copytree(exported / "models" / NAME, place / "models" / NAME)
    train(place / "models/colours")
    fill(place, {"A.png": picture("A"), **{f"photos/{label}/1.png": picture(label) for label in COLOURS}})
    return place


@pytest.fixture
def place(whole, tmp_path, monkeypatch) -> Path:
    """A copy to damage."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(released, "FOLDER", tmp_path / "released")
    return tmp_path


def command(model: str) -> list[str]:
    folder = Path(model)
    if folder.parent.name == "released":
        return ["predict", "A.png", "--model", folder.name]
    return ["evaluate", "photos", "--experiment", folder.name, "--models", "models"]


@pytest.fixture
def refusal(place, capsys) -> Callable[[str], str]:
    """Ask a model by the command line, which must be refused in one sentence; return it."""

    def refuse(model: str) -> str:
        assert cli.main(command(model)) == 1
        output, errors = capsys.readouterr()
        lines = [line for line in errors.replace("\r", "\n").splitlines() if not line.startswith("evaluating ")]
        assert output == "" and len(lines) == 1, errors
        [sentence] = lines
        remedy = "put the whole folder there again" if "released" in model else "run `dvc repro`"
        assert sentence.startswith("fingerspell: ") and model in sentence and remedy in sentence, sentence
        assert not re.search(r"HDF5|h5py|synchronously|LiteRT|flatbuffer|pydantic|Errno|Traceback|0x", sentence)
        assert len(sentence) < 420 + len(str(place))
        return sentence

    return refuse


def describe(path: Path, key: str, value: object) -> None:
    values = json.loads(path.read_text(encoding="utf-8"))
    values.pop(key, None)
    path.write_text(json.dumps(values if value is ... else values | {key: value}), encoding="utf-8")


def test_whole_models_answer(place, capsys):
    for model in (f"released/{NAME}", f"models/{NAME}", "models/colours"):
        assert cli.main(command(model)) == 0, capsys.readouterr().err
    for key in LEFT_OUT:
        for model in (f"released/{NAME}", f"models/{NAME}"):
            describe(place / model / "model.json", key, ...)
            assert cli.main(command(model)) == 0, capsys.readouterr().err


@pytest.mark.parametrize("model", [f"released/{NAME}", f"models/{NAME}"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_description_that_is_none(place, refusal, model, text):
    (place / model / "model.json").write_bytes(text)
    assert "is damaged (model.json" in refusal(model)


@pytest.mark.parametrize(("key", "value"), changes(VALUES | OF_EXPORTED))
def test_a_wrong_value_beside_an_exported_network(place, refusal, key, value):
    describe(place / f"released/{NAME}/model.json", key, value)
    sentence = refusal(f"released/{NAME}")
    assert "is damaged (model.json: " in sentence and key in sentence, sentence


@pytest.mark.parametrize(("key", "value"), changes(VALUES | OF_TRAINED))
@pytest.mark.parametrize("model", [f"models/{NAME}", "models/colours"])
def test_a_wrong_value_beside_weights(place, refusal, model, key, value):
    describe(place / f"{model}/model.json", key, value)
    sentence = refusal(model)
    assert "is damaged (model.json: " in sentence and key in sentence, sentence


def test_classes_that_the_network_does_not_have(place, refusal):
    two = {"classes": ["A", "B"], "letters": ["A", "B"]}
    for model, words in (
        (f"released/{NAME}", "model.tflite takes and gives"),
        (f"models/{NAME}", "model.weights.h5 does not hold the weights of the network that model.json describes"),
        ("models/colours", "classifier.skops knows 3 classes, model.json other ones"),
    ):
        path = place / model / "model.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | two))
        assert words in refusal(model)


def test_sizes_that_the_network_does_not_have(place, refusal):
    for size, words in ((24, "model.tflite takes and gives"), (512, "model.tflite takes and gives")):
        describe(place / f"released/{NAME}/model.json", "image_size", size)
        assert words in refusal(f"released/{NAME}")
    for size, words in (
        (8, "image_size is 8, which"),
        (20, "image_size is 20, which"),
        (32, "encoder.weights.h5 does"),
    ):
        describe(place / "models/colours/model.json", "image_size", size)
        assert words in refusal("models/colours")


# Files that are no network

FAULTS = {
    "empty": lambda data: b"",
    "one byte": lambda data: data[:1],
    "half": lambda data: data[: len(data) // 2],
    "cut short": lambda data: data[:-1],
    "garbage": lambda data: np.random.default_rng(1).bytes(len(data)),
    "zeros": lambda data: bytes(len(data)),
    "text": lambda data: b"version https://git-lfs.github.com/spec/v1\n",
    "begun rightly": lambda data: data[:16] + bytes(len(data)),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("model", "file"),
    [
        (f"released/{NAME}", "model.tflite"),
        (f"models/{NAME}", "model.weights.h5"),
        ("models/colours", "encoder.weights.h5"),
        ("models/colours", "classifier.skops"),
    ],
)
def test_a_damaged_network(place, refusal, model, file, fault):
    path = place / model / file
    path.write_bytes(FAULTS[fault](path.read_bytes()))
    assert f"is damaged ({file} " in refusal(model)


def test_weights_that_lack_a_layer(place, refusal, recwarn):
    with h5py.File(place / f"models/{NAME}/model.weights.h5", "r+") as file:
        del file["layers/dense"]
    assert "is damaged (model.weights.h5 does not hold" in refusal(f"models/{NAME}")
    assert not [one for one in recwarn if one.category is UserWarning], "it would be told beside the sentence"


@pytest.mark.parametrize("fault", ["empty", "text", "zeros"])
def test_a_damaged_network_to_which_the_description_was_made_to_fit(place, refusal, fault):
    path = place / f"released/{NAME}/model.tflite"
    path.write_bytes(FAULTS[fault](path.read_bytes()))
    describe(path.with_name("model.json"), "sha256", {"model.tflite": sha256(path)})
    assert "is damaged (model.tflite is no network)" in refusal(f"released/{NAME}")


@pytest.mark.parametrize(
    ("model", "file"),
    [
        (f"released/{NAME}", "model.json"),
        (f"released/{NAME}", "model.tflite"),
        (f"models/{NAME}", "model.weights.h5"),
        ("models/colours", "encoder.weights.h5"),
        ("models/colours", "classifier.skops"),
    ],
)
def test_a_missing_file_and_a_folder_in_its_place(place, refusal, model, file):
    path = place / model / file
    path.unlink()
    assert f"({file}: No such file or directory)" in refusal(model)
    path.mkdir()
    assert file in refusal(model)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "model.tflite").unlink(), "(model.tflite: No such file or directory); put the whole"),
        (lambda folder: describe(folder / "model.json", "letters", ["A"]), "(model.json: letters are 1, but classes"),
    ],
)
def test_a_released_model_that_is_evaluated_is_put_there_again_not_trained(place, capsys, damage, words):
    damage(place / "released" / NAME)
    assert cli.main(["evaluate", "photos", "--experiment", NAME]) == 1
    [sentence] = capsys.readouterr().err.splitlines()
    assert words in sentence and "dvc" not in sentence


def test_a_trained_model_without_its_description_is_not_there(place, capsys):
    (place / f"models/{NAME}/model.json").unlink()
    assert cli.main(command(f"models/{NAME}")) == 1
    assert f"there is no model '{NAME}' in models; there are colours" in capsys.readouterr().err


def test_a_classifier_of_other_codes_or_none(place, refusal):
    random = np.random.default_rng(1)
    codes, path = random.normal(size=(30, 5)), place / "models/colours/classifier.skops"
    for estimator, labels, words in (
        (LinearRegression(), np.arange(30.0), "classifier.skops holds no classifier, but a LinearRegression"),
        (LogisticRegression(), np.arange(30) % 3, "classifier.skops takes other codes than the encoder"),
        (LogisticRegression(), np.arange(30) % 3 + 1, "classifier.skops knows 3 classes, model.json other ones"),
    ):
        saved.save_classifier(estimator.fit(codes, labels), path)
        assert words in refusal("models/colours")


# As processes of their own


@pytest.mark.parametrize(
    ("model", "damage", "words"),
    [
        (f"released/{NAME}", lambda folder: describe(folder / "model.json", "letters", ["A"]), "letters are 1, but"),
        (f"released/{NAME}", lambda folder: (folder / "model.tflite").write_bytes(b""), "model.tflite is not the one"),
        (f"models/{NAME}", lambda folder: (folder / "model.weights.h5").write_bytes(b""), "model.weights.h5 does not"),
        ("models/colours", lambda folder: (folder / "classifier.skops").write_bytes(b"PK"), "classifier.skops is no"),
    ],
)
def test_as_a_process(place, model, damage, words):
    damage(place / model)
    words_ = command(model)
    if "released" in model:
        words_[-1] = model
    done = subprocess.run(
        [sys.executable, "-m", "fingerspell.cli", *words_],
        cwd=place,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (1, "")
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("fingerspell: ") and words in sentence
