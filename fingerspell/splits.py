"""Which images are trained on, which choose between trainings, and which are kept for the end.

Every choice ranks names by a seeded hash and never shuffles a list: so it does not depend on the order of the
rows, and dropping one class does not move an image of another.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from hashlib import blake2b
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fingerspell.audit import Row, capture_order
from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside

SPLITS = ("train", "validation", "test")
METHODS = ("random", "official", "first", "grouped", "capture_order")
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


@dataclass(frozen=True)
class Assignment:
    """One image of an experiment; the columns of `data/splits/<experiment>.csv`."""

    member: str  # path inside the archive
    label: str
    group: str  # capture burst, with those that its near-duplicates join to it
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
    clean: Container[str] = ("unreadable",),
    test: float = 0.2,
    test_images: int = 100,
    validation: float = 0.2,
    burst: int = 50,
    gap: float = 0.05,
    sample_size: int | None = None,
    undersample: bool = False,
) -> Split:
    """Divide the images of an audit into train, validation and test.

    method: `random` keeps the fraction `test` of every class for the test; `official` takes the publisher's
        own test part; `first` the first `test_images` of every class in capture order; `grouped` the fraction
        `test` of every class in whole groups, to within half the largest group of that class; `capture_order` the
        fraction `test` at the end of every class's sequence.
    classes: `"all"`, the labels to keep, or `{"drop": [labels to leave out]}`.
    clean: what is left out. `copies`: of pixel-identical images of one label all but one, a test image before
        others; `contradictions`: all pixel-identical images that carry different labels; `unreadable`: images that
        cannot be read (an error where it is not named).
    validation: fraction of the training part, at random within each class; in whole groups for `grouped`, at the end
        of the sequence for `capture_order`; 0 for none.
    burst: a group is at least so many images in a row, counted in capture order, where the audit does not tell the
        bursts. It ends where no near-duplicates lie on both sides; what further near-duplicates join is one group.
    gap: fraction of every class's images left out before each part that `capture_order` holds out.
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
    left_out: dict[str, int] = dict.fromkeys(REASONS, 0)
    usable = _cleaned([row for row in rows if row.label in kept], clean, left_out)
    left_out["dropped_class"] = sum(row.label not in kept for row in rows)
    pools: Pools = {label: [] for label in kept}
    official: Pools = {label: [] for label in kept}
    for row in usable:
        (official if row.part == "test" else pools)[row.label].append(row)
    if method != "official":
        left_out["official_test"] = sum(map(len, official.values()))
    elif not any(official.values()):
        raise FingerspellError(
            "split.method is 'official', but the publisher set no test images apart here; "
            f"choose one of {', '.join(name for name in METHODS if name != 'official')}"
        )

    spare = 2 if validation else 1  # images or groups that the test leaves to the others
    match method:
        case "official":
            held_out, cause = official, "split.method"
        case "first":
            held_out = {label: sorted(pool, key=capture_order)[:test_images] for label, pool in pools.items()}
            cause = "split.test_images"
        case "grouped":
            _check_groups(pools, group, spare + 1)
            held_out, cause = _whole_groups(pools, group, test, seed, "test", spare), "split.test"
        case "capture_order":
            held_out, cause = _tails(pools, test, spare), "split.test"
        case _:
            held_out, cause = _fractions(pools, test, seed, "test", spare), "split.test"
    training = _without(pools, held_out)
    if method == "capture_order":
        training = _before_gap(training, gap, pools, left_out)
    notes: list[str] = []
    cut: set[str] = set()  # classes that sampling makes smaller
    if sample_size is not None:
        small = sum(len(pool) < sample_size for pool in training.values())
        if small:
            notes.append(f"{small} of {len(kept)} classes have fewer training images than sample_size {sample_size}")
        sampled = {label: _ranked(pool, seed, "sample")[:sample_size] for label, pool in training.items()}
        cut = {label for label in kept if len(sampled[label]) < len(training[label])}
        left_out["sampled"] = sum(len(training[label]) - len(sampled[label]) for label in cut)
        training = sampled
    match method:
        case "grouped":
            checking = _whole_groups(training, group, validation, seed, "validation", spare=1)
        case "capture_order":
            checking = _tails(training, validation, spare=1)
        case _:
            checking = _fractions(training, validation, seed, "validation", spare=1)
    training = _without(training, checking)
    if method == "capture_order" and validation:
        training = _before_gap(training, gap, pools, left_out)

    for label in kept:
        if not training[label]:
            raise _nothing_left(label, "training", "split.gap" if method == "capture_order" else cause)
        if validation and not checking[label]:
            raise _nothing_left(label, "validation", "sample_size" if label in cut else "split.validation")
        if not held_out[label] and method == "official":
            notes.append(f"the publisher's test part has no readable image of {label!r}")
        elif not held_out[label]:
            raise _nothing_left(label, "test", cause)
    chosen = dict(zip(SPLITS, (training, checking, held_out)))
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


def _cleaned(rows: Sequence[Row], clean: Container[str], left_out: dict[str, int]) -> list[Row]:
    """Return the rows that cleaning leaves, and count the others by reason."""
    readable = [row for row in rows if not row.error]
    if len(readable) < len(rows) and "unreadable" not in clean:
        bad = next(row for row in rows if row.error)
        raise FingerspellError(
            f"{bad.member} cannot be read ({bad.error}) and {len(rows) - len(readable) - 1} more; mend the archive "
            "or set clean.unreadable"
        )
    left_out["unreadable"] = len(rows) - len(readable)
    labels: dict[str, set[str]] = defaultdict(set)
    for row in readable:
        labels[row.pixels_sha].add(row.label)
    if "contradictions" in clean:
        agreed = [row for row in readable if not row.pixels_sha or len(labels[row.pixels_sha]) == 1]
        left_out["contradiction"] = len(readable) - len(agreed)
        readable = agreed
    if "copies" in clean:
        first: dict[tuple[str, str], Row] = {}
        for row in sorted(readable, key=lambda row: (row.part != "test", capture_order(row))):
            first.setdefault((row.label, row.pixels_sha or row.member), row)
        left_out["copy"] = len(readable) - len(first)
        readable = list(first.values())
    return readable


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
    """Tell each member's group: its burst, joined with all bursts that share a cluster of near-duplicates with it.

    Unreadable images count here, so that one of them does not shift all later bursts.
    """
    series: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        series[row.label, row.part].append(row)
    bursts: dict[str, str] = {}
    for (label, part), images in series.items():
        prefix = label if part == "train" else f"{label}-{part}"
        images.sort(key=capture_order)
        number = -1
        for row, begins in zip(images, _beginnings(images, burst)):
            number += begins
            bursts[row.member] = row.burst or f"{prefix}-{number:04d}"
    names = sorted(set(bursts.values()))
    index = {name: place for place, name in enumerate(names)}
    first: dict[int, int] = {}
    joined = [
        (first.setdefault(row.cluster, index[bursts[row.member]]), index[bursts[row.member]])
        for row in sorted(rows, key=lambda row: row.member)
        if row.cluster is not None
    ]
    one, other = zip(*joined) if joined else ((), ())
    graph = coo_array((np.ones(len(joined), bool), (one, other)), shape=(len(names), len(names)))
    _, component = connected_components(graph, directed=False)
    name_of: dict[int, str] = {}
    for name, part in zip(names, component):
        name_of.setdefault(part, name)
    return {member: name_of[component[index[name]]] for member, name in bursts.items()}


def _beginnings(images: Sequence[Row], burst: int) -> list[bool]:
    """Say of each image of a sequence whether a new burst begins with it.

    One begins once the last has `burst` images and no near-duplicates lie close together on both sides of the cut;
    those further apart than `burst` images are another recording of the same scene, which a cut cannot part.
    """
    reach = list(range(len(images)))  # how far the near-duplicates of an image go on
    last: dict[int, int] = {}
    for place in reversed(range(len(images))):
        cluster = images[place].cluster
        if cluster is not None:
            following = last.get(cluster)
            if following is not None and following - place <= burst:
                reach[place] = following
            last[cluster] = place
    begins, size, farthest = [], 0, -1
    for place in range(len(images)):
        new = place == 0 or (size >= burst and farthest < place)
        begins.append(new)
        size = 1 if new else size + 1
        farthest = max(farthest, reach[place])
    return begins


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


def _before_gap(training: Pools, gap: float, pools: Pools, left_out: dict[str, int]) -> Pools:
    """Leave out the images of each class that lie next to those held out: a fraction of all images of the class."""
    shortened = {
        label: sorted(pool, key=capture_order)[: max(0, len(pool) - round(gap * len(pools[label])))]
        for label, pool in training.items()
    }
    left_out["gap"] += sum(len(training[label]) - len(shortened[label]) for label in pools)
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
    sizes: dict[str, Counter] = defaultdict(Counter)
    left: Counter = Counter()  # groups per class
    for label, pool in pools.items():
        for row in pool:
            sizes[group[row.member]][label] += 1
    for counts in sizes.values():
        left.update(counts.keys())
    total: Counter = Counter()
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
                f"({len(pool)} images); lower split.burst or use more images per class"
            )


def _without(pools: Pools, others: Pools) -> Pools:
    gone = {row.member for pool in others.values() for row in pool}
    return {label: [row for row in pool if row.member not in gone] for label, pool in pools.items()}


def _nothing_left(label: str, part: str, parameter: str) -> FingerspellError:
    return FingerspellError(
        f"class {label!r} would have no {part} images; change {parameter} or use more images per class"
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
