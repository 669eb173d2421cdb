"""Pictures of one's own signs, as they are taken: `FOLDER/NAME/<sign>/<burst>/01.jpg`, a burst named after its time.

Such a folder is a set of class folders, of which a dataset is made (`datasets.own`). A burst is stored whole or not at
all, and deleted likewise. One process at a time collects into a folder.
"""

import os
import re
import shutil
import threading
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside

BURSTS = 3  # of a sign, at least: training, validation and test get whole bursts
LONGEST = 40  # characters of a sign's name
SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
# What no file may be called on Windows; the names of devices there, with or without an ending.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])( *\..*)?", re.IGNORECASE)
_JOINERS = "\u200c\u200d"  # invisible, and part of words in some scripts
_DELETED = ".deleted"


class BadName(FingerspellError):
    """A sign cannot be called so."""


class Twin(FingerspellError):
    """There is a sign of nearly the same name. other: that one."""

    def __init__(self, sign: str, other: str) -> None:
        super().__init__(
            f"{sign!r} and {other!r} are one name where case does not matter; go on with {other!r}, or name it anew"
        )
        self.other = other


@dataclass(frozen=True)
class Burst:
    """Pictures that were taken in a row. pictures: names of their files."""

    name: str
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class Sign:
    """A sign with its bursts, the oldest first."""

    name: str
    bursts: tuple[Burst, ...]

    @property
    def pictures(self) -> int:
        """Number of its pictures."""
        return sum(len(burst.pictures) for burst in self.bursts)

    @property
    def missing(self) -> int:
        """How many bursts it lacks to be learnt and tested."""
        return max(0, BURSTS - len(self.bursts))


class Collection:
    """The signs of one dataset. May be used by several threads."""

    def __init__(self, name: str, folder: Path) -> None:
        """name: of the dataset. folder: in which a folder of that name holds the signs.

        Makes the folder. Raises FingerspellError for a name that no dataset can have, and if there is no such folder,
        nor can one be made.
        """
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", name):
            raise FingerspellError(f"{name!r} is no name of a dataset; use letters from A to Z, digits, _ and - alone")
        self.name, self.folder = name, Path(folder) / name
        self._lock = threading.Lock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
        except OSError as error:
            raise FingerspellError(
                f"pictures cannot be stored in {self.folder}: {error.strerror}; name another --folder"
            ) from error

    def signs(self) -> list[Sign]:
        """Return the signs that have pictures, by name."""
        found = [(_written(folder.name), _bursts(folder)) for folder in _folders(self.folder)]
        return sorted((Sign(name, bursts) for name, bursts in found if bursts), key=lambda one: one.name.casefold())

    def store(self, sign: str, pictures: Sequence[bytes], at: datetime) -> Burst:
        """Store the JPEG files of a burst that was taken at that time.

        Raises `BadName` and `Twin` for names that a sign cannot have, and OSError where they cannot be written: nothing
        is left then.
        """
        with self._lock:
            folder = self._place(named(sign))
            new = not folder.exists()
            names = [f"{number:02}.jpg" for number in range(1, len(pictures) + 1)]
            target = _free(folder / f"{at:%Y%m%d-%H%M%S}")
            try:
                with write_aside(target) as aside:
                    aside.mkdir()
                    for name, data in zip(names, pictures):
                        (aside / name).write_bytes(data)
            except BaseException:
                if new:
                    with suppress(OSError):
                        folder.rmdir()
                raise
        return Burst(target.name, tuple(names))

    def delete(self, sign: str, burst: str) -> None:
        """Delete a burst, and a sign whose last it was; raises KeyError if there is none."""
        with self._lock:
            folder = self._burst(sign, burst)
            gone = folder.with_name(f".{folder.name}{_DELETED}")
            os.replace(folder, gone)
            shutil.rmtree(gone)
            if not any(folder.parent.iterdir()):
                folder.parent.rmdir()

    def picture(self, sign: str, burst: str, name: str) -> Path:
        """Return a picture's file; raises KeyError if there is none."""
        folder = self._burst(sign, burst)
        if name not in _pictures(folder):
            raise KeyError(name)
        return folder / name

    def _burst(self, sign: str, burst: str) -> Path:
        """Return the folder of a burst. Names that come from elsewhere are looked for, and never joined to a path."""
        for folder in _folders(self.folder):
            if _written(folder.name) == sign:
                for one in _folders(folder):
                    if one.name == burst:
                        return one
        raise KeyError(burst)

    def _place(self, sign: str) -> Path:
        """Return the folder of a sign, which may be a new one."""
        for folder in _folders(self.folder):
            name = _written(folder.name)
            if name == sign:
                return folder
            if name.casefold() == sign.casefold():
                raise Twin(sign, name)
        return self.folder / sign

    def _sweep(self) -> None:
        """Delete what was left half-written or half-deleted by a process that was killed."""
        for pattern in ("*/.*.partial", f"*/.*{_DELETED}"):
            for path in self.folder.glob(pattern):
                shutil.rmtree(path)


def named(sign: str) -> str:
    """Return the name of a sign as its folder is called, on any system; raises `BadName`."""
    name = _written(sign).strip()
    plain = name.translate(dict.fromkeys(map(ord, _JOINERS)))
    if (
        not plain
        or len(name) > LONGEST
        or not plain.isprintable()
        or _FORBIDDEN.search(name)
        or _DEVICE.fullmatch(name)
        or name == "__MACOSX"
        or {name[0], name[-1]} & {".", *_JOINERS}
    ):
        raise BadName(
            f'{sign!r} is no name of a sign; use at most {LONGEST} characters, none of them of < > : " / \\ | ? *, no '
            "dot at either end, and no name that Windows keeps for itself, such as CON"
        )
    return name


def _written(name: str) -> str:
    """Return a name as it is compared: macOS takes letters with marks apart."""
    return unicodedata.normalize("NFC", name)


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))


def _bursts(folder: Path) -> tuple[Burst, ...]:
    found = ((one.name, _pictures(one)) for one in _folders(folder))
    return tuple(Burst(name, pictures) for name, pictures in found if pictures)


def _pictures(folder: Path) -> tuple[str, ...]:
    names = (path.name for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return tuple(sorted(name for name in names if not name.startswith(".")))


def _free(path: Path) -> Path:
    """Return a path that is not taken: two bursts may be of one second."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free
