"""An exported reader, at work: on rows, on whole pictures, on the command line, on other people's photographs."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fingerspell import cli
from fingerspell.datasets.rendered import draw
from fingerspell.errors import FingerspellError
from fingerspell.external import asking, photographs
from fingerspell.files import sha256
from fingerspell.hands import layout
from fingerspell.images import whole
from fingerspell.inference import export, released
from fingerspell.inference.drawing import drawn
from fingerspell.inference.predictor import Predictor
from fingerspell.inference.reader import Reader, Reading
from fingerspell.models.common import saved

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
CLASSES = ["B", "L", "nothing"]
DESCRIPTION = {
    "experiment": "reader", "model": "hand_reader", "trains_on": "crops", "dataset": "asl_photos", "classes": CLASSES,
    "letters": ["ب", "L", "nothing"], "empty": "nothing", "image_size": 224, "channels": 3, "resample": "bilinear",
    "dropout": 0.0, "precision": "float32", "tta_scales": [1], "tta_rotations": [0], "threshold": 0.5,
    "seeds": [1], "augment": {"flip": False}, "composition": None,
    "table_sha256": "0" * 64, "packages": {},
}  # fmt: skip


def rows(count: int) -> np.ndarray:
    found = np.random.default_rng(count).normal(size=(count, layout.WIDTH)).astype(np.float32)
    found[:, layout.GIVEN] = 1
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A place with pictures, and a reader, trained or exported, that says B (ب) of whatever it reads."""
    import keras

    place = tmp_path_factory.mktemp("reading")
    keras.utils.set_random_seed(1)
    network = saved.build(DESCRIPTION)
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dense) and layer.units == len(CLASSES):
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel / 10, bias + np.float32([1, 0, 0])])
    trained = place / "models/reader"
    trained.mkdir(parents=True)
    network.save_weights(trained / "model.weights.h5")
    (trained / "model.json").write_text(json.dumps(DESCRIPTION), encoding="utf-8")
    (place / "released/asl_reader").mkdir(parents=True)
    export.export(trained, rows(50), place / "released/asl_reader")
    with zipfile.ZipFile(draw("asl_photos", 2, 5, tmp_path_factory.mktemp("drawn"), workers=1)) as archive:
        for name in ("B/B0", "L/L0", "Nothing/Nothing0"):
            (place / f"photos/{name}.jpg").parent.mkdir(parents=True, exist_ok=True)
            (place / f"photos/{name}.jpg").write_bytes(archive.read(f"train/{name}.jpg"))
    shutil.copy(place / "photos/B/B0.jpg", place / "B0.jpg")
    (place / "broken.jpg").write_bytes(b"no picture")
    return place


@pytest.fixture
def command(place, monkeypatch, capsys):
    """Run a command in that place; returns its exit status, output and errors."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(released, "FOLDER", place / "released")

    def run(*words: str) -> tuple[int, str, str]:
        try:
            status = cli.main(words)
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


def picture(place: Path, name: str) -> np.ndarray:
    return whole((place / "photos" / name).read_bytes())


# The file


def test_an_exported_reader_answers_as_the_trained_one(place):
    hands = rows(20)
    expected = saved.load(place / "models/reader")[1](hands)
    found = Predictor.open(place / "released/asl_reader").predict(hands)
    assert found.shape == expected.shape == (20, 3) and np.abs(found - expected).max() < 0.005
    assert np.ptp(expected, axis=0).min() > 0.02, "rows differ, or the test could not fail"


def test_rows_of_half_precision_are_read_and_anything_else_is_refused(place):
    predictor = Predictor.open(place / "released/asl_reader")
    assert predictor.reads_hands
    halved = rows(3).astype(np.float16)
    assert np.allclose(predictor.predict(halved), predictor.predict(rows(3)), atol=0.01)
    for wrong in (np.zeros((2, 224, 224, 3), np.uint8), np.zeros((2, 1279), np.float32), np.zeros((2, 1280), np.uint8)):
        with pytest.raises(ValueError, match=r"rows must be float \(n, 1280\)"):
            predictor.predict(wrong)


def test_a_model_of_whole_images_is_no_reader(exported):
    with pytest.raises(FingerspellError, match=r"holds a model of whole images, which finds no hands; name a reader"):
        Reader.open(exported / "data/exported/tiny")


# Reading and drawing


def test_as_many_hands_as_are_asked_for_are_read(place):
    small = cv2.resize(picture(place, "L/L0.jpg"), None, fx=0.6, fy=0.6)
    scene = cv2.copyMakeBorder(picture(place, "B/B0.jpg"), 0, 0, 0, len(small), cv2.BORDER_REPLICATE)
    scene[: len(small), -len(small) :] = small
    for most in (1, 2):
        with Reader.open(place / "released/asl_reader", most) as reader:
            assert len(reader.read(scene)) == most


def test_the_models_own_threshold_holds_where_none_is_given(place):
    folder = place / "released/asl_reader"
    assert Reader.open(folder).threshold == 0.5 and Reader.open(folder, threshold=0.0).threshold == 0.0
    with Reader.open(folder, threshold=0.999) as reader:
        [reading] = reader.read(picture(place, "B/B0.jpg"))
        assert reading.sign is None and CLASSES[reading.probabilities.argmax()] == "B"


def test_letters_are_written_where_the_hand_is_even_at_the_rim(place):
    with Reader.open(place / "released/asl_reader") as reader:
        [reading] = reader.read(picture(place, "B/B0.jpg"))
    hand = reading.hand
    corner = Reading(
        type(hand)(hand.landmarks * 0.3 - 0.1, hand.side, hand.score, hand.found), reading.probabilities, "B",
        reading.points,
    )  # fmt: skip
    ground = np.full((400, 300, 3), 128, np.uint8)
    before = ground.copy()
    shown = [drawn(ground, [corner], [name]) for name in ("ب 93%", "س 93%", "")]
    assert (ground == before).all(), "a copy"
    assert (shown[0] != shown[1]).any() and (shown[0] != shown[2]).any(), "letters of any alphabet are seen"
    assert not (shown[0][200:, 150:] != 128).any(), "nothing far from the hand"
    for shape in ((1, 1, 3), (3, 500, 3)):
        assert drawn(np.zeros(shape, np.uint8), [reading], ["B 93%"]).shape == shape


# The command


def test_a_folder_and_a_pattern_are_read_in_order(command):
    status, output, errors = command("predict", "photos")
    assert (status, errors) == (0, "")
    names = ["photos/B/B0.jpg", "photos/L/L0.jpg", "photos/Nothing/Nothing0.jpg"]
    lines = output.splitlines()
    assert [line.split()[0] for line in lines] == names
    assert lines[0].split(maxsplit=1)[1].startswith("ب (B) ") and " hand, box 0." in lines[0]
    assert lines[2].split(maxsplit=1)[1] == "no hand"
    again = command("predict", "photos/[BL]/*.jpg")[1].splitlines()
    assert [line.split() for line in again] == [line.split() for line in lines[:2]]
    status, output, errors = command("predict", "photos/*.gif")
    assert (status, output) == (1, "") and errors == "fingerspell: no file fits photos/*.gif; mend the pattern\n"


def test_standard_input_is_read(command, place, monkeypatch):
    with open(place / "B0.jpg") as given:
        monkeypatch.setattr("sys.stdin", given)
        status, output, _ = command("predict", "-")
    assert status == 0 and output.startswith("-  ب (B) ")


def test_programs_are_told_all_of_every_hand(command):
    status, output, errors = command("predict", "--json", "B0.jpg", "photos/Nothing/Nothing0.jpg")
    assert (status, errors) == (0, "")
    with_hand, without = json.loads(output)
    assert without == {"image": "photos/Nothing/Nothing0.jpg", "hands": []}
    [hand] = with_hand["hands"]
    assert list(hand) == [
        "class", "letter", "probability", "answers", "box", "hand", "score", "found", "landmarks",
    ]  # fmt: skip
    assert (hand["class"], hand["letter"], hand["found"]) == ("B", "ب", "picture")
    assert hand["probability"] == hand["answers"][0]["probability"] >= 0.5
    assert sum(answer["probability"] for answer in hand["answers"]) == pytest.approx(1, abs=1e-4)
    left, top, right, bottom = hand["box"]
    xs, ys, _ = zip(*hand["landmarks"])
    assert (left, top) == (max(0, min(xs)), max(0, min(ys))) and (right, bottom) == (min(1, max(xs)), min(1, max(ys)))


def test_below_the_threshold_no_sign_is_named(command):
    assert command("predict", "B0.jpg", "--threshold", "1")[1].startswith("B0.jpg  no sign recognised: ب (B) ")
    hand = json.loads(command("predict", "B0.jpg", "--threshold", "1", "--json")[1])[0]["hands"][0]
    assert hand["class"] is None and hand["letter"] is None and hand["answers"][0]["class"] == "B"
    for share in ("1.5", "-0.1", "half", "nan"):
        status, output, errors = command("predict", "B0.jpg", f"--threshold={share}")
        assert (status, output) == (2, "") and "--threshold" in errors


def test_pictures_are_drawn_into_a_folder_and_none_over_another(command, place, tmp_path):
    folder = tmp_path / "new/drawn"
    for _ in range(2):
        assert command("predict", "B0.jpg", "photos/B/B0.jpg", "--draw", str(folder))[0] == 0
    found = sorted(path.name for path in folder.iterdir())
    assert found == ["B0-2.png", "B0-3.png", "B0-4.png", "B0.png"]
    before = picture(place, "B/B0.jpg")
    changed = (np.asarray(Image.open(folder / "B0.png")) != before).any(axis=2)
    assert 0.01 < changed.mean() < 0.7
    (tmp_path / "file").write_text("")
    status, _, errors = command("predict", "B0.jpg", "--draw", str(tmp_path / "file"))
    assert status == 1 and "cannot be made" in errors and len(errors.splitlines()) == 1


def test_what_cannot_be_read_is_told_and_the_rest_answered(command):
    status, output, errors = command("predict", "broken.jpg", "B0.jpg", "nowhere.jpg")
    assert status == 1 and len(output.splitlines()) == 1 and output.startswith("B0.jpg")
    first, second, last = errors.splitlines()
    assert first == "fingerspell: broken.jpg: it is not an image that can be read; give JPEG, PNG, WebP, …"
    assert second == "fingerspell: nowhere.jpg: it cannot be read: No such file or directory"
    assert last == "fingerspell: 2 of 3 images could not be read"


def test_a_model_of_whole_images_draws_nothing(command, exported):
    for words in (("--draw", "drawn"), ("--threshold", "0.5")):
        status, output, errors = command("predict", "B0.jpg", "--model", str(exported / "data/exported/tiny"), *words)
        assert (status, output) == (1, "") and "finds no hands, so --draw and --threshold do not go with it" in errors


def test_predict_waits_for_no_framework_and_nothing_is_said_on_standard_error(place):
    words = [sys.executable, "-m", "fingerspell.cli", "predict", "B0.jpg", "--model", "released/asl_reader"]
    done = subprocess.run(words, cwd=place, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("B0.jpg  ب (B) ")
    words[1:1] = ["-X", "importtime"]
    done = subprocess.run(words, cwd=place, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {"mediapipe", "ai_edge_litert"} <= imported
    assert not imported & {"tensorflow", "keras", "jax", "torch", "sklearn", "scipy"}


# Other people's photographs


@pytest.mark.parametrize("folder", ["models/reader", "released/asl_reader"])
def test_a_hand_that_is_not_found_is_an_error_and_none_where_there_is_none_is_right(place, tmp_path, folder):
    shutil.copytree(place / "photos", tmp_path / "photos")
    shutil.copy(place / "photos/Nothing/Nothing0.jpg", tmp_path / "photos/L/L1.jpg")  # a hand nobody can see
    with asking.opened(place / folder) as (description, predict):
        table = photographs.evaluate(tmp_path / "photos", description, predict).predictions
    told = {Path(member).stem: table.classes[said] for member, said in zip(table.members, table.predicted)}
    assert told == {"B0": "B", "L0": "B", "L1": photographs.NO_HAND, "Nothing0": "nothing"}
    assert table.correct.tolist() == [Path(member).stem in ("B0", "Nothing0") for member in table.members]


def test_evaluate_asks_the_reader_that_is_released(command):
    status, output, errors = command("evaluate", "photos", "--json")
    values = json.loads(output)
    assert status == 0 and values["test_images"] == 3 and values["accuracy"] == pytest.approx(2 / 3, abs=1e-6)
    assert "fingerspell: asked asl_reader (released)" in errors


def test_a_reader_that_is_damaged_is_told_in_a_sentence(command, place, tmp_path):
    folder = Path(shutil.copytree(place / "released/asl_reader", tmp_path / "reader"))
    model = folder / "model.tflite"
    model.write_bytes(model.read_bytes()[:-1000])
    description = json.loads((folder / "model.json").read_text())
    for given in (description["sha256"], {"model.tflite": sha256(model)}):
        (folder / "model.json").write_text(json.dumps(description | {"sha256": given}))
        status, output, errors = command("predict", "B0.jpg", "--model", str(folder))
        assert (status, output) == (1, "") and len(errors.splitlines()) == 1 and "is damaged" in errors
