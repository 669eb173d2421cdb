"""One short script per stage of `dvc.yaml`: read the parameters, call the library, write the outputs.

Run as `python -m stages.<stage> [NAME]` in the folder that holds `params.yaml`.
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
from types import TracebackType

from fingerspell import files
from fingerspell.errors import FingerspellError

LOGS = Path("logs")
INTERRUPTED = "interrupted; nothing half-written is left, run the same command to go on"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS}  # or no permission to use it

# Before any stage imports Keras: TensorFlow's start-up notes drown the messages that matter.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def run(main: Callable[..., None]) -> None:
    """Call `main` with the words of the command line and end the process; a failure is one sentence, status 1.

    Seconds and peak memory of a stage that succeeded go to `logs/`, which neither Git nor DVC keeps.
    """
    stage, words = Path(sys.argv[0]).stem, sys.argv[1:]
    what = " ".join([stage, *words])
    start = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    sys.unraisablehook = lambda _: None  # h5py tells of a full disk once more when it frees its objects
    try:
        _check_usage(main, stage, words)
        main(*words)
        files.write_json(
            LOGS / ("-".join([stage, *words[:1]]) + ".json"),
            {"seconds": round(time.monotonic() - start, 2), "peak_bytes": _peak_bytes()},
        )
    except FingerspellError as error:
        _fail(what, str(error))
    except KeyboardInterrupt:
        _fail(what, INTERRUPTED, 130)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        place = error.filename or Path.cwd()
        _fail(what, f"{os.strerror(error.errno)}: {place}; make room or mend it, then run again")


def _check_usage(main: Callable[..., None], stage: str, words: list[str]) -> None:
    wanted = inspect.signature(main).parameters.values()
    several = any(one.kind is one.VAR_POSITIONAL for one in wanted)
    if len(words) != len(wanted) and not (several and words):
        usage = [f"python -m stages.{stage}", *(one.name.upper() for one in wanted), *["…"] * several]
        raise FingerspellError(f"wrong number of words; run `{' '.join(usage)}` or, for all stages, `dvc repro`")


def _fail(what: str, sentence: str, status: int = 1) -> None:
    print(f"{what}: {sentence}", file=sys.stderr)
    sys.exit(status)


def _peak_bytes() -> int:
    """Peak resident memory of this process and the largest of its children; Linux counts in KiB, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _before_run(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print(INTERRUPTED, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


if sys.argv[0] == "-m":  # so it is while Python looks for `stages.<stage>`, whose imports take seconds
    sys.excepthook = _before_run
