"""The audit sees every image once, stops at nothing, and always writes the same table."""

import csv
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fingerspell.audit import findings, near, scan, table
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.errors import FingerspellError

ROOT = Path(__file__).parent.parent
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
    """Return the rows by file name, the audit, the findings by kind and the numbers."""
    with Archive(path) as archive:
        seen = scan.scan(ARASL, archive, **settings)
        alike = near.find(seen)
        seen = near.clustered(seen, alike)
        found, numbers = findings.find(seen, archive, alike)
    kinds = {}
    for finding in found:
        kinds.setdefault(finding.kind, []).append(finding)
    return {row.member.split("/")[-1]: row for row in seen.rows}, seen, kinds, numbers


def pack(path, files):
    with zipfile.ZipFile(path, "w") as writer:
        for name, data in files.items():
            writer.writestr(f"{TOP}/{name}", data)
    return path


def test_rows(path):
    rows, *_ = run(path)
    assert list(rows) == sorted(rows)
    grey, copy, other = rows["AIN (1).jpg"], rows["AIN (2).JPG"], rows["TA (1).jpg"]
    assert (grey.label, grey.part, grey.number, grey.format, grey.mode) == ("ain", "train", 1, "PNG", "L")
    assert (grey.width, grey.height) == (64, 64)
    assert grey.brightness == pytest.approx(noise(1).mean(), abs=0.6)
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
    rows, *_ = run(path)
    assert len({row.pixels_sha for row in rows.values()}) == 3


def test_unreadable_images_get_their_error_and_stop_nothing(path):
    rows, _, found, numbers = run(path)
    assert rows["TA (2).jpg"].error == "not an image"
    assert "truncated" in rows["AIN (11).jpg"].error
    assert not rows["AIN (11).jpg"].pixels_sha
    assert numbers["unreadable"] == 2
    assert [(one.member.split("/")[-1], one.detail) for one in found["unreadable"]] == [
        (name, rows[name].error) for name in ("AIN (11).jpg", "TA (2).jpg")
    ]


def test_damaged_member_gets_its_error(path):
    data = path.read_bytes()
    path.write_bytes(data.replace(b"no image at all", b"no image at ALL"))
    rows, *_ = run(path)
    assert "CRC" in rows["TA (2).jpg"].error


def test_findings(path):
    _, _, found, numbers = run(path)
    assert numbers["images"] == 6 and numbers["classes"] == 2 and numbers["sizes"] == 2
    assert [one.member for one in found["stray"]] == ["notes.txt", "overview.png"] and numbers["stray"] == 2
    assert [(one.member, one.detail) for one in found["refused"]] == [("../evil.jpg", "path that leaves the archive")]
    first, copies = f"{TOP}/ain/AIN (1).jpg", [f"{TOP}/ain/AIN (2).JPG", f"{TOP}/ta/TA (1).jpg"]
    assert [(one.member, one.other, one.detail) for one in found["copy"]] == [
        (copy, first, "3 alike") for copy in copies
    ]
    assert (numbers["copy_groups"], numbers["copies"]) == (1, 2)
    assert [(one.member, one.other) for one in found["two labels"]] == [(ain, copies[1]) for ain in (first, copies[0])]
    assert {one.detail for one in found["two labels"]} == {"ain/ta"} and numbers["two_labels"] == 2
    assert "near" not in found and numbers["near_pairs"] == 3  # the copies; a table of them is there already
    gone = table.left_out(finding for kind in found.values() for finding in kind)
    assert sorted(name.split("/")[-1] for name in gone) == [
        "AIN (1).jpg", "AIN (11).jpg", "AIN (2).JPG", "TA (1).jpg", "TA (2).jpg"
    ]  # fmt: skip
    assert all(isinstance(value, int | float) for value in numbers.values())


def test_an_archive_without_images(tmp_path):
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as writer:
        writer.writestr("stray.txt", b"")
    rows, seen, found, numbers = run(path)
    assert rows == {} and list(found) == ["stray"]
    assert seen.thumbnails.shape == (0, 32, 32) and numbers["images"] == 0


def test_thumbnails_stand_in_the_order_of_the_rows(path):
    rows, seen, _, _ = run(path)
    assert seen.thumbnails.shape == (6, 32, 32) and seen.thumbnails.dtype == np.uint8
    expected = noise(1).reshape(32, 2, 32, 2).mean(axis=(1, 3))
    for thumbnail, row in zip(seen.thumbnails, rows.values()):
        if row.error:
            assert not thumbnail.any()
        elif row.mode == "L":
            assert np.abs(thumbnail - expected).max() <= 1


def test_near_duplicates_are_joined_and_told_once_each(tmp_path):
    base = noise(1, (64, 64)) // 2 + 50
    frames = [base, base + 3, base + 7, base + 40]
    path = pack(tmp_path / "images.zip", {f"ain/AIN ({at}).png": encoded(frame) for at, frame in enumerate(frames, 1)})
    rows, _, found, numbers = run(path)
    assert [row.cluster for row in rows.values()] == [0, 0, 0, None]
    assert [(one.member[-6], one.other[-6], one.detail) for one in found["near"]] == [
        ("1", "2", "3.00"), ("2", "1", "3.00"), ("3", "2", "4.00")
    ]  # fmt: skip
    keys = ("near_pairs", "near_images", "near_clusters", "largest_cluster", "near_two_labels")
    assert [numbers[key] for key in keys] == [2, 3, 1, 3, 0]


def test_sets_of_two_labels_are_listed_whole_though_not_pair_by_pair(tmp_path):
    """Each image is beside another one; the number is that of all pairs."""
    names = [f"ain/AIN ({at}).png" for at in range(3)] + [f"al/AL ({at}).png" for at in range(2)] + ["ta/TA (1).png"]
    _, _, found, numbers = run(pack(tmp_path / "images.zip", dict.fromkeys(names, encoded(noise(1)))))
    pairs = [tuple(name.split("/")[-1] for name in (one.member, one.other)) for one in found["two labels"]]
    assert pairs == [
        ("AIN (0).png", "AL (0).png"), ("AIN (0).png", "AL (1).png"), ("AIN (0).png", "TA (1).png"),
        ("AIN (1).png", "AL (0).png"), ("AIN (2).png", "AL (0).png"),
    ]  # fmt: skip
    assert [one.detail for one in found["two labels"]] == ["ain/al", "ain/al", "ain/ta", "ain/al", "ain/al"]
    assert numbers["two_labels"] == numbers["near_two_labels"] == 3 * 2 + 3 + 2
    assert table.left_out(found["two labels"]) == {f"{TOP}/{name}" for name in names}


@pytest.mark.slow
@pytest.mark.parametrize("pixels", ["the same", "the same thumbnail"])
def test_ten_thousand_images_that_are_alike_take_little_memory(tmp_path, pixels):
    """Their pairs are fifty million, and sixteen million of them have two labels."""
    count, picture = 10_000, Image.fromarray(noise(1, (8, 8)))
    forms = [encoded(np.asarray(picture)), encoded(np.asarray(picture.convert("RGB")))]
    raw = tmp_path / "data/raw/arasl"
    raw.mkdir(parents=True)
    names = [f"ain/AIN ({at}).png" for at in range(8000)] + [f"al/AL ({at}).png" for at in range(2000)]
    pack(raw / ARASL.archive, {name: forms[at % 2 if pixels != "the same" else 0] for at, name in enumerate(names)})
    # A shell between, because a process begins with the peak memory of the one that starts it: here, of all tests.
    subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m stages.audit arasl; exit $?"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        timeout=120,
    )
    numbers = json.loads((tmp_path / "data/audit/arasl.json").read_text())
    assert (numbers["near_pairs"], numbers["near_two_labels"]) == (count * (count - 1) // 2, 8000 * 2000)
    assert (numbers["largest_cluster"], numbers["near_clusters"]) == (count, 1)
    assert numbers["copies"] == count - (1 if pixels == "the same" else 2)
    assert numbers["two_labels"] == 8000 * 2000 // (1 if pixels == "the same" else 2)
    assert json.loads((tmp_path / "logs/audit-arasl.json").read_text())["peak_bytes"] < 400 * 2**20


def test_unreadable_images_are_near_to_none(tmp_path):
    files = {f"ain/AIN ({at}).png": b"" for at in range(5)} | {"ain/AIN (9).png": encoded(noise(1) * 0)}
    rows, _, _, numbers = run(pack(tmp_path / "images.zip", files))
    assert numbers["near_pairs"] == 0 and {row.cluster for row in rows.values()} == {None}


def scene(seed, below):
    """A dark arm that reaches into the picture from below or from above, before a light wall, with noise."""
    random = np.random.default_rng(seed)
    picture = random.integers(180, 210, (64, 64))
    picture[slice(32, None) if below else slice(0, 32), 26:38] -= 100
    return picture.astype(np.uint8)


def test_images_unlike_their_class_are_found(tmp_path):
    files = {f"ain/AIN ({at}).png": encoded(scene(at, at != 17)) for at in range(60)}
    files |= {f"ta/TA ({at}).png": encoded(scene(at, False)) for at in range(100, 140)}
    _, _, found, numbers = run(pack(tmp_path / "images.zip", files))
    first, *others = found["unlike"]
    assert first.member.endswith("AIN (17).png") and first.other.startswith(f"{TOP}/ain/")
    assert all(float(other.detail) < float(first.detail) / 3 for other in others) and numbers["unlike"] <= 3


@pytest.mark.parametrize(
    ("usual", "strange", "found"),
    [
        (192, 8, True),  # of 200 each must be near to more than 10 others
        (160, 40, False),
        (26, 4, True),  # of 30 to more than 5, although 5 % are 2
        (22, 8, False),
    ],
)
def test_a_burst_of_strange_images_vouches_for_itself_once_it_is_more_than_a_share_of_its_class(usual, strange, found):
    below = np.arange(usual + strange) >= strange
    pictures = np.stack([scene(at, one)[::2, ::2] for at, one in enumerate(below)])
    names = [f"{at:03d}" for at in range(len(pictures))]
    rows = [table.Row(name, "ain", "train", None, "", "", brightness=0.0, pixels_sha=name) for name in names]
    edges = np.zeros((len(pictures), 4 * scan.EDGE, 3), np.uint8)
    nothing = SimpleNamespace(names=[], refused={})
    none = np.full(len(rows), -1)
    told, _ = findings.find(scan.Audit(rows, pictures, edges), nothing, near.Near(0, 0, none, none, none))
    unlike = {one.member for one in told if one.kind == "unlike"}
    assert unlike & set(names[:strange]) == (set(names[:strange]) if found else set())


@pytest.mark.parametrize(
    ("framed", "varied", "expected"),
    [(40, True, True), (39, True, True), (30, True, False), (0, True, False), (40, False, False)],
)
def test_a_frame_that_nearly_all_images_carry_is_found(tmp_path, framed, varied, expected):
    files = {}
    for at in range(40):
        picture = noise(at if varied else 0, (50, 70, 3))
        if at < framed:
            picture[:2], picture[-2:], picture[:, :2], picture[:, -2:] = [(0, 10, 240)] * 4
        files[f"ain/AIN ({at}).jpg"] = encoded(picture, "PNG")
    _, _, found, numbers = run(pack(tmp_path / "images.zip", files))
    assert ("frame" in found) == expected
    if framed:
        assert numbers["framed"] == (framed / 40 if varied or framed == 40 else 1)
    if expected:
        assert found["frame"][0].detail == f"#000af0 at the edge of {framed / 40:.1%} of the images"


def odd(name):
    """Return the bytes of an image file that is not quite what an archive should hold."""
    random, out = noise(5, (40, 40)), BytesIO()
    colour = Image.fromarray(noise(6, (40, 40, 3)))
    match name:
        case "cmyk":
            colour.convert("CMYK").save(out, "JPEG")
        case "16-bit":
            Image.fromarray(random.astype(np.uint16) * 257).save(out, "PNG")
        case "palette":
            colour.quantize(16).save(out, "PNG")
        case "transparent":
            colour.convert("RGBA").save(out, "PNG")
        case "bilevel":
            colour.convert("1").save(out, "PNG")
        case "turned":
            exif = Image.Exif()
            exif[0x0112] = 6
            Image.fromarray(random[:20]).save(out, "JPEG", exif=exif)
        case "moving":
            frames = [Image.fromarray(noise(at, (40, 40))) for at in range(3)]
            frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
        case "empty":
            pass
        case "cut short":
            colour.save(out, "PNG")
            return out.getvalue()[:500]
        case "text":
            return b"\xff\xd8 no image"
        case "bomb":
            Image.new("1", (70_000, 1000)).save(out, "PNG")
        case "huge bomb":  # a few bytes that say they hold so much
            Image.new("1", (8, 8)).save(out, "PNG")
            data = bytearray(out.getvalue())
            struct.pack_into(">II", data, 16, 70_000, 6000)
            struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
            return bytes(data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "kind", "detail"),
    [
        ("cmyk", "unusual", "mode CMYK"),
        ("16-bit", "unusual", "mode I;16"),
        ("palette", "unusual", "mode P"),
        ("transparent", "unusual", "mode RGBA"),
        ("bilevel", "unusual", "mode 1"),
        ("turned", "unusual", "EXIF orientation 6"),
        ("moving", "unusual", "several pictures"),
        ("empty", "unreadable", "not an image"),
        ("cut short", "unreadable", "truncated"),
        ("text", "unreadable", "not an image"),
        ("bomb", "unreadable", "more than 67 million pixels"),
        ("huge bomb", "unreadable", "decompression bomb"),
    ],
)
def test_every_odd_file_is_named_and_none_does_harm(tmp_path, name, kind, detail):
    files = {"ain/AIN (1).png": encoded(noise(1)), "ain/AIN (2).png": odd(name)}
    rows, seen, found, numbers = run(pack(tmp_path / "images.zip", files))
    assert len(found) == 1 and numbers[kind] == 1
    assert found[kind][0].member.endswith("AIN (2).png") and detail in found[kind][0].detail
    assert not rows["AIN (1).png"].error
    if kind == "unusual":
        assert rows["AIN (2).png"].note == found[kind][0].detail
        assert seen.thumbnails[1].std() > 5  # something is seen, in whatever mode
    if name == "turned":
        assert (rows["AIN (2).png"].width, rows["AIN (2).png"].height) == (20, 40)


def test_the_same_picture_in_another_palette_is_no_copy(tmp_path):
    one = Image.fromarray(noise(1) // 128, "L").convert("P")
    other = one.copy()
    one.putpalette([0, 0, 0, 255, 255, 255])
    other.putpalette([255, 0, 0, 0, 0, 255])
    files = {}
    for at, image in enumerate((one, other, one)):
        out = BytesIO()
        image.save(out, "PNG")
        files[f"ain/AIN ({at}).png"] = out.getvalue()
    rows, *_ = run(pack(tmp_path / "images.zip", files))
    first, second, third = (row.pixels_sha for row in rows.values())
    assert first == third != second


def test_hands_table_tells_signer_and_burst(path, tmp_path):
    hands = tmp_path / "hands.csv"
    names = [name for name in Archive(path).names if ARASL.parse(name)]
    with open(hands, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["member", "label", "signer", "burst", "hand"])
        writer.writerows([name, "", "s01", f"b{place}", "right"] for place, name in enumerate(names))
    rows, *_ = run(path, hands_csv=hands)
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
        for number in range(200):
            writer.writestr(f"{TOP}/ain/AIN ({number}).jpg", encoded(noise(number, (8, 8))))
        writer.writestr(f"{TOP}/al/AL (1).jpg", b'broken, "so"\nto speak')
    tables = []
    for workers in (1, 3):
        with Archive(path) as archive:
            seen = scan.scan(ARASL, archive, workers=workers)
        clusters = np.full(len(seen.rows), -1)
        clusters[[0, 5, 7]] = 0
        rows = near.clustered(seen, near.Near(2, 0, clusters, clusters, clusters)).rows
        table.write(tmp_path / f"{workers}.csv", rows)
        assert table.read(tmp_path / f"{workers}.csv") == rows
        tables.append((tmp_path / f"{workers}.csv").read_bytes())
    assert tables[0] == tables[1]
    assert len(rows) == 201


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", None])
def test_a_foreign_table_is_refused(tmp_path, text):
    path = tmp_path / "audit.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(FingerspellError, match=r"audit\.csv is no table of an audit.*run the audit again"):
        table.read(path)


def test_findings_read_back(tmp_path):
    found = [table.Finding("stray", 'a "name", so\nto speak'), table.Finding("copy", "b", "a", "2 alike")]
    table.write_findings(tmp_path / "findings.csv", found)
    assert table.read_findings(tmp_path / "findings.csv") == found


@pytest.mark.parametrize("text", ["a,b\n1,2\n", None])
def test_a_foreign_table_of_findings_is_refused(tmp_path, text):
    path = tmp_path / "findings.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(FingerspellError, match=r"findings\.csv is no table of findings.*run the audit again"):
        table.read_findings(path)


def test_perceptual_hash_survives_light_and_compression_but_not_another_picture():
    y, x = np.mgrid[0:64, 0:64]
    picture = (127 + 90 * np.sin(x / 7 + y / 19)).astype(np.uint8)
    brighter = np.clip(picture * 0.8 + 40, 0, 255).astype(np.uint8)
    jpeg = np.asarray(Image.open(BytesIO(encoded(picture, "JPEG"))))

    def value(pixels):
        small = pixels.reshape(32, 2, 32, 2).mean(axis=(1, 3)).astype(np.uint8)
        return int(scan.perceptual_hashes(small[None])[0], 16)

    assert (value(picture) ^ value(brighter)).bit_count() <= 2
    assert (value(picture) ^ value(jpeg)).bit_count() <= 8
    assert (value(picture) ^ value(picture[:, ::-1])).bit_count() > 16


def test_perceptual_hashes_are_those_of_imagehash():
    ramps = np.stack([np.arange(1024).reshape(32, 32) % 251, np.arange(1024).reshape(32, 32).T ** 2 % 241])
    assert scan.perceptual_hashes(ramps.astype(np.uint8)) == [
        "c71c670c6b0c671f",
        "d5065308ff0bd8b5",
    ]  # by imagehash.phash of ImageHash 4.3.2
