"""What a benchmark tells: one figure, beside the conventional way of doing the same and beside what bounds it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

# Modules that yield `measurements()`, in the order of the page
SPEED = (
    "preparation",
    "feeding",
    "steps",
    "transfer",
    "duplicates",
    "memory",
    "architectures",
    "finding",
    "annotating",
    "serving",
)
Aim = Literal["", "ratio", "share", "ours"]


@dataclass(frozen=True)
class Measurement:
    """One figure. Whatever is compared was measured in the same run, in turns.

    unit: "…/s" for a rate, of which more is better; anything else is a cost, of which less is. rival: the same figure
    of the conventional way, which `against` names. limit: the figure that the hardware, or a library that does nothing
    else, would give; `bound` names it. target: what is aimed at, of the figure that `aim` names.
    """

    name: str
    unit: str
    ours: float
    rival: float | None = None
    against: str = ""
    limit: float | None = None
    bound: str = ""
    target: float | None = None
    aim: Aim = ""

    @property
    def ratio(self) -> float | None:
        """How many times as good as the conventional way: 2 is twice as fast, or half of the memory."""
        return None if self.rival is None else self._better(self.ours, self.rival)

    @property
    def share(self) -> float | None:
        """The share of the limit that is reached: 1 is all of it."""
        return None if self.limit is None else self._better(self.ours, self.limit)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        if self.aim == "ours":
            return self._better(self.ours, self.target) >= 1
        reached = self.ratio if self.aim == "ratio" else self.share
        return reached is not None and reached >= self.target

    def _better(self, one: float, other: float) -> float:
        return one / other if self.unit.endswith("/s") else other / one


def row(one: Measurement) -> dict[str, object]:
    """Return a measurement as a row of a table, four digits a number, with its ratio and its share of the limit."""
    values = asdict(one) | {"ratio": one.ratio, "share": one.share}
    order = ("name", "unit", "ours", "rival", "against", "ratio", "limit", "bound", "share", "target", "aim")
    return {key: float(f"{values[key]:.4g}") if isinstance(values[key], float) else values[key] for key in order}


def parse(read: Mapping[str, str]) -> Measurement:
    """Return the measurement that such a row, read as text, holds."""
    rival, limit, target = (float(read[key]) if read[key] else None for key in ("rival", "limit", "target"))
    aim = next(one for one in get_args(Aim) if one == read["aim"])
    name, unit, against, bound = (read[key] for key in ("name", "unit", "against", "bound"))
    return Measurement(name, unit, float(read["ours"]), rival, against, limit, bound, target, aim)
