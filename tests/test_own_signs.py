"""Signs of one's own: any folder or zip of class folders is a dataset, by one section, and a reader learns from it."""

import io
import json
import os
import re
import shutil
import zipfile
from collections import defaultdict
from difflib import ndiff
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT, Repository
from PIL import Image

from benchmarks import own_signs as drawn
from fingerspell import config, files
from fingerspell.audit import scan
from fingerspell.config import DatasetSettings
from fingerspell.datasets import own
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.splits.groups import groups
from tools import own_signs as tool


def picture(grey: int = 100) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(grey).integers(0, 60, (24, 32, 3))
    Image.fromarray(np.uint8(grey + noise)).save(file, "PNG")
    return file.getvalue()


def fill(folder: Path, names: list[str]) -> Path:
    for at, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(at * 7 % 190))
    return folder


def zipped(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for at, name in enumerate(names):
            archive.writestr(name, picture(at * 7 % 190))
    return path


def settings(path: Path, **more) -> DatasetSettings:
    return DatasetSettings(source="own", path=str(path), **more)


def pack(path: Path, place: Path, **more) -> catalogue.Dataset:
    folder = place / "data/raw/mine"
    folder.mkdir(parents=True)
    own.pack("mine", settings(path, **more), folder)
    return catalogue.held(folder)


BURSTS = ["thumb/garden/1.jpg", "thumb/garden/2.jpg", "thumb/desk/1.jpg", "fist/garden/1.jpg", "fist/loose.PNG"]


# A folder or zip becomes a dataset


def test_the_first_folder_is_the_sign_and_those_below_are_bursts(tmp_path):
    dataset = pack(fill(tmp_path / "set", [*BURSTS, "notes.txt", "thumb/.DS_Store", "open.jpg"]), tmp_path)
    with Archive(tmp_path / "data/raw/mine" / dataset.archive) as archive:
        assert archive.names == sorted(BURSTS), "notes, hidden files and pictures in no folder are left out"
        rows = scan.scan(dataset, archive).rows
    assert dataset.classes == ("fist", "thumb") and dataset.letters == {"fist": "fist", "thumb": "thumb"}
    assert dataset.alphabet == "mine" and dataset.empty is None
    assert {row.member: row.burst for row in rows} == {
        "thumb/garden/1.jpg": "thumb/garden", "thumb/garden/2.jpg": "thumb/garden", "thumb/desk/1.jpg": "thumb/desk",
        "fist/garden/1.jpg": "fist/garden", "fist/loose.PNG": "",
    }  # fmt: skip
    found = groups(rows, burst=5)
    assert found["thumb/garden/1.jpg"] == found["thumb/garden/2.jpg"] != found["thumb/desk/1.jpg"]


def test_a_zip_may_hold_it_in_one_folder_more_and_gives_the_same_bytes(tmp_path):
    whole = pack(fill(tmp_path / "set", BURSTS), tmp_path / "a")
    pack(zipped(tmp_path / "plain.zip", BURSTS), tmp_path / "b")
    pack(zipped(tmp_path / "wrapped.zip", [f"my signs/{name}" for name in BURSTS]), tmp_path / "c")
    archives = [(tmp_path / place / "data/raw/mine" / whole.archive).read_bytes() for place in "abc"]
    assert archives[0] == archives[1] == archives[2]


def test_what_is_written_for_a_sign_and_who_may_use_it_is_kept(tmp_path):
    path = fill(tmp_path / "set", [*BURSTS, "none/1.jpg"])
    dataset = pack(path, tmp_path, letters={"thumb": "👍"}, licence="CC BY 4.0", empty="none")
    assert dataset.letters == {"fist": "fist", "none": "none", "thumb": "👍"}
    assert (dataset.licence, dataset.empty, dataset.own) == ("CC BY 4.0", "none", True)


def test_signs_of_a_known_alphabet_show_its_letters(tmp_path):
    dataset = pack(fill(tmp_path / "set", ["ain/1.jpg", "bb/1.jpg"]), tmp_path, alphabet="arabic")
    assert dataset.letters == {"ain": "ع", "bb": "ب"} and dataset.alphabet == "arabic"


@pytest.mark.parametrize(
    ("names", "more", "told"),
    [
        (["thumb/1.jpg", "thumb/2.jpg"], {}, "holds only the sign 'thumb'; make a folder of pictures for each sign"),
        (["1.jpg", "2.jpg"], {}, "holds no picture in a folder"),
        (["A/1.jpg", "a/1.jpg"], {}, "has folders 'A' and 'a', which are one name where case does not matter"),
        (["A/1.jpg", "ع/1.jpg"], {}, "mixes alphabets: A are written to the right, ع to the left"),
        (["A/1.jpg", "ain/1.jpg"], {"letters": {"ain": "ع"}}, "mixes alphabets: A are written to the right, ain (ع)"),
        (
            ["A/1.jpg", "ain/1.jpg"],
            {"alphabet": "american"},
            "has the sign 'ain', but its alphabet, american, only A, B",
        ),
        (["A/1.jpg", "B/1.jpg"], {"letters": {"C": "c"}}, "datasets.mine.letters names 'C', but"),
        (["A/1.jpg", "B/1.jpg"], {"empty": "none"}, "datasets.mine.empty names 'none', but"),
    ],
)
def test_what_is_no_dataset_is_told_in_one_sentence_and_leaves_nothing(tmp_path, names, more, told):
    path = fill(tmp_path / "set", names)
    with pytest.raises(FingerspellError, match=re.escape(told)) as error:
        pack(path, tmp_path, **more)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    assert not list((tmp_path / "data/raw/mine").iterdir())


def test_a_path_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FingerspellError, match="is not there; give a folder or a zip of class folders"):
        pack(tmp_path / "nothing", tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_picture_that_may_not_be_read_is_named(tmp_path):
    path = fill(tmp_path / "set", BURSTS)
    (path / BURSTS[0]).chmod(0)
    with pytest.raises(FingerspellError, match=f"{BURSTS[0]} of .*Permission denied; mend it or take it away"):
        pack(path, tmp_path)


def test_a_damaged_member_is_named(tmp_path):
    path = zipped(tmp_path / "set.zip", BURSTS)
    data = path.read_bytes()
    at = data.index(b"PNG", data.index(b"desk/1.jpg"))
    path.write_bytes(data[: at + 40] + bytes([data[at + 40] ^ 1]) + data[at + 41 :])
    with pytest.raises(FingerspellError, match=r"thumb/desk/1\.jpg of .*damaged"):
        pack(path, tmp_path)


# The sections of params.yaml


def test_sections_are_added_and_no_other_line_is_touched(tmp_path, monkeypatch):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    tool.add("mine", fill(tmp_path / "set", BURSTS))
    before, after = ((place / "params.yaml").read_text(encoding="utf-8") for place in (ROOT, tmp_path))
    diff = [line for line in ndiff(before.splitlines(), after.splitlines()) if line[0] in "-+"]
    assert {line[0] for line in diff} == {"+"}
    params = config.load(tmp_path / "params.yaml")
    for section in tool.SECTIONS:
        added = getattr(params, section)
        assert "mine" in added and len(added) == len(getattr(config.load(ROOT / "params.yaml"), section)) + 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("my signs", "'my signs' is no name; use letters, digits, _ and - alone"),
        ("arasl", "datasets in params.yaml has arasl already; choose another name"),
        ("asl_cnn", "experiments in params.yaml has asl_cnn already"),
    ],
)
def test_a_name_that_cannot_be_taken_changes_nothing(tmp_path, monkeypatch, name, told):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FingerspellError, match=re.escape(told)):
        tool.add(name, fill(tmp_path / "set", BURSTS))
    assert (tmp_path / "params.yaml").read_bytes() == (ROOT / "params.yaml").read_bytes()


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"source": "own"}, "datasets.mine.path is missing; add it"),
        ({"source": "own", "path": "x", "images_per_class": 3}, "has images_per_class, which is not for source: own"),
        ({"source": "rendered", "path": "x"}, "datasets.mine has no images_per_class; add it"),
        (
            {"source": "rendered", "path": "x", "images_per_class": 3, "empty": "A"},
            "has empty, which is not for source",
        ),
    ],
)
def test_a_section_that_is_not_whole_is_told(tmp_path, section, told):
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    values["datasets"]["mine"] = section
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(FingerspellError, match=re.escape(told)):
        config.load(tmp_path / "params.yaml")


# The whole way, in a real repository


def small(params: dict) -> None:
    """One other experiment, tiny: what must not run again."""
    params["datasets"] = {"arasl": params["datasets"]["arasl"] | {"images_per_class": 18}}
    params["experiments"] = {"arasl_cnn": params["experiments"]["arasl_cnn"] | {"epochs": 1}}
    params["hands"] = {"none": "none"}
    for section in ("autoencoders", "compositions", "crops", "exports", "external"):
        params[section] = {}
    params["landmarks"] = []
    params["evidence"] = {"comparisons": [], "robustness": [], "explanations": [], "images": 6}


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Repository:
    """Five signs of a signer whom no model has seen, 20 pictures each, learnt beside another experiment."""
    place = tmp_path_factory.mktemp("own")
    repository = Repository(place / "fingerspell")
    repository.change(small)
    repository("dvc", "repro", "evaluate@arasl_cnn", "cross@arasl_cnn")
    drawn.draw(repository.folder / "data/own/mine", pictures=20, signer=3, seed=7)
    return repository


@pytest.fixture(scope="module")
def learnt(repository) -> Repository:
    told = repository("python", "-m", "tools.own_signs", "mine", "data/own/mine")
    assert "5 signs, 100 pictures: love 20, peace 20, phone 20, stop 20, up 20" in told
    log = repository("dvc", "repro", "export@mine", "evaluate@mine", "cross@mine")
    (repository.folder / "first.log").write_text(log, encoding="utf-8")
    return repository


@pytest.mark.slow
def test_nothing_else_runs_again(learnt):
    ran = set(re.findall(r"^Running stage '([^']+)'", (learnt.folder / "first.log").read_text(), re.MULTILINE))
    assert {name for name in ran if not name.endswith("@mine")} == {"hands@none", "published"}
    status = json.loads(learnt("dvc", "status", "--json", "cross@arasl_cnn", "evaluate@arasl_cnn"))
    assert status == {}, "the other experiment is as it was"


@pytest.mark.slow
def test_no_burst_is_divided(learnt):
    rows = files.read_csv(learnt.folder / "data/splits/mine.csv")
    assert len(rows) == 100
    parts = defaultdict(set)
    for row in rows:
        parts[row["member"].rpartition("/")[0]].add(row["split"])
    assert len(parts) == 50 and all(len(found) == 1 for found in parts.values())


@pytest.mark.slow
def test_twenty_pictures_a_sign_are_enough(learnt, tmp_path):
    """Of the same signer in other rooms, and of another one, 120 pictures that were never seen."""
    for place, signer, seed in (("rooms", 3, 7), ("another", 5, 8)):
        drawn.draw(tmp_path / place, pictures=12, signer=signer, seed=seed, first=20)
    for place in ("rooms", "another"):
        told = learnt(
            "python", "-m", "fingerspell.cli", "evaluate", "--experiment", "mine", str(tmp_path / place), "--json"
        )
        figures = json.loads(told[told.index("{") : told.rindex("}") + 1])
        assert figures["test_images"] == 60 and figures["accuracy"] >= 0.95, place


@pytest.mark.slow
def test_the_exported_reader_reads_a_whole_picture(learnt):
    shown = next((learnt.folder / "data/own/mine/phone").rglob("*.jpg"))
    told = learnt("fingerspell", "predict", str(shown), "--model", "data/exported/mine", "--json")
    hands = json.loads(told)[0]["hands"]
    assert [hand["class"] for hand in hands] == ["phone"]


@pytest.mark.slow
def test_pictures_that_teach_nothing_are_told_and_the_same_command_goes_on(learnt):
    """An unreadable file is told by the audit; a sign of one burst cannot be divided; then both are mended."""
    signs = learnt.folder / "data/own/few"
    drawn.draw(signs, pictures=6, signer=1, seed=9)
    for extra in [*signs.glob("love/burst-*")][1:]:
        shutil.rmtree(extra)
    (signs / "peace/burst-00/99.jpg").write_bytes(b"no picture")
    learnt("python", "-m", "tools.own_signs", "few", "data/own/few")
    told = learnt("dvc", "repro", "split@few", status=255)
    assert "split few: split.method 'grouped' needs 3 groups in every class, but 'love' has 1 (2 images)" in told
    findings = files.read_csv(learnt.folder / "data/audit/few-findings.csv")
    assert [row["member"] for row in findings if row["kind"] == "unreadable"] == ["peace/burst-00/99.jpg"]
    drawn.draw(signs, pictures=6, signer=1, seed=9)
    learnt("dvc", "repro", "split@few")
    shutil.move(signs, signs.with_name("elsewhere"))
    told = learnt("dvc", "repro", "split@few", status=255)
    assert "data/own/few" in told and "Traceback" not in told
