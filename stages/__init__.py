"""One short script per stage of `dvc.yaml`: read the parameters, call the library, write the outputs."""

import os
import signal
import sys

INTERRUPTED = "interrupted; nothing half-written is left, run the same command to go on"


def _end(*_: object) -> None:
    """End at Ctrl-C: nothing is begun yet, and compiled code that is being imported would make a fault of it."""
    if sys.__stderr__ is not None:
        os.write(sys.__stderr__.fileno(), f"{INTERRUPTED}\n".encode())
    os._exit(130)


# `python -m stages.<stage>` looks for the stage, whose imports take seconds; `runner.run` then hears Ctrl-C itself.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
