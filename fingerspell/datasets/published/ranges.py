"""A file on object storage or a web server, read by range: nothing is downloaded whole.

fsspec knows the protocols: `s3://bucket/set.zip` (with the extra s3), `https://…`, `memory://…`, and those for which
its packages are installed. Credentials and the storage's own address are told as that protocol's packages ask for them,
such as by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL.
"""

import io
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fingerspell.errors import Unreachable

TAIL = 2**16 + 2**10  # bytes at the end: there a zip tells where its directory is, its comment of up to 64 KiB included
_REST = "check the address, your rights to it and the network, then run the same command again"

Answer = TypeVar("Answer")


def is_url(path: object) -> bool:
    """Say whether an address names a file of another machine, or of memory, instead of a path on this one."""
    return "://" in str(path)


class Ranged(io.RawIOBase):
    """A file at `url`; its end is read at once, all else when it is asked for. Raises Unreachable."""

    def __init__(self, url: str) -> None:
        self.url = url
        # Imported here: of an archive on disk nothing is asked that takes a third of a second to import.
        from fsspec.core import url_to_fs

        self._files, self._path = self._asked(lambda: url_to_fs(url))
        self.size = int(self._asked(lambda: self._files.info(self._path))["size"] or 0)
        self._at = 0
        self._end = max(0, self.size - TAIL)
        self._tail = self._range(self._end, self.size)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if self._at < 0:
            raise OSError("it has less bytes than that")
        return self._at

    def readinto(self, buffer: Any) -> int:
        apart = self._end if self._at < self._end else self.size  # what is here already is not asked for again
        data = self.part(self._at, min(len(buffer), max(0, apart - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def part(self, start: int, length: int) -> bytes:
        """Return what lies there, less where the file ends before."""
        if start >= self._end:
            return self._tail[start - self._end : start - self._end + length]
        return self._range(start, min(start + length, self.size))

    def several(self, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return what `part` does of each start and length, asked for at once."""
        starts, ends = [start for start, _ in spans], [min(sum(span), self.size) for span in spans]
        parts: list[bytes] = self._asked(
            lambda: self._files.cat_ranges([self._path] * len(spans), starts, ends, on_error="raise")
        )
        return [self._whole(part, end - start) for part, start, end in zip(parts, starts, ends)]

    def _range(self, start: int, end: int) -> bytes:
        if start >= end:
            return b""
        return self._whole(self._asked(lambda: self._files.cat_file(self._path, start=start, end=end)), end - start)

    def _whole(self, data: bytes, length: int) -> bytes:
        if len(data) != length:
            raise Unreachable(
                f"{self.url} cannot be read by range: {length} bytes were asked for, {len(data)} came; put it where "
                "ranges are served"
            )
        return data

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return ask()
        except Exception as error:  # every protocol has errors of its own
            raise Unreachable(f"{self.url} cannot be read ({type(error).__name__}: {error}); {_REST}") from error
