"""Any folder or zip of class folders, as people have them: read in place, nothing is unpacked."""

import zipfile
from contextlib import nullcontext
from pathlib import Path, PurePosixPath
from types import TracebackType

from fingerspell.datasets.published.archive import LARGEST_MEMBER, Archive
from fingerspell.errors import FingerspellError
from fingerspell.files import below, shown

# What people's cameras and programs write; what Pillow cannot read of it is listed as unreadable.
SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif",
})  # fmt: skip


class Folder:
    """A folder read in place, with the interface of an `Archive`: `names`, `refused`, `read`."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.refused: dict[str, str] = {}
        self._files: dict[str, Path] = {}
        for file in below(self.path, links=True):
            name = shown(file.relative_to(self.path).as_posix())
            if self._files.setdefault(name, file) is not file:
                self.refused[name] = "there more than once under the same name"
        self.names: list[str] = sorted(self._files)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; raises FingerspellError if it cannot be read or is implausibly large."""
        try:
            with open(self._files[name], "rb") as file:
                data = file.read(LARGEST_MEMBER + 1)
        except OSError as error:
            raise FingerspellError(f"it cannot be read: {error.strerror}") from None  # the cause would be shown instead
        if len(data) > LARGEST_MEMBER:
            raise FingerspellError(f"larger than {LARGEST_MEMBER // 2**20} MiB")
        return data

    def __enter__(self) -> "Folder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def open_set(path: Path) -> Archive | Folder:
    """Open a folder or a zip for reading; use it in a `with` block.

    Raises FingerspellError if it is not there, neither of the two, or cannot be read.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise FingerspellError(f"{path} is not there; give a folder or a zip of class folders")
        if path.is_dir():
            return Folder(path)
        with open(path, "rb") if path.is_file() else nullcontext() as file:
            zipped = file and zipfile.is_zipfile(file)
    except OSError as error:
        raise FingerspellError(f"{path} cannot be read: {error.strerror}; mend its permissions or name") from error
    if not zipped:
        raise FingerspellError(f"{path} is neither a folder nor a whole zip; give a folder or a zip of class folders")
    return Archive(path)


def is_image(name: str) -> bool:
    """Say whether a file's name is that of a picture, and none that a system keeps for itself."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES and not is_hidden(name)


def is_hidden(name: str) -> bool:
    """Say whether a file is none of the person's own, such as macOS puts beside each."""
    parts = PurePosixPath(name).parts
    return any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in parts)


def readable(name: str) -> str:
    """Return a name in a zip as it was meant: UTF-8 that the zip does not declare as such (macOS's) is read as that."""
    try:
        return name.encode("cp437").decode()
    except UnicodeError:
        return name
