"""Runs a stage: one sentence where it fails, nothing half-written, seconds and memory in `logs/`.

Stages import it first: it imports `stages.environment`.
"""

import errno
import inspect
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from stages.environment import INTERRUPTED

from fingerspell import files
from fingerspell.errors import FingerspellError

LOGS = Path("logs")
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS}  # or no permission to use it


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
            LOGS / ("-".join([stage, *words]).replace("/", "-") + ".json"),
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
        sentence = f"{os.strerror(error.errno)}: {place}; make room or mend it, then run again"
        print(f"{what}: {sentence}", file=sys.stderr)
        _end(1)  # HDF5 would end by a segmentation fault where a full disk has cut its file short
    if status:  # only here has the failure let go of what it held, such as processes that draw
        print(f"{what}: {sentence}", file=sys.stderr)
        sys.exit(status)
    _end(0)  # Python takes a second to take TensorFlow apart


def _check_usage(main: Callable[..., None], stage: str, words: list[str]) -> None:
    wanted = inspect.signature(main).parameters
    if len(words) != len(wanted):
        usage = " ".join([f"python -m stages.{stage}", *map(str.upper, wanted)])
        raise FingerspellError(f"wrong number of words; run `{usage}` or, for all stages, `dvc repro`")


def _end(status: int) -> None:
    """End the process at once, without the clean-up of its modules."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _peak_bytes() -> int:
    """Peak resident memory of this process and the largest of its children; Linux counts in KiB, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
