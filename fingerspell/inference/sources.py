"""Where pictures come from on a command line: files, folders, patterns, and standard input."""

import glob
import os
import re
import select
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fingerspell.errors import FingerspellError
from fingerspell.files import below

SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif",
})  # fmt: skip
LARGEST = 64 * 2**20  # bytes of a picture
PATIENCE = 30  # seconds in which all of a picture must have come through a pipe
INPUT = "-"


@dataclass(frozen=True)
class Source:
    """One picture, by the name under which it is spoken of."""

    name: str

    def read(self) -> bytes:
        """Return the file's bytes; raises FingerspellError if it cannot be read, is too large, or does not end."""
        try:
            if self.name == INPUT:
                if sys.stdin is None:
                    raise FingerspellError("standard input is closed; name a file")
                return _bounded(sys.stdin.fileno())
            mode = os.stat(self.name).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
                raise FingerspellError("it is no file; name a picture")
            # Without O_NONBLOCK the opening of a pipe waits until somebody writes.
            with open(self.name, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as file:
                return _bounded(file.fileno())
        except OSError as error:
            raise FingerspellError(f"it cannot be read: {error.strerror}") from error


def _bounded(file: int) -> bytes:
    """Return what a file holds or a pipe brings; `file`: its descriptor."""
    data, end = bytearray(), time.monotonic() + PATIENCE
    while len(data) <= LARGEST:
        if not select.select([file], [], [], max(0, end - time.monotonic()))[0]:
            raise FingerspellError(f"it did not end within {PATIENCE} seconds; save it to a file and name that")
        if not (part := os.read(file, 2**20)):
            return bytes(data)
        data += part
    raise FingerspellError(f"it is larger than {LARGEST // 2**20} MiB; make it smaller")


def sources(words: Iterable[str]) -> Iterator[Source]:
    """Yield the pictures that words of a command line name: a file as it is, `-` for standard input, of a folder all
    pictures below it, of a pattern such as `photos/*.jpg` all files that fit it, both sorted.

    Raises FingerspellError for a folder or a pattern in which there is no picture, and a folder that may not be read.
    """
    for word in words:
        if word == INPUT or os.path.isfile(word):
            yield Source(word)
        elif os.path.isdir(word):
            found = sorted(file for file in below(Path(word)) if file.suffix.lower() in SUFFIXES)
            if not found:
                raise FingerspellError(f"there are no pictures in {word}; name a folder that holds some")
            yield from (Source(str(file)) for file in found)
        elif glob.has_magic(word) and not os.path.exists(word):
            if not (fitting := _fitting(word)):
                raise FingerspellError(f"no file fits {word}; mend the pattern")
            yield from map(Source, fitting)
        else:
            yield Source(word)


def _fitting(pattern: str) -> list[str]:
    """Return the files that fit a pattern, sorted. `**` enters no linked folder, so that a circle of them ends."""
    path = Path(pattern)
    parts = [part if part == "**" else re.sub(r"\*+", "*", part) for part in path.relative_to(path.anchor).parts]
    if parts[-1] == "**":
        parts.append("*")
    hidden = any(part.startswith(".") for part in parts)
    found = Path(path.anchor).glob("/".join(parts))
    return sorted(
        str(file)
        for file in found
        if file.is_file() and (hidden or not any(part.startswith(".") for part in file.parts))
    )
