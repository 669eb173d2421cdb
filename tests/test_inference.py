"""An exported network answers rightly and lightly, and only if its folder is whole."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from miniature import NAME, PER_CLASS, photographs
from test_external import COLOURS, picture

from fingerspell import images
from fingerspell.errors import FingerspellError
from fingerspell.files import sha256
from fingerspell.inference import released
from fingerspell.inference.predictor import Predictor

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def predictor(exported) -> Predictor:
    return Predictor.open(exported / "data/exported" / NAME)


@pytest.fixture
def folder(exported, tmp_path) -> Path:
    """A copy of the exported network, to change."""
    return Path(shutil.copytree(exported / "data/exported" / NAME, tmp_path / "model"))


def test_it_names_what_it_has_learnt(predictor):
    answers = predictor.predict(photographs(4))
    assert answers.dtype == np.float32 and answers.shape == (3 * PER_CLASS, 3)
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert predictor.classes == predictor.letters == tuple(COLOURS)
    assert (answers.argmax(axis=1) == np.repeat(range(3), PER_CLASS)).mean() > 0.9


def test_an_image_is_answered_alike_alone_and_among_others(predictor):
    pixels = photographs(4)
    answers = predictor.predict(pixels)
    assert (predictor.predict(pixels[5:6]) == answers[5:6]).all()
    assert (predictor.predict(pixels[::-1]) == answers[::-1]).all()
    assert predictor.predict(pixels[:0]).shape == (0, 3)


def test_threads_do_not_get_one_anothers_answers(predictor):
    pixels = photographs(4)
    expected = predictor.predict(pixels)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: predictor.predict(pixels[at : at + 1])[0], list(range(len(pixels))) * 4))
    assert (np.array(found) == np.tile(expected, (4, 1))).all()


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 16, 16, 3), np.float32),  # 0–1, the classic
        np.zeros((16, 16, 3), np.uint8),
        np.zeros((2, 32, 32, 3), np.uint8),
        np.zeros((2, 16, 16, 1), np.uint8),
    ],
)
def test_pixels_that_it_was_not_made_for_are_refused(predictor, pixels):
    with pytest.raises(ValueError, match=r"images must be uint8 \(n, 16, 16, 3\), values 0–255"):
        predictor.predict(pixels)


@pytest.mark.parametrize("resample", ["bilinear", "nearest"])
def test_images_are_read_as_for_training(folder, resample):
    description = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(description | {"resample": resample}))
    noise = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    data = encoded(noise)
    expected = images.load(data, 16, 3, resample)
    assert (Predictor.open(folder).read(data) == expected).all()
    other = images.load(data, 16, 3, {"nearest": "bilinear", "bilinear": "nearest"}[resample])
    assert (expected != other).any()


def encoded(pixels: np.ndarray) -> bytes:
    from io import BytesIO

    from PIL import Image

    data = BytesIO()
    Image.fromarray(pixels).save(data, "png")
    return data.getvalue()


def test_what_cannot_be_read_is_told_in_a_sentence(predictor):
    for image, sentence in (
        (b"no image", "it is not an image that can be read; give JPEG, PNG, WebP, …"),
        (picture("A")[:60], "the image cannot be decoded"),
    ):
        with pytest.raises(FingerspellError) as raised:
            predictor.read(image)
        assert str(raised.value).startswith(sentence) and "0x" not in str(raised.value)


# Folders that are not whole


def cut(folder: Path) -> None:
    (folder / "model.tflite").write_bytes((folder / "model.tflite").read_bytes()[:-1000])


def swap(folder: Path) -> None:
    data = bytearray((folder / "model.tflite").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.tflite").write_bytes(data)


def describe(folder: Path, **values: object) -> None:
    description = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(description | values))


def nonsense(folder: Path) -> None:
    (folder / "model.tflite").write_bytes(b"this is no network")
    describe(folder, sha256={"model.tflite": sha256(folder / "model.tflite")})


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (cut, "is damaged (model.tflite is not the one that model.json belongs to)"),
        (swap, "is damaged (model.tflite is not the one that model.json belongs to)"),
        (nonsense, "is damaged (model.tflite is no network)"),
        (lambda folder: (folder / "model.tflite").unlink(), "holds no exported model (model.tflite: No such file"),
        (lambda folder: (folder / "model.json").unlink(), "holds no exported model (model.json: No such file"),
        (lambda folder: (folder / "model.json").write_text("{"), "is damaged (model.json is no JSON)"),
        (lambda folder: (folder / "model.json").write_text("[]"), "is damaged (model.json: it is no description, but "),
        (lambda folder: (folder / "model.json").write_text("{}"), "is damaged (model.json: image_size is missing)"),
        (lambda folder: describe(folder, classes=["A", "B"], letters=["A", "B"]), "(model.tflite takes and gives "),
        (lambda folder: describe(folder, image_size=32), "is damaged (model.tflite takes and gives "),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_whole_is_refused(folder, damage, sentence):
    damage(folder)
    with pytest.raises(FingerspellError) as raised:
        Predictor.open(folder)
    assert sentence in str(raised.value) and str(folder) in str(raised.value) and "\n" not in str(raised.value)


# What it weighs

PREDICT = """
import sys
from pathlib import Path
from fingerspell.inference.predictor import Predictor

predictor = Predictor.open(Path(sys.argv[1]))
[answer] = predictor.predict(predictor.read(Path(sys.argv[2]).read_bytes())[None])
print(predictor.letters[answer.argmax()])
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_neither_tensorflow_nor_keras_is_imported_and_nothing_is_said(folder, tmp_path):
    (tmp_path / "hand.png").write_bytes(picture("B"))
    words = [sys.executable, "-c", PREDICT, str(folder), str(tmp_path / "hand.png")]
    done = subprocess.run(words, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    letter, imported = done.stdout.splitlines()
    assert letter == "B" and "ai_edge_litert" in imported.split()
    assert not set(imported.split()) & {"tensorflow", "keras", "jax", "torch", "sklearn", "scipy", "matplotlib", "dvc"}


# Which model is meant


def test_released_models_are_found_by_name_and_others_by_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(released, "FOLDER", tmp_path / "released")
    monkeypatch.chdir(tmp_path)
    assert released.names() == []
    shutil.copytree(folder, tmp_path / "released/tiny")
    assert released.names() == ["tiny"]
    assert released.find("tiny") == tmp_path / "released/tiny"
    assert released.find("model") == Path("model")
    shutil.copytree(folder, tmp_path / "tiny")
    assert released.find("tiny") == tmp_path / "released/tiny" and released.find("./tiny") == Path("./tiny")


def test_a_model_that_is_not_there_is_told_in_a_sentence(folder, tmp_path, monkeypatch):
    def sentence(model: str) -> str:
        with pytest.raises(FingerspellError) as raised:
            released.find(model)
        return str(raised.value)

    monkeypatch.setattr(released, "FOLDER", tmp_path / "released")
    assert "there is no released model 'tny' in " in sentence("tny")
    assert sentence("tny").endswith(
        "install the project from a whole checkout, or name a folder with an exported model"
    )
    shutil.copytree(folder, tmp_path / "released/tiny")
    assert sentence("tny").endswith("released; there is tiny")
    assert sentence(str(tmp_path)).endswith("holds no exported model; name a folder with model.tflite and model.json")
