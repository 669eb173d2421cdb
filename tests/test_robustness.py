"""A model is asked about disturbed pictures and other scenes as about any picture, and every answer is counted once."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from miniature import DESCRIPTION, NAME, photographs
from PIL import Image
from test_disturbances import scene
from test_external import COLOURS, MODEL, by_colour, fill, picture

import stages.robustness
from fingerspell import config, files, images
from fingerspell.datasets import hands
from fingerspell.datasets.hands import KEYPOINTS, Hands
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions
from fingerspell.evidence import robustness
from fingerspell.evidence.disturbances import DISTURBANCES, LEVELS, encoded
from fingerspell.plots import robustness as plot
from fingerspell.plots import style
from fingerspell.preparation import prepared
from fingerspell.splits import manifest
from fingerspell.splits.manifest import Assignment

ROOT = Path(__file__).parent.parent
ASKED = 1 + LEVELS * len(DISTURBANCES)
READER = MODEL | {"trains_on": "crops"}


class Asked:
    """A model that answers what it is told to, and keeps what it was asked."""

    def __init__(self, answer) -> None:
        self.answer, self.pictures = answer, []

    def __call__(self, pictures) -> np.ndarray:
        self.pictures += list(pictures)
        return np.float32([self.answer(one) for one in pictures])


def always(row) -> Asked:
    return Asked(lambda one: row)


@pytest.fixture
def archive(tmp_path):
    """Two pictures as they come: a JPEG in colour, and one without."""
    members = {
        "A/1.jpg": encoded(scene(3), "JPEG", quality=90),
        "B/2.jpg": encoded(scene(1), "JPEG", quality=90),
        "B/3.png": encoded(scene(3), "PNG"),
        "del/4.jpg": b"none",
    }
    with Archive(fill(tmp_path / "set.zip", members)) as opened:
        yield opened


# Disturbed pictures


def test_every_image_is_asked_about_at_every_level(archive):
    model = always((1, 0, 0))
    found = robustness.measure(archive, {"A/1.jpg": "A", "B/2.jpg": "B", "B/3.png": "B"}, MODEL, model, 1)
    assert len(model.pictures) == 3 * ASKED
    assert list(found) == ["images", "clean", "accuracy_low", "accuracy_high", "disturbances", "mean"]
    assert (found["images"], found["clean"], found["mean"]) == (3, 0.333333, 0.333333)
    # Wilson, 1 of 3: p = 1/3, z² = 3.8415: (p + z²/6 ± z √(p (1 − p) / 3 + z²/36)) / (1 + z²/3)
    assert (found["accuracy_low"], found["accuracy_high"]) == (0.061492, 0.79234)
    assert list(found["disturbances"]) == list(DISTURBANCES)
    for name, levels in found["disturbances"].items():
        assert [level["level"] for level in levels] == [1, 2, 3, 4, 5]
        assert tuple(level["amount"] for level in levels) == DISTURBANCES[name].amounts
        assert {level["accuracy"] for level in levels} == {0.333333}


def test_each_answer_counts_where_it_belongs(archive):
    """Right where the picture is dark, which the last two levels of one disturbance alone make it."""
    model = Asked(lambda one: (1, 0, 0) if one.mean() < 60 else (0, 1, 0))
    found = robustness.measure(archive, {"A/1.jpg": "A"}, MODEL, model, 1)
    right = {name: [level["accuracy"] for level in levels] for name, levels in found["disturbances"].items()}
    assert found["clean"] == 0
    assert right.pop("darker") == [0, 0, 0, 1, 1]
    assert not any(map(any, right.values()))
    assert found["mean"] == round(2 / 55, 6)


def test_the_images_as_they_are_are_read_as_everywhere(archive):
    """A JPEG of twice the size is halved while it is decoded; another way of making it smaller gives other pixels."""
    model, small = always((1, 0, 0)), MODEL | {"image_size": 16}
    robustness.measure(archive, {"A/1.jpg": "A"}, small, model, 1)
    data = archive.read("A/1.jpg")
    assert np.array_equal(model.pictures[0], images.load(data, 16, 3))
    assert not np.array_equal(model.pictures[0], images.to_array(images.decode(data), 16, 3))
    whole = always((1, 0, 0))
    robustness.measure(archive, {"A/1.jpg": "A"}, READER, whole, 1)
    assert np.array_equal(whole.pictures[0], images.whole(data))


@pytest.mark.parametrize("member", ["A/1.jpg", "B/3.png"])
def test_storing_a_disturbed_picture_loses_next_to_nothing(archive, member):
    model = always((1, 0, 0))
    robustness.measure(archive, {member: "A"}, MODEL | {"image_size": 96}, model, 1)
    disturbed = list(DISTURBANCES).index("occlusion") * LEVELS + 1
    first, clean = model.pictures[disturbed].astype(int), model.pictures[0].astype(int)
    assert 0.97 < (np.abs(first - clean).max(axis=2) <= 3).mean() < 1, (
        "beside the square, of a hundredth of the picture"
    )


def test_a_picture_without_colours_gets_none(archive):
    model = always((0, 1, 0))
    robustness.measure(archive, {"B/2.jpg": "B"}, READER, model, 1)
    assert all(one.shape == (96, 96, 3) and one.dtype == np.uint8 for one in model.pictures)
    assert all((one == one[..., :1]).all() for one in model.pictures)


def test_a_hand_that_is_not_found_is_wrong_but_where_there_is_none(archive):
    lost, empty = always((0, 0, 0)), READER | {"empty": "B"}
    found = robustness.measure(archive, {"A/1.jpg": "A", "B/2.jpg": "B"}, empty, lost, 1)
    assert found["clean"] == found["mean"] == 0.5
    assert robustness.measure(archive, {"A/1.jpg": "A"}, READER, lost, 1)["mean"] == 0


def test_the_seed_decides(archive):
    def asked(seed: int) -> list[np.ndarray]:
        model = always((1, 0, 0))
        robustness.measure(archive, {"A/1.jpg": "A"}, MODEL, model, seed)
        return np.stack(model.pictures)

    one, again, other = asked(1), asked(1), asked(2)
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_an_image_that_cannot_be_read_is_named(archive):
    with pytest.raises(FingerspellError, match=r"del/4\.jpg: the image cannot be decoded .*; replace the file"):
        robustness.measure(archive, {"del/4.jpg": "del"}, MODEL, by_colour, 1)


def test_a_class_that_the_model_does_not_know_is_named(archive):
    with pytest.raises(FingerspellError, match="models/colours does not know Q, which its test images show; run"):
        robustness.measure(archive, {"A/1.jpg": "Q"}, MODEL, by_colour, 1)


def test_a_reader_is_asked_about_fewer_images():
    assert robustness.most(200, MODEL) == 200
    assert robustness.most(200, READER) == robustness.READS and robustness.most(2, READER) == 2


# Other scenes


def drawn(labels: str = "AAB") -> Hands:
    """A red square instead of each hand."""
    count = len(labels)
    sheets = np.zeros((count, 48, 48, 4), np.uint8)
    sheets[:, :, :, 0] = 220
    sheets[:, 8:40, 8:40, 3] = 255
    return Hands(
        sheets,
        np.zeros((count, KEYPOINTS, 2), np.float32),
        np.array(list(labels)),
        np.array(["rendered"] * count),
        np.float32([(24, 24, 32)] * count),
    )


GREEN = np.full((2, 64, 64, 3), (10, 120, 10), np.uint8)


def test_the_same_hands_before_grey_and_before_places():
    """A model that sees the ground: right before grey, for which it takes what has no colour in its corner."""
    model = Asked(lambda one: (1, 0, 0) if np.ptp(one[0, 0].astype(int)) < 9 else (0, 1, 0))
    found = robustness.background(drawn("AAA"), GREEN, MODEL, model, 9, 1)
    assert found == {"images": 3, "plain": 1.0, "scenes": 0.0, "difference": -1.0}


def test_hand_place_and_light_are_the_same_in_both():
    model = always((1, 0, 0))
    robustness.background(drawn("AAAAAA"), GREEN, READER, model, 9, 1)
    assert len(model.pictures) == 12
    places = []
    for plain, place in zip(model.pictures[::2], model.pictures[1::2]):
        red = [(one[..., 0].astype(int) - one[..., 2]) > 40 for one in (plain, place)]
        assert red[0].mean() > 0.15
        assert (red[0] != red[1]).mean() < 0.02
        places.append(np.argwhere(red[0]).mean(axis=0))
        both = red[0] & red[1]
        assert np.median(np.abs(plain[both].astype(int) - place[both])) <= 2
        assert np.median(np.abs(plain[~both].astype(int) - place[~both])) > 20
    assert np.ptp(places, axis=0).min() > 3, "each hand has a place of its own"


def test_hands_that_the_model_does_not_know_are_left_out():
    model = always((1, 0, 0))
    assert robustness.background(drawn("ABQ"), GREEN, MODEL | {"empty": "B"}, model, 9, 1)["images"] == 1
    assert robustness.background(drawn("QQ"), GREEN, MODEL, model, 9, 1) is None
    assert robustness.background(drawn("A" * 9), GREEN, MODEL, model, 4, 1)["images"] == 4


# Skins and hands


def answered(right: list[bool]) -> Predictions:
    rows = [(0.9, 0.1) if one else (0.1, 0.9) for one in right]
    return Predictions([f"{at}.jpg" for at in range(len(right))], np.zeros(len(right), int), rows, ("A", "B"))


def test_thirds_of_skins_worked_out_by_hand():
    table = answered([True, True, True, False, False, False, True])
    lightness = {f"{at}.jpg": value for at, value in enumerate((30, 40, 50, 60, 70, 80))}  # 6.jpg shows no hand
    rows = robustness.by_skin(table, lightness)
    assert [(row["lightness"], row["images"], row["accuracy"]) for row in rows] == [
        ([30, 40], 2, 1), ([50, 60], 2, 0.5), ([70, 80], 2, 0),
    ]  # fmt: skip
    assert rows[0]["accuracy_high"] == 1 and 0 < rows[0]["accuracy_low"] < 1


@given(st.lists(st.sampled_from([20.0, 40.0, 60.0, 80.0]), min_size=1, max_size=30))
def test_equal_skins_stay_together_and_all_are_counted(values):
    rows = robustness.by_skin(answered([True] * len(values)), {f"{at}.jpg": one for at, one in enumerate(values)})
    assert sum(row["images"] for row in rows) == len(values) and 1 <= len(rows) <= 3
    ends = [end for row in rows for end in row["lightness"]]
    assert ends == sorted(ends) and all(one[1] < two[0] for one, two in zip(ends_of(rows), ends_of(rows)[1:]))


def ends_of(rows: list[dict]) -> list[list[float]]:
    return [row["lightness"] for row in rows]


def test_without_hands_there_are_no_thirds():
    assert robustness.by_skin(answered([True]), {}) == []


def test_left_and_right_worked_out_by_hand():
    found = robustness.by_hand(answered([True, False, True]), {"0.jpg": "left", "1.jpg": "left"})
    assert (found["left"]["images"], found["left"]["accuracy"]) == (2, 0.5)
    assert found["right"] == {"images": 0, "accuracy": None, "accuracy_low": None, "accuracy_high": None}


@pytest.mark.parametrize(("linear", "lightness"), [(1.0, 100), (0.184187, 50), (0.0, 0)])
def test_lightness_is_that_of_cie(monkeypatch, linear, lightness):
    surface = SimpleNamespace(back=np.full(3, linear))
    monkeypatch.setattr(robustness, "signer", lambda *_: SimpleNamespace(surface=surface))
    assert robustness.skin_lightness("s01", "arasl", 1) == pytest.approx(lightness, abs=0.1)


def test_signers_are_those_who_were_drawn(monkeypatch):
    asked = []
    seen = robustness.signer
    monkeypatch.setattr(robustness, "signer", lambda *who: (asked.append(who), seen(*who))[1])
    alone, joined = (
        robustness.skin_lightness("s05", "asl_photos", 7),
        robustness.skin_lightness("asl_photos-s05", "american", 7),
    )
    assert asked == [("asl_photos", 5, 7)] * 2 and alone == joined
    tones = {
        name: robustness.skin_lightness(name, "arasl", 7) for name in ("s00", "s01")
    }  # tones 0.15 and 0.77 of dark
    assert tones["s00"] > 70 and tones["s01"] < 55


# The stage


def settle(place: Path, change=lambda params: None) -> None:
    params = config.read(ROOT / "params.yaml")
    params["experiments"] = {NAME: params["experiments"]["asl_cnn"]}
    params |= {"autoencoders": {}, "compositions": {}, "crops": {}, "landmarks": [], "exports": {}, "external": {}}
    params["evidence"] = {"comparisons": [], "images": 6, "robustness": [NAME], "explanations": []}
    change(params)
    (place / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def prepare(place: Path, validation: bool) -> None:
    folder, labels = place / "data/prepared" / NAME, np.repeat(np.arange(3), 24)
    folder.mkdir(parents=True)
    np.save(folder / "images.npy", photographs(2))
    kinds = ("train", "test", "validation" if validation else "train")
    rows = [prepared.Image(f"{at}.png", list(COLOURS)[label], kinds[at % 3]) for at, label in enumerate(labels)]
    prepared.write_table(folder, rows, {key: DESCRIPTION[key] for key in ("classes", "letters", "image_size")})


@pytest.fixture
def study(exported, tmp_path, monkeypatch) -> Path:
    """A place as the stages before leave it, with a trained network that knows A, B and del by their colours."""
    settle(tmp_path)
    shutil.copytree(exported / "models", tmp_path / "models")
    prepare(tmp_path, validation=True)
    test = {f"asl_alphabet_train/{label}/{label}{at}.png": label for label in COLOURS for at in (1, 2, 3)}
    raw = tmp_path / "data/raw/asl_alphabet"
    raw.mkdir(parents=True)
    fill(raw / "asl-alphabet.zip", {member: picture(label) for member, label in test.items()})
    manifest.write(tmp_path / f"data/splits/{NAME}.csv", [Assignment(*one, "", "test") for one in test.items()])
    labels = [list(COLOURS).index(label) for label in test.values()]
    answers = np.full((9, 3), 0.1)
    answers[np.arange(9), [*labels[:-1], 0]] = 0.8
    Predictions(list(test), labels, answers, tuple(COLOURS)).write(tmp_path / f"data/predictions/{NAME}.csv")
    (tmp_path / "data/hands/american").mkdir(parents=True)
    hands.write(tmp_path / "data/hands/american", 48, [replace(drawn("ABQ"))])
    np.save(tmp_path / "data/hands/american/backgrounds.npy", GREEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(place: Path, kind: str = "robustness") -> dict:
    return json.loads((place / f"metrics/{kind}/{NAME}.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_stage_asks_a_trained_model_and_writes_both(study):
    stages.robustness.main(NAME)
    one = found(study)
    assert (one["experiment"], one["alphabet"], one["images"], one["clean"]) == (NAME, "american", 6, 1.0)
    assert 1 / 3 < one["mean"] < 1
    assert one["disturbances"]["grey"][-1]["accuracy"] < one["disturbances"]["grey"][0]["accuracy"] == 1
    assert one["background"]["images"] == 2
    assert one["skin"] is None and one["hand"] is None
    doubts = found(study, "calibration")
    assert (doubts["experiment"], doubts["validation_images"]) == (NAME, 24)
    assert doubts["withheld"][0] == {"share": 0.0, "accuracy": 0.888889}
    assert doubts["log_loss"]["after"] is not None


@pytest.mark.slow
def test_the_stage_writes_the_same_bytes_again(study):
    def written() -> list[bytes]:
        stages.robustness.main(NAME)
        return [(study / f"metrics/{kind}/{NAME}.json").read_bytes() for kind in ("robustness", "calibration")]

    assert written() == written()


@pytest.mark.slow
def test_who_signs_is_told_where_it_is_known(study):
    header = "member,label,signer,burst,hand\n"
    rows = [
        f"asl_alphabet_train/{label}/{label}{at}.png,{label},s0{at},b,right\n" for label in "AB" for at in (1, 2, 3)
    ]
    (study / "data/raw/asl_alphabet/hands.csv").write_text(
        header + "".join(rows) + "asl_alphabet_train/del/del1.png,del,s01,b,\n"
    )
    stages.robustness.main(NAME)
    assert [row["images"] for row in found(study)["skin"]] == [2, 2, 2]
    assert found(study)["hand"]["right"]["images"] == 6 and found(study)["hand"]["left"]["accuracy"] is None


@pytest.mark.slow
def test_without_hands_or_validation_images_there_is_nothing_to_tell(study):
    shutil.rmtree(study / "data/hands")
    shutil.rmtree(study / "data/prepared")
    prepare(study, validation=False)
    stages.robustness.main(NAME)
    assert found(study)["background"] is None
    doubts = found(study, "calibration")
    assert doubts["validation_images"] == 0 and doubts["temperature"] is None
    assert doubts["expected_calibration_error"]["after"] is doubts["bins"]["after"] is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        (
            f"data/predictions/{NAME}.csv",
            "There are no predictions at data/predictions/tiny.csv: run `dvc repro` first",
        ),
        (f"data/splits/{NAME}.csv", "data/splits/tiny.csv is no manifest of a split"),
        (f"models/{NAME}/model.weights.h5", "models/tiny holds no whole model"),
        (f"data/prepared/{NAME}/prepared.json", "data/prepared/tiny holds no prepared images; run `dvc repro` first"),
        (
            "data/raw/asl_alphabet/asl-alphabet.zip",
            "the archive data/raw/asl_alphabet/asl-alphabet.zip cannot be opened",
        ),
        ("data/hands/american/sheets.npy", "data/hands/american holds no hands"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_written(study, gone, sentence):
    (study / gone).unlink()
    with pytest.raises(FingerspellError, match=re.escape(sentence)):
        stages.robustness.main(NAME)
    assert not (study / "metrics").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("", "There are no predictions: the test split holds no images"),
        ("x.png,A,nan,0.5,0.5\n", "the probabilities are not between 0 and 1"),
        ("x.png,Q,1,0,0\n", "line 2: the label 'Q' is none of its classes"),
    ],
)
def test_predictions_that_cannot_be_are_refused(study, rows, sentence):
    (study / f"data/predictions/{NAME}.csv").write_text("member,label,A,B,del\n" + rows)
    with pytest.raises(FingerspellError, match=re.escape(sentence)):
        stages.robustness.main(NAME)
    assert not (study / "metrics").exists()


# Tables and curves


def row(experiment: str, alphabet: str = "american", slope: float = 0.1, **more) -> dict:
    levels = [{"level": at, "amount": at / 10, "accuracy": round(0.9 - slope * at, 6)} for at in range(1, 6)]
    return {
        "experiment": experiment, "alphabet": alphabet, "images": 1200, "clean": 0.9, "accuracy_low": 0.85,
        "accuracy_high": 0.95, "disturbances": dict.fromkeys(DISTURBANCES, levels), "mean": round(0.9 - 3 * slope, 6),
        "background": None, "skin": None, "hand": None,
    } | more  # fmt: skip


def test_the_table_for_people_worked_out_by_hand():
    of = {"images": 8, "accuracy": 0.5}
    full = row(
        "two", "arabic",
        background={"images": 128, "plain": 0.75, "scenes": 0.5, "difference": -0.25},
        skin=[{"lightness": [30.1, 45.0]} | of, {"lightness": [60.0, 80.5]} | of],
        hand={"left": {"images": 0, "accuracy": None}, "right": of},
    )  # fmt: skip
    first, second = (part.splitlines() for part in plot.markdown([row("one"), full]).split("\n\n"))
    assert first[2].startswith("| one | 1,200 | 0.900 (0.850–0.950) | 0.600 | 0.600 | 0.600 |")
    assert "| image size |" in first[0]
    assert second[2] == "| one | – | – | – | – | – |"
    assert second[3] == (
        "| two | 128 | 0.750 | 0.500 (-0.250) | L* 30.1–45.0: 0.500 of 8, L* 60.0–80.5: 0.500 of 8 |"
        " right: 0.500 of 8 |"
    )
    for table in (first, second):
        assert len({line.count("|") for line in table}) == 1


def test_the_table_for_programs_has_a_line_a_level(tmp_path):
    files.write_csv(tmp_path / "robustness.csv", plot.lines([row("one"), row("two")]))
    lines = files.read_csv(tmp_path / "robustness.csv")
    assert len(lines) == 2 * ASKED
    assert (lines[0]["disturbance"], lines[0]["level"], lines[0]["accuracy"]) == ("none", "0", "0.9")
    assert (lines[5]["disturbance"], lines[5]["level"], lines[5]["accuracy"]) == ("gaussian_noise", "5", "0.4")
    assert {line["source"] for line in lines[1:ASKED]} == {"ImageNet-C", "chosen"}


@pytest.mark.slow
def test_every_disturbance_has_a_panel_and_every_experiment_a_curve(tmp_path):
    figure = plot.curves([row("one"), row("two", "arabic"), row("three", slope=0.02)])
    panels = [axes for axes in figure.axes if axes.axison]
    assert len(panels) == 2 * len(DISTURBANCES)
    assert [len(axes.lines) for axes in panels] == [2] * len(DISTURBANCES) + [1] * len(DISTURBANCES)
    assert panels[0].lines[1].get_ydata() == pytest.approx([0.9, 0.88, 0.86, 0.84, 0.82, 0.8])
    assert [text.get_text() for axes in figure.axes if not axes.axison for text in axes.get_legend().get_texts()] == [
        "one", "three", "two",
    ]  # fmt: skip
    style.save(figure, tmp_path / "curves.png")
    again = tmp_path / "again.png"
    style.save(plot.curves([row("one"), row("two", "arabic"), row("three", slope=0.02)]), again)
    assert again.read_bytes() == (tmp_path / "curves.png").read_bytes()
    with Image.open(again) as opened:
        assert opened.size == tuple(round(100 * side) for side in figure.get_size_inches())


@pytest.mark.slow
def test_more_curves_than_colours_are_told_apart(tmp_path):
    rows = [row(f"experiment_{at}", slope=at / 100) for at in range(9)]
    figure = plot.curves(rows)
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 9
    style.save(figure, tmp_path / "nine.png")
