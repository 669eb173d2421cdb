"""What the command line does where its output cannot be written, or cannot show a name; and Ctrl-C at any moment."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_external import fill, picture
from unprivileged import anybodys_folder, forbidden, needs_permissions

from fingerspell import cli
from fingerspell.inference import released

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
NAME = os.fsdecode(b"mine \xff")  # no UTF-8
FULL = "fingerspell: No space left on device: standard output; make room, then run again\n"
SMALL = ("--size", "96x64", "--rate", "8", "--speed", "4")
PREDICT = ("predict", f"{NAME}/A", "--model", "models/tiny")
EVALUATE = ("evaluate", NAME, "--experiment", "tiny", "--models", "models")
ANNOTATE = ("annotate", f"{NAME}.mp4", f"{NAME} out.mp4")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, exported: Path) -> Path:
    """A folder with an exported model, photographs, and a video, under names that are no UTF-8."""
    folder = tmp_path_factory.mktemp("output")
    shutil.copytree(exported / "data/exported/tiny", folder / "models/tiny")
    fill(folder / NAME, {f"A/{NAME} é.png": picture("A"), "B/1.png": picture("B"), f"{NAME}/1.png": picture("A")})
    done = run(folder, "sign", "hi", f"{NAME}.mp4", *SMALL)
    assert done.returncode == 0, done.stderr
    return folder


def run(place: Path, *words: str, environment: dict[str, str] | None = None, **options) -> subprocess.CompletedProcess:
    """Run a command line as a process of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "errors": "surrogateescape"}
    return subprocess.run(
        [sys.executable, "-m", "fingerspell.cli", *words],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""} | (environment or {}),
        **pipes | options,
    )


# Where nothing can be written

COMMANDS = [
    PREDICT,
    (*PREDICT, "--json"),
    EVALUATE,
    (*EVALUATE, "--json", "--report", "report"),
    (*ANNOTATE, "--json"),
    ("sign", "hi", "hi.mp4", *SMALL),
    ("--version",),
    ("--help",),
]
BUFFERED = [(words, "") for words in COMMANDS] + [(words, "1") for words in (PREDICT, ("--help",))]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no file that is always full")
@pytest.mark.parametrize("words, unbuffered", [*BUFFERED, (("serve", "--port", "0"), "")])
def test_a_full_standard_output_is_told_on_the_other(place, words, unbuffered):
    with open("/dev/full", "w") as full:
        done = run(place, *words, environment={"PYTHONUNBUFFERED": unbuffered}, stdout=full)
    assert (done.returncode, done.stderr.splitlines(keepends=True)[-1]) == (1, FULL)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


@pytest.mark.parametrize("words, unbuffered", BUFFERED)
def test_a_reader_that_has_seen_enough_is_told_nothing(place, words, unbuffered):
    reading, writing = os.pipe()
    os.close(reading)
    done = run(place, *words, environment={"PYTHONUNBUFFERED": unbuffered}, stdout=writing)
    os.close(writing)
    assert done.returncode == 1 and (words[0] == "evaluate" or done.stderr == "")  # which has more to say there
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


@pytest.mark.parametrize("words", [("annotate", f"{NAME}.mp4", "full.mp4"), ("sign", "hi", "full.mp4", *SMALL)])
@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
@pytest.mark.parametrize("room", [0, 2])
def test_a_full_disk_is_told_in_a_sentence(place, words, room):
    limit = ["bash", "-c", f'ulimit -f {room}; exec "$@"', "-", sys.executable, "-m", "fingerspell.cli", *words]
    done = subprocess.run(limit, cwd=place, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    [told] = [line for line in done.stderr.splitlines() if line.startswith("fingerspell: ")]
    assert "File too large" in told
    assert not list(place.glob("*full*"))


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
def test_a_full_disk_is_told_in_a_sentence_where_tensorflow_meets_it(exported, tmp_path):
    for part in ("models", "data/prepared"):
        shutil.copytree(exported / part, tmp_path / part)
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 4; exec '{sys.executable}' -m stages.export tiny"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    [told] = [line for line in done.stderr.splitlines() if line.startswith("export tiny: ")]
    assert "where temporary files lie; make room" in told
    assert not (tmp_path / "data/exported/tiny").exists()


# Names


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_that_cannot_be_shown_are_told_all_the_same(place, encoding):
    environment = {"LC_ALL": "C.UTF-8"} if encoding == "utf-8" else {"LC_ALL": "C", "PYTHONUTF8": "0"}
    done = run(place, *PREDICT, environment=environment)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(r"mine \udcff/A/mine \udcff ")

    done = run(place, *PREDICT, "--json", environment=environment)
    [found] = json.loads(done.stdout)
    assert (done.returncode, done.stdout.isascii()) == (0, True)
    named = found["image"].encode(encoding, "surrogateescape")
    assert named == os.fsencode(f"{NAME}/A/{NAME} é.png"), "a program finds the file by it"

    done = run(place, *EVALUATE, "--report", "report", environment=environment)
    assert done.returncode == 0, done.stderr
    assert r"2 images of 2 classes" in done.stdout and r"in mine \xff (1)" in done.stdout
    figures = json.loads((place / "report/error-analysis.json").read_text(encoding="utf-8"))
    assert figures["photographs"] == r"mine \xff"

    done = run(place, *EVALUATE, "--json", environment=environment)
    assert json.loads(done.stdout)["test_images"] == 2

    done = run(place, *ANNOTATE, "--json", environment=environment)
    assert (done.returncode, json.loads(done.stdout)["alphabet"]) == (0, "american"), done.stderr
    assert (place / f"{NAME} out.vtt").is_file()

    done = run(place, "predict", f"{NAME}/nowhere.png", "--model", "models/tiny", environment=environment)
    assert done.returncode == 1 and r"mine \udcff/nowhere.png: it cannot be read" in done.stderr


@needs_permissions
@pytest.mark.parametrize("mode", [0, 0o444])
def test_a_folder_that_may_not_be_read_is_told(exported, monkeypatch, capsys, mode):
    with anybodys_folder() as folder, anybodys_folder() as models:
        shutil.copytree(exported / "data/exported/tiny", models / "asl_reader")
        monkeypatch.setattr(released, "FOLDER", models)
        fill(folder, {"A/1.png": picture("A"), "closed/1.png": picture("A")})
        for command in ("predict", "evaluate"):
            assert cli.main([command, str(folder)]) == 0
            capsys.readouterr()
            with forbidden(folder / "closed", mode):
                assert cli.main([command, str(folder)]) == 1
            output, errors = capsys.readouterr()
            assert output == "" and len(errors.splitlines()) == 1
            assert errors.startswith(f"fingerspell: {folder}/closed")
            assert errors.endswith(" cannot be read: Permission denied; change its permissions\n")
        with forbidden(folder / "A/1.png"):
            assert cli.main(["predict", str(folder / "A/1.png")]) == 1
        assert "A/1.png: it cannot be read: Permission denied\n" in capsys.readouterr().err


# Ctrl-C


@pytest.mark.parametrize("words", [PREDICT, (*EVALUATE, "--report", "stopped")])
@pytest.mark.parametrize("module", ["argparse", "numpy._core", "cv2"])
def test_an_interrupt_of_the_imports_is_a_sentence(place, words, module):
    """The moment is when a module is there, and others are still to be imported."""
    process = started(place, words)
    for line in process.stderr:
        if line.endswith(f" {module}\n"):
            break
    errors = ended(process)
    assert process.returncode == 130 and errors.splitlines()[-1] == "fingerspell: interrupted"
    assert "Traceback" not in errors and not list(place.glob("*stopped*"))


def test_an_interrupt_at_any_moment_is_no_traceback(place):
    for number in range(12):
        process = started(place, PREDICT)
        for line in process.stderr:
            if line.endswith(" argparse\n"):
                break
        time.sleep(number / 12)  # seconds, in which it ends
        errors = ended(process)
        # Python itself, once its end has begun, dies of the signal.
        assert process.returncode in (130, 0, -signal.SIGINT), errors
        assert "Traceback" not in errors and "Exception ignored" not in errors
        assert ("fingerspell: interrupted" in errors) == (process.returncode == 130)


def started(place: Path, words: tuple[str, ...]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-X", "importtime", Path(sys.executable).with_name("fingerspell"), *words],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # A shell starts background work with interrupts ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def ended(process: subprocess.Popen) -> str:
    process.send_signal(signal.SIGINT)
    errors = process.stderr.read()
    process.wait()
    return errors
