"""What the page About tells of the released readers, taken from the files that came with them."""

import json
from dataclasses import dataclass

from fingerspell.datasets.published import catalogue
from fingerspell.errors import FingerspellError
from fingerspell.inference import released
from fingerspell.inference.predictor import DESCRIPTION


@dataclass(frozen=True)
class Figure:
    """How many images of a set were read rightly; all shares are from 0 to 1."""

    images: str  # the set's name, as the model's file gives it
    share: float
    low: float  # of the 95% interval
    high: float
    count: int
    others: bool  # whether other people than those learnt from took the pictures


@dataclass(frozen=True)
class Model:
    """A released reader; `threshold`: the probability below which it names no sign."""

    alphabet: str
    name: str
    signs: int
    threshold: float
    figures: tuple[Figure, ...]
    empty: tuple[int, int] | None  # images without a sign: how many were known as such, of how many


def released_models() -> list[Model]:
    """Return the readers that are installed, with their figures; raises FingerspellError where a file is broken."""
    return [_model(alphabet, name) for alphabet, name in released.READERS.items() if name in released.names()]


def datasets() -> list[catalogue.Dataset]:
    """Return the collections of photographs that the installed readers learnt from, each once."""
    found = []
    for name in released.READERS.values():
        if name in released.names():
            dataset = catalogue.find(_description(name)["dataset"])
            found += [one for one in dataset.collections or (dataset,) if one not in found]
    return found


def _model(alphabet: str, name: str) -> Model:
    description = _description(name)
    figures = tuple(
        Figure(
            images,
            figure["accuracy"],
            figure["accuracy_low"],
            figure["accuracy_high"],
            figure["test_images"],
            figure["source"] == "external",
        )
        for images, figure in description["figures"].items()
    )
    empty = description["empty_scenes"].get("own test")
    return Model(
        alphabet,
        name,
        len(description["classes"]),
        description["threshold"],
        tuple(sorted(figures, key=lambda one: not one.others)),  # what a visitor can expect comes first
        (empty["hits"], empty["images"]) if empty else None,
    )


def _description(name: str) -> dict:
    path = released.find(name) / DESCRIPTION
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FingerspellError(f"{path} cannot be read: {error}; install the project from a whole checkout") from error
