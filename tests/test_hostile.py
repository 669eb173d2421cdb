"""One archive with everything wicked or odd at once: the audit names each in its report, and none does harm."""

import json
import os
import stat
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fingerspell.audit import findings, near, scan
from fingerspell.config import Clean, Protocol
from fingerspell.datasets.published.archive import LARGEST_MEMBER, Archive
from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.errors import FingerspellError
from fingerspell.images import decode, to_array
from fingerspell.splits import protocols

ROOT = Path(__file__).parent.parent
ARASL = DATASETS["arasl"]
TOP = "ArASL_Database_54K_Final"
NOISE = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)  # lies down


def encoded(image, kind="PNG", **options):
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def rotated():
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.fromarray(NOISE), "JPEG", exif=exif)


def endless():
    """A PNG of a few bytes that says it holds 40,000 × 40,000 pixels."""
    data = bytearray(encoded(Image.new("1", (8, 8))))
    data[16:24] = (40_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def animated(kind):
    frames = [Image.fromarray(np.roll(NOISE, step, 0)) for step in range(3)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


PICTURE = Image.fromarray(NOISE)
# member → how the report shows it; the odd ones among pictures are read like any other
READABLE = {
    f"{TOP}/ain/AIN (1).jpg": (encoded(PICTURE), ("PNG", 40, 24, "RGB")),  # with the wrong suffix
    f"{TOP}/ain/AIN (2).jpg": (encoded(PICTURE.convert("CMYK"), "JPEG"), ("JPEG", 40, 24, "CMYK")),
    f"{TOP}/ain/AIN (3).png": (
        encoded(Image.fromarray(NOISE[..., 0].astype(np.uint16) * 257)),
        ("PNG", 40, 24, "I;16"),
    ),
    f"{TOP}/ain/AIN (4).png": (encoded(PICTURE.quantize(16)), ("PNG", 40, 24, "P")),
    f"{TOP}/ain/AIN (5).jpg": (rotated(), ("JPEG", 24, 40, "RGB")),  # upright
    f"{TOP}/ain/AIN (6).png": (animated("PNG"), ("PNG", 40, 24, "RGB")),
    f"{TOP}/ain/AIN (7).jpg": (animated("GIF"), ("GIF", 40, 24, None)),
    f"{TOP}/ain/AIN (8).png": (encoded(PICTURE.convert("LA")), ("PNG", 40, 24, "LA")),
    f"{TOP}/ain/AIN (9).png": (encoded(PICTURE.convert("1")), ("PNG", 40, 24, "1")),
}
UNREADABLE = {
    f"{TOP}/al/AL (1).jpg": (b"", "not an image"),
    f"{TOP}/al/AL (2).jpg": (b"#!/bin/sh\ntouch /tmp/harm\n", "not an image"),
    f"{TOP}/al/AL (3).jpg": (encoded(PICTURE, "JPEG")[:-300], "truncated"),
    f"{TOP}/al/AL (4).png": (encoded(PICTURE)[:900], "truncated"),
    f"{TOP}/al/AL (5).png": (endless(), "decompression bomb"),
    f"{TOP}/al/AL (6).jpg": (b"soon damaged", "CRC"),
    f"{TOP}/al/AL (7).jpg": (bytes(LARGEST_MEMBER // 2), "CRC"),  # and lies about its size
    f"{TOP}/al/AL (8).png": (encoded(Image.new("1", (9_000, 9_000))), "more than 67 million pixels"),
}
STRAY = {
    "notes.txt": b"read me",
    "overview.png": encoded(PICTURE),
    f"{TOP}/unknown/X (1).jpg": encoded(PICTURE),
    f"{TOP}/ain/Thumbs.db": b"\0\1",
    f"__MACOSX/{TOP}/ain/._AIN (1).jpg": b"\0\5\26\7",
}
REFUSED = {
    "/etc/cron.d/harm.jpg": "absolute path",
    "C:/harm.jpg": "absolute path",
    "../../harm.jpg": "path that leaves the archive",
    f"{TOP}/ain/../../../harm.jpg": "path that leaves the archive",
    f"{TOP}\\ain\\harm.jpg": "backslash in its path",
    f"{TOP}/ain/link.jpg": "symbolic link",
    f"{TOP}/ain/bomb.png": "larger than 64 MiB",
    f"{TOP}/ain/twice.png": "there more than once under the same name",
    f"{TOP}/ain/locked.png": "encrypted",
    rf"{TOP}/ain/\xe9\xe9.png": "name in invalid UTF-8",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / ARASL.archive
    contents = {name: data for name, (data, _) in (READABLE | UNREADABLE).items()} | STRAY
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile itself warns of the duplicate
        for name, data in contents.items():
            writer.writestr(name, data, zipfile.ZIP_STORED if b"soon" in data else None)
        for name, why in REFUSED.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = name.replace(r"\xe9\xe9", "é"), zipfile.ZIP_DEFLATED
            if why == "symbolic link":
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            data = bytes(LARGEST_MEMBER + 1) if why.startswith("larger") else encoded(PICTURE)
            writer.writestr(info, data)
        writer.writestr(f"{TOP}/ain/twice.png", b"which one?")
    data = path.read_bytes().replace(b"soon damaged", b"soon DAMAGED").replace("/é".encode(), b"/\xe9\xe9")
    data = bytearray(data)
    data[data.rindex(b"PK\x01\x02", 0, data.rindex(b"locked.png")) + 8] |= 1
    # The directory's idea of what the half bomb holds uncompressed.
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(b"AL (7)"))
    struct.pack_into("<I", data, entry + 24, 1000)
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def report(path):
    with Archive(path) as archive:
        seen = scan.scan(ARASL, archive)
        found, _ = findings.find(seen, archive, near.find(seen))
    told = {kind: {} for kind in ("unreadable", "stray", "refused")}
    for one in found:
        told.setdefault(one.kind, {})[one.member] = one.detail
    return {row.member: row for row in seen.rows}, told


def test_odd_pictures_are_read_like_any_other(report, path):
    rows, _ = report
    for name, (data, (kind, width, height, mode)) in READABLE.items():
        row = rows[name]
        assert (row.error, row.format, row.width, row.height) == ("", kind, width, height), name
        assert mode is None or row.mode == mode
        assert to_array(decode(data), 16, 3).shape == (16, 16, 3)


def test_unreadable_pictures_get_their_reason(report):
    rows, told = report
    for name, (_, reason) in UNREADABLE.items():
        assert reason in rows[name].error, (name, rows[name].error)
    assert set(told["unreadable"]) == set(UNREADABLE)


def test_strays_and_refused_members_are_named_and_never_read(report, path):
    rows, told = report
    assert set(rows) == set(READABLE) | set(UNREADABLE)
    assert set(told["stray"]) == set(STRAY)
    assert set(told["refused"]) == set(REFUSED)
    for name, why in REFUSED.items():
        assert why in told["refused"][name], name


def test_a_class_of_which_nothing_can_be_read_is_named(report):
    rows, _ = report
    protocol = Protocol(
        classes="all",
        clean=Clean(unreadable=True, contradictions=False, copies=False),
        split={"method": "random", "test": 0.2, "validation": 0.2},
        sample_size=None,
        undersample=False,
    )
    with pytest.raises(FingerspellError) as error:
        protocols.split(rows.values(), protocol, 1)
    assert str(error.value).startswith("none of the 8 images of class 'al' can be read (not an image); replace the ")
    assert str(error.value).endswith(" or drop the class in `classes`")


def test_the_stage_reports_them_in_bounded_memory_and_writes_nothing_else(path, tmp_path):
    raw = tmp_path / "a/b/study/data/raw/arasl"  # deep enough for ../.. to be seen
    raw.mkdir(parents=True)
    os.link(path, raw / ARASL.archive)
    work = raw.parents[2]
    (work / "params.yaml").symlink_to(ROOT / "params.yaml")
    # A shell between, because a process begins with the peak memory of the one that starts it: here, of all tests.
    subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m stages.audit arasl; exit $?"],
        cwd=work,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        timeout=60,
    )
    told = json.loads((work / "data/audit/arasl.json").read_text(encoding="utf-8"))
    assert (told["unreadable"], told["stray"], told["refused"]) == (len(UNREADABLE), len(STRAY), len(REFUSED))
    made = {str(file.relative_to(work)) for file in tmp_path.rglob("*") if file.is_file()}
    assert {name for name in made if "harm" in name or not name.startswith(("data/", "logs/", "params"))} == set()
    assert json.loads((work / "logs/audit-arasl.json").read_text())["peak_bytes"] < 400 * 2**20
