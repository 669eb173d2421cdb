"""The command line, mostly called in this process; once as a process of its own."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from test_external import COLOURS, SET, fill, picture, train

from fingerspell import cli
from fingerspell.inference import released

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
KEYS = [
    "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "top3_accuracy", "expected_calibration_error",
    "test_images",
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, exported: Path) -> Path:
    """A folder with one trained model, a released one, a set of photographs and some that lie open."""
    folder = tmp_path_factory.mktemp("place")
    train(folder / "models/colours")
    shutil.copytree(exported / "data/exported/tiny", folder / "released/asl_reader")
    fill(folder / "photos.zip", SET)
    fill(folder, {f"{label}.png": picture(label) for label in COLOURS} | {"long name.png": b"no image"})
    return folder


@pytest.fixture
def command(place, monkeypatch, capsys):
    """Run a command in that folder; returns its exit status, output and errors."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(released, "FOLDER", place / "released")

    def run(*words: str) -> tuple[int, str, str]:
        try:
            status = cli.main(words)
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


def test_predict_tells_people(command):
    status, output, errors = command("predict", "A.png", "B.png")
    assert (status, errors) == (0, "")
    first, second = output.splitlines()
    assert re.fullmatch(r"A\.png  A [0-9.]+%, then (B|del) [0-9.]+%, (B|del) [0-9.]+%", first)
    assert re.fullmatch(r"B\.png  B [0-9.]+%, then (A|del) [0-9.]+%, (A|del) [0-9.]+%", second)


def test_predict_answers_programs(command):
    status, output, errors = command("predict", "--json", "A.png", "del.png")
    assert (status, errors) == (0, "")
    values = json.loads(output)
    assert [one["image"] for one in values] == ["A.png", "del.png"]
    for one, label in zip(values, ("A", "del")):
        assert one["answers"][0]["class"] == one["answers"][0]["letter"] == label
        shares = [answer["probability"] for answer in one["answers"]]
        assert len(shares) == 3 and shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("json_wanted", [False, True])
def test_what_cannot_be_read_is_told_and_the_rest_answered(command, json_wanted):
    words = ("long name.png", "B.png", "nowhere.png", *["--json"] * json_wanted)
    status, output, errors = command("predict", *words)
    assert status == 1
    assert errors.splitlines() == [
        "fingerspell: long name.png: it is not an image that can be read; give JPEG, PNG, WebP, …",
        "fingerspell: nowhere.png: it cannot be read: No such file or directory",
        "fingerspell: 2 of 3 images could not be read",
    ]
    if json_wanted:
        assert ["error" in one for one in json.loads(output)] == [True, False, True]
    else:
        assert output.startswith("B.png          B ") and len(output.splitlines()) == 1


def test_predict_asks_the_model_that_is_named(command, place, tmp_path):
    other = tmp_path / "other model"
    shutil.copytree(place / "released/asl_reader", other)
    description = json.loads((other / "model.json").read_text())
    (other / "model.json").write_text(json.dumps(description | {"letters": ["ع", "B", "del"]}))
    assert command("predict", "A.png", "--model", "asl_reader") == command("predict", "A.png")
    assert command("predict", "A.png", "--model", str(other))[1].startswith("A.png  ع (A) ")
    for model, sentence in (
        ("asl_redaer", f"there is no released model 'asl_redaer' in {place / 'released'}; there is asl_reader"),
        ("models/colours", "models/colours holds no exported model; name a folder with model.tflite and model.json"),
    ):
        assert command("predict", "A.png", "--model", model) == (1, "", f"fingerspell: {sentence}\n")


def test_predict_waits_for_no_framework_and_ends_well_when_nobody_reads_on(place):
    words = [sys.executable, "-X", "importtime", "-m", "fingerspell.cli"]
    words += ["predict", *["A.png"] * 50, "--model", "released/asl_reader"]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0 and "ai_edge_litert" in imported
    assert not imported & {"keras", "tensorflow", "matplotlib", "sklearn", "scipy"}
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([words[0], *words[3:]], cwd=place, env=environment, **pipe) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_evaluate_asks_the_released_model_where_none_is_named(command):
    status, output, _ = command("evaluate", "photos.zip")
    assert status == 0 and output.startswith("asl_reader (released) on photos.zip: 4 images of 3 classes\n")
    status, output, errors = command("evaluate", "photos.zip", "--json")
    assert status == 0 and json.loads(output)["test_images"] == 4
    assert "fingerspell: asked asl_reader (released)" in errors.splitlines()


def test_a_released_model_comes_before_one_of_the_same_name_that_was_trained_here(command, place):
    shutil.copytree(place / "models/colours", place / "models/asl_reader")
    words = "evaluate", "--experiment", "asl_reader", "photos.zip"
    try:
        assert command(*words)[1].startswith("asl_reader (released) on ")
        assert command(*words, "--models", "models")[1].startswith("asl_reader on ")
    finally:
        shutil.rmtree(place / "models/asl_reader")


def test_a_folder_of_models_that_is_named_is_the_only_one_looked_into(command, place):
    (place / "none").mkdir(exist_ok=True)
    status, output, errors = command("evaluate", "--experiment", "asl_reader", "--models", "none", "photos.zip")
    assert (status, output) == (1, "") and "there is no model 'asl_reader' in none" in errors
    assert command("evaluate", "--models", "released", "photos.zip")[1].startswith("asl_reader on photos.zip: 4 images")


def test_a_model_that_was_not_released_is_missed_in_one_sentence(command, monkeypatch):
    monkeypatch.setattr(released, "FOLDER", Path("nowhere"))
    for words in (["predict", "A.png"], ["evaluate", "photos.zip"]):
        status, output, errors = command(*words)
        assert (status, output) == (1, "") and len(errors.splitlines()) == 1
        assert "there is no released model 'asl_reader' in nowhere; install the project" in errors


def test_evaluate_tells_people(command):
    status, output, _ = command("evaluate", "--experiment", "colours", "photos.zip")
    assert status == 0
    first, *rest = output.splitlines()
    assert first == "colours on photos.zip: 4 images of 3 classes"
    assert "accuracy  0.750  (95% interval 0.301–0.954)" in rest
    assert "A            2     50%  B 1" in rest
    assert "B            1    100%" in rest
    assert rest[-4] == "Not counted:"
    assert rest[-3] == "- images in folders that name no class of the model: 2, in seven (2)"


def test_one_is_one(command, tmp_path):
    place = fill(tmp_path / "one.zip", {"A/1.png": picture("A")})
    assert command("evaluate", str(place))[1].startswith(f"asl_reader (released) on {place}: 1 image of 1 class\n")
    assert command("predict", "nowhere.png")[2].endswith("fingerspell: 1 of 1 image could not be read\n")


def test_evaluate_answers_programs_with_the_keys_of_an_experiments_metrics(command):
    status, output, errors = command("evaluate", "--experiment", "colours", "photos.zip", "--json")
    assert status == 0
    values = json.loads(output)
    metrics = json.loads((ROOT / "metrics/asl_cnn.json").read_text(encoding="utf-8"))
    assert list(values) == KEYS and set(KEYS) <= set(metrics)
    assert values["accuracy"] == 0.75 and values["test_images"] == 4
    assert "in seven (2)" in errors


def test_a_folder_and_a_zip_give_the_same(command, place, tmp_path):
    one = command("evaluate", "--experiment", "colours", "photos.zip", "--json")[1]
    folder = fill(tmp_path / "photos", SET)
    models = ("--models", str(place / "models"))
    assert command("evaluate", "--experiment", "colours", *models, str(folder), "--json")[1] == one


def test_as_a_process(place):
    words = [sys.executable, "-m", "fingerspell.cli", "evaluate", "--experiment", "colours", "photos.zip", "--json"]
    done = subprocess.run(words, cwd=place, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accuracy"] == 0.75
    # Not a line of TensorFlow's, nor of a progress bar
    assert [line.split(":")[:2] for line in done.stderr.splitlines()] == [
        ["fingerspell", " asked colours"],
        ["fingerspell", " images in folders that name no class of the model"],
        ["fingerspell", " images that cannot be read"],
        ["fingerspell", " files that are no images"],
    ]
    wrong = subprocess.run([*words[:-2], "nowhere"], cwd=place, env={"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert wrong.returncode == 1 and wrong.stdout == b"" and b"Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["colour", "photos.zip"], "there is no model 'colour' in models; there are colours"),
        (["colours", "photos.zip", "--models", "."], "in .; run `dvc repro` first, or name the folder with --models"),
        (["colours", "nowhere"], "nowhere is not there; give a folder or a zip of class folders"),
        (["colours", "empty"], "there are no images in empty; put them into a folder per class, named after it"),
        (["colours", "arabic"], "none of the folders in arabic (ain) names a class of colours, which knows A, B, del"),
        (["colours", "models/colours/model.json"], "neither a folder nor a whole zip"),
        (["broken", "photos.zip", "--models", "other"], "the model in other/broken is damaged"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_sentence(command, place, words, sentence):
    (place / "empty").mkdir(exist_ok=True)
    fill(place / "arabic", {"ain/1.png": picture("A")})
    fill(place / "other", {"broken/model.json": b"{}"})
    status, output, errors = command("evaluate", "--experiment", *words)
    assert (status, output) == (1, "")
    last = [line for line in errors.replace("\r", "\n").splitlines() if "fingerspell: " in line]
    assert len(last) == 1 and sentence in last[0] and "Traceback" not in errors


def test_an_interrupt_is_no_traceback(command, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fingerspell.external.photographs.evaluate", interrupted)
    status, output, errors = command("evaluate", "--experiment", "colours", "photos.zip")
    assert (status, output) == (130, "") and errors == "fingerspell: interrupted\n"


def test_a_library_that_is_missing_is_told_in_one_sentence():
    """As OpenCV's is where pip installed it on a system without a desktop."""
    script = (
        "import sys; sys.modules['cv2'] = None; from fingerspell import cli; sys.exit(cli.main(['predict', 'A.png']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith(
        "fingerspell: import of cv2 halted; None in sys.modules; install the package or the library"
    )


def test_version_and_help(command):
    assert command("--version") == (0, f"fingerspell {version('fingerspell')}\n", "")
    status, output, _ = command("evaluate", "--help")
    assert status == 0 and "FOLDER_OR_ZIP" in output and "--experiment NAME" in output
    for name in ("predict", "evaluate"):
        assert f"(default: {released.DEFAULT}" in " ".join(command(name, "--help")[1].split())
    assert command()[0] == command("evaluate")[0] == command("predict")[0] == 2


def test_help_waits_for_nothing_heavy():
    words = [sys.executable, "-X", "importtime", "-m", "fingerspell.cli", "--help"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0 and "fingerspell.errors" in imported
    assert not imported & {"keras", "tensorflow", "numpy", "PIL", "pydantic", "matplotlib", "sklearn"}
