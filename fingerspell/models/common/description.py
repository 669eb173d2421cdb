"""What `model.json` must say of a model for it to be used: types, bounds, and what must agree.

It is read as it stands, and more may stand in it; what is checked here need not be asked about later.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from fingerspell.config import SHOWN, Augmentation, Composition, Fraction, Pixels, Rotations, Scales

DESCRIPTION = "model.json"
MODEL = "model.tflite"

Label = Annotated[str, StringConstraints(min_length=1)]


class Damaged(Exception):
    """Which file of a model's folder is not as it must be, and why; who knows where it came from adds the remedy."""


class Description(Pixels):
    """What whoever asks a model must know of it. letters: what each class stands for, in the order of `classes`."""

    model_config = ConfigDict(extra="ignore")

    experiment: str
    trains_on: str = "prepared"
    classes: Annotated[list[Label], Field(min_length=1)]
    letters: list[Label]
    empty: str | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.0

    @model_validator(mode="after")
    def _names_agree(self) -> "Description":
        if len(self.letters) != len(self.classes):
            raise ValueError(f"letters are {len(self.letters)}, but classes are {len(self.classes)}")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes has one of them twice")
        return self


class Exported(Description):
    """What stands beside an exported network."""

    sha256: dict[str, str]

    @field_validator("sha256")
    @classmethod
    def _of_the_network(cls, sha256: dict[str, str]) -> dict[str, str]:
        if MODEL not in sha256:
            raise ValueError(f"tells nothing of {MODEL}")
        return sha256


class Trained(Description):
    """What stands beside the weights that a training left: all that builds their network again, and how it learnt."""

    dataset: str
    model: str
    dropout: Fraction
    precision: Literal["float32", "mixed_bfloat16"]
    seeds: Annotated[list[int], Field(min_length=1)]
    augment: Augmentation
    tta_scales: Scales
    tta_rotations: Rotations
    composition: Composition | None


def read(path: Path, kind: type[Description]) -> dict[str, Any]:
    """Return all that a `model.json` says, once it is found to be of that kind.

    Raises OSError if it cannot be read, and `Damaged` with the first fault.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kind.model_validate(found)
    except ValidationError as error:
        raise Damaged(f"{path.name}: {_reason(error)}") from error
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{path.name} is no JSON") from error
    return found


def _reason(error: ValidationError) -> str:
    fault = error.errors()[0]
    key = ".".join(map(str, fault["loc"]))
    if fault["type"] == "missing":
        return f"{key} is missing"
    if fault["type"] == "value_error":
        return f"{key} {fault['ctx']['error']}".lstrip()
    if not key:
        return f"it is no description, but {SHOWN.repr(fault['input'])}"
    return f"{key} is {SHOWN.repr(fault['input'])}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
