"""What an audit found: findings for people (their kinds: see `table.Finding`), and numbers to compare."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from fingerspell.audit.duplicates import coordinates
from fingerspell.audit.near import Near
from fingerspell.audit.scan import Audit
from fingerspell.audit.table import Finding, Row, capture_order
from fingerspell.datasets.published.archive import Archive

UNLIKE = 4.0  # robust standard deviations from the usual distance to a class
ALIKE = 0.05  # share of its class that an image must be near to, more than one burst
FRAMED = 0.95  # share of images whose edge is the same
BLOCK = 512  # images whose distances to their class are held at once
SAME = 10.0  # mean difference of colour values, 0–255, that JPEG may cause


def find(audit: Audit, archive: Archive, near: Near) -> tuple[list[Finding], dict[str, int | float]]:
    """Return all findings, and the flat numbers of `metrics/audit/<dataset>.json`.

    `copy_groups` counts sets of pixel-identical images, `copies` the images beyond the first of each set,
    `two_labels` the pairs of pixel-identical images that carry different labels.
    """
    rows = audit.rows
    known = {row.member for row in rows}
    same: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if not row.error:
            same[row.pixels_sha].append(row)
    groups = [group for group in same.values() if len(group) > 1]
    framed, colour = _frame(audit)
    found = [
        *(Finding("unreadable", row.member, detail=row.error) for row in rows if row.error),
        *(Finding("stray", name) for name in archive.names if name not in known),
        *(Finding("refused", name, detail=reason) for name, reason in sorted(archive.refused.items())),
        *(Finding("unusual", row.member, detail=row.note) for row in rows if row.note),
        *_copies(groups),
        *_two_labels(groups),
        *_near(rows, near),
        *_unlike(audit),
    ]
    if colour:
        found.append(Finding("frame", "", detail=f"{colour} at the edge of {framed:.1%} of the images"))
    kinds = Counter(finding.kind for finding in found)
    sizes = Counter((row.width, row.height) for row in rows if not row.error)
    clusters = np.bincount(near.clusters[near.clusters >= 0])
    brightness = [row.brightness for row in rows if row.brightness is not None]
    numbers = {
        "images": len(rows),
        "classes": len({row.label for row in rows}),
        "unreadable": kinds["unreadable"],
        "stray": kinds["stray"],
        "refused": kinds["refused"],
        "unusual": kinds["unusual"],
        "sizes": len(sizes),
        "brightness": round(float(np.mean(brightness)), 2) if brightness else 0.0,
        "copy_groups": len(groups),
        "copies": kinds["copy"],
        "two_labels": sum(map(_pairs_of_two_labels, groups)),
        "near_pairs": near.pairs,
        "near_images": int(clusters.sum()),
        "near_clusters": len(clusters),
        "largest_cluster": int(clusters.max(initial=0)),
        "near_two_labels": near.two_labels,
        "unlike": kinds["unlike"],
        "framed": round(framed, 4),
    }
    return found, numbers


def _copies(groups: Sequence[Sequence[Row]]) -> list[Finding]:
    """Return one finding for each image beyond the first of its set, the largest sets first."""
    found = []
    for group in sorted(groups, key=lambda group: (-len(group), group[0].member)):
        first, *others = sorted(group, key=lambda row: (row.label, capture_order(row)))
        found += [Finding("copy", row.member, first.member, f"{len(group)} alike") for row in others]
    return found


def _pairs_of_two_labels(group: Sequence[Row]) -> int:
    alike = Counter(row.label for row in group).values()
    return (len(group) ** 2 - sum(count**2 for count in alike)) // 2


def _two_labels(groups: Sequence[Sequence[Row]]) -> list[Finding]:
    """Return each image of a set of two labels or more beside the first of the set whose label is another one.

    All pairs would be as many as the square of the images.
    """
    pairs = []
    for group in groups:
        first, *others = sorted(group, key=lambda row: (row.label, capture_order(row)))
        if second := next((row for row in others if row.label != first.label), None):
            pairs += [(first, row) if row.label != first.label else (row, second) for row in others]
    pairs.sort(key=lambda pair: [(row.label, capture_order(row)) for row in pair])
    return [Finding("two labels", one.member, other.member, f"{one.label}/{other.label}") for one, other in pairs]


def _near(rows: Sequence[Row], near: Near) -> list[Finding]:
    """Return one finding for each image that has a near-duplicate with other pixels, the closest pairs first."""
    images = np.flatnonzero(near.others >= 0)
    others = near.others[images]
    order = np.lexsort((images, np.maximum(images, others), np.minimum(images, others), near.distances[images]))
    return [
        Finding("near", rows[one].member, rows[its].member, f"{apart:.2f}")
        for one, its, apart in zip(*(part[order].tolist() for part in (images, others, near.distances[images])))
    ]


def _unlike(audit: Audit) -> list[Finding]:
    """Return the images that are far from all but few of their class, the farthest first.

    Outlines are compared, so that light and background count for little.
    An image's distance to its class is that to its k-th neighbour there, k being the share `ALIKE` of the class, so
    that one burst of strange images does not vouch for itself. What exceeds the class's median by `UNLIKE` robust
    standard deviations (1.4826 median absolute deviations) is found.
    """
    classes: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(audit.rows):
        if not row.error:
            classes[row.label].append(number)
    found = []
    for numbers in classes.values():
        parts = (numbers[start : start + BLOCK] for start in range(0, len(numbers), BLOCK))
        own = coordinates(np.concatenate([_outlines(audit.thumbnails[part]) for part in parts]))
        neighbour = min(len(own) - 1, max(5, round(ALIKE * len(own))))
        # A copy of each column: a view of it would keep all distances of its block.
        blocks = (cdist(own[start : start + BLOCK], own) for start in range(0, len(own), BLOCK))
        reach = np.concatenate([np.partition(block, neighbour, axis=1)[:, neighbour].copy() for block in blocks])
        usual = np.median(reach)
        spread = 1.4826 * np.median(np.abs(reach - usual))
        score = (reach - usual) / spread if spread else np.zeros(len(own))
        typical = audit.rows[numbers[int(reach.argmin())]]
        found += [
            (-score[at], Finding("unlike", audit.rows[numbers[at]].member, typical.member, f"{score[at]:.1f}"))
            for at in np.flatnonzero(score > UNLIKE)
        ]
    return [finding for _, finding in sorted(found, key=lambda pair: (pair[0], pair[1].member))]


def _outlines(thumbnails: np.ndarray) -> np.ndarray:
    """Return where the grey values change, float32 (n, 196), each of length 1: 14×14 cells within the border."""
    grey = thumbnails[:, 2:-2, 2:-2].astype(np.float32)
    change = np.hypot(*np.gradient(grey, axis=(1, 2)))
    cells = change.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 14 * 14)
    unit: np.ndarray = cells / (np.linalg.norm(cells, axis=1, keepdims=True) + 1e-6)
    return unit


def _frame(audit: Audit) -> tuple[float, str]:
    """Return the share of images with the data set's usual edge, and its colour where it is a frame, else "".

    It is one if nearly all images have it while their insides differ.
    """
    readable = np.array([not row.error for row in audit.rows], bool)
    if not readable.any():
        return 0.0, ""
    edges, inside = audit.edges[readable].astype(np.float32), audit.thumbnails[readable][:, 8:-8, 8:-8]
    usual = np.median(edges, axis=0)
    share = float((np.abs(edges - usual).mean(axis=(1, 2)) <= SAME).mean())
    varied = np.abs(inside.astype(np.float32) - np.median(inside, axis=0)).mean() > SAME
    if share < FRAMED or not varied:
        return share, ""
    return share, "#" + "".join(f"{round(value):02x}" for value in np.median(usual, axis=0).tolist())
