"""Anybody's photographs are matched to a model's classes, named, counted; nothing is dropped in silence."""

import json
import os
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from unprivileged import anybodys_folder, forbidden, needs_permissions

import stages.external
from fingerspell import config
from fingerspell.datasets.published import catalogue
from fingerspell.errors import FingerspellError
from fingerspell.evaluation import metrics
from fingerspell.evaluation.predictions import Predictions
from fingerspell.external import photographs
from fingerspell.models.common import saved

ROOT = Path(__file__).parent.parent
COLOURS = {"A": (200, 20, 20), "B": (20, 200, 20), "del": (20, 20, 200)}
MODEL = {
    "experiment": "colours",
    "model": "autoencoder_logistic",
    "dataset": "asl_alphabet",
    "classes": list(COLOURS),
    "letters": list(COLOURS),
    "image_size": 16,
    "channels": 3,
    "resample": "bilinear",
    "dropout": 0.2,
    "precision": "float32",
    "seeds": [1],
    "augment": {"flip": False},
    "composition": None,
    "tta_scales": [1],
    "tta_rotations": [0],
}


def picture(label: str, size: tuple[int, int] = (20, 30)) -> bytes:
    """A photograph of the class: PNG, in its colour."""
    data = BytesIO()
    Image.new("RGB", size, COLOURS[label]).save(data, "png")
    return data.getvalue()


def by_colour(images: np.ndarray) -> np.ndarray:
    """A model that knows its classes by their colour, and finds no hand in the dark."""
    assert images.dtype == np.uint8 and images.shape[1:] == (16, 16, 3)
    means = images.mean(axis=(1, 2))
    answers = np.exp(-np.abs(means[:, None] - np.array(list(COLOURS.values()))).sum(axis=2) / 50).astype(np.float32)
    return answers / answers.sum(axis=1, keepdims=True) * (means.max(axis=1, keepdims=True) > 10)


def train(folder: Path) -> None:
    """Write a real model of the colours: an encoder, and a logistic regression on its codes."""
    import keras
    from sklearn.linear_model import LogisticRegression

    keras.utils.set_random_seed(1)
    encoder = saved.build(MODEL)
    shades = np.random.default_rng(1).integers(-15, 16, (30, 1, 1, 3))
    images = np.concatenate([np.full((30, 16, 16, 3), colour) + shades for colour in COLOURS.values()]).astype(np.uint8)
    codes = encoder.predict_on_batch(images)
    classifier = LogisticRegression(max_iter=1000).fit(codes, np.repeat([0, 1, 2], 30))
    folder.mkdir(parents=True)
    encoder.save_weights(folder / "encoder.weights.h5")
    saved.save_classifier(classifier, folder / "classifier.skops")
    (folder / "model.json").write_text(json.dumps(MODEL))


def fill(place: Path, files: dict[str, bytes]) -> Path:
    """Write a set: into a folder, or into a zip where `place` ends so."""
    if place.suffix == ".zip":
        with zipfile.ZipFile(place, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        for name, data in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
    return place


SET = {
    "mine/a/1.png": picture("A"),
    "mine/a/2.PNG": picture("B"),
    "mine/B/1.png": picture("B", (300, 40)),
    "mine/DELETE/1.png": picture("del"),
    "mine/DELETE/2.png": b"not at all",
    "mine/DELETE/3.png": picture("del")[:60],
    "mine/seven/1.png": picture("A"),
    "mine/seven/2.png": picture("A"),
    "mine/A/.hidden.png": b"",
    "__MACOSX/mine/A/1.png": b"",
    "readme.txt": b"hello",
}


@pytest.fixture(params=["photos", "photos.zip"])
def photos(request, tmp_path) -> Path:
    return fill(tmp_path / request.param, SET)


# Counting


def test_every_image_is_counted_once_or_listed(photos):
    found = photographs.evaluate(photos, MODEL, by_colour)
    table = found.predictions
    assert table.members == ["mine/B/1.png", "mine/DELETE/1.png", "mine/a/1.png", "mine/a/2.PNG"]
    assert [table.classes[at] for at in table.labels] == ["B", "del", "A", "A"]
    assert [table.classes[at] for at in table.predicted] == ["B", "del", "A", "B"]
    assert table.classes == ("A", "B", "del")
    assert found.unmatched == {"seven": 2}
    assert list(found.unreadable) == ["mine/DELETE/2.png", "mine/DELETE/3.png"]
    assert found.unreadable["mine/DELETE/2.png"] == "not an image"
    assert found.other_files == 1
    assert metrics.compute(table)["accuracy"] == 0.75


def test_what_is_left_out_is_said(photos):
    sevens, unreadable, other = photographs.left_out(photographs.evaluate(photos, MODEL, by_colour))
    assert sevens == "images in folders that name no class of the model: 2, in seven (2)"
    assert unreadable.startswith("images that cannot be read: 2, mine/DELETE/2.png (not an image), mine/DELETE/3.png (")
    assert other == "files that are no images: 1"


def test_a_class_without_images_is_said_and_may_still_be_named(tmp_path):
    found = photographs.evaluate(
        fill(tmp_path / "set", {"A/1.png": picture("A"), "A/2.png": picture("del")}), MODEL, by_colour
    )
    assert photographs.left_out(found) == ["classes without images, left out of all averages: B, del"]
    assert metrics.compute(found.predictions)["accuracy"] == 0.5
    assert metrics.compute(found.predictions)["macro_f1"] == 0.666667  # of A, which is all there is: 2 · 1 · ½ / 1½
    assert metrics.details(found.predictions)["balanced_accuracy"] == 0.5


def test_more_images_than_a_batch_keep_their_order(tmp_path):
    names = [f"{label}/{number}.png" for label in COLOURS for number in range(photographs.BATCH)]
    place = fill(tmp_path / "set.zip", {name: picture(name.split("/")[0]) for name in reversed(names)})
    table = photographs.evaluate(place, MODEL, by_colour).predictions
    assert table.members == sorted(names)
    assert table.correct.all()


def test_the_set_is_left_as_it_was(photos):
    def everything() -> dict:
        paths = [photos.parent, *photos.parent.rglob("*")]
        return {path: path.stat().st_mtime_ns for path in paths}

    before = everything()
    photographs.evaluate(photos, MODEL, by_colour)
    assert everything() == before


def test_images_that_lie_open_in_a_folder_are_of_its_class(tmp_path):
    found = photographs.evaluate(fill(tmp_path / "B", {"1.png": picture("B")}), MODEL, by_colour)
    assert found.predictions.correct.all()
    with pytest.raises(FingerspellError, match=r"none of the folders in .*open\.zip \(\.\) names a class of colours"):
        photographs.evaluate(fill(tmp_path / "open.zip", {"1.png": picture("B")}), MODEL, by_colour)


def test_linked_folders_are_entered_and_circles_end(tmp_path):
    fill(tmp_path / "linked", {"1.png": picture("A")})
    place = fill(tmp_path / "set", {"B/1.png": picture("B")})
    os.symlink(tmp_path / "linked", place / "A")
    os.symlink(place, place / "B" / "again")
    assert photographs.evaluate(place, MODEL, by_colour).predictions.members == ["A/1.png", "B/1.png"]


def test_what_an_archive_refuses_is_listed(tmp_path):
    place = fill(
        tmp_path / "set.zip", {"A/1.png": picture("A"), "../A/2.png": picture("A"), "A\\3.png": b"", "/B": b""}
    )
    found = photographs.evaluate(place, MODEL, by_colour)
    assert found.predictions.members == ["A/1.png"]
    assert found.unreadable == {"../A/2.png": "path that leaves the archive", "A\\3.png": "backslash in its path"}
    assert found.other_files == 1


# No hand


def test_an_image_without_a_hand_is_an_error_of_its_class(tmp_path):
    dark = BytesIO()
    Image.new("RGB", (20, 20)).save(dark, "png")
    place = fill(tmp_path / "set", {"A/1.png": picture("A"), "A/2.png": dark.getvalue(), "B/1.png": dark.getvalue()})
    found = photographs.evaluate(place, MODEL, by_colour)
    table, values = found.predictions, metrics.compute(found.predictions)
    assert table.classes == ("A", "B", "del", photographs.NO_HAND)
    assert [table.classes[at] for at in table.predicted] == ["A", photographs.NO_HAND, photographs.NO_HAND]
    assert values["accuracy"] == values["top3_accuracy"] == 0.333333
    assert values["macro_f1"] == 0.333333  # A 2/3, B 0
    assert photographs.left_out(found) == ["classes without images, left out of all averages: del"]
    table.write(tmp_path / "table.csv")
    assert metrics.compute(Predictions.read(tmp_path / "table.csv"))["top3_accuracy"] == 0.333333


# Names

ASL, LEXSET, ARASL = (catalogue.find(name) for name in ("asl_alphabet", "synthetic_asl", "arasl"))


def label(folder: str, dataset: catalogue.Dataset) -> str | None:
    letters = [dataset.letters[label] for label in dataset.classes]
    return photographs.folder_names(dataset.classes, letters).get(photographs.fold(folder))


@pytest.mark.parametrize(
    ("folder", "asl", "lexset", "arasl"),
    [
        ("A", "A", "A", None),
        ("z", "Z", "Z", None),
        ("Ａ", "A", "A", None),  # full width
        ("Del", "del", None, None),
        ("DELETE", "del", None, None),
        ("Blank", "nothing", "Blank", None),
        ("nothing", "nothing", "Blank", None),
        ("NOTHING", "nothing", "Blank", None),
        ("no_hand", "nothing", "Blank", None),
        (" Space ", "space", None, None),
        ("ain", None, None, "ain"),
        ("AIN", None, None, "ain"),
        ("ب", None, None, "bb"),
        ("Beh", None, None, "bb"),
        ("teh-marbuta", None, None, "toot"),
        ("ئ", None, None, "ya"),
        ("ئ", None, None, "ya"),  # in two code points, as macOS writes names
        ("Yeh", None, None, "yaa"),
        ("لا", None, None, "la"),
        ("ﻻ", None, None, "la"),  # as one character
        ("Laa", None, None, "la"),
        ("ha", None, None, "ha"),
        ("Heh", None, None, "ha"),
        ("Hah", None, None, "haa"),
        ("AA", None, None, None),
        ("7", None, None, None),
        ("", None, None, None),
        (".", None, None, None),
    ],
)
def test_folders_are_matched_by_name(folder, asl, lexset, arasl):
    assert [label(folder, dataset) for dataset in (ASL, LEXSET, ARASL)] == [asl, lexset, arasl]


@given(st.sampled_from([ASL, LEXSET, ARASL]), st.data())
def test_labels_and_letters_match_themselves_however_they_are_written(dataset, data):
    wanted = data.draw(st.sampled_from(dataset.classes))
    name = data.draw(st.sampled_from([wanted, dataset.letters[wanted]]))
    name = data.draw(st.sampled_from([name, name.upper(), name.lower(), name.title(), f" {name} "]))
    assert label(name, dataset) == wanted


def test_no_other_name_of_a_letter_takes_the_name_of_a_class():
    for dataset in (ASL, LEXSET, ARASL):
        unicode_names = {photographs.fold(photographs._unicode_name(letter)) for letter in dataset.letters.values()} - {
            ""
        }
        for name in unicode_names & {photographs.fold(one) for one in dataset.classes}:
            letter = dataset.letters[label(name, dataset)]
            assert photographs.fold(photographs._unicode_name(letter)) == name


def test_a_zip_that_does_not_declare_its_utf_8_is_understood(tmp_path):
    place = fill(tmp_path / "set.zip", {"ب/1.png": picture("A")})
    data = place.read_bytes()
    for header, at in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):  # the bit that declares it
        where = data.index(header) + at
        data = data[:where] + bytes([data[where] & ~0x08]) + data[where + 1 :]
    place.write_bytes(data)
    assert zipfile.ZipFile(place).namelist() == ["╪¿/1.png"]
    found = photographs.evaluate(place, MODEL | {"letters": ["ب", "ت", "del"]}, by_colour)
    assert found.predictions.correct.all()


# Refusals


def refusal(path: Path, model: dict = MODEL) -> str:
    with pytest.raises(FingerspellError) as raised:
        photographs.evaluate(path, model, by_colour)
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("place", ["set", "set.zip"])
def test_an_empty_set_is_refused(tmp_path, place):
    assert "there are no images" in refusal(fill(tmp_path / place, {"A/notes.txt": b"none yet"}))


@pytest.mark.parametrize("place", ["set", "set.zip"])
def test_a_set_of_another_alphabet_is_refused(tmp_path, place):
    arabic = fill(tmp_path / place, {"ain/1.png": picture("A"), "ب/1.png": picture("A")})
    assert "(ain, ب) names a class of colours, which knows A, B, del" in refusal(arabic)


@pytest.mark.parametrize("place", ["set", "set.zip"])
def test_a_set_that_cannot_be_read_is_refused(tmp_path, place):
    assert "none of the images" in refusal(fill(tmp_path / place, {"A/1.jpg": b"", "B/2.jpg": b"x"}))


def test_what_is_neither_folder_nor_zip_is_refused(tmp_path):
    assert "is not there" in refusal(tmp_path / "nowhere")
    image = tmp_path / "photo.png"
    image.write_bytes(picture("A"))
    assert "neither a folder nor a whole zip" in refusal(image)
    cut = fill(tmp_path / "cut.zip", SET)
    cut.write_bytes(cut.read_bytes()[:300])
    assert "neither a folder nor a whole zip" in refusal(cut)


NAME = os.fsdecode(b"mine \xff")  # no UTF-8


def test_names_that_are_no_utf_8_are_shown_and_counted(tmp_path):
    place = fill(
        tmp_path / NAME, {f"A/{NAME}.png": picture("A"), f"{NAME}/1.png": picture("A"), "open.png": picture("A")}
    )
    found = photographs.evaluate(place, MODEL, by_colour)
    assert found.predictions.members == [r"A/mine \xff.png"]
    assert found.unmatched == {r"mine \xff": 2}  # the folder in it, and that of all, in which one lies open
    found.predictions.write(tmp_path / "table.csv")
    assert Predictions.read(tmp_path / "table.csv").members == found.predictions.members


def test_two_names_that_are_shown_alike_are_told(tmp_path):
    place = fill(tmp_path / "set", {f"A/{NAME}.png": picture("A"), r"A/mine \xff.png": picture("A")})
    found = photographs.evaluate(place, MODEL, by_colour)
    assert (len(found.predictions), found.unreadable) == (
        1,
        {r"A/mine \xff.png": "there more than once under the same name"},
    )


@needs_permissions
@pytest.mark.parametrize("closed", ["set/B", "set", "set.zip", "."])
def test_what_may_not_be_read_is_told_so(closed):
    with anybodys_folder() as folder:
        files = {"A/1.png": picture("A"), "B/1.png": picture("B")}
        path = fill(folder / ("set.zip" if closed == "set.zip" else "set"), files)
        with forbidden(folder / closed):
            told = refusal(path)
        assert "cannot be read: Permission denied; " in told and "permissions" in told


def test_one_file_that_may_not_be_read_is_listed():
    with anybodys_folder() as folder:
        fill(folder / "set", {"A/1.png": picture("A"), "A/2.png": picture("A")})
        with forbidden(folder / "set/A/2.png"):
            found = photographs.evaluate(folder / "set", MODEL, by_colour)
        assert found.unreadable == {"A/2.png": "it cannot be read: Permission denied"}


def test_a_name_that_is_too_long_is_refused(tmp_path):
    assert "cannot be read: File name too long; " in refusal(tmp_path / ("x" * 300))


# The stage


@pytest.fixture
def study(tmp_path, monkeypatch) -> Path:
    """A folder in which the experiment `one` is trained, with photographs declared."""
    params = config.read(ROOT / "params.yaml")
    one = params["experiments"]["asl_autoencoder_logistic"]
    params["experiments"] = {"one": one, "asl_autoencoder_forest": params["experiments"]["asl_autoencoder_forest"]}
    params |= {"compositions": {}, "crops": {}, "landmarks": [], "exports": {}}
    params["evidence"] = {"comparisons": [], "images": 10, "robustness": [], "explanations": []}
    params["external"] = {
        "mine-one": {"experiment": "one", "path": "photos.zip"},
        "foreign-one": {"experiment": "one", "path": "arabic.zip"},
    }
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    fill(tmp_path / "photos.zip", SET)
    fill(tmp_path / "arabic.zip", {"ain/1.png": picture("A")})
    train(tmp_path / "models/one")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_stage_evaluates_one_experiment_on_one_set(study, monkeypatch):
    stages.external.main("mine-one")
    written = json.loads((study / "metrics/external/mine-one.json").read_text())
    table = Predictions.read(study / "data/external/mine-one.csv")
    assert written == metrics.compute(table) | {"unmatched": 2, "unreadable": 2, "source": "external"}
    assert table.correct.tolist() == [True, True, True, False]
    plots = study / "plots/external/mine-one"
    assert {path.name for path in plots.iterdir()} == {
        "confusion.csv", "confusion.png", "mistakes.png", "not-counted.md",
    }  # fmt: skip
    confusions = (plots / "confusion.csv").read_text().splitlines()
    assert [row for row in confusions if not row.endswith(",0")] == [
        "actual,predicted,images", "A,A,1", "A,B,1", "B,B,1", "del,del,1",
    ]  # fmt: skip
    told = (plots / "not-counted.md").read_text()
    assert "- images in folders that name no class of the model: 2, in seven (2)\n" in told

    shown = []
    monkeypatch.setattr(stages.external, "mistakes_sheet", lambda pictures, *_, title: shown.append((pictures, title)))
    monkeypatch.setattr(stages.external.style, "save", lambda *_: None)
    stages.external.main("mine-one")
    [([image], title)] = shown  # the one mistake: a photograph of B among those of A
    assert title == "one on photos.zip: mistakes"
    assert image.shape == (128, 128, 3) and (image == COLOURS["B"]).all()


def test_the_stage_refuses_a_set_of_another_alphabet_and_leaves_nothing(study):
    with pytest.raises(FingerspellError, match="none of the folders"):
        stages.external.main("foreign-one")
    assert not list(study.rglob("*foreign*")) and not list(study.rglob("*.partial"))
    with pytest.raises(FingerspellError, match=r"there is no external set 'theirs'.*mine-one, foreign-one"):
        stages.external.main("theirs")
