"""Files that are either whole or not there: everything is written aside and renamed into place."""

import csv
import hashlib
import io
import json
import os
import shutil
import stat
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fingerspell.errors import FingerspellError


@contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """Yield a temporary neighbour of `path` (to be made a file or a folder); rename it to `path` on success.

    On an exception or interrupt the temporary is deleted and `path` is left as it was. What a killed process
    left is deleted by the next one that writes the same path.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside, former = (path.with_name(f".{path.name}{suffix}.partial") for suffix in ("", ".former"))
    _delete(aside)
    _delete(former)
    try:
        yield aside
        if aside.is_dir() and path.is_dir():
            os.replace(path, former)  # no rename replaces a folder, and deleting one takes time
        os.replace(aside, path)
    finally:
        if former.exists() and not path.exists():
            os.replace(former, path)
        _delete(aside)
        _delete(former)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8."""
    with write_aside(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON, keys in the order given, with a final newline."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows, of which there is at least one, under the names of the first one's values."""
    text = io.StringIO()
    table = csv.DictWriter(text, rows[0], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(path, text.getvalue())


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read the rows that `write_csv` wrote, values as text."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_array(path: Path, dtype: type[np.generic], shape: tuple[int, ...], parts: Iterable[np.ndarray]) -> None:
    """Write a .npy of rows of `shape` that come in parts (n, *shape): however many there are, memory holds one part.

    The file is not written aside: it belongs into a folder that is.
    """
    count = 0
    # A generator is closed at once where writing fails: its progress bar ends before the error is told.
    ended = closing(parts) if isinstance(parts, Generator) else nullcontext()
    with ended, open(path, "wb") as out:
        write_array_header(out, dtype, (count, *shape))
        for part in parts:
            out.write(np.ascontiguousarray(part, dtype).data)
            count += len(part)
        out.seek(0)
        write_array_header(out, dtype, (count, *shape))  # as long as the first: numpy leaves room for a longer axis


def write_array_header(out: BinaryIO, dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    """Begin a .npy, whose rows follow by `write`: through a memory map, a full disk would be a bus error."""
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    np.lib.format.write_array_header_1_0(out, {"descr": descr, "fortran_order": False, "shape": shape})


def below(root: Path, links: bool = False) -> Iterator[Path]:
    """Yield the files below a folder; with `links` those in linked folders too, each folder once.

    Raises FingerspellError where a folder may not be read: what is in it would be missed in silence.
    """

    def refuse(error: OSError) -> None:
        raise FingerspellError(f"{error.filename} cannot be read: {error.strerror}; change its permissions") from error

    entered = set()
    for folder, inner, names in os.walk(root, onerror=refuse, followlinks=links):
        real = os.path.realpath(folder)
        if real in entered:  # a link back up would never end
            inner.clear()
            continue
        entered.add(real)
        inner.sort()
        for file in (Path(folder, name) for name in names):
            try:
                if stat.S_ISREG(file.stat().st_mode):
                    yield file
            except PermissionError as error:
                refuse(error)
            except OSError:  # a link that leads nowhere
                pass


def shown(name: str) -> str:
    """Return a path or file's name as text that any file takes: bytes in it that are no UTF-8 as `\\xe9`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
