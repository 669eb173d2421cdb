"""The audit sees every image once, stops at nothing, and always writes the same table."""

import csv
import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fingerspell import audit
from fingerspell.datasets.archive import Archive
from fingerspell.datasets.catalogue import DATASETS
from fingerspell.errors import FingerspellError

ARASL = DATASETS["arasl"]
TOP = "ArASL_Database_54K_Final"


def encoded(pixels, form="PNG"):
    out = BytesIO()
    Image.fromarray(pixels).save(out, form)
    return out.getvalue()


def noise(seed, shape=(64, 64)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def path(tmp_path):
    """An archive with a colour image, three copies under two labels, two bad images and two strays."""
    files = {
        f"{TOP}/ain/AIN (1).jpg": encoded(noise(1)),
        f"{TOP}/ain/AIN (2).JPG": encoded(noise(1)),
        f"{TOP}/ain/AIN (10).jpg": encoded(np.full((48, 32, 3), (255, 0, 0), np.uint8), "JPEG"),
        f"{TOP}/ain/AIN (11).jpg": encoded(noise(2))[:900],
        f"{TOP}/ta/TA (1).jpg": encoded(noise(1)),
        f"{TOP}/ta/TA (2).jpg": b"no image at all",
        "overview.png": encoded(noise(3)),
        "notes.txt": b"",
        "../evil.jpg": encoded(noise(4)),
    }
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as writer:
        for name, data in files.items():
            writer.writestr(name, data)
    return path


def run(path, **settings):
    with Archive(path) as archive:
        rows = audit.audit(ARASL, archive, **settings)
        return {row.member.split("/")[-1]: row for row in rows}, audit.summary(rows, archive)


def test_rows(path):
    rows, _ = run(path)
    assert list(rows) == sorted(rows)
    grey, copy, other = rows["AIN (1).jpg"], rows["AIN (2).JPG"], rows["TA (1).jpg"]
    assert (grey.label, grey.part, grey.number, grey.format, grey.mode) == ("ain", "train", 1, "PNG", "L")
    assert (grey.width, grey.height) == (64, 64)
    assert grey.brightness == pytest.approx(noise(1).mean(), abs=0.01)
    assert grey.pixels_sha == copy.pixels_sha == other.pixels_sha
    assert len(grey.pixels_sha) == len(grey.phash) == 16
    red = rows["AIN (10).jpg"]
    assert (red.width, red.height, red.mode, red.format) == (32, 48, "RGB", "JPEG")
    assert red.brightness == pytest.approx(0.299 * 254, abs=1)
    assert red.pixels_sha != grey.pixels_sha


def test_the_same_bytes_in_another_shape_or_mode_are_no_copy(tmp_path):
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as writer:
        for number, shape in enumerate([(6, 12), (12, 6), (6, 4, 3)], 1):
            writer.writestr(f"{TOP}/ain/AIN ({number}).png", encoded(np.zeros(shape, np.uint8)))
    rows, _ = run(path)
    assert len({row.pixels_sha for row in rows.values()}) == 3


def test_unreadable_images_get_their_error_and_stop_nothing(path):
    rows, summary = run(path)
    assert rows["TA (2).jpg"].error == "not an image"
    assert "truncated" in rows["AIN (11).jpg"].error
    assert not rows["AIN (11).jpg"].pixels_sha
    assert summary["unreadable"]["count"] == 2


def test_damaged_member_gets_its_error(path):
    data = path.read_bytes()
    path.write_bytes(data.replace(b"no image at all", b"no image at ALL"))
    rows, _ = run(path)
    assert "CRC" in rows["TA (2).jpg"].error


def test_summary(path):
    _, summary = run(path)
    assert summary["images"] == 6
    assert summary["stray"] == {"count": 2, "names": ["notes.txt", "overview.png"]}
    assert summary["refused"]["count"] == 1 and "evil.jpg" in summary["refused"]["names"][0]
    assert summary["copies"] == {"groups": 1, "extra": 2, "labels": {"ain/ta": 1}}
    assert summary["sizes"] == {"64x64": 3, "32x48": 1}
    assert summary["classes"] == {"ain": {"train": 4}, "ta": {"train": 2}}


def test_at_most_twenty_names_are_listed(tmp_path):
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as writer:
        for number in range(30):
            writer.writestr(f"stray{number}.txt", b"")
    rows, summary = run(path)
    assert rows == {} and summary["brightness"] is None
    assert summary["stray"]["count"] == 30 and len(summary["stray"]["names"]) == 20


def test_hands_table_tells_signer_and_burst(path, tmp_path):
    hands = tmp_path / "hands.csv"
    names = [name for name in Archive(path).names if ARASL.parse(name)]
    with open(hands, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["member", "label", "signer", "burst", "hand"])
        writer.writerows([name, "", "s01", f"b{place}", "right"] for place, name in enumerate(names))
    rows, _ = run(path, hands_csv=hands)
    assert [(row.signer, row.burst) for row in rows.values()] == [("s01", f"b{i}") for i in range(6)]

    hands.write_text("\n".join(hands.read_text().splitlines()[:-2]))
    with pytest.raises(FingerspellError, match=r"does not tell of .*TA \(1\)"):
        run(path, hands_csv=hands)
    hands.write_text("something,else\n1,2\n")
    with pytest.raises(FingerspellError, match="no table of rendered hands"):
        run(path, hands_csv=hands)


def test_workers_do_not_change_the_table_and_it_reads_back(tmp_path):
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as writer:
        for number in range(400):
            writer.writestr(f"{TOP}/ain/AIN ({number}).jpg", encoded(noise(number, (8, 8))))
        writer.writestr(f"{TOP}/al/AL (1).jpg", b'broken, "so"\nto speak')
    tables = []
    for workers in (1, 3):
        with Archive(path) as archive:
            rows = audit.audit(ARASL, archive, workers=workers)
        audit.write(tmp_path / f"{workers}.csv", rows)
        assert audit.read(tmp_path / f"{workers}.csv") == rows
        tables.append((tmp_path / f"{workers}.csv").read_bytes())
    assert tables[0] == tables[1]
    assert len(rows) == 401


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", None])
def test_a_foreign_table_is_refused(tmp_path, text):
    path = tmp_path / "audit.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(FingerspellError, match=r"audit\.csv is no table of an audit.*run the audit again"):
        audit.read(path)


def test_difference_hash_survives_light_and_compression_but_not_another_picture():
    y, x = np.mgrid[0:64, 0:64]
    picture = (127 + 90 * np.sin(x / 7 + y / 19)).astype(np.uint8)
    brighter = np.clip(picture * 0.8 + 40, 0, 255).astype(np.uint8)

    def value(pixels):
        return int(audit.difference_hash(Image.fromarray(pixels)), 16)

    assert (value(picture) ^ value(brighter)).bit_count() <= 2
    assert (value(picture) ^ value(picture[:, ::-1])).bit_count() > 16
    assert audit.difference_hash(Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1)))) == "f" * 16
