"""The alphabets of this application: the two that come with the project, and those of readers that were added."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from flask import current_app

from app.language import translate
from fingerspell.errors import FingerspellError
from fingerspell.inference import alphabets
from fingerspell.inference.alphabets import Alphabet

DRAWN = alphabets.NAMES  # which the drawn hand signs, and on whose signs there is advice


def opened(readers: Iterable[Path]) -> dict[str, Alphabet]:
    """Return all alphabets by name, first `DRAWN`, then those of the readers in these folders.

    Raises FingerspellError where a folder holds no reader, and where two are of one name.
    """
    found: dict[str, Alphabet] = {}
    for which in (*DRAWN, *readers):
        one = alphabets.find(which)
        if one.name in found:
            raise FingerspellError(
                f"{one.folder} is a reader called {one.name}, and so is {found[one.name].folder}; leave one out"
            )
        found[one.name] = one
    return found


def every() -> Mapping[str, Alphabet]:
    """Return all alphabets by name."""
    return current_app.extensions["alphabets"]


def drawn() -> dict[str, Alphabet]:
    """Return those that can be practised."""
    return {name: every()[name] for name in DRAWN}


def title(alphabet: Alphabet) -> str:
    """Return what visitors call an alphabet, in their language."""
    return translate(f"alphabet_{alphabet.name}") if alphabet.name in DRAWN else alphabet.name
