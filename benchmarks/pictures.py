"""The pictures that speed is measured on: those of a published archive that is at hand, else drawn ones."""

import tempfile
import zipfile
from collections import defaultdict
from functools import cache
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from fingerspell import images
from fingerspell.audit.scan import SIDE
from fingerspell.datasets.at_hand import find, search_folders
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.rendered import draw

DATASET = "asl_alphabet"
MOST, DRAWN = 300, 6  # pictures of a class: of an archive at hand, and drawn where there is none
SEED = 1
Picture = tuple[str, bytes]  # its class, and the bytes of its file


def at_hand() -> Path | None:
    """Return the published archive, where it is at hand."""
    return find(catalogue.find(DATASET).archive, search_folders(Path("data/archives")))


def origin() -> str:
    """Return what the pictures are."""
    return f"of {DATASET}" if at_hand() else "drawn"


@cache
def different() -> list[Picture]:
    """Return pictures of which no two are the same, class after class, as many of each."""
    if archive := at_hand():
        return _read(archive)
    with tempfile.TemporaryDirectory() as folder:
        return _read(draw(DATASET, DRAWN, SEED, Path(folder), workers=1))


def many(count: int) -> list[Picture]:
    """Return so many pictures, every class equally often and none after the other, the same ones again where there are
    not as many different."""
    of_class: dict[str, list[Picture]] = defaultdict(list)
    for one in different():
        of_class[one[0]].append(one)
    turns = islice(cycle(zip(*map(cycle, of_class.values()))), -(-count // len(of_class)))
    return [one for turn in turns for one in turn][:count]


def pack(path: Path, count: int) -> list[str]:
    """Write a zip of that many pictures, in class folders; return the classes of its members in the order of their
    names."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (label, data) in enumerate(many(count)):
            archive.writestr(f"{label}/{number:06d}.jpg", data)
    with Archive(path) as opened:
        return [Path(name).parent.name for name in opened.names]


def unpack(archive: Path, folder: Path) -> None:
    """Lay the members of such a zip into class folders, as Keras reads them."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)


def thumbnails(count: int) -> np.ndarray:
    """Return thumbnails as the search for near-duplicates takes them, uint8 (count, 32, 32), grey values 0–255.

    Bursts stay whole. After the last picture the same come again, moved and lightened: as many new bursts, near to
    none of those before.
    """
    base = np.stack([images.load(data, SIDE, 1, "box")[:, :, 0] for _, data in different()])
    rounds = [np.roll(base, (3 * (at // 8), 3 * (at % 8)), axis=(1, 2)) for at in range(-(-count // len(base)))]
    lighter = [one + np.minimum(25 * (at % 3), 255 - one).astype(np.uint8) for at, one in enumerate(rounds)]
    return np.concatenate(lighter)[:count]


def _read(path: Path) -> list[Picture]:
    parse = catalogue.find(DATASET).parse
    of_class: dict[str, list[str]] = defaultdict(list)
    with Archive(path) as archive:
        for name in archive.names:
            if (member := parse(name)) and member.part == "train":
                of_class[member.label].append(name)
        least = min(MOST, *map(len, of_class.values()))
        return [
            (label, archive.read(names[at * len(names) // least]))
            for label, names in sorted(of_class.items())
            for at in range(least)
        ]
