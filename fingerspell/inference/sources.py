"""Where pictures come from on a command line: files, folders, patterns, and standard input."""

import glob
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fingerspell.errors import FingerspellError

SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif",
})  # fmt: skip
LARGEST = 64 * 2**20  # bytes of a picture
INPUT = "-"


@dataclass(frozen=True)
class Source:
    """One picture, by the name under which it is spoken of."""

    name: str

    def read(self) -> bytes:
        """Return the file's bytes; raises FingerspellError if it cannot be read or is implausibly large."""
        if self.name == INPUT:
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            path = Path(self.name)
            if path.exists() and not path.is_file() and not path.is_fifo():
                raise FingerspellError("it is no file")
            try:
                with open(path, "rb") as file:
                    data = file.read(LARGEST + 1)
            except OSError as error:
                raise FingerspellError(f"it cannot be read: {error.strerror}") from error
        if len(data) > LARGEST:
            raise FingerspellError(f"it is larger than {LARGEST // 2**20} MiB")
        return data


def sources(words: Iterable[str]) -> Iterator[Source]:
    """Yield the pictures that words of a command line name: a file as it is, `-` for standard input, of a folder all
    pictures below it, of a pattern such as `photos/*.jpg` all files that fit it, both sorted.

    Raises FingerspellError for a folder or a pattern in which there is no picture.
    """
    for word in words:
        path = Path(word)
        if word == INPUT or path.is_file():
            yield Source(word)
        elif path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
            if not found:
                raise FingerspellError(f"there are no pictures in {word}; name a folder that holds some")
            yield from (Source(str(file)) for file in found)
        elif glob.has_magic(word) and not path.exists():
            if not (found := sorted(glob.glob(word, recursive=True))):
                raise FingerspellError(f"no file fits {word}; mend the pattern")
            yield from (Source(file) for file in found if Path(file).is_file())
        else:
            yield Source(word)
