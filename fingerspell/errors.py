"""What is meant for the person at the keyboard: the one exception, refusals of the system, numbers with their nouns."""

import errno
import os
from pathlib import Path

ROOM = dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room")
REMEDIES = ROOM | dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "change the permissions")


class FingerspellError(Exception):
    """A sentence that says what is wrong, where, and what to do; stages print it and exit with status 1."""


class Unreachable(ConnectionError):
    """A sentence on a storage that is not there or refuses. No FingerspellError: it says nothing of what was asked for,
    and whoever goes on without a damaged file must not go on without this one."""


def refusal(error: BaseException) -> str | None:
    """Return a sentence about room that a disk lacks or a permission that is not given; None for any other error."""
    number, place = None, ""
    if isinstance(error, OSError):
        number, place = error.errno, error.filename2 or error.filename
    if number not in REMEDIES:  # TensorFlow and HDF5 tell of a full disk by errors of their own, in the same words
        number = next((one for one in ROOM if os.strerror(one) in str(error)), None)
    if number is None:
        return None
    return f"{os.strerror(number)}: {place or _unnamed()}; {REMEDIES[number]}, then run again"


def _unnamed() -> str:
    """Say which file could not be written where the error does not: standard output, or one below this folder."""
    try:
        print(end="", flush=True)
    except OSError:
        return "standard output"
    return f"{Path.cwd()}, or where temporary files lie"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, whose plural ends in s where `many` does not name it: 1 image, 2,000 images."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
