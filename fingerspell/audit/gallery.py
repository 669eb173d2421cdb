"""A dataset at a glance, and what its audit found, as pictures."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TypeVar

import numpy as np
from matplotlib.figure import Figure

from fingerspell.audit.table import Finding, Row, capture_order, left_out
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.published.catalogue import Dataset
from fingerspell.images import decode, to_array
from fingerspell.plots import audit as pictures
from fingerspell.plots import sheets, style
from fingerspell.plots.audit import Like

COLUMNS = 8
SIDE = 128  # pixels
PER_CLASS = 10
SHOWN = 24  # findings of a kind
ALIKE = 4  # images of a set of copies

T = TypeVar("T")


class Gallery:
    """The pictures of a dataset; `rows` are those of its readable images."""

    def __init__(self, dataset: Dataset, rows: Sequence[Row], archive: Archive) -> None:
        self.dataset, self.rows, self.archive = dataset, rows, archive
        self.of = {row.member: row for row in rows}
        self.title = dataset.title + (", rendered" if any(row.signer for row in rows) else "")

    def figures(self, found: Sequence[Finding]) -> dict[str, Figure]:
        """Return all pictures but the glance, by the name of their file."""
        kinds: dict[str, list[Finding]] = defaultdict(list)
        for finding in found:
            kinds[finding.kind].append(finding)
        sizes = Counter((row.width, row.height) for row in self.rows if row.width and row.height)
        return {
            "classes": self._counts(kinds),
            "sizes": pictures.size_distribution(sizes, f"{self.title}: sizes"),
            "samples": self._samples(),
            "copies": self._copies(kinds["copy"]),
            "near": self._near(kinds["near"]),
            "two_labels": self._two_labels(kinds["two labels"]),
            "unlike": self._unlike(kinds["unlike"]),
        }

    def glance(self) -> Figure:
        """One image of every class."""
        classes = self._by_class()
        labels, images = [], []
        for position, (label, members) in enumerate(classes.items()):
            # Another place in each class's sequence, so that the sheet shows more than its beginning.
            labels.append(style.label(label, self.dataset.letters))
            images.append(self._image(sorted(members)[position * len(members) // len(classes)]))
        return sheets.contact_sheet(images, labels, COLUMNS)

    def _counts(self, found: dict[str, list[Finding]]) -> Figure:
        gone = left_out(finding for kind in found.values() for finding in kind)
        labels = [member.label for one in found["unreadable"] if (member := self.dataset.parse(one.member))]
        return pictures.class_counts(
            Counter(labels) + Counter(row.label for row in self.rows),
            Counter(row.label for row in self.rows if row.member not in gone),
            self.dataset.letters,
            f"{self.title}: classes",
        )

    def _samples(self) -> Figure:
        spread = {label: _spread(members, PER_CLASS) for label, members in self._by_class().items()}
        return pictures.class_samples(
            {label: [self._image(member, 64) for member in members] for label, members in spread.items()},
            self.dataset.letters,
            f"{self.title}: samples",
            "evenly spread over the sequence of every class",
        )

    def _copies(self, found: Sequence[Finding]) -> Figure:
        sets: dict[str, list[str]] = {}
        for finding in found:
            sets.setdefault(finding.other, [finding.other]).append(finding.member)
        chosen = _spread(list(sets.values()), SHOWN // 2)
        return pictures.likes(
            [self._like(members[:ALIKE], f"{len(members)} alike") for members in chosen],
            f"{self.title}: exact copies",
            f"{len(chosen)} of {len(sets):,} sets of pixel-identical images, from the largest to the smallest; "
            f"{len(found):,} images beyond the first of each",
            "None: no two images have the same pixels.",
            columns=3,
        )

    def _near(self, found: Sequence[Finding]) -> Figure:
        pairs = list({frozenset((finding.member, finding.other)): finding for finding in found}.values())
        pairs.sort(key=lambda finding: float(finding.detail))
        apart = _one_per_cluster(pairs, self.of)
        chosen = _spread(apart, SHOWN)
        return pictures.likes(
            [self._like((one.member, one.other), f"differ by {one.detail}") for one in chosen],
            f"{self.title}: near-duplicates",
            f"{len(chosen)} of {len(found):,} images beside their nearest, from the closest pair to the farthest; "
            "differences in grey levels",
            "None.",
        )

    def _two_labels(self, found: Sequence[Finding]) -> Figure:
        chosen = _spread(found, 2 * SHOWN)
        return pictures.likes(
            [self._like((one.member, one.other), one.detail.replace("/", " or ") + "?") for one in chosen],
            f"{self.title}: one picture, two labels",
            f"{len(chosen)} of {len(found):,} pairs of pixel-identical images with different labels",
            "None: pixel-identical images carry the same label.",
        )

    def _unlike(self, found: Sequence[Finding]) -> Figure:
        apart = _one_per_cluster(found, self.of)
        return pictures.likes(
            [
                self._like((one.member, one.other), f"{self.of[one.member].label}: {one.detail}")
                for one in apart[:SHOWN]
            ],
            f"{self.title}: unlike their class",
            f"{min(SHOWN, len(apart))} of {len(found):,} images whose outlines are far from their class, each beside "
            "the most usual image of that class; distances in robust standard deviations",
            "None: no image's outline is far from its class.",
        )

    def _by_class(self) -> dict[str, list[str]]:
        """Return the training images of every class in capture order."""
        classes: dict[str, list[str]] = {label: [] for label in self.dataset.classes}
        for row in sorted(self.rows, key=capture_order):
            if row.part == "train":
                classes[row.label].append(row.member)
        return {label: members for label, members in classes.items() if members}

    def _like(self, members: Sequence[str], note: str) -> Like:
        names = [PurePosixPath(member).stem for member in members]
        return Like([self._image(member) for member in members], [_short(name) for name in names], note)

    def _image(self, member: str, side: int = SIDE) -> np.ndarray:
        return to_array(decode(self.archive.read(member)), side, 3)


def _spread(items: Sequence[T], count: int) -> list[T]:
    """Return up to `count` items, evenly spread from the first to the last."""
    if len(items) <= count:
        return list(items)
    return [items[round(step * (len(items) - 1) / (count - 1))] for step in range(count)]


def _one_per_cluster(found: Sequence[Finding], of: dict[str, Row]) -> list[Finding]:
    """Return the first finding of each cluster of near-duplicates: one frame of a burst tells it all."""
    first: dict[int | str, Finding] = {}
    for finding in found:
        cluster = of[finding.member].cluster
        first.setdefault(finding.member if cluster is None else cluster, finding)
    return list(first.values())


def _short(name: str) -> str:
    return name if len(name) <= 16 else f"{name[:7]}…{name[-7:]}"
