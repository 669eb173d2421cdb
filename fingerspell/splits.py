"""Which images are trained on, which choose between trainings, and which are kept for the end.

Every choice ranks names by a seeded hash and never shuffles a list: so it does not depend on the order of the
rows, and dropping one class does not move an image of another.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from hashlib import blake2b
from pathlib import Path

from fingerspell.audit import Row
from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside

SPLITS = ("train", "validation", "test")
METHODS = ("random", "official", "first", "grouped")


@dataclass(frozen=True)
class Assignment:
    """One image of an experiment; the columns of `data/splits/<experiment>.csv`."""

    member: str  # path inside the archive
    label: str
    group: str  # capture burst
    split: str  # "train", "validation" or "test"


@dataclass(frozen=True)
class Split:
    """The images of an experiment, sorted by split, label and member, and what became of the others."""

    assignments: list[Assignment]
    left_out: dict[str, int]  # reason -> number of images
    notes: list[str]  # sentences on what could not be done as asked

    def summary(self) -> dict:
        """Count images and groups per split, images per class and split, and images left out by reason."""
        classes: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SPLITS, 0))
        groups: dict[str, set[str]] = {split: set() for split in SPLITS}
        for one in sorted(self.assignments, key=lambda one: one.label):
            classes[one.label][one.split] += 1
            groups[one.split].add(one.group)
        images = Counter(one.split for one in self.assignments)
        return {
            "images": {split: images[split] for split in SPLITS},
            "groups": {split: len(groups[split]) for split in SPLITS},
            "left_out": self.left_out,
            "notes": self.notes,
            "classes": dict(classes),
        }


def split(
    rows: Iterable[Row],
    *,
    method: str,
    seed: int,
    classes: str | Sequence[str] | Mapping[str, Sequence[str]] = "all",
    test: float = 0.2,
    test_images: int = 100,
    validation: float = 0.2,
    burst: int = 50,
    sample_size: int | None = None,
    undersample: bool = False,
) -> Split:
    """Divide the readable images of an audit into train, validation and test.

    method: `random` keeps the fraction `test` of every class for the test; `official` takes the publisher's
        own test part; `first` the first `test_images` of every class in capture order; `grouped` the fraction
        `test` of every class in whole capture bursts, to within the size of one burst.
    classes: `"all"`, the labels to keep, or `{"drop": [labels to leave out]}`.
    validation: fraction of the training part, at random within each class, in whole bursts for `grouped`;
        0 for none.
    burst: images per capture burst, counted in capture order, where the audit does not tell the bursts.
    sample_size: at most so many images per class for training and validation together; None for all.
    undersample: cut every class of each split to that split's smallest.

    Images of the publisher's test part are used by `official` only. Raises FingerspellError where a class
    would be left without images in a split; only a publisher's test part may lack a class.
    """
    if method not in METHODS:
        raise FingerspellError(f"split.method is {method!r}; choose one of {', '.join(METHODS)}")
    rows = list(rows)
    group = _groups(rows, burst)
    kept = _kept({row.label for row in rows}, classes)
    pools: dict[str, list[Row]] = {label: [] for label in kept}
    official: dict[str, list[Row]] = {label: [] for label in kept}
    left_out = dict.fromkeys(("dropped_class", "unreadable", "official_test", "sampled", "undersampled"), 0)
    for row in rows:
        if row.label not in pools:
            left_out["dropped_class"] += 1
        elif row.error:
            left_out["unreadable"] += 1
        else:
            (official if row.part == "test" else pools)[row.label].append(row)
    if method != "official":
        left_out["official_test"] = sum(map(len, official.values()))
    elif not any(official.values()):
        raise FingerspellError(
            "split.method is 'official', but the publisher set no test images apart here; "
            "choose random, first or grouped"
        )

    chosen: dict[str, dict[str, list[Row]]] = {split: {} for split in SPLITS}
    notes: list[str] = []
    small = 0
    spare = 2 if validation else 1  # images or bursts that the test leaves to the others
    for label, pool in pools.items():
        match method:
            case "official":
                held_out, cause = official[label], "method"
            case "first":
                held_out, cause = sorted(pool, key=_capture_order)[:test_images], "test_images"
            case "grouped":
                _check_groups(label, pool, group, validation)
                held_out, cause = _whole_groups(pool, group, test, seed, "test", spare), "test"
            case _:
                held_out, cause = _fraction(pool, test, seed, "test", spare), "test"
        training = _without(pool, held_out)
        if sample_size is not None:
            small += len(training) < sample_size
            sample = _ranked(training, seed, "sample")[:sample_size]
            left_out["sampled"] += len(training) - len(sample)
            training = sample
        if method == "grouped":
            checking = _whole_groups(training, group, validation, seed, "validation", spare=1)
        else:
            checking = _fraction(training, validation, seed, "validation", spare=1)
        training = _without(training, checking)

        if not training:
            raise _nothing_left(label, "training", "validation" if checking else cause)
        if validation and not checking:
            raise _nothing_left(label, "validation", "validation")
        if not held_out and method == "official":
            notes.append(f"the publisher's test part has no readable image of {label!r}")
        elif not held_out:
            raise _nothing_left(label, "test", cause)
        for name, images in zip(SPLITS, (training, checking, held_out)):
            chosen[name][label] = images

    if small:
        notes.append(f"{small} of {len(kept)} classes have fewer training images than sample_size {sample_size}")
    if undersample:
        for per_class in chosen.values():
            smallest = min((len(images) for images in per_class.values() if images), default=0)
            for label, images in per_class.items():
                per_class[label] = _ranked(images, seed, "undersample")[:smallest]
                left_out["undersampled"] += len(images) - len(per_class[label])
    assignments = [
        Assignment(row.member, label, group[row.member], name)
        for name, per_class in chosen.items()
        for label, images in per_class.items()
        for row in images
    ]
    return Split(sorted(assignments, key=_manifest_order), left_out, notes)


def _kept(labels: set[str], classes: str | Sequence[str] | Mapping[str, Sequence[str]]) -> list[str]:
    if classes == "all":
        return sorted(labels)
    drop = isinstance(classes, Mapping)
    named = list(classes["drop"] if drop else [classes] if isinstance(classes, str) else classes)
    if unknown := sorted(set(named) - labels):
        raise FingerspellError(
            f"classes names {', '.join(map(repr, unknown))}, which the dataset does not have; "
            f"it has {', '.join(sorted(labels))}"
        )
    kept = sorted(labels - set(named) if drop else set(named))
    if len(kept) < 2:
        raise FingerspellError(f"classes leaves {len(kept)} classes; keep at least two")
    return kept


def _groups(rows: Sequence[Row], burst: int) -> dict[str, str]:
    """Tell each member's capture burst: the recorded one, else `burst` images in a row of a class and part.

    Unreadable images count here, so that one of them does not shift all later bursts.
    """
    series: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        series[row.label, row.part].append(row)
    groups = {}
    for (label, part), images in series.items():
        prefix = label if part == "train" else f"{label}-{part}"
        for place, row in enumerate(sorted(images, key=_capture_order)):
            groups[row.member] = row.burst or f"{prefix}-{place // burst:04d}"
    return groups


def _capture_order(row: Row) -> tuple[bool, int, str]:
    return row.number is None, row.number or 0, row.member


def _rank(seed: int, purpose: str, name: str) -> bytes:
    return blake2b(f"{seed}|{purpose}|{name}".encode(), digest_size=16).digest()


def _ranked(rows: Iterable[Row], seed: int, purpose: str) -> list[Row]:
    return sorted(rows, key=lambda row: _rank(seed, purpose, row.member))


def _fraction(rows: Sequence[Row], fraction: float, seed: int, purpose: str, spare: int) -> list[Row]:
    """Draw a fraction of the images of one class, at least one if any are wanted; leave at least `spare`."""
    count = min(max(1, round(fraction * len(rows))), max(0, len(rows) - spare)) if fraction else 0
    return _ranked(rows, seed, purpose)[:count]


def _whole_groups(
    rows: Sequence[Row], group: Mapping[str, str], fraction: float, seed: int, purpose: str, spare: int
) -> list[Row]:
    """Draw whole groups of one class that come near to a fraction of its images; leave at least `spare`.

    A group is taken if that brings the number of images nearer to the one asked for. So it ends within half
    the largest group of it, or within one group where a single one is already too many.
    """
    if not fraction:
        return []
    sizes = Counter(group[row.member] for row in rows)
    wanted = fraction * sum(sizes.values())
    order = sorted(sizes, key=lambda name: _rank(seed, purpose, name))
    taken: set[str] = set()
    total = 0
    for name in order:
        if len(sizes) - len(taken) > spare and total + sizes[name] / 2 < wanted:
            taken.add(name)
            total += sizes[name]
    if not taken and len(sizes) > spare:
        taken.add(min(order, key=sizes.__getitem__))
    return [row for row in rows if group[row.member] in taken]


def _check_groups(label: str, rows: Sequence[Row], group: Mapping[str, str], validation: float) -> None:
    needed = 3 if validation else 2
    found = len({group[row.member] for row in rows})
    if found < needed:
        raise FingerspellError(
            f"split.method 'grouped' needs {needed} capture bursts in every class, but {label!r} has {found} "
            f"({len(rows)} images); lower split.burst or use more images per class"
        )


def _without(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    gone = {row.member for row in others}
    return [row for row in rows if row.member not in gone]


def _nothing_left(label: str, part: str, parameter: str) -> FingerspellError:
    return FingerspellError(
        f"class {label!r} would have no {part} images; change split.{parameter} or use more images per class"
    )


def _manifest_order(one: Assignment) -> tuple[int, str, str]:
    return SPLITS.index(one.split), one.label, one.member


def write(path: Path, assignments: Iterable[Assignment]) -> None:
    """Write the manifest as CSV, sorted by split (train, validation, test), label and member."""
    with write_aside(path) as aside, open(aside, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Assignment))
        writer.writerows(astuple(one) for one in sorted(assignments, key=_manifest_order))


def read(path: Path) -> list[Assignment]:
    """Read a manifest that `write` wrote; raises FingerspellError if it is missing or something else."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            if header != [field.name for field in fields(Assignment)]:
                raise ValueError(f"its columns are {', '.join(header)}")
            assignments = [Assignment(*values) for values in lines]
        if unknown := {one.split for one in assignments} - set(SPLITS):
            raise ValueError(f"it names the split {unknown.pop()!r}")
        return assignments
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise FingerspellError(f"{path} is no manifest of a split ({error}); run the split again") from error
