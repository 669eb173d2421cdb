"""Two collections in one archive: their members as they were, told apart, the same bytes every time."""

import csv
import io
import json
import shutil
import zipfile

import pytest
import yaml
from conftest import ROOT
from PIL import Image

from fingerspell import config, files
from fingerspell.audit import scan
from fingerspell.datasets import at_hand, http, union
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.errors import FingerspellError
from fingerspell.splits import protocols
from fingerspell.splits.groups import groups
from stages import download

AMERICAN, ASL, PHOTOS = (DATASETS[name] for name in ("american", "asl_alphabet", "asl_photos"))


def jpeg(*colour):
    out = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(out, "JPEG")
    return out.getvalue()


def pack(path, members, compression=zipfile.ZIP_STORED):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as writer:
        for name, data in members.items():
            writer.writestr(name, data)
    return path


@pytest.fixture
def published(tmp_path):
    """Both archives, in the published layouts, with things that belong to no class."""
    train, test = "asl_alphabet_train/asl_alphabet_train", "asl_alphabet_test/asl_alphabet_test"
    alphabet = {f"{test}/A_test.jpg": jpeg(1, 2, 3), "readme.txt": b"nothing to see"}
    photos = {"ASLAlphabets-9702c7a7/cnn.py": b"", "ASLAlphabets-9702c7a7/test/A/A0.jpg": jpeg(4, 5, 6)}
    for place, label in enumerate(ASL.classes):
        name = label.capitalize()
        for number in range(3):
            alphabet[f"{train}/{label}/{label}{number + 1}.jpg"] = jpeg(8 * place, 100, 80 * number)
            photos[f"ASLAlphabets-9702c7a7/train/{name}/{name}{number}.jpg"] = jpeg(8 * place, 200, 80 * number)
    folder = tmp_path / "data/archives"
    return {
        "asl_alphabet": pack(folder / ASL.archive, alphabet),
        "asl_photos": pack(folder / PHOTOS.archive, photos, zipfile.ZIP_DEFLATED),
    }


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the project's parameters, in which a stage runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(at_hand.VARIABLE, raising=False)

    def settings(name, source, images_per_class=3):
        values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        values["datasets"][name] = {"source": source, "path": "fingerspell", "images_per_class": images_per_class}
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")

    return settings


def test_the_labelled_members_of_both_are_there_as_they_were(published, tmp_path):
    path = tmp_path / "american.zip"
    union.join(AMERICAN, published, path)
    with Archive(path) as joined, zipfile.ZipFile(path) as plain:
        assert len(joined.names) == 29 * 3 * 2 + 1
        assert {one.compress_type for one in plain.infolist()} == {zipfile.ZIP_STORED}
        for name, source in published.items():
            collection = DATASETS[name]
            with Archive(source) as archive:
                for member in filter(None, map(collection.parse, archive.names)):
                    found = AMERICAN.parse(f"{name}/{member.name}")
                    assert joined.read(found.name) == archive.read(member.name)
                    assert (found.label, found.part) == (member.label, member.part)
        assert all(AMERICAN.parse(name) for name in joined.names)


def test_the_same_bytes_whenever_and_however_the_archives_were_packed(published, tmp_path):
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    union.join(AMERICAN, published, one)
    again = {}
    for name, path in published.items():
        with Archive(path) as archive:
            members = {member: archive.read(member) for member in reversed(archive.names)}
        again[name] = pack(tmp_path / "again" / name, members)
    union.join(AMERICAN, again, other)
    assert one.read_bytes() == other.read_bytes()


def test_a_damaged_collection_is_named_and_leaves_nothing(published, tmp_path):
    path = published["asl_alphabet"]
    with zipfile.ZipFile(path) as plain:
        info = plain.getinfo("asl_alphabet_train/asl_alphabet_train/Q/Q1.jpg")
        start = info.header_offset + 30 + len(info.filename)
    data = bytearray(path.read_bytes())
    data[start + 20] ^= 1
    path.write_bytes(bytes(data))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FingerspellError, match=r"Q1\.jpg' in .*asl-alphabet\.zip is damaged"):
        union.join(AMERICAN, published, tmp_path / "american.zip")
    assert sorted(tmp_path.rglob("*")) == before


def test_captures_of_one_collection_never_lie_between_those_of_the_other():
    first = [AMERICAN.parse(f"asl_alphabet/asl_alphabet_train/A/A{number}.jpg").number for number in (1, 999_999_999)]
    second = [AMERICAN.parse(f"asl_photos/train/A/A{number}.jpg").number for number in (0, 999)]
    assert first[0] < first[1] < second[0] < second[1]


def test_the_stage_joins_published_archives(published, place, tmp_path, capsys):
    place("american", "original")
    download.main("american")
    raw = tmp_path / "data/raw/american"
    assert sorted(path.name for path in raw.iterdir()) == ["american.zip", "source.json"]
    described = json.loads((raw / "source.json").read_text())
    assert (described["dataset"], described["source"], described["images"]) == ("american", "original", 29 * 3 * 2 + 1)
    out = capsys.readouterr().out
    assert "88 images of ASL Alphabet, which" in out and "87 images of ASL Alphabets, which" in out

    with Archive(raw / "american.zip") as archive:
        rows = scan.scan(AMERICAN, archive, workers=1).rows
    assert not [row.error for row in rows if row.error] and {row.label for row in rows} == set(AMERICAN.classes)
    assert len({row.pixels_sha for row in rows}) == len(rows)
    group = groups(rows, burst=3)
    assert not {group[row.member] for row in rows if row.member.startswith("asl_alphabet/")} & {
        group[row.member] for row in rows if row.member.startswith("asl_photos/")
    }


@pytest.mark.slow
def test_the_stage_joins_drawn_archives_and_their_tables(place, tmp_path):
    place("american", "rendered", 9)
    download.main("american")
    raw = tmp_path / "data/raw/american"
    assert sorted(path.name for path in raw.iterdir()) == ["american.zip", "hands.csv", "source.json"]
    with Archive(raw / "american.zip") as archive:
        rows = scan.scan(AMERICAN, archive, raw / "hands.csv", workers=1).rows
    assert len(rows) == 29 * 9 * 2 + 28 == json.loads((raw / "source.json").read_text())["images"]
    with open(raw / "hands.csv", newline="", encoding="utf-8") as file:
        hands = {row["member"]: row for row in csv.DictReader(file)}
    for row in rows:
        collection = row.member.partition("/")[0]
        assert hands[row.member]["label"] == row.label
        assert row.burst.startswith(f"{collection}-") and row.signer.startswith(f"{collection}-")
    reader = config.load().experiment("asl_reader")
    parts = protocols.split(rows, reader, seed=20).assignments
    assert {one.member.partition("/")[0] for one in parts if one.split == "train"} == {"asl_alphabet", "asl_photos"}
    assert {one.split for one in parts} == {"train", "validation", "test"}


def test_a_disk_without_room_for_a_union_is_told_before_anything_is_written(published, place, tmp_path, monkeypatch):
    monkeypatch.setattr(http, "MARGIN", 2**60)
    monkeypatch.setattr(union, "join", lambda *_: pytest.fail("it was joined"))
    place("american", "original")
    with pytest.raises(FingerspellError, match=r"GB free and needs .*; make room"):
        download.main("american")
    assert list((tmp_path / "data/raw").iterdir()) == []


def test_tables_are_joined_under_the_names_of_the_union(tmp_path):
    row = {"member": "train/A/A0.jpg", "label": "A", "signer": "s01", "burst": "A-train-b000", "hand": "right"}
    tables = {name: tmp_path / f"{name}.csv" for name in ("asl_alphabet", "asl_photos")}
    for path in tables.values():
        files.write_csv(path, [row])
    union.join_tables(tables, tmp_path / "hands.csv")
    assert files.read_csv(tmp_path / "hands.csv") == [
        row | {"member": f"{name}/{row['member']}", "signer": f"{name}-s01", "burst": f"{name}-A-train-b000"}
        for name in tables
    ]


def test_a_collection_that_is_missing_is_named_and_leaves_nothing(published, place, tmp_path):
    shutil.copy(published["asl_alphabet"], published["asl_photos"])  # a person's slip
    place("american", "original")
    with pytest.raises(FingerspellError, match=r"asl-photos\.zip is not the archive of ASL Alphabets"):
        download.main("american")
    assert list((tmp_path / "data/raw").iterdir()) == []


def test_what_cannot_be_drawn_is_refused_in_one_sentence(place, tmp_path):
    place("aasl", "rendered")
    with pytest.raises(FingerspellError, match=r"aasl cannot be drawn; set datasets\.aasl\.source to original"):
        download.main("aasl")
    assert list((tmp_path / "data/raw").iterdir()) == []


def test_aasl_is_read_like_arasl(place, tmp_path):
    """Photographs of any size in folders of the publisher's names, fetched or put there by a person."""
    aasl = DATASETS["aasl"]
    members = {f"RGB ArSL dataset/{name.title()}/{n}.jpg": jpeg(9 * n, 30, 60) for name in aasl.aliases for n in (1, 2)}
    pack(tmp_path / "data/archives" / aasl.archive, members)
    place("aasl", "original")
    download.main("aasl")
    with Archive(tmp_path / "data/raw/aasl" / aasl.archive) as archive:
        rows = scan.scan(aasl, archive, workers=1).rows
    assert len(rows) == 62 and {row.label for row in rows} == set(DATASETS["arasl"].classes) - {"ya"}
