"""Files that are there already, and the record of what they were when they came.

Beside a file that was fetched stands `<file>.sha256`, in the format of `sha256sum`.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from fingerspell.errors import FingerspellError
from fingerspell.files import sha256, write_text

VARIABLE = "FINGERSPELL_ARCHIVES"


def search_folders(archives: Path) -> list[Path]:
    """Return where to look for files at hand, in order; raises FingerspellError on a wrong variable."""
    named = os.environ.get(VARIABLE)
    if not named:
        return [archives]
    if not Path(named).is_dir():
        raise FingerspellError(f"{VARIABLE} names {named}, which is no folder; correct it or unset it")
    return [Path(named), archives]


def find(file: str, folders: Iterable[Path]) -> Path | None:
    """Return the first file of that name in `folders`, or None.

    Raises FingerspellError if it is not what it was when it was fetched, or cannot be read.
    """
    try:
        path = next((folder / file for folder in folders if (folder / file).is_file()), None)
        changed = path is not None and bool(known := recorded(path)) and sha256(path) != known
    except PermissionError as error:
        raise _unreadable(error) from error
    if path and changed:
        raise FingerspellError(
            f"{path} is not what was fetched: its SHA-256 is not the one in {_record(path)}; delete {path.name} to "
            f"fetch it again or, if you replaced it yourself, delete {_record(path).name}"
        )
    return path


def recorded(path: Path) -> str | None:
    """Return the SHA-256 that a file had when it was fetched, or None if there is no record."""
    try:
        line = _record(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise _unreadable(error) from error
    except (IsADirectoryError, UnicodeDecodeError):
        line = ""
    if not (found := re.fullmatch(r"([0-9a-f]{64}) [ *]?(.+)\n?", line)) or found[2] != path.name:
        raise FingerspellError(f"{_record(path)} is no record of {path.name}'s SHA-256; delete it")
    return found[1]


def record(path: Path, arrived: Path) -> None:
    """Record the SHA-256 of `arrived`, which is about to become `path`.

    Raises FingerspellError if an earlier fetch recorded another one.
    """
    digest, known = sha256(arrived), recorded(path)
    if known and digest != known:
        raise FingerspellError(
            f"what arrived for {path.name} is not what was fetched before: its SHA-256 is not the one in "
            f"{_record(path)}, and it was deleted; run the same command again or, to take what is published now, "
            f"delete {_record(path).name} first"
        )
    write_text(_record(path), f"{digest}  {path.name}\n")


def _unreadable(error: PermissionError) -> FingerspellError:
    return FingerspellError(f"{error.filename} cannot be read: {error.strerror}; change its permissions")


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
