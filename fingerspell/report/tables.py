"""The numbers of a study, arranged as the page's tables and charts show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from fingerspell.errors import counted
from fingerspell.report.gather import Background, CrossSet, Experiment, Machine, Part, Study, Sweep

HANDS = {"left": "left hands", "right": "right hands"}
SKINS: tuple[list[str], ...] = (
    [],
    ["all skins"],
    ["darker skins", "lighter skins"],
    ["darkest skins", "skins between", "lightest skins"],
)


@dataclass(frozen=True)
class Column:
    """A set that experiments were asked about; images: of how many images, which need not be the same of all."""

    set: str
    kind: str
    images: str


def sets(experiments: Sequence[Experiment]) -> list[Column]:
    """Return all sets that some experiments were asked about, in the order in which they come."""
    asked: dict[tuple[str, str], list[int]] = {}
    for one in experiments:
        for found in one.cross.sets if one.cross else ():
            asked.setdefault((found.set, found.kind), []).append(found.images)
    return [Column(name, kind, _range(images)) for (name, kind), images in asked.items()]


def _range(images: Sequence[int]) -> str:
    low, high = min(images), max(images)
    return counted(high, "image") if low == high else f"{low:,} to {high:,} images"


def by_set(experiment: Experiment) -> dict[str, CrossSet]:
    """Return set → how well an experiment reads it."""
    return {found.set: found for found in experiment.cross.sets} if experiment.cross else {}


def disturbances(experiments: Sequence[Experiment]) -> list[str]:
    """Return the names of all disturbances that some experiments were tested under, in the order in which they come."""
    return list(dict.fromkeys(kind for one in experiments if one.robustness for kind in one.robustness.disturbances))


def by_level(experiments: Sequence[Experiment], kind: str) -> dict[str, list[tuple[int, float]]]:
    """Return experiment → [(level, accuracy), …] under one disturbance, from 0, undisturbed, on."""
    tested = ((one.name, one.robustness) for one in experiments if one.robustness)
    return {
        name: [(0, found.clean), *((one.level, one.accuracy) for one in found.disturbances[kind])]
        for name, found in tested
        if kind in found.disturbances
    }


def circumstances(experiments: Sequence[Experiment]) -> dict[str, dict[str, Part]]:
    """Return circumstance → experiment → its accuracy there: backgrounds, skins from dark to light, hands."""
    found: dict[str, dict[str, Part]] = {}
    for one in experiments:
        if (known := one.robustness) is None:
            continue
        for label, part in (*_backgrounds(known.background), *_skins(known.skin or []), *(known.hand or {}).items()):
            found.setdefault(HANDS.get(label, label), {})[one.name] = part
    return found


def _backgrounds(found: Background | None) -> list[tuple[str, Part]]:
    if found is None:
        return []
    both = (("before plain grey", found.plain), ("before drawn places", found.scenes))
    return [(label, Part(images=found.images, accuracy=accuracy)) for label, accuracy in both]


def _skins(parts: Sequence[Part]) -> list[tuple[str, Part]]:
    return list(zip(SKINS[len(parts)], parts))


def withheld(experiments: Sequence[Experiment]) -> list[float]:
    """Return the shares of answers that are withheld in any of some experiments, ascending, without none."""
    calibrated = [one.calibration for one in experiments if one.calibration]
    return sorted({one.share for found in calibrated for one in found.withheld} - {0.0})


def by_share(experiment: Experiment) -> dict[float, float]:
    """Return share of answers withheld → accuracy of the others."""
    found = experiment.calibration
    return {one.share: one.accuracy for one in found.withheld} if found else {}


@dataclass(frozen=True)
class Spent:
    """What an experiment took: seconds of its training, and of all stages that are its own; peak memory of these."""

    name: str
    alphabet: str
    accuracy: float
    training: float
    seconds: float
    peak_bytes: int


def costs(study: Study, machine: Machine) -> list[Spent]:
    """Return what each experiment took, of those whose training was logged."""
    spent = []
    for one in study.done:
        own = [cost for cost in machine.costs if cost.of == one.name]
        if training := next((cost.seconds for cost in own if cost.stage == "train"), None):
            seconds, peak = sum(cost.seconds for cost in own), max(cost.peak_bytes for cost in own)
            spent.append(Spent(one.name, one.alphabet, one.ran.metrics.accuracy, training, seconds, peak))
    return spent


def swept(rows: Sequence[Sweep]) -> dict[tuple[str, str], list[Sweep]]:
    """Return (experiment, swept parameter) → its rows, both in the order in which they come."""
    found: dict[tuple[str, str], list[Sweep]] = {}
    for row in rows:
        found.setdefault((row.experiment, row.swept), []).append(row)
    return found
