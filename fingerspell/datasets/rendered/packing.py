"""How each collection was published: names, sizes, formats and quirks, and a zip that is always the same.

asl_alphabet (https://www.kaggle.com/datasets/grassknoted/asl-alphabet): nested folders, `A/A1.jpg` numbered
along the capture, 200x200 JPEG with a blue frame; a flat folder of 28 test pictures, none for `del`.
synthetic_asl (https://www.kaggle.com/datasets/lexset/synthetic-asl-alphabet): `Train_Alphabet/A/<uuid>.png`
and `Test_Alphabet/A/<uuid>.png`, nine to one, and an overview picture at the root that belongs to no class.
The names of the pictures are invented: only the folders are known. Square here (512x512), 513x512 there.
arasl (https://data.mendeley.com/datasets/y7pckrw6z2/1): `ain/AIN (1).JPG`, 64x64 grey JPEG; .jpg and .JPG
both occur; a fifth of kaaf and meem is 256x256; a few haa are 768x1024 in colour; classes are unequal.
asl_photos (https://github.com/keptsecret/ASLAlphabets): `train/A/A0.jpg` numbered from 0, 224x224 JPEG; the
folders of `del`, `nothing` and `space` begin with a capital.
"""

import io
import uuid
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from fingerspell.datasets.published import catalogue

AMERICAN = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
EMPTY = {"nothing", "Blank"}
OVERVIEW = "overview.png"
# Frames of one burst: few, so that a small set still has many bursts of a class to learn from and to be tested on.
BURST = {"asl_alphabet": 3, "synthetic_asl": 3, "arasl": 6, "asl_photos": 3}


@dataclass(frozen=True)
class Shot:
    """One image to make: its member's name in the archive, and its stored width, height and mode."""

    member: str
    width: int
    height: int
    mode: str = "RGB"

    @property
    def corner(self) -> tuple[int, int]:
        """Where the image is cut out of the middle of a square as long as its longer side."""
        long = max(self.width, self.height)
        return (long - self.width) // 2, (long - self.height) // 2


@dataclass(frozen=True)
class Burst:
    """Consecutive images of one sign by one signer; `name` is unique overall, `number` within the label."""

    name: str
    label: str
    number: int
    shots: tuple[Shot, ...]


def plan(dataset: str, images_per_class: int, seed: int) -> list[Burst]:
    """Return all bursts of a collection, in the order in which they are packed."""
    bursts = []
    for label, part, shots in LAYOUTS[dataset](images_per_class, seed):
        size = BURST[dataset]
        for i, first in enumerate(range(0, len(shots), size)):
            number = i if part == "train" else 100_000 + i
            name = f"{label}-{part}-b{i:03d}"
            bursts.append(Burst(name, label, number, tuple(shots[first : first + size])))
    return bursts


Layout = Iterable[tuple[str, str, list[Shot]]]


def _asl_alphabet(count: int, seed: int) -> Layout:
    labels = (*AMERICAN, "del", "nothing", "space")
    folder = "asl_alphabet_train/asl_alphabet_train"
    for label in labels:
        yield (
            label,
            "train",
            [Shot(f"{folder}/{label}/{label}{n}.jpg", 200, 200) for n in range(1, count + 1)],
        )
    for label in labels:
        if label != "del":
            yield label, "test", [Shot(f"asl_alphabet_test/asl_alphabet_test/{label}_test.jpg", 200, 200)]


def _synthetic_asl(count: int, seed: int) -> Layout:
    test = max(1, round(count / 10))
    for part, folder, number in (("train", "Train_Alphabet", count - test), ("test", "Test_Alphabet", test)):
        for label in (*AMERICAN, "Blank"):
            names = (uuid.uuid5(uuid.NAMESPACE_OID, f"{seed} {part} {label} {n}") for n in range(number))
            yield label, part, [Shot(f"{folder}/{label}/{name}.png", 512, 512) for name in names]


def _arasl(count: int, seed: int) -> Layout:
    sizes = catalogue.find("arasl").counts["train"]
    mean = np.mean(list(sizes.values()))
    for label, published in sizes.items():
        number = max(2, round(count * published / mean))
        shots = []
        for n in range(1, number + 1):
            width, height, mode = 64, 64, "L"
            middle = n - number // 5 - 1  # the odd sizes lie together, as one camera's would
            if label in ("kaaf", "meem") and 0 <= middle < max(1, round(0.18 * number)):
                width, height = 256, 256
            elif label == "haa" and n > number - max(1, round(0.0066 * number)):
                width, height, mode = 768, 1024, "RGB"
            prefix = {"aleff": "Aleff", "nun": "Nun"}.get(label, label.upper())
            ending = "JPG" if n % 5 == 1 else "jpg"
            member = f"ArASL_Database_54K_Final/{label}/{prefix} ({n}).{ending}"
            shots.append(Shot(member, width, height, mode))
        yield label, "train", shots


def _asl_photos(count: int, seed: int) -> Layout:
    for label in (*AMERICAN, "del", "nothing", "space"):
        name = label.capitalize()
        yield label, "train", [Shot(f"train/{name}/{name}{n}.jpg", 224, 224) for n in range(count)]


LAYOUTS = {
    "asl_alphabet": _asl_alphabet,
    "synthetic_asl": _synthetic_asl,
    "arasl": _arasl,
    "asl_photos": _asl_photos,
}


def encode(picture: Image.Image, shot: Shot) -> bytes:
    """Encode a square picture as its archive stores it; always the same bytes for the same picture."""
    long = max(shot.width, shot.height)
    if picture.width != long:
        # PNG doubles its pixels: smooth ones would take twice the time and space to compress.
        doubled = shot.member.endswith(".png")
        method = Image.Resampling.NEAREST if doubled else Image.Resampling.BILINEAR
        picture = picture.resize((long, long), method)
    x, y = shot.corner
    picture = picture.crop((x, y, x + shot.width, y + shot.height)).convert(shot.mode)
    if shot.member.endswith(".png"):
        return _png(np.asarray(picture))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=94 if shot.mode == "RGB" else 88)
    return stream.getvalue()


def _png(pixels: np.ndarray) -> bytes:
    """Encode RGB (h, w, 3) uint8 as PNG, by OpenCV: in a third of the time of Pillow, which tries all filters."""
    _, data = cv2.imencode(".png", pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()


def add(archive: zipfile.ZipFile, member: str, data: bytes) -> None:
    """Append one member, uncompressed (pictures already are), with a fixed date."""
    entry = zipfile.ZipInfo(member, date_time=(2020, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def overview(pictures: dict[str, bytes]) -> bytes:
    """Make the picture of all signs that lies at the root of synthetic_asl: nine in a row, 96 pixels each."""
    sheet = Image.new("RGB", (9 * 96, 3 * 96))
    for place, data in enumerate(pictures.values()):
        thumbnail = Image.open(io.BytesIO(data)).resize((96, 96), Image.Resampling.BOX)
        sheet.paste(thumbnail, (place % 9 * 96, place // 9 * 96))
    return _png(np.asarray(sheet))


def labels_csv(bursts: list[Burst]) -> str:
    """Return ArASL's table of labels: `#,File_Name,Class`."""
    rows = [(Path(shot.member).name, burst.label) for burst in bursts for shot in burst.shots]
    return "#,File_Name,Class\n" + "".join(f"{i},{name},{label}\n" for i, (name, label) in enumerate(rows, 1))
