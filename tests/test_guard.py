"""Stages while they run: alone, no longer than the DVC that started them, and leaving no process behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from conftest import ROOT, Repository
from torture import environment, processes, shrink

pytestmark = pytest.mark.slow

WORDS = ("hands", "american")
STAGE = ["python", "-m", "stages.hands", "american"]
BEGUN = "data/hands/.american.partial"
# Stands for DVC: it starts the stage and waits for it.
STARTER = f"import subprocess; subprocess.run({STAGE})"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository whose hands two processes draw in some seconds."""
    made = Repository(tmp_path_factory.mktemp("guard") / "fingerspell")

    def change(params: dict) -> None:
        shrink(params)
        params["hands"] = {"american": {"per_class": 3, "backgrounds": 10}}

    made.change(change)
    return made


@pytest.fixture
def folder(repository) -> Iterator[Path]:
    yield repository.folder
    for left in processes(repository.folder):
        left.kill()


def start(folder: Path, command: list[str], **variables: str) -> subprocess.Popen:
    return subprocess.Popen(
        command, cwd=folder, env=environment() | variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def drawing(folder: Path) -> list[psutil.Process]:
    """Return the processes of a stage that has begun to draw: itself, and those that it started."""
    there = list(processes(folder))
    return there if (folder / BEGUN).exists() and len(there) >= 3 else []


def test_a_stage_ends_with_the_dvc_that_started_it(folder):
    dvc = start(folder, [sys.executable, "-c", STARTER], DVC_STAGE="hands@american")
    until(lambda: drawing(folder))
    dvc.kill()
    until(lambda: not list(processes(folder)))
    assert "interrupted; nothing half-written is left" in dvc.stderr.read()
    assert not (folder / BEGUN).exists() and not (folder / "data/hands/american").exists()


def test_a_stage_started_by_hand_outlives_its_shell(folder):
    shell = start(folder, [sys.executable, "-c", STARTER])
    until(lambda: drawing(folder))
    shell.kill()
    until(lambda: not list(processes(folder)))
    assert (folder / "data/hands/american").is_dir()


def test_the_same_stage_waits_for_the_one_that_runs(folder):
    first = start(folder, STAGE)
    until(lambda: drawing(folder))
    second = start(folder, STAGE)
    told = second.stderr.readline()
    assert told == f"hands american: process {first.pid} runs this stage; waiting for its end, or end it\n"
    assert (first.wait(), second.wait()) == (0, 0)
    assert not list(folder.rglob("*.partial"))


def test_one_run_fetches_while_those_in_copies_wait_and_train(folder):
    """A queue's workers run in copies of the repository, which share its archives."""
    script = "import sys; from stages.guard import guarded\nwith guarded(sys.argv[1]): print('in', flush=True); input()"

    def begin(place: Path, what: str) -> subprocess.Popen:
        (place / ".dvc/tmp").mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-c", script, what],
            cwd=place,
            env=environment() | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(*started: subprocess.Popen) -> list[str]:
        for one in started:
            print(file=one.stdin, flush=True)
        return [one.communicate(timeout=60)[0] for one in started]

    first, second, itself = (folder / ".dvc/tmp/exps/one", folder / ".dvc/tmp/exps/two", folder)
    trainings = [begin(place, "train asl_cnn") for place in (first, second, itself)]
    assert [one.stdout.readline() for one in trainings] == ["in\n"] * 3
    fetching = begin(first, "download american")
    assert fetching.stdout.readline() == "in\n"
    waiting = begin(second, "download asl_alphabet"), begin(itself, "weights vgg16")
    for one, what in zip(waiting, ("download asl_alphabet", "weights vgg16")):
        told = one.stdout.readline()
        assert told == f"{what}: process {fetching.pid} fetches too; waiting for its end, or end it\n"
    assert end(fetching, *trainings) == [""] * 4
    assert end(*waiting) == ["in\n"] * 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_a_stage_that_was_stopped(folder, number):
    stage = start(folder, STAGE)
    until(lambda: drawing(folder))
    os.kill(stage.pid, number)
    stage.wait()
    until(lambda: not list(processes(folder)))


def test_no_process_outlives_a_stage_on_a_full_disk(folder):
    stage = start(folder, ["bash", "-c", "ulimit -f 4; exec python -m stages.hands american"])  # KiB
    assert stage.wait() == 1
    assert "make room" in stage.stderr.read()
    until(lambda: not list(processes(folder)))
