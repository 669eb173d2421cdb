"""Capture bursts, and what joins them: no group of images that are alike is ever cut by an honest split."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fingerspell.audit.table import Row, capture_order


def groups(rows: Sequence[Row], burst: int) -> dict[str, str]:
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
