"""Reading images straight from a zip: nothing is unpacked, and no path in it is trusted.

The zip lies on disk, or at a URL, and is read there by range (`ranges`). A *pointer* is a small file in place of a zip
that lies at a URL; opening it opens that one.
"""

import hashlib
import io
import json
import os
import re
import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from types import TracebackType
from weakref import WeakValueDictionary

from fingerspell.datasets.published.ranges import Ranged, is_url
from fingerspell.errors import FingerspellError, Unreachable

ENCRYPTED = "encrypted"
LARGEST_MEMBER = 64 * 2**20  # bytes uncompressed; a published image has less than 1 MiB
_HEADER = struct.Struct("<4s2xH18xHH")  # before every member: signature, flags, lengths of its name and extra field
_ENTRY = struct.Struct("<4s4xH18x3H12x")  # of the directory: signature, flags, lengths of name, extra field, comment
_UTF8 = 0x800  # the flag of a name that is declared to be so encoded
_EXTRA = 64  # bytes: room for the extra field that most archivers write, such as times and owners
_DRIVE = re.compile(r"[A-Za-z]:")
_POINTER = b'{"archive_at": '
# All that zipfile raises for damaged files; NotImplementedError is a RuntimeError.
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Reference:
    """What names an archive to another thread, process or machine: where it lies, and the SHA-256 of its directory,
    which holds the names, sizes and CRCs of all members."""

    path: Path | str
    directory: str

    def opened(self) -> "Archive":
        """Return the archive as this process has it open, else opened and kept until another one is asked for.

        Raises FingerspellError if it is not there, or if another one is.
        """
        return _OPEN.get(self) or _opened(self)


class Archive:
    """A zip opened for reading members from any number of threads; use it in a `with` block.

    path: of a zip or a pointer to one; or the URL of a zip, from which the end and the directory are read at once, and
    each member by one range.

    `names` lists the files that are safe to read, sorted; `refused` tells why any other is never read.
    Raises FingerspellError if the file is missing, cut short or no zip, or is not the one that the pointer was made of.
    """

    def __init__(self, path: Path | str) -> None:
        self.path, wanted = _pointed(path)
        try:
            self._file = _File(self.path)
            try:
                self._zip = zipfile.ZipFile(self._file)
            except BaseException:
                self._file.close()
                raise
        except Unreachable as error:
            raise FingerspellError(str(error)) from error
        except OSError as error:
            remedy = "change its permissions" if isinstance(error, PermissionError) else "download it again"
            raise FingerspellError(
                f"the archive {self.path} cannot be opened: {error.strerror or error}; {remedy}"
            ) from error
        except _BROKEN as error:
            remedy = "put it there again" if is_url(self.path) else "delete it and download it again"
            raise FingerspellError(f"{self.path} is cut short or is no zip archive ({error}); {remedy}") from error
        self.reference = Reference(self.path, self._file.directory)
        if wanted and wanted != self._file.directory:
            self.close()
            raise FingerspellError(f"{self.path} is not what {path} was made of; run `dvc repro`, which makes it anew")
        _OPEN[self.reference] = self
        self._ahead: dict[int, bytes] = {}
        self._lock = threading.Lock()
        self._members: dict[str, zipfile.ZipInfo] = {}
        self.refused: dict[str, str] = {}
        for info in self._zip.infolist():
            name, reason = info.orig_filename, _objection(info)
            if name in self._file.misnamed:
                name, reason = _utf8(name.encode("cp437")), "name in invalid UTF-8"
            if name in self._members or name in self.refused:
                # Which of the two is meant is anybody's guess, so neither is read.
                self._members.pop(name, None)
                self.refused[name] = "there more than once under the same name"
            elif reason:
                self.refused[name] = reason
            elif not name.endswith("/"):
                self._members[name] = info
        self.names: list[str] = sorted(self._members)

    def read(self, name: str) -> bytes:
        """Return the bytes of the member called `name`, checked against the archive's CRC.

        Raises FingerspellError if the archive has no such member, refused it, or holds it damaged; Unreachable if it
        lies at a URL that does not answer.
        """
        info = self._members.get(name)
        if info is None:
            raise FingerspellError(f"{name!r} in {self.path} is not read: {self.refused.get(name, 'no such member')}")
        try:
            data = self._stored(info)
            if info.compress_type == zipfile.ZIP_DEFLATED:
                # The bound matters: without it a member that lies about its size is inflated whole.
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, info.file_size or 1)
            if len(data) != info.file_size:
                raise EOFError(f"{len(data)} bytes instead of {info.file_size}")
            if zlib.crc32(data) != info.CRC:
                raise zipfile.BadZipFile("bad CRC")
        except Unreachable:
            raise
        except _BROKEN as error:
            raise FingerspellError(f"{name!r} in {self.path} is damaged: {error or type(error).__name__}") from error
        return data

    def fetch(self, names: Iterable[str]) -> None:
        """Ask for the bytes of members at once, if the archive lies at a URL; `read` of each then waits for nothing.

        They are held until they are read: name those that are read next. Raises Unreachable.
        """
        if isinstance(self._file.raw, Ranged):
            spans = [self._span(info) for name in names if (info := self._members.get(name))]
            self._ahead.update(zip((start for start, _ in spans), self._file.raw.several(spans)))

    def _span(self, info: zipfile.ZipInfo) -> tuple[int, int]:
        """Return where a member begins, and bytes enough for its header, most extra fields, and what is stored."""
        return info.header_offset, _HEADER.size + len(info.orig_filename.encode()) + _EXTRA + info.compress_size

    def _stored(self, info: zipfile.ZipInfo) -> bytes:
        """Return a member's bytes as they stand in the file.

        With `ZipFile.open` two threads read a third as fast, because they wait for its lock many times a member, and
        with a second read for the header, which gives the interpreter away once more, three quarters as fast.
        """
        start, length = self._span(info)
        data = self._ahead.pop(start, None) or self._bytes(start, length)
        signature, flags, name_length, extra_length = _HEADER.unpack_from(data)
        name = data[_HEADER.size : _HEADER.size + name_length].decode("utf-8" if flags & _UTF8 else "cp437")
        if signature != b"PK\3\4" or name != info.orig_filename:
            raise zipfile.BadZipFile("its header is not where the directory says")
        begin = _HEADER.size + name_length + extra_length
        end = begin + info.compress_size
        if end > len(data):
            data += self._bytes(start + len(data), end - len(data))
        return data[begin:end]

    def _bytes(self, start: int, length: int) -> bytes:
        if isinstance(self._file.raw, Ranged):
            return self._file.raw.part(start, length)
        if hasattr(os, "pread"):  # not on Windows
            return os.pread(self._file.fileno(), length, start)
        with self._lock:
            self._file.raw.seek(start, os.SEEK_SET)
            return self._file.raw.read(length)

    def close(self) -> None:
        """Close the file."""
        if _OPEN.get(self.reference) is self:
            del _OPEN[self.reference]
        self._zip.close()
        self._file.close()

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_OPEN: WeakValueDictionary[Reference, Archive] = WeakValueDictionary()


@lru_cache(maxsize=1)
def _opened(reference: Reference) -> Archive:
    archive = Archive(reference.path)
    if archive.reference != reference:
        raise FingerspellError(f"{reference.path} is another archive than the work began with; let both be the same")
    return archive


def write_pointer(archive: Archive, path: Path) -> None:
    """Write a pointer to an archive that lies at a URL."""
    told = {"archive_at": str(archive.path), "directory": archive.reference.directory}
    path.write_text(json.dumps(told) + "\n", encoding="utf-8")


def _pointed(path: Path | str) -> tuple[Path | str, str | None]:
    """Return where an archive lies, a Path or a URL, and what the directory of one that a pointer leads to must be."""
    if is_url(path):
        return str(path), None
    try:
        with open(path, "rb") as file:
            if file.read(len(_POINTER)) == _POINTER:
                told = json.loads(_POINTER + file.read(2**16))
                return str(told["archive_at"]), str(told["directory"])
    except (OSError, ValueError, KeyError):
        pass  # whoever opens it tells of it
    return Path(path), None


class _File(io.BufferedReader):
    """A zip in whose directory no name is declared as UTF-8 that is none: for one, zipfile would refuse them all."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(Ranged(str(path)) if is_url(path) else io.FileIO(path))
        self.misnamed: set[str] = set()  # as zipfile reads them then, in the code page of old
        self.directory = ""  # its SHA-256

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data.startswith(zipfile.stringCentralDir):  # type: ignore[attr-defined]  # typeshed lacks it
            return data
        self.directory = hashlib.sha256(data).hexdigest()
        return self._mended(data)

    def _mended(self, directory: bytes) -> bytes:
        mended, at = bytearray(directory), 0
        while len(directory) - at >= _ENTRY.size:
            _, flags, *lengths = _ENTRY.unpack_from(directory, at)
            name = directory[at + _ENTRY.size : at + _ENTRY.size + lengths[0]]
            if flags & _UTF8 and _utf8(name).encode() != name:
                struct.pack_into("<H", mended, at + 8, flags & ~_UTF8)
                self.misnamed.add(name.decode("cp437"))
            at += _ENTRY.size + sum(lengths)
        return bytes(mended)


def _utf8(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _objection(info: zipfile.ZipInfo) -> str | None:
    """Say why a member is never read, or None if it may be."""
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if not name or not name.isprintable():
        return "unprintable name"
    if "\\" in name:
        return "backslash in its path"
    if name.startswith("/") or _DRIVE.match(name):
        return "absolute path"
    if ".." in PurePosixPath(name).parts:
        return "path that leaves the archive"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "symbolic link" if kind == stat.S_IFLNK else "special file"
    if info.flag_bits & 0x1:
        return ENCRYPTED
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "unusual compression"  # bz2 and lzma cannot be inflated within a bound
    if info.file_size > LARGEST_MEMBER:
        return f"larger than {LARGEST_MEMBER // 2**20} MiB"
    return None
