"""One short script per stage of `dvc.yaml`: read the parameters, call the library, write the outputs.

Run as `python -m stages.<stage> [NAME]` in the folder that holds `params.yaml`.
"""

import errno
import gc
import inspect
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from functools import reduce
from operator import getitem
from pathlib import Path
from types import TracebackType

# Before numpy is imported: OpenBLAS would choose its kernels by the processor's generation, and as they add in other
# orders, drawn pixels and trained classifiers would differ by their rounding. Without AVX2 those named here crash.
CPU = Path("/proc/cpuinfo")
if CPU.exists() and " avx2 " in CPU.read_text(encoding="utf-8"):
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")

# Before Keras is: TensorFlow's start-up notes drown the messages that matter.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from fingerspell import config, files  # noqa: E402
from fingerspell.errors import FingerspellError  # noqa: E402

LOGS = Path("logs")
SETTINGS = Path("data/settings")  # what each stage takes of `params.yaml`, as the stage `settings` handed it over
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
        _check_settings(stage, words)
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


def _check_usage(main: Callable[..., None], stage: str, words: list[str]) -> None:
    wanted = inspect.signature(main).parameters.values()
    several = any(one.kind is one.VAR_POSITIONAL for one in wanted)
    if len(words) != len(wanted) and not (several and words):
        usage = [f"python -m stages.{stage}", *(one.name.upper() for one in wanted), *["…"] * several]
        raise FingerspellError(f"wrong number of words; run `{' '.join(usage)}` or, for all stages, `dvc repro`")


def _check_settings(stage: str, words: list[str]) -> None:
    """Refuse parameters that changed since `settings` handed them over: DVC would file the outputs under those."""
    for path in (SETTINGS / stage / f"{word}.json" for word in words):
        if path.is_file():
            values = config.read()
            for key, value in json.loads(path.read_text(encoding="utf-8")).items():
                if not _stands(values, key, value):
                    raise FingerspellError(
                        f"{key} in params.yaml changed after the stage `settings` handed it over; run `dvc repro` again"
                    )


def _stands(values: object, key: str, value: object) -> bool:
    try:
        return lookup(values, key) == value
    except (KeyError, TypeError):  # it, or a section above it, is gone
        return False


def lookup(values: object, key: str) -> object:
    """Return what stands in `params.yaml` under a key such as `experiments.asl_cnn.augment.flip`."""
    return reduce(getitem, key.split("."), values)


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
