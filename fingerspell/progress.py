"""Progress on standard error: a bar where somebody watches, else a line now and then."""

import sys
import time
from collections.abc import Generator, Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
PAUSE = 30  # seconds between two lines in a log


def progress(items: Iterable[T], total: int | None, what: str, unit: str = "images") -> Generator[T, None, None]:
    """Iterate over `items` behind a bar with rate and time left; in a captured log behind a line every 30 s.

    total: how many there are; None where nobody knows.
    """
    if sys.stderr.isatty():
        bar: Generator[T, None, None] = iter(tqdm(items, total=total, desc=what, unit=f" {unit}"))
        return bar
    return _logged(items, total, what, unit)


def _logged(items: Iterable[T], total: int | None, what: str, unit: str) -> Generator[T, None, None]:
    start = said = time.monotonic()
    for done, item in enumerate(items):
        if done and (now := time.monotonic()) - said >= PAUSE:
            said, told = now, f"{done:,} {unit}"
            if total is not None:
                left = tqdm.format_interval((now - start) / done * (total - done))
                told = f"{done:,} of {total:,} {unit}, {left} left"
            print(f"{what}: {told}", file=sys.stderr, flush=True)
        yield item
