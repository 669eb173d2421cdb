"""Hands on transparent ground, on disk: what training sets into scenes.

A folder of hands holds

- `sheets.npy`: uint8 (n, side, side, 4): red, green, blue, opacity, 0–255. Colours go on beyond the rim of the hand
  (see `extend`)
- `keypoints.npy`: float32 (n, 21, 2): in the order of `skeleton`, x and y in pixels of the sheet; NaN where nobody
  knows them
- `hands.csv`: label, source (`rendered` or `cut`), x, y, extent: the middle and the longer side of the hand's box,
  without the arm, in pixels of the sheet
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fingerspell import files, tables
from fingerspell.errors import FingerspellError

KEYPOINTS = 21
SIDE = 144  # pixels: of the sheet of a drawn hand
REACH = 5  # pixels: width of the window from which a colour beyond the rim is taken


@dataclass(frozen=True)
class Hand:
    """What is known of one hand; the columns of `hands.csv`."""

    label: str
    source: str  # "rendered" or "cut"
    x: float  # pixels of the sheet
    y: float
    extent: float


@dataclass(frozen=True)
class Hands:
    """Some hands; of an opened folder the sheets stay on disk and are read as they are needed."""

    sheets: np.ndarray  # uint8 (n, side, side, 4)
    keypoints: np.ndarray  # float32 (n, 21, 2)
    labels: np.ndarray  # str (n,)
    sources: np.ndarray  # str (n,)
    boxes: np.ndarray  # float32 (n, 3): x, y, extent

    def __len__(self) -> int:
        return len(self.sheets)

    def __getitem__(self, rows: slice | np.ndarray) -> "Hands":
        return Hands(*(part[rows] for part in vars(self).values()))

    @classmethod
    def open(cls, folder: Path) -> "Hands":
        """Open a folder of hands; raises `FingerspellError` if it is not there."""
        try:
            sheets = np.load(folder / "sheets.npy", mmap_mode="r")
            keypoints = np.load(folder / "keypoints.npy")
        except FileNotFoundError as error:
            raise FingerspellError(f"{folder} holds no hands ({error}); run `dvc repro` first") from error
        rows = tables.read(folder / "hands.csv", Hand, "table of hands")
        return cls(
            sheets=sheets,
            keypoints=keypoints,
            labels=np.array([row.label for row in rows], str),
            sources=np.array([row.source for row in rows], str),
            boxes=np.array([(row.x, row.y, row.extent) for row in rows], np.float32).reshape(-1, 3),
        )


def write(folder: Path, side: int, parts: Iterable[Hands]) -> None:
    """Write hands into a folder, part by part, so that memory holds one part however many there are."""
    table: list[Hand] = []
    keypoints: list[np.ndarray] = []

    def sheets() -> Iterator[np.ndarray]:
        for part in parts:
            keypoints.append(part.keypoints)
            for label, source, box in zip(part.labels, part.sources, part.boxes.tolist()):
                table.append(Hand(str(label), str(source), *(round(value, 2) for value in box)))
            yield part.sheets

    files.write_array(folder / "sheets.npy", np.uint8, (side, side, 4), sheets())
    files.write_array(folder / "keypoints.npy", np.float32, (KEYPOINTS, 2), keypoints)
    tables.write(folder / "hands.csv", Hand, table)


def extend(sheet: np.ndarray) -> None:
    """Let the colours of a sheet, uint8 (side, side, 4), go on beyond the rim of the hand, in place.

    Where the hand covers a pixel by half, its colour is half the ground's: set before another ground it would show
    a fringe. Such pixels take the mean colour of those nearby that are all hand.
    """
    inside = (sheet[..., 3] > 200).astype(np.uint8)
    share = cv2.blur(inside.astype(np.float32), (REACH, REACH))
    colours = cv2.blur(cv2.copyTo(sheet[..., :3], inside).astype(np.float32), (REACH, REACH))
    rim = (inside == 0) & (share > 1e-3)
    sheet[..., :3][rim] = (colours[rim] / share[rim][:, None]).astype(np.uint8)
