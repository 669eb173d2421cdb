"""What the page About tells of the released readers, taken from the files that came with them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from app import alphabets
from fingerspell.datasets.published import catalogue
from fingerspell.errors import FingerspellError
from fingerspell.inference.predictor import DESCRIPTION, Damaged
from fingerspell.models.common.description import Exported, read

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Figure(BaseModel):
    accuracy: Share
    accuracy_low: Share
    accuracy_high: Share
    test_images: Count
    source: str


class _Scenes(BaseModel):
    hits: Count
    images: Count


class _Released(Exported):
    """What stands beside a released network, of all of which this page tells."""

    dataset: str
    figures: dict[str, _Figure]
    empty_scenes: dict[str, _Scenes]


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
    signs: int
    threshold: float
    figures: tuple[Figure, ...]
    empty: tuple[int, int] | None  # images without a sign: how many were known as such, of how many


def released_models() -> list[Model]:
    """Return the readers that come with the project, with their figures; raises FingerspellError where a file is
    damaged."""
    return [_model(name, _description(name)) for name in alphabets.DRAWN]


def datasets() -> list[catalogue.Dataset]:
    """Return the collections of photographs that these readers learnt from, each once."""
    found = []
    for name in alphabets.DRAWN:
        dataset = catalogue.find(_description(name).dataset)
        found += [one for one in dataset.collections or (dataset,) if one not in found]
    return found


def _model(alphabet: str, description: _Released) -> Model:
    figures = tuple(
        Figure(
            images,
            figure.accuracy,
            figure.accuracy_low,
            figure.accuracy_high,
            figure.test_images,
            figure.source == "external",
        )
        for images, figure in description.figures.items()
    )
    empty = description.empty_scenes.get("own test")
    return Model(
        alphabet,
        len(description.classes),
        description.threshold,
        tuple(sorted(figures, key=lambda one: not one.others)),  # what a visitor can expect comes first
        (empty.hits, empty.images) if empty else None,
    )


def _description(alphabet: str) -> _Released:
    folder = alphabets.every()[alphabet].folder
    try:
        return _Released.model_validate(read(folder / DESCRIPTION, _Released))
    except (OSError, Damaged) as error:
        raise FingerspellError(
            f"the model in {folder} is damaged ({error}); put the whole folder there again"
        ) from error
