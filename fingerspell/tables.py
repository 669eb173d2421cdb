"""CSV tables whose rows are dataclasses: one column a field, an empty field for None."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import astuple, fields
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, get_args, get_type_hints

from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def write(path: Path, kind: type[T], rows: Iterable[T]) -> None:
    """Write rows of the dataclass `kind`, whose fields are str, int or float, or one of these or None."""
    with write_aside(path) as aside, open(aside, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(_Lines(file))
        table.writerow(field.name for field in fields(kind))
        table.writerows(astuple(row) for row in rows)


class _Lines:
    """A file whose rows end in a line feed: told to end them so itself, csv leaves a carriage return unquoted."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row.removesuffix("\r\n") + "\n")


def read(path: Path, kind: type[T], what: str, remedy: str = "run `dvc repro`") -> list[T]:
    """Read what `write` wrote; `what` names the table where it is told to be something else.

    Raises FingerspellError if the file is missing, has other columns, or holds a value of another type.
    """
    convert = [_converter(hint) for hint in get_type_hints(kind).values()]
    names = [field.name for field in fields(kind)]
    try:
        with open(path, newline="", encoding="utf-8") as file:
            lines = csv.reader(file, strict=True)
            if (header := next(lines, [])) != names:
                raise ValueError(f"its columns are {', '.join(header) or 'none'}")
            return [kind(*(one(value) for one, value in zip(convert, line, strict=True))) for line in lines]
    except (OSError, ValueError, csv.Error) as error:
        raise FingerspellError(f"{path} is no {what} ({error}); {remedy}") from error


def _converter(hint: Any) -> Callable[[str], Any]:
    [kind] = [one for one in get_args(hint) or (hint,) if one is not NoneType]
    return (lambda text: kind(text) if text else None) if NoneType in get_args(hint) else kind
