"""One short script per stage of `dvc.yaml`: read the parameters, call the library, write the outputs.

Run as `python -m stages.<stage> [NAME]` in the folder that holds `params.yaml`.
"""

import errno
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fingerspell import files
from fingerspell.errors import FingerspellError

LOGS = Path("logs")

# Before any stage imports Keras: TensorFlow's start-up notes drown the messages that matter.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def run(main: Callable[..., None]) -> None:
    """Call `main` with the words of the command line and end the process; a failure is one sentence, status 1.

    Seconds and peak memory of a stage that succeeded go to `logs/`, which neither Git nor DVC keeps.
    """
    stage, words = Path(sys.argv[0]).stem, sys.argv[1:]
    what = " ".join([stage, *words])
    start = time.monotonic()
    try:
        main(*words)
    except FingerspellError as error:
        _fail(what, str(error))
    except KeyboardInterrupt:
        _fail(what, "interrupted; nothing half-written is left, run the same command to go on", 130)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        _fail(what, f"{error.strerror}: {error.filename or Path.cwd()}; make room or mend it, then run again")
    files.write_json(
        LOGS / ("-".join([stage, *words[:1]]) + ".json"),
        {"seconds": round(time.monotonic() - start, 2), "peak_bytes": _peak_bytes()},
    )


def _fail(what: str, sentence: str, status: int = 1) -> None:
    print(f"{what}: {sentence}", file=sys.stderr)
    sys.exit(status)


def _peak_bytes() -> int:
    """Peak resident memory of this process and the largest of its children; Linux counts in KiB, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * sum(
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
