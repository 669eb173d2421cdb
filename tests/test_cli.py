"""The command line, mostly called in this process; once as a process of its own."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from test_external import SET, fill, picture, train

from fingerspell import cli

ROOT = Path(__file__).parent.parent
KEYS = {
    "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "top3_accuracy", "expected_calibration_error",
    "test_images",
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one trained model and a set of photographs."""
    folder = tmp_path_factory.mktemp("place")
    train(folder / "models/colours")
    fill(folder / "photos.zip", SET)
    return folder


@pytest.fixture
def command(place, monkeypatch, capsys):
    """Run a command in that folder; returns its exit status, output and errors."""
    monkeypatch.chdir(place)

    def run(*words: str) -> tuple[int, str, str]:
        try:
            status = cli.main(words)
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


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


def test_evaluate_answers_programs_with_the_keys_of_an_experiments_metrics(command):
    status, output, errors = command("evaluate", "--experiment", "colours", "photos.zip", "--json")
    assert status == 0
    values = json.loads(output)
    metrics = json.loads((ROOT / "metrics/asl_cnn.json").read_text(encoding="utf-8"))
    assert KEYS <= set(values) <= set(metrics)
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

    monkeypatch.setattr("fingerspell.external.evaluate", interrupted)
    status, output, errors = command("evaluate", "--experiment", "colours", "photos.zip")
    assert (status, output) == (130, "") and errors == "fingerspell: interrupted\n"


def test_version_and_help(command):
    assert command("--version") == (0, f"fingerspell {version('fingerspell')}\n", "")
    status, output, _ = command("evaluate", "--help")
    assert status == 0 and "FOLDER_OR_ZIP" in output and "--experiment NAME" in output
    assert command()[0] == command("evaluate", "photos.zip")[0] == 2


def test_help_waits_for_nothing_heavy():
    words = [sys.executable, "-X", "importtime", "-m", "fingerspell.cli", "--help"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0 and "fingerspell.errors" in imported
    assert not imported & {"keras", "tensorflow", "numpy", "PIL", "pydantic", "matplotlib", "sklearn"}
