"""The alphabets that the application knows, and their signs."""

import json
from dataclasses import dataclass
from functools import cache

from fingerspell.inference import released
from fingerspell.inference.predictor import DESCRIPTION

MOVING = {"american": frozenset("JZ"), "arabic": frozenset()}  # signs that are a path, not a pose
NAMES = tuple(released.READERS)


@dataclass(frozen=True)
class Sign:
    """A class of the model, as a letter: label is the class, letter what people write."""

    label: str
    letter: str
    moves: bool


@cache
def signs(alphabet: str) -> dict[str, Sign]:
    """Return the signs of an alphabet by their labels, in the order of its model, without the class that shows none.

    Raises FingerspellError if the model is not there.
    """
    empty = _description(alphabet)["empty"]
    return {
        label: Sign(label, letter, label in MOVING[alphabet])
        for label, letter in letters(alphabet).items()
        if label != empty
    }


@cache
def letters(alphabet: str) -> dict[str, str]:
    """Return what people write for each class of an alphabet's model."""
    about = _description(alphabet)
    return dict(zip(about["classes"], about["letters"]))


def _description(alphabet: str) -> dict:
    return json.loads((released.find(released.READERS[alphabet]) / DESCRIPTION).read_text(encoding="utf-8"))
