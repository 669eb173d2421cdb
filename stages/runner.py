"""Runs a stage: one sentence where it fails, nothing half-written, seconds and memory in `logs/`.

Stages import it first: it imports `stages.environment`.
"""

import inspect
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import stages.environment  # noqa: F401  # before numpy, which files imports

from fingerspell import files
from fingerspell.errors import FingerspellError
from fingerspell.interrupts import heard
from stages.failures import told
from stages.guard import guarded

LOGS = Path("logs")


def run(main: Callable[..., None]) -> None:
    """Call `main` with the words of the command line and end the process; a failure is one sentence, status 1.

    Seconds, processor seconds and peak memory of one that succeeded go to `logs/`, which neither Git nor DVC keeps.
    """
    stage, words, start = Path(sys.argv[0]).stem, sys.argv[1:], time.monotonic()
    what, status, sentence = " ".join([stage, *words]), 0, ""
    try:
        with heard(signal.SIGINT, signal.SIGTERM):
            _check_usage(main, stage, words)
            with guarded(what):
                main(*words)
            sys.stdout.flush()
            seconds, cpu_seconds = round(time.monotonic() - start, 2), round(time.process_time(), 2)
            _log(what, {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": _peak_bytes()})
    except BaseException as error:
        if (ended := told(error)) is None:
            raise
        status, sentence = ended
    if status:  # only here has the failure let go of what it held, such as processes that draw
        print(f"{what}: {sentence}", file=sys.stderr)
    _end(status)


def _check_usage(main: Callable[..., None], stage: str, words: list[str]) -> None:
    wanted = inspect.signature(main).parameters
    if len(words) != len(wanted):
        usage = " ".join([f"python -m stages.{stage}", *map(str.upper, wanted)])
        raise FingerspellError(f"wrong number of words; run `{usage}` or, for all stages, `dvc repro`")


def _log(what: str, values: dict[str, Any]) -> None:
    try:
        files.write_json(LOGS / f"{what.replace(' ', '-').replace('/', '-')}.json", values)
    except OSError as error:
        print(f"{what}: done, but {LOGS} cannot be written: {error.strerror or error}", file=sys.stderr)


def _end(status: int) -> None:
    """End the process at once, without the clean-up of its modules.

    That of TensorFlow takes a second, and that of HDF5 ends in a segmentation fault where a disk was full.
    """
    with suppress(OSError):  # of an output that is full, which is told
        sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _peak_bytes() -> int:
    """Peak resident memory of this process and the largest of its children; Linux counts in KiB, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
