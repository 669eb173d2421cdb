"""Pictures inside a page: those of the plots, and small ones of the test images that were read wrong."""

import base64
from collections import defaultdict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions
from fingerspell.images import whole
from fingerspell.report.gather import Experiment

SIDE = 48  # pixels: the longer side of a test image
QUALITY = {"picture": 80, "test image": 60}  # of WebP
PER_CELL = 6  # wrong answers of each kind
MOST = 5000  # of all experiments, about a kilobyte each


@dataclass(frozen=True)
class Picture:
    """A picture as an address that holds it; sizes in pixels."""

    address: str
    width: int
    height: int


def embedded(path: Path) -> Picture:
    """Return a PNG as WebP, which takes a third of its bytes."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
        return Picture(f"data:image/webp;base64,{_webp(image, QUALITY['picture'])}", *image.size)


def mistakes(experiments: list[Experiment]) -> dict[str, Any]:
    """Return test images that were read wrong, for the script of the page.

    thumbnails: [name, WebP in base64] of each image. wrong: experiment → "row,column" of its confusion matrix →
    [[number of the thumbnail, confidence], …], the surest first.
    """
    thumbnails: dict[tuple[Path, str], int] = {}
    wrong: dict[str, dict[str, list[list[float]]]] = {}
    for one in experiments:
        cells = wrong[one.name] = defaultdict(list)
        table = one.ran.predictions
        for row in shown(table, MOST // len(experiments)):
            number = thumbnails.setdefault((one.ran.archive, table.members[row]), len(thumbnails))
            place = f"{table.labels[row]},{table.predicted[row]}"
            cells[place].append([number, round(table.confidence[row].item(), 3)])
    drawn: dict[int, list[str]] = {}
    for path in dict.fromkeys(path for path, _ in thumbnails):
        with Archive(path) as archive:
            for (holder, member), number in thumbnails.items():
                if holder == path:
                    drawn[number] = [member, thumbnail(archive, member)]
    return {"thumbnails": [drawn[number] for number in range(len(drawn))], "wrong": wrong}


def shown(table: Predictions, most: int) -> list[int]:
    """Return up to `most` wrong rows of a table, at most PER_CELL of a kind: the surest of each kind before others."""
    kinds: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in sorted(np.flatnonzero(~table.correct).tolist(), key=lambda row: (-table.confidence[row], row)):
        kinds[table.labels[row], table.predicted[row]].append(row)
    turns = [rows[turn] for turn in range(PER_CELL) for rows in kinds.values() if turn < len(rows)]
    return turns[:most]


def thumbnail(archive: Archive, member: str) -> str:
    """Return an image of an archive as WebP in base64, its longer side SIDE pixels; raises FingerspellError."""
    data = archive.read(member)
    try:
        image = Image.fromarray(whole(data, SIDE))
    except FingerspellError as error:
        raise FingerspellError(f"{member} in {archive.path}: {error}") from error
    return _webp(image, QUALITY["test image"])


def _webp(image: Image.Image, quality: int) -> str:
    data = BytesIO()
    image.save(data, "webp", quality=quality, method=6)
    return base64.b64encode(data.getvalue()).decode()
