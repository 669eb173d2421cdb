"""Stop a small study at random moments, and see that `make repro` ends as if nothing had happened.

`python tests/torture.py ATTEMPTS [SEED]`; `make torture` makes 300. Each attempt begins with a part of the study done,
stops the rest of it once, and runs `make repro` again: then `git status` must be clean, which it is where `dvc.lock`,
metrics and plots have the bytes of an undisturbed run; no process and no half-written file may be left.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from conftest import ROOT, Repository
from dvc.repo import Repo
from dvc.repo.reproduce import plan_repro

WORKERS = 2
REPRO = ("make", "-o", "setup", "repro")  # in the environment of this process
LIMIT = 300  # seconds of one run
MOMENTS = ("in a stage", "while DVC checks", "while DVC writes its lock")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
TARGETS = ("all", "DVC alone", "the stage alone")
EXPERIMENT = "arasl_cnn"


def shrink(params: dict) -> None:
    """Cut the parameters down to one experiment, and hands that processes draw."""
    for section in ("weights", "autoencoders", "compositions", "crops", "exports", "external"):
        params[section] = {}
    params["landmarks"] = []
    params["evidence"] = {"comparisons": [], "images": 10, "robustness": [], "explanations": []}
    params["weights"] = {"none": "none"}
    params["hands"] = {"american": {"per_class": 4, "backgrounds": 100}}
    params["datasets"] = {"arasl": params["datasets"]["arasl"] | {"images_per_class": 6}}
    params["experiments"] = {EXPERIMENT: params["experiments"][EXPERIMENT] | {"image_size": 16, "epochs": 2}}


@dataclass(frozen=True)
class Stop:
    """One way to stop a run: when, by which signal, whom; again, as by an impatient second Ctrl-C, or not."""

    moment: str
    number: signal.Signals
    target: str
    again: bool
    done: int  # stages done before the run begins
    fresh: bool  # dvc.lock, metrics and plots of an undisturbed run are there, as in a fresh clone
    pause: float  # share of what the moment takes

    @classmethod
    def draw(cls, chance: random.Random, stages: int) -> "Stop":
        moment, number, target = chance.choice(MOMENTS), chance.choice(SIGNALS), chance.choice(TARGETS)
        again, fresh = number == signal.SIGINT and chance.random() < 0.5, chance.random() < 0.5
        return cls(moment, number, target, again, chance.randrange(stages), fresh, chance.random())

    def __str__(self) -> str:
        twice = " twice" if self.again else ""
        start = "clone" if self.fresh else "new"
        return f"{self.number.name}{twice} to {self.target} {self.moment}, {start}, {self.done} stages done"


class Study:
    """The undisturbed study, with a copy of its folder after every stage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        repository = Repository(folder / "undisturbed")
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, repository.folder)
        shutil.copytree(ROOT / "tools", repository.folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        repository.change(shrink)
        with Repo(str(repository.folder)) as opened:
            self.stages = [stage.name for stage in plan_repro(opened.index.graph)]
        self.seconds = []
        for number, stage in enumerate(self.stages):
            shutil.copytree(repository.folder, folder / str(number), symlinks=True)
            begun = time.monotonic()
            repository("dvc", "repro", "--single-item", stage)
            self.seconds.append(time.monotonic() - begun)
        assert not any(line.startswith("Running") for line in repository("dvc", "repro").splitlines())
        repository("git", "add", ".")
        repository("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "Undisturbed")

    def begin(self, stop: Stop, folder: Path) -> None:
        """Put the study, done as far as the stop says, into a folder."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder / str(stop.done), folder, symlinks=True)
        shutil.rmtree(folder / ".git")
        shutil.copytree(self.folder / "undisturbed/.git", folder / ".git")
        if stop.fresh:
            run(("git", "checkout", "--quiet", "--", "."), folder)


def run(command: tuple[str, ...], folder: Path) -> str:
    """Run a command to its end and return what it printed; raises AssertionError if it fails."""
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def environment() -> dict[str, str]:
    """Return the environment of a run, with the commands that belong to this Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}


def attempt(study: Study, stop: Stop, folder: Path) -> str | None:
    """Stop a run and repeat it; return what is wrong then, or None."""
    study.begin(stop, folder)
    log = folder.with_suffix(".log")
    with open(log, "w") as out:
        running = subprocess.Popen(
            REPRO,
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A shell starts background work with interrupts ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    wait_for(stop, study, running, folder, log)
    send(stop, running)
    running.wait(LIMIT)
    try:
        told = run(REPRO, folder)
        changed = run(("git", "status", "--porcelain"), folder)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return f"{error}\nafter:\n{log.read_text()}"
    if changed:
        return f"git status names\n{changed}after:\n{log.read_text()}and then:\n{told}"
    if halves := [str(path) for path in folder.rglob("*.partial")]:
        return f"left half-written: {', '.join(halves)}"
    deadline = time.monotonic() + 5
    while left := list(processes(folder)):
        if time.monotonic() > deadline:
            return f"left alive: {left}"
        time.sleep(0.1)
    return None


def wait_for(stop: Stop, study: Study, running: subprocess.Popen, folder: Path, log: Path) -> None:
    """Wait for the moment of a stop, or the end of the run."""
    if stop.moment == "while DVC checks":
        if stop.fresh or stop.done == 0:  # before the first stage
            time.sleep(stop.pause * 3)
            return
        while running.poll() is None and stage_process(folder) is None:
            time.sleep(0.005)
        while running.poll() is None and stage_process(folder) is not None:  # between two stages
            time.sleep(0.005)
        time.sleep(stop.pause * 0.5)
    elif stop.moment == "in a stage":
        while running.poll() is None and "Running stage" not in log.read_text():
            time.sleep(0.005)
        time.sleep(stop.pause * study.seconds[stop.done])
    else:
        lock = folder / "dvc.lock"
        before = size(lock)
        while running.poll() is None and (before == 0 or size(lock) >= before) and not (before == 0 and lock.exists()):
            time.sleep(0.0002)
        time.sleep(stop.pause * 0.02)


def size(path: Path) -> int:
    """Return the size of a file, 0 where it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def send(stop: Stop, running: subprocess.Popen) -> None:
    """Send the signal of a stop, to the process that it is meant for if that is there."""
    for _ in range(1 + stop.again):
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            inner = psutil.Process(running.pid).children(recursive=True)
            wanted = [one for one in inner if role(one) == stop.target]
            if stop.target == "all" or not wanted:
                os.killpg(running.pid, stop.number)
            else:
                wanted[0].send_signal(stop.number)
        time.sleep(stop.pause * 0.5 if stop.again else 0)


def role(process: psutil.Process) -> str:
    """Tell whether a process is DVC or a stage."""
    with suppress(psutil.Error):
        words = process.cmdline()
        if any(Path(word).name == "dvc" for word in words[:2]):
            return "DVC alone"
        if any(word.startswith("stages.") for word in words[:3]):
            return "the stage alone"
    return ""


def stage_process(folder: Path) -> psutil.Process | None:
    """Return the process of the stage that runs in a folder."""
    return next((one for one in processes(folder) if role(one) == "the stage alone"), None)


def processes(folder: Path) -> Iterator[psutil.Process]:
    """Yield all processes that work in a folder."""
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            if one.cwd() == str(folder) and one.status() != psutil.STATUS_ZOMBIE:
                yield one


def torture(attempts: int, seed: int, place: Path) -> list[str]:
    """Make attempts and return what was wrong with those that failed, each with what repeats it."""
    study = Study(place)
    wrong, count = [], Counter()

    def one(number: int) -> None:
        stop = Stop.draw(random.Random(f"{seed}-{number}"), len(study.stages))
        fault = attempt(study, stop, place / f"attempt-{number}")
        count[stop.moment, fault is None] += 1
        if fault:
            wrong.append(f"seed {seed}, attempt {number}: {stop}: {fault}")
            print(wrong[-1], flush=True)
        shutil.rmtree(place / f"attempt-{number}", ignore_errors=True)
        print(f"{number}: {'failed' if fault else 'ok'}: {stop}", flush=True)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, range(attempts)))
    for moment in MOMENTS:
        print(f"{moment}: {count[moment, True]} of {count[moment, True] + count[moment, False]}")
    print(f"{attempts - len(wrong)} of {attempts} ended as if undisturbed (seed {seed})")
    return wrong


if __name__ == "__main__":
    chosen = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    print(f"seed {chosen}")
    with tempfile.TemporaryDirectory() as made:
        sys.exit(1 if torture(int(sys.argv[1]), chosen, Path(made).resolve()) else 0)
