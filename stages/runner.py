"""Runs a stage: one sentence where it fails, nothing half-written, seconds and memory in `logs/`.

Stages import it before anything else: it chooses numpy's kernels, and knows of Ctrl-C while the rest is imported.
"""

import errno
import gc
import inspect
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

# Before numpy is imported: OpenBLAS would choose its kernels by the processor's generation, and as they add in other
# orders, drawn pixels and trained classifiers would differ by their rounding. Without AVX2 those named here crash.
CPU = Path("/proc/cpuinfo")
if CPU.exists() and " avx2 " in CPU.read_text(encoding="utf-8"):
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")

# Before Keras is: TensorFlow's start-up notes drown the messages that matter.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from fingerspell import files  # noqa: E402
from fingerspell.errors import FingerspellError  # noqa: E402

LOGS = Path("logs")
CHECKPOINTS = Path("data/checkpoints")  # where interrupted trainings go on; empty between runs
INTERRUPTED = "interrupted; nothing half-written is left, run the same command to go on"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS}  # or no permission to use it

# Importing Keras makes 600,000 objects that stay; to look for garbage every 700 takes a second of each stage.
gc.set_threshold(100_000)


def run(main: Callable[..., None]) -> None:
    """Call `main` with the words of the command line and end the process; a failure is one sentence, status 1.

    Seconds and peak memory of a stage that succeeded go to `logs/`, which neither Git nor DVC keeps.
    """
    stage, words = Path(sys.argv[0]).stem, sys.argv[1:]
    what = " ".join([stage, *words])
    start = time.monotonic()
    status, sentence = 0, ""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    try:
        _check_usage(main, stage, words)
        main(*words)
        files.write_json(
            LOGS / ("-".join([stage, *words[:1]]) + ".json"),
            {"seconds": round(time.monotonic() - start, 2), "peak_bytes": _peak_bytes()},
        )
    except FingerspellError as error:
        status, sentence = 1, str(error)
    except KeyboardInterrupt:
        status, sentence = 130, INTERRUPTED
    except FileNotFoundError as error:
        if error.filename is None:
            raise
        status, sentence = 1, f"{error.filename} is not there; run `dvc repro`, which makes it"
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        place = error.filename or Path.cwd()
        _say(what, f"{os.strerror(error.errno)}: {place}; make room or mend it, then run again")
        _end(1)  # HDF5 would end by a segmentation fault where a full disk has cut its file short
    if status:  # only here has the failure let go of what it held, such as processes that draw
        _say(what, sentence)
        sys.exit(status)
    _end(0)  # Python takes a second to take TensorFlow apart


def archives() -> Path:
    """Return the folder of what a person put there, and what was fetched; no tool keeps it.

    A queued or temporary experiment runs in a copy below `.dvc/tmp/exps`, and shares that of the repository it is of.
    """
    origin, temporary, _ = str(Path.cwd()).partition(f"{os.sep}.dvc{os.sep}tmp{os.sep}exps{os.sep}")
    return Path(origin, "data/archives") if temporary else Path("data/archives")


def _check_usage(main: Callable[..., None], stage: str, words: list[str]) -> None:
    wanted = inspect.signature(main).parameters.values()
    several = any(one.kind is one.VAR_POSITIONAL for one in wanted)
    if len(words) != len(wanted) and not (several and words):
        usage = [f"python -m stages.{stage}", *(one.name.upper() for one in wanted), *["…"] * several]
        raise FingerspellError(f"wrong number of words; run `{' '.join(usage)}` or, for all stages, `dvc repro`")


def _end(status: int) -> None:
    """End the process at once, without the clean-up of its modules."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _say(what: str, sentence: str) -> None:
    print(f"{what}: {sentence}", file=sys.stderr, flush=True)


def _peak_bytes() -> int:
    """Peak resident memory of this process and the largest of its children; Linux counts in KiB, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


AFTERMATH = "Can't decrement id ref count"  # h5py's second complaint about a full disk, after the one that counts


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Keep tracebacks for faults of the program: not for an interrupt of its imports, nor for a full disk."""
    if issubclass(kind, KeyboardInterrupt):
        print(INTERRUPTED, file=sys.stderr)
    elif AFTERMATH not in str(error):
        sys.__excepthook__(kind, error, trace)


if sys.argv[0] == "-m":  # so it is while Python looks for `stages.<stage>`, whose imports take seconds
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda told: AFTERMATH in str(told.exc_value) or sys.__unraisablehook__(told)
