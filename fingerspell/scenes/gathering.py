"""What the training images of an experiment are composed of, gathered in one folder."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fingerspell import files
from fingerspell.datasets import hands
from fingerspell.datasets.hands import Hands
from fingerspell.preparation.prepared import ABOUT, TABLE, Prepared
from fingerspell.scenes.compositing import trimmed
from fingerspell.scenes.compositions import COUNTS

PART = 256  # hands that are copied at a time
ROOMS = 1000  # photographs whose walls stand in for empty rooms where there are none


def gather(
    prepared: Prepared, drawn: Path, steps: int, seed: int, folder: Path, log: Callable[[str], Any]
) -> dict[str, Any]:
    """Fill an empty folder with drawn hands, those cut out of the training photographs, these, and backgrounds.

    drawn: the folder that the stage `hands` left. steps: batches of 16 on which the segmenter learns that cuts hands
    out; with 0 none are. The prepared images are copied too: they are validated and tested on. Returns, and writes as
    `composition.json`, how many of each there are.
    """
    rendered = Hands.open(drawn)
    for name in ("images.npy", "photographs.npy", TABLE, ABOUT):
        shutil.copyfile(prepared.folder / name, folder / name)
    shutil.copyfile(drawn / "backgrounds.npy", folder / "backgrounds.npy")
    labels = np.array(prepared.classes)[prepared.labels[prepared.rows("train")]]
    empty = prepared.settings["empty"]

    def parts() -> Iterator[Hands]:
        rows = np.flatnonzero(np.isin(rendered.labels, prepared.classes))
        for start in range(0, len(rows), PART):
            yield rendered[rows[start : start + PART]]
        if steps:
            yield from _cut(folder, rendered, labels, empty, steps, seed, log)

    hands.write(folder, rendered.sheets.shape[1], parts())
    sources = Hands.open(folder).sources
    counts = {source: int(np.sum(sources == source)) for source in ("rendered", "cut")}
    counts |= {"photographs": len(labels), "photographs_with_a_hand": int(np.sum(labels != empty))}
    files.write_json(folder / COUNTS, counts)
    return counts


def _cut(
    folder: Path,
    rendered: Hands,
    labels: np.ndarray,
    empty: str | None,
    steps: int,
    seed: int,
    log: Callable[[str], Any],
) -> Iterator[Hands]:
    from fingerspell.scenes import cutting, segmenter

    photographs = trimmed(np.load(folder / "photographs.npy", mmap_mode="r"))
    holds_none = labels == empty
    rooms = photographs[np.flatnonzero(holds_none)] if holds_none.any() else segmenter.emptied(photographs, ROOMS)
    backgrounds = np.load(folder / "backgrounds.npy", mmap_mode="r")
    network = segmenter.train(rendered, backgrounds, rooms, steps, seed, log)
    rows = np.flatnonzero(~holds_none)
    yield from cutting.cut(network, photographs, labels, rows, rendered.sheets.shape[1])
