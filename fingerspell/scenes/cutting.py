"""Hands cut out of photographs, by a segmenter's outline where the colours bear it out."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import keras
import numpy as np

from fingerspell.datasets.hands import KEYPOINTS, Hands, extend
from fingerspell.progress import progress
from fingerspell.scenes.segmenter import coloured, masks

PART = 64  # photographs that are cut at a time
FINEST = 128  # pixels: side of the photograph in which the outline is drawn
LEAST = 0.012  # of the picture: a hand covers at least as much
# Of the network's outline and the one that fits the colours: the least share of both that they have in common.
AGREEMENT = 0.75
SURE = 0.6  # of the pixels that may be a hand: the least share of which the network is sure
EXTENT = 0.56  # of the side of a sheet, that the hand takes
ENLARGED = 2.4  # the most that a hand is magnified from a photograph as large as a sheet
BRIGHT = 170  # of 255: the least that the brightest part of a cut hand reaches
LIFTED = 3.5  # the most that this multiplies it by: what is left of a darker one is grain


def cut(
    network: keras.Model, photographs: np.ndarray, labels: np.ndarray, rows: np.ndarray, side: int
) -> Iterator[Hands]:
    """Yield the hands cut out of some rows of photographs, uint8 (n, length, length, 1 or 3), on sheets of `side`.

    labels: (n,) of str. Photographs in which no hand is found for sure are left out (see `cut_out`).
    """
    starts = range(0, len(rows), PART)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in progress(starts, len(starts), "cutting out", f"times {PART} images"):
            part = rows[start : start + PART]
            pictures = [coloured(picture) for picture in photographs[part]]
            found = list(pool.map(cut_out, pictures, masks(network, pictures), [side] * len(part)))
            kept = [at for at, one in enumerate(found) if one is not None]
            if kept:
                sheets, boxes = zip(*(found[at] for at in kept))
                unknown = np.full((len(kept), KEYPOINTS, 2), np.nan, np.float32)
                cut = np.full(len(kept), "cut")
                yield Hands(np.stack(sheets), unknown, labels[part[kept]], cut, np.stack(boxes))


def cut_out(photograph: np.ndarray, mask: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Cut the hand out of a photograph, uint8 (length, length, 3), by its `masks`; None where none is plain to see.

    Returns the hand with its arm on a sheet, uint8 (side, side, 4), and the box of the hand alone: x, y, extent. The
    outline is the network's where the colours bear it out (GrabCut, Rother et al. 2004,
    https://doi.org/10.1145/1015706.1015720).
    """
    mask = cv2.resize(mask, (FINEST, FINEST), interpolation=cv2.INTER_LINEAR)
    likely = mask[..., 0] > 0.5
    maybe = mask[..., 0] > 0.15
    sure = np.mean(np.abs(mask[..., 0][maybe] - 0.5) > 0.35) if maybe.any() else 0.0
    if likely.mean() < LEAST or sure < SURE:
        return None
    outline = _outline(cv2.resize(photograph, (FINEST, FINEST), interpolation=cv2.INTER_AREA), mask[..., 0])
    if np.sum(outline & likely) < AGREEMENT * np.sum(outline | likely):
        return None
    rows, columns = np.nonzero(outline & (mask[..., 1] > 0.35))
    if len(rows) < LEAST * FINEST**2:
        return None
    low, high = np.percentile([columns, rows], (0.5, 99.5), axis=1)
    length = len(photograph)
    middle, extent = (low + high + 1) / 2 * length / FINEST, (high - low + 1).max() * length / FINEST
    scale = EXTENT * side / extent
    if scale > ENLARGED * side / length:
        return None
    opacity = cv2.GaussianBlur(np.where(outline, np.float32(255), 0), (0, 0), 0.8)
    opacity = cv2.resize(opacity, (length, length), interpolation=cv2.INTER_LINEAR)
    opacity = np.clip((opacity - 60) * 1.6, 0, 255).astype(np.uint8)
    whole = np.dstack([photograph, opacity])
    if scale < 0.7:
        whole = cv2.GaussianBlur(whole, (0, 0), 0.5 / scale - 0.3)
    matrix = np.array([(scale, 0, side / 2 - scale * middle[0]), (0, scale, side / 2 - scale * middle[1])])
    sheet = _lifted(cv2.warpAffine(whole, matrix, (side, side), flags=cv2.INTER_LINEAR))
    extend(sheet)
    return sheet, np.array([side / 2, side / 2, EXTENT * side], np.float32)


def _lifted(sheet: np.ndarray) -> np.ndarray:
    """Return a sheet on which a hand that stood against the light is as bright as others are, its grain with it."""
    brightest = np.percentile(sheet[..., :3].max(axis=2)[sheet[..., 3] > 127], 95)
    gain = min(max(BRIGHT / max(brightest, 1.0), 1.0), LIFTED)
    return np.dstack([cv2.convertScaleAbs(sheet[..., :3], alpha=gain), sheet[..., 3]])


def _outline(photograph: np.ndarray, likelihood: np.ndarray) -> np.ndarray:
    """Return where the largest hand is, bool (FINEST, FINEST)."""
    labels: np.ndarray = np.full(likelihood.shape, cv2.GC_BGD, np.uint8)
    near = cv2.dilate((likelihood > 0.3).astype(np.uint8), np.ones((5, 5), np.uint8))
    labels[(likelihood > 0.08) | (near > 0)] = cv2.GC_PR_BGD
    labels[likelihood > 0.5] = cv2.GC_PR_FGD
    sure = cv2.erode((likelihood > 0.93).astype(np.uint8), np.ones((3, 3), np.uint8))
    labels[sure > 0] = cv2.GC_FGD
    if np.any(labels == cv2.GC_BGD) or np.any(labels == cv2.GC_PR_BGD):  # colours of either side are needed
        cv2.setRNGSeed(0)
        cv2.grabCut(  # type: ignore[call-overload]  # its stubs do not know that a mask needs no rectangle
            photograph, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK
        )
    count, parts, about, _ = cv2.connectedComponentsWithStats(
        ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8)
    )
    if count == 1:
        return np.zeros(likelihood.shape, bool)
    largest: np.ndarray = parts == 1 + about[1:, cv2.CC_STAT_AREA].argmax()
    return largest
