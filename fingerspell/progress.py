"""Progress bars on standard error."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(items: Iterable[T], total: int, what: str, unit: str = "images") -> Iterator[T]:
    """Iterate over `items` behind a bar with rate and time left; where nobody watches, one line every 30 s."""
    watched = sys.stderr.isatty()
    return iter(tqdm(items, total=total, desc=what, unit=f" {unit}", mininterval=0.1 if watched else 30, leave=watched))
