"""Which images are trained on, which choose between trainings, and which are kept for the end.

Every choice ranks names by a seeded hash and never shuffles a list: so it does not depend on the order of the
rows, and dropping one class does not move an image of another.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from fingerspell.audit.table import Row, capture_order
from fingerspell.config import Clean, Drop, Protocol
from fingerspell.errors import FingerspellError, counted
from fingerspell.splits.groups import groups
from fingerspell.splits.manifest import SPLITS, Assignment, order

REASONS = (
    "dropped_class",
    "unreadable",
    "contradiction",
    "copy",
    "official_test",
    "gap",
    "sampled",
    "undersampled",
)  # why an image is in no split
Pools = dict[str, list[Row]]  # the images of each class
Division = tuple[Pools, Pools, Pools]  # training, validation, test


@dataclass(frozen=True)
class Split:
    """The images of an experiment, sorted by split, label and member, and what became of the others."""

    assignments: list[Assignment]
    left_out: dict[str, int]  # reason -> number of images
    notes: list[str]  # sentences on what could not be done as asked

    def summary(self) -> dict[str, Any]:
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


def split(rows: Iterable[Row], protocol: Protocol, seed: int) -> Split:
    """Divide the images of an audit into train, validation and test, as `params.yaml` describes each protocol.

    Images of the publisher's test part are used by `official` only. Raises FingerspellError where a class is unknown
    or would be left without images in a split; only a publisher's test part may lack a class.
    """
    rows = list(rows)
    method = protocol.split.method
    kept = _kept({row.label for row in rows}, protocol.classes)
    left_out: dict[str, int] = dict.fromkeys(REASONS, 0)
    usable = _cleaned([row for row in rows if row.label in kept], protocol.clean, left_out)
    _require_readable(rows, kept)
    left_out["dropped_class"] = sum(row.label not in kept for row in rows)
    pools: Pools = {label: [] for label in kept}
    official: Pools = {label: [] for label in kept}
    for row in usable:
        (official if row.part == "test" else pools)[row.label].append(row)
    if method != "official":
        left_out["official_test"] = sum(map(len, official.values()))
    task = _Task(pools, official, groups(rows, protocol.split.burst), protocol, seed, left_out)
    chosen = dict(zip(SPLITS, PROTOCOLS[method](task)))
    _require_images(task, chosen)
    if protocol.undersample:
        for per_class in chosen.values():
            smallest = min((len(images) for images in per_class.values() if images), default=0)
            for label, images in per_class.items():
                per_class[label] = _ranked(images, seed, "undersample")[:smallest]
                left_out["undersampled"] += len(images) - len(per_class[label])
    assignments = [
        Assignment(row.member, label, task.group[row.member], name)
        for name, per_class in chosen.items()
        for label, images in per_class.items()
        for row in images
    ]
    return Split(sorted(assignments, key=order), left_out, task.notes)


@dataclass(frozen=True)
class _Task:
    """What a protocol divides, and what it leaves out and notes on the way."""

    pools: Pools  # what the publisher gave for training
    official: Pools  # what the publisher set apart
    group: Mapping[str, str]  # member -> its group
    protocol: Protocol
    seed: int
    left_out: dict[str, int]
    notes: list[str] = field(default_factory=list)
    cut: set[str] = field(default_factory=set)  # classes that sampling makes smaller

    @property
    def spare(self) -> int:
        """Images or groups of a class that the test leaves to the others."""
        return 2 if self.protocol.split.validation else 1

    def sampled(self, training: Pools) -> Pools:
        """Return at most `sample_size` images of each class."""
        size = self.protocol.sample_size
        if size is None:
            return training
        if small := sum(len(pool) < size for pool in training.values()):
            self.notes.append(f"{small} of {len(training)} classes have fewer training images than sample_size {size}")
        sampled = {label: _ranked(pool, self.seed, "sample")[:size] for label, pool in training.items()}
        self.cut.update(label for label in training if len(sampled[label]) < len(training[label]))
        self.left_out["sampled"] = sum(len(training[label]) - len(sampled[label]) for label in training)
        return sampled

    def validated_at_random(self, training: Pools, test: Pools) -> Division:
        """Return the division whose validation part is a fraction of every class, drawn at random."""
        validation = _fractions(training, self.protocol.split.validation, self.seed, "validation", spare=1)
        return _without(training, validation), validation, test


def _random(task: _Task) -> Division:
    """Hold out the fraction `test` of every class, drawn at random."""
    test = _fractions(task.pools, task.protocol.split.test, task.seed, "test", task.spare)
    return task.validated_at_random(task.sampled(_without(task.pools, test)), test)


def _official(task: _Task) -> Division:
    """Hold out what the publisher set apart."""
    if not any(task.official.values()):
        raise FingerspellError(
            "split.method is 'official', but the publisher set no test images apart here; "
            f"choose one of {', '.join(name for name in PROTOCOLS if name != 'official')}"
        )
    return task.validated_at_random(task.sampled(task.pools), task.official)


def _first(task: _Task) -> Division:
    """Hold out the first `test_images` of every class in capture order."""
    count = task.protocol.split.test_images
    test = {label: sorted(pool, key=capture_order)[:count] for label, pool in task.pools.items()}
    return task.validated_at_random(task.sampled(_without(task.pools, test)), test)


def _grouped(task: _Task) -> Division:
    """Hold out whole groups: near the fraction `test` of every class, to within half its largest group."""
    settings, seed = task.protocol.split, task.seed
    _check_groups(task.pools, task.group, task.spare + 1)
    test = _whole_groups(task.pools, task.group, settings.test, seed, "test", task.spare)
    training = task.sampled(_without(task.pools, test))
    validation = _whole_groups(training, task.group, settings.validation, seed, "validation", spare=1)
    return _without(training, validation), validation, test


def _capture_order(task: _Task) -> Division:
    """Hold out the end of every class's recording, less a gap before it; validate on the end of the rest."""
    settings = task.protocol.split
    test = _tails(task.pools, settings.test, task.spare)
    training = task.sampled(_before_gap(_without(task.pools, test), task))
    validation = _tails(training, settings.validation, spare=1)
    training = _without(training, validation)
    return _before_gap(training, task) if settings.validation else training, validation, test


PROTOCOLS: dict[str, Callable[[_Task], Division]] = {
    "random": _random,
    "official": _official,
    "first": _first,
    "grouped": _grouped,
    "capture_order": _capture_order,
}


def _require_images(task: _Task, chosen: Mapping[str, Pools]) -> None:
    """Refuse a division in which a class has no images; note what a publisher's test part lacks."""
    settings = task.protocol.split
    cause = {"official": "split.method", "first": "split.test_images"}.get(settings.method, "split.test")
    for label in task.pools:
        if not chosen["train"][label]:
            raise _nothing_left(label, "training", "split.gap" if settings.method == "capture_order" else cause)
        if settings.validation and not chosen["validation"][label]:
            raise _nothing_left(label, "validation", "sample_size" if label in task.cut else "split.validation")
        if not chosen["test"][label] and settings.method == "official":
            task.notes.append(f"the publisher's test part has no readable image of {label!r}")
        elif not chosen["test"][label]:
            raise _nothing_left(label, "test", cause)


def _cleaned(rows: Sequence[Row], clean: Clean, left_out: dict[str, int]) -> list[Row]:
    """Return the rows that cleaning leaves, and count the others by reason."""
    readable = [row for row in rows if not row.error]
    if len(readable) < len(rows) and not clean.unreadable:
        bad = next(row for row in rows if row.error)
        raise FingerspellError(
            f"{bad.member} cannot be read ({bad.error}) and {len(rows) - len(readable) - 1} more; mend the archive "
            "or set clean.unreadable"
        )
    left_out["unreadable"] = len(rows) - len(readable)
    labels: dict[str, set[str]] = defaultdict(set)
    for row in readable:
        labels[row.pixels_sha].add(row.label)
    if clean.contradictions:
        agreed = [row for row in readable if not row.pixels_sha or len(labels[row.pixels_sha]) == 1]
        left_out["contradiction"] = len(readable) - len(agreed)
        readable = agreed
    if clean.copies:
        first: dict[tuple[str, str], Row] = {}
        for row in sorted(readable, key=lambda row: (row.part != "test", capture_order(row))):
            first.setdefault((row.label, row.pixels_sha or row.member), row)
        left_out["copy"] = len(readable) - len(first)
        readable = list(first.values())
    return readable


def _require_readable(rows: Sequence[Row], kept: Iterable[str]) -> None:
    """Refuse a class of whose images, but those of a publisher's test part, none can be read."""
    errors: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.part != "test":
            errors[row.label].append(row.error)
    for label in kept:
        if errors[label] and all(errors[label]):
            raise FingerspellError(
                f"none of the {counted(len(errors[label]), 'image')} of class {label!r} can be read "
                f"({errors[label][0]}); replace the archive, or drop the class in `classes`"
            )


def _kept(labels: set[str], classes: str | Sequence[str] | Drop) -> list[str]:
    if classes == "all":
        return sorted(labels)
    drop = isinstance(classes, Drop)
    named = classes.drop if isinstance(classes, Drop) else list(classes)
    if unknown := sorted(set(named) - labels):
        raise FingerspellError(
            f"classes names {', '.join(map(repr, unknown))}, which the dataset does not have; "
            f"it has {', '.join(sorted(labels))}"
        )
    kept = sorted(labels - set(named) if drop else set(named))
    if len(kept) < 2:
        raise FingerspellError(f"classes leaves {counted(len(kept), 'class', 'classes')}; keep at least two")
    return kept


def _rank(seed: int, purpose: str, name: str) -> bytes:
    return blake2b(f"{seed}|{purpose}|{name}".encode(), digest_size=16).digest()


def _ranked(rows: Iterable[Row], seed: int, purpose: str) -> list[Row]:
    return sorted(rows, key=lambda row: _rank(seed, purpose, row.member))


def _fractions(pools: Pools, fraction: float, seed: int, purpose: str, spare: int) -> Pools:
    """Draw a fraction of the images of each class; leave at least `spare`."""
    return {label: _ranked(pool, seed, purpose)[: _share(len(pool), fraction, spare)] for label, pool in pools.items()}


def _tails(pools: Pools, fraction: float, spare: int) -> Pools:
    """Take a fraction of each class from the end of its sequence; leave at least `spare` images."""
    return {
        label: sorted(pool, key=capture_order)[len(pool) - _share(len(pool), fraction, spare) :]
        for label, pool in pools.items()
    }


def _share(count: int, fraction: float, spare: int) -> int:
    """How many of `count` are the fraction: at least one if any are wanted, and all but `spare` at most."""
    return min(max(1, round(fraction * count)), max(0, count - spare)) if fraction else 0


def _before_gap(training: Pools, task: _Task) -> Pools:
    """Leave out the images of each class that lie next to those held out: a fraction of all images of the class."""
    gap = task.protocol.split.gap
    shortened = {
        label: sorted(pool, key=capture_order)[: max(0, len(pool) - round(gap * len(task.pools[label])))]
        for label, pool in training.items()
    }
    task.left_out["gap"] += sum(len(training[label]) - len(shortened[label]) for label in training)
    return shortened


def _whole_groups(
    pools: Pools, group: Mapping[str, str], fraction: float, seed: int, purpose: str, spare: int
) -> Pools:
    """Draw whole groups that come near to a fraction of the images of every class; leave each `spare` groups.

    A group is taken if that brings all its classes nearer to the number asked for. So a class ends within half its
    largest group of it, or with one group where each is too large; where groups join classes, that one may carry
    another class further.
    """
    if not fraction:
        return {label: [] for label in pools}
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    left: Counter[str] = Counter()  # groups per class
    for label, pool in pools.items():
        for row in pool:
            sizes[group[row.member]][label] += 1
    for counts in sizes.values():
        left.update(counts.keys())
    total: Counter[str] = Counter()
    taken: set[str] = set()

    def take(name: str) -> None:
        taken.add(name)
        total.update(sizes[name])
        left.subtract(sizes[name].keys())

    order = sorted(sizes, key=lambda name: _rank(seed, purpose, name))
    for name in order:
        if all(
            left[label] > spare and total[label] + count / 2 < fraction * len(pools[label])
            for label, count in sizes[name].items()
        ):
            take(name)
    for label in pools:
        free = [name for name in order if label in sizes[name] and all(left[other] > spare for other in sizes[name])]
        if not total[label] and free:
            take(min(free, key=lambda name: sizes[name].total()))
    return {label: [row for row in pool if group[row.member] in taken] for label, pool in pools.items()}


def _check_groups(pools: Pools, group: Mapping[str, str], needed: int) -> None:
    for label, pool in pools.items():
        found = len({group[row.member] for row in pool})
        if found < needed:
            raise FingerspellError(
                f"split.method 'grouped' needs {needed} groups in every class, but {label!r} has {found} "
                f"({counted(len(pool), 'image')}); lower split.burst or use more images per class"
            )


def _without(pools: Pools, others: Pools) -> Pools:
    gone = {row.member for pool in others.values() for row in pool}
    return {label: [row for row in pool if row.member not in gone] for label, pool in pools.items()}


def _nothing_left(label: str, part: str, parameter: str) -> FingerspellError:
    return FingerspellError(
        f"class {label!r} would have no {part} images; change {parameter} or use more images per class"
    )
