"""Folders and files without permission, also where tests run as root, whom nothing is forbidden."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534
needs_permissions = pytest.mark.skipif(sys.platform == "win32", reason="has other permissions")


@contextmanager
def unprivileged() -> Iterator[None]:
    """Act as somebody without privileges in a `with` block."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def forbidden(path: Path, mode: int = 0) -> Iterator[None]:
    """Take the permissions of a file or folder away from somebody without privileges, for a `with` block."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        with unprivileged():
            yield
    finally:
        path.chmod(before)


@contextmanager
def anybodys_folder() -> Iterator[Path]:
    """Make a temporary folder that anybody may enter; those of `tmp_path` are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)
