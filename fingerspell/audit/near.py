"""What is near to what among the images of an audit, in memory that grows with the images and not with their pairs.

Images with the same thumbnail are near to the same others: thumbnails are compared once each, and what is found is told
of all their images. Of the pairs, which may be nearly as many as the square of the images, none is kept.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array

from fingerspell.audit.duplicates import clusters, near_duplicates
from fingerspell.audit.scan import Audit

NEAR = 6.0  # grey levels: thumbnails that differ by less on average are near-duplicates
EDGES = 2**20  # pairs that are held at once, until all that they join is joined


@dataclass(frozen=True, eq=False)
class Near:
    """The near-duplicates among images, which are numbered as the rows of the audit."""

    pairs: int
    two_labels: int  # of the pairs, those whose images carry different labels
    clusters: np.ndarray  # int64 (n,): whom an image is near to, directly or by others; -1 if to none
    others: np.ndarray  # int64 (n,): the nearest with other pixels, of several the first; -1 if there is none
    distances: np.ndarray  # float32 (n,): from it, in grey levels; infinite if there is none


def find(seen: Audit, threshold: float = NEAR) -> Near:
    """Find all near-duplicates among the readable images, as `duplicates.near_duplicates` does."""
    readable = np.flatnonzero([not row.error for row in seen.rows])
    numbers: dict[bytes, int] = {}  # of thumbnails, by their pixels
    of = np.array([numbers.setdefault(seen.thumbnails[row].tobytes(), len(numbers)) for row in readable], np.int64)
    count = len(numbers)
    _, first = np.unique(of, return_index=True)
    size = np.bincount(of, minlength=count)
    _, label = np.unique([seen.rows[row].label for row in readable], return_inverse=True)
    labelled = coo_array((np.ones(len(of), np.int64), (of, label)), shape=(count, len(of))).tocsr()

    pairs, one_label = int((size * (size - 1)).sum()) // 2, int((labelled.power(2).sum() - len(of)) // 2)
    edges, held = [np.empty((0, 2), np.int64)], 0
    nearest, distance = np.full(count, -1), np.full(count, np.inf, np.float32)
    for part, apart in near_duplicates(seen.thumbnails[readable[first]], threshold):
        one, other = part.T
        pairs += int((size[one] * size[other]).sum())
        one_label += int(labelled[one].multiply(labelled[other]).sum())
        _remember(nearest, distance, one, other, apart)
        edges, held = [*edges, part], held + len(part)
        if held > EDGES:
            edges, held = [_spanning(clusters(count, np.concatenate(edges)))], 0

    joined = (size > 1) | (nearest >= 0)
    cluster = np.full(count, -1)
    cluster[joined] = np.unique(clusters(count, np.concatenate(edges))[joined], return_inverse=True)[1]
    return _of_images(seen, readable, of, first, Near(pairs, pairs - one_label, cluster, nearest, distance))


def clustered(seen: Audit, near: Near) -> Audit:
    """Return the same with the clusters of near-duplicates in its rows; an image that is near to none has none."""
    known = near.clusters.tolist()
    return replace(
        seen, rows=[replace(row, cluster=None if one < 0 else one) for row, one in zip(seen.rows, known, strict=True)]
    )


def _remember(nearest: np.ndarray, distance: np.ndarray, one: np.ndarray, other: np.ndarray, apart: np.ndarray) -> None:
    """Let each thumbnail of the pairs know the nearest of them, of several the first, where it knows no nearer."""
    who, whom, apart = np.concatenate([one, other]), np.concatenate([other, one]), np.concatenate([apart, apart])
    order = np.lexsort((whom, apart, who))
    who, best = np.unique(who[order], return_index=True)
    whom, apart = whom[order][best], apart[order][best]
    better = (apart < distance[who]) | ((apart == distance[who]) & (whom < nearest[who]))
    nearest[who[better]], distance[who[better]] = whom[better], apart[better]


def _spanning(label: np.ndarray) -> np.ndarray:
    """Return pairs, int64 (n, 2), that join what has the same label, and nothing else."""
    _, first = np.unique(label, return_index=True)
    return np.column_stack([first[label], np.arange(len(label))])


def _of_images(seen: Audit, readable: np.ndarray, of: np.ndarray, first: np.ndarray, near: Near) -> Near:
    """Return what is known of thumbnails, told of their images.

    readable: the rows of the images. of: the thumbnail of each. first: the first image of each thumbnail.
    """
    others, distances = np.where(near.others < 0, -1, first[near.others])[of], near.distances[of]
    # Nearer than any other thumbnail is the same one, made of other pixels.
    _, picture = np.unique([seen.rows[row].pixels_sha for row in readable], return_inverse=True)
    unlike = np.flatnonzero(picture != picture[first[of]])
    second = np.full(len(first), -1)
    second[of[unlike[::-1]]] = unlike[::-1]  # the first of them is written last
    several = second[of] >= 0
    others[several], distances[several] = second[of][several], 0
    others[unlike] = first[of[unlike]]

    def spread(values: np.ndarray, none: float) -> np.ndarray:
        whole = np.full(len(seen.rows), none, values.dtype)
        whole[readable] = values
        return whole

    others[others >= 0] = readable[others[others >= 0]]
    return replace(
        near, clusters=spread(near.clusters[of], -1), others=spread(others, -1), distances=spread(distances, np.inf)
    )
