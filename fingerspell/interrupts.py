"""Ctrl-C, remembered: compiled code that it meets while it is imported makes an error of its own of it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_heard = False


@contextmanager
def heard(*numbers: signal.Signals) -> Iterator[None]:
    """Raise KeyboardInterrupt at these signals, but at one that is ignored, in a `with` block of the main thread."""
    global _heard
    _heard = False
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, _hear)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupted(error: BaseException) -> bool:
    """Say whether an exception comes of such a signal."""
    return _heard or isinstance(error, KeyboardInterrupt)


def _hear(number: int, frame: FrameType | None) -> None:
    global _heard
    _heard = True
    raise KeyboardInterrupt
