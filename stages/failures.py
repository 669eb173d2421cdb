"""What ends a stage, told in one sentence."""

from fingerspell.errors import FingerspellError, Unreachable, refusal
from fingerspell.interrupts import interrupted
from stages import INTERRUPTED


def told(error: BaseException) -> tuple[int, str] | None:
    """Return the exit status and the sentence for what a person can mend; None for a fault of the program."""
    if interrupted(error):
        return 130, INTERRUPTED
    if isinstance(error, FingerspellError | Unreachable):
        return 1, str(error)
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return 1, f"{error.filename} is not there; run `dvc repro`, which makes it"
    if isinstance(error, BrokenPipeError):
        return 1, "nobody reads standard output any more; run again without closing it"
    if sentence := refusal(error):
        return 1, sentence
    return None
