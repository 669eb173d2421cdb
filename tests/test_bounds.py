"""Whatever is named as a picture, commands end: nothing is read without bounds, or waited for, and the rest is read."""

import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from test_external import COLOURS, fill, picture

from fingerspell import cli
from fingerspell.errors import FingerspellError
from fingerspell.inference import released, sources
from fingerspell.inference.sources import Source

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
# A process of the command, whose patience is short.
COMMAND = "import sys; from fingerspell import cli; from fingerspell.inference import sources; sources.PATIENCE = 1; "
COMMAND += "sys.exit(cli.main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def whole(exported, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("whole")
    shutil.copytree(exported / "data/exported/tiny", place / "released/asl_reader")
    return fill(place, {f"photos/{label}/1.png": picture(label) for label in COLOURS} | {"A.png": picture("A")})


@pytest.fixture
def place(whole, tmp_path, monkeypatch) -> Path:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(released, "FOLDER", tmp_path / "released")
    return tmp_path


@pytest.fixture
def command(place, capsys):
    """Run a command here; returns its exit status, output and errors."""

    def run(*words: str) -> tuple[int, str, str]:
        return cli.main(words), *capsys.readouterr()

    return run


def process(place: Path, *words: str, stdin=subprocess.DEVNULL) -> tuple[int, str, list[str]]:
    """Run a command as a process, which must end; returns its exit status, its output and the lines of its errors."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        cwd=place,
        env={"PYTHONPATH": str(ROOT)},
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


def sparse(path: Path, size: int = 5 * 2**30) -> None:
    with open(path, "wb") as file:
        file.truncate(size)


def test_what_is_too_large_never_ends_or_is_no_file_is_told_and_the_rest_answered(place):
    sparse(place / "huge.png")
    os.mkfifo(place / "pipe.png")
    os.symlink("/dev/zero", place / "zero.png")
    os.symlink("loop.png", place / "loop.png")
    names = ["huge.png", "pipe.png", "zero.png", "/dev/zero", "loop.png", "n" * 300, "A.png"]
    status, output, errors = process(place, "predict", *names, "--model", "released/asl_reader")
    assert status == 1 and output.split()[:2] == ["A.png", "A"] and len(output.splitlines()) == 1
    assert errors == [
        "fingerspell: huge.png: it is larger than 64 MiB; make it smaller",
        "fingerspell: pipe.png: it did not end within 1 seconds; save it to a file and name that",
        "fingerspell: zero.png: it is no file; name a picture",
        "fingerspell: /dev/zero: it is no file; name a picture",
        "fingerspell: loop.png: it cannot be read: Too many levels of symbolic links",
        f"fingerspell: {'n' * 300}: it cannot be read: File name too long",
        "fingerspell: 6 of 7 images could not be read",
    ]


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_standard_input_that_never_ends(place, name):
    words = ["predict", name, "--model", "released/asl_reader"]
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        assert process(place, *words, stdin=endless.stdout)[2][0].endswith(
            f"{name}: it is larger than 64 MiB; make it smaller"
        )
        endless.kill()
    reading, writing = os.pipe()
    try:
        assert process(place, *words, stdin=reading)[2][0].endswith(
            f"{name}: it did not end within 1 seconds; save it to a file and name that"
        )
    finally:
        os.close(reading)
        os.close(writing)


def test_standard_input_that_is_a_device_or_closed(place):
    words = ["predict", "-", "--model", "released/asl_reader"]
    with open("/dev/zero", "rb") as zeros:
        assert process(place, *words, stdin=zeros)[2][0].endswith("-: it is larger than 64 MiB; make it smaller")
    closed = subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m fingerspell.cli predict - --model released/asl_reader <&-"],
        cwd=place,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert closed.stderr.splitlines()[0] == "fingerspell: -: standard input is closed; name a file"


def written(path: Path, parts: list[bytes], pause: float) -> threading.Thread:
    """Write into a pipe from a thread, with a pause before each part, until nobody reads on."""

    def write() -> None:
        with suppress(BrokenPipeError), open(path, "wb", buffering=0) as pipe:
            for part in parts:
                time.sleep(pause)
                pipe.write(part)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_a_pipe_is_read_to_its_end_however_it_comes(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    data = os.urandom(300_000)  # more than a pipe holds
    writer = written(tmp_path / "pipe", [data[:1], data[1:70_000], data[70_000:]], 0.05)
    assert Source(str(tmp_path / "pipe")).read() == data
    writer.join()


def test_a_pipe_that_drips_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PATIENCE", 0.3)
    os.mkfifo(tmp_path / "pipe")
    writer = written(tmp_path / "pipe", [b"x"] * 1000, 0.05)
    with pytest.raises(FingerspellError, match="it did not end within"):
        Source(str(tmp_path / "pipe")).read()
    writer.join(timeout=10)
    assert not writer.is_alive()


def test_as_much_as_is_allowed_is_read(tmp_path):
    sparse(tmp_path / "whole", sources.LARGEST)
    assert len(Source(str(tmp_path / "whole")).read()) == sources.LARGEST
    sparse(tmp_path / "more", sources.LARGEST + 1)
    with pytest.raises(FingerspellError, match="it is larger than 64 MiB"):
        Source(str(tmp_path / "more")).read()


def test_circles_of_linked_folders_end(place):
    fill(place, {"album/2024/B.png": picture("B"), "album/.trash/A.png": picture("A"), "album/x[1].png": picture("A")})
    for name in ("here", "again", "2024/up"):
        os.symlink(place / "album", place / "album" / name)  # by two links there are 2^40 ways down
    everything = ["album/2024/B.png", "album/x[1].png"]
    for pattern, names in (
        ("album/**/*.png", everything),
        ("album/**", everything),
        ("album/**.png", everything[1:]),
        (
            "album/*/B.png",
            [
                "album/2024/B.png",
            ],
        ),
        ("album/**/2024/*", everything[:1]),
        ("album/.trash/*", ["album/.trash/A.png"]),
        (f"{place}/album/**/B*", [f"{place}/album/2024/B.png"]),
        ("album/x[1].png", everything[1:]),
    ):
        status, output, errors = process(place, "predict", pattern, "--model", "released/asl_reader")
        assert (status, errors) == (0, []), pattern
        assert [line.split("  ")[0] for line in output.splitlines()] == names, pattern
    status, output, _ = process(place, "predict", "album", "--model", "released/asl_reader")
    assert status == 0 and len(output.splitlines()) == 3


def test_a_pattern_that_only_pipes_fit_is_refused(place, command):
    os.mkfifo(place / "pipe.gif")
    assert command("predict", "*.gif")[2] == "fingerspell: no file fits *.gif; mend the pattern\n"


def test_evaluate_reads_the_others(place):
    sparse(place / "photos/A/huge.png")
    os.mkfifo(place / "photos/A/pipe.png")
    os.symlink("/dev/zero", place / "photos/B/zero.png")
    os.symlink(place / "photos", place / "photos/del/loop")
    status, output, errors = process(place, "evaluate", "photos", "--models", "released")
    assert status == 0 and output.startswith("asl_reader on photos: 3 images of 3 classes\n"), errors
    assert "- images that cannot be read: 1, A/huge.png (larger than 64 MiB)" in output


@pytest.mark.parametrize("given", ["pipe", "/dev/zero", "huge", "n" * 300])
def test_evaluate_takes_folders_and_zips_alone(place, given):
    os.mkfifo(place / "pipe")
    sparse(place / "huge")
    status, output, errors = process(place, "evaluate", given, "--models", "released")
    assert (status, output) == (1, "") and len(errors) == 1 and errors[0].startswith(f"fingerspell: {given} ")


@pytest.mark.parametrize("given", ["pipe", "/dev/zero", "/dev/stdin", "photos", "huge", "n" * 300])
def test_annotate_takes_files_alone(place, given):
    os.mkfifo(place / "pipe")
    sparse(place / "huge")
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        status, output, errors = process(place, "annotate", given, "out.mp4", stdin=endless.stdout)
        endless.kill()
    assert (status, output) == (1, "") and len(errors) == 1 and errors[0].startswith(f"fingerspell: {given} ")
    assert not list(place.glob("out*"))


def test_a_model_with_a_name_that_no_file_can_have_is_not_there(place, command):
    (place / "models").mkdir()
    for words in (["predict", "A.png", "--model", "n" * 300], ["evaluate", "photos", "--experiment", "n" * 300]):
        status, output, errors = command(*words)
        assert (status, output) == (1, "") and "there is no" in errors and len(errors.splitlines()) == 1
