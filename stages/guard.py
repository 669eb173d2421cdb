"""Guards a stage while it runs: it is alone, ends when DVC has ended, and `dvc.lock`, which DVC may cut, is kept."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.places import origin

import zc.lockfile

from fingerspell import files

PRIVATE = Path(".dvc/tmp")  # DVC's own, which neither DVC nor Git keeps
LOCK = Path("dvc.lock")
WHOLE = PRIVATE / "dvc.lock.whole"
STARTED_BY_DVC = "DVC_STAGE"  # in the environment
FETCHES = ("download", "weights")  # stages that write to what all runs share, `places.archives`
LOOK_EVERY = 0.2  # seconds


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Guard the stage that runs in a `with` block; outside a repository of DVC there is nothing to guard.

    what: the stage with its words, such as "train asl_cnn". Where another process runs the same, it waits for its end;
    likewise one that fetches, while any other of the repository's runs does.
    """
    if not PRIVATE.is_dir():
        yield
        return
    if STARTED_BY_DVC in os.environ:
        threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    fetches = what.split()[0] in FETCHES
    name = "fetching" if fetches else what.replace(" ", "-").replace("/", "-")
    running = (origin() if fetches else Path()) / PRIVATE / "running" / name
    running.parent.mkdir(exist_ok=True)
    alone = _wait(running, f"{what}: process %s {'fetches too' if fetches else 'runs this stage'}")
    try:
        keep_lock()
        yield
    finally:
        alone.close()


def keep_lock() -> None:
    """Copy `dvc.lock`, which is whole while a stage runs: DVC rewrites it in its place between two of them."""
    if not LOCK.exists():
        WHOLE.unlink(missing_ok=True)
    elif not (WHOLE.exists() and WHOLE.read_bytes() == LOCK.read_bytes()):
        with files.write_aside(WHOLE) as aside:
            aside.write_bytes(LOCK.read_bytes())


def _end_with(dvc: int) -> None:
    """Interrupt this process when the one that started it has gone: nobody would take over what it makes."""
    while os.getppid() == dvc:
        time.sleep(LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)


def _wait(running: Path, sentence: str) -> zc.lockfile.LockFile:
    told = False
    while True:
        try:
            return zc.lockfile.LockFile(str(running))
        except zc.lockfile.LockError:
            process = running.read_text(encoding="utf-8").strip() or "another"
            if not told:
                print(f"{sentence % process}; waiting for its end, or end it", file=sys.stderr)
            told = True
            time.sleep(LOOK_EVERY)
