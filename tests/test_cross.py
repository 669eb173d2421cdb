"""Every model is asked about every set of its alphabet, about each image fairly: what it has learnt from, never."""

import csv
import json
import shutil
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from test_external import COLOURS, MODEL, by_colour, fill, picture

import stages.cross
import stages.published
from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.evidence import cross, matrix
from fingerspell.external import photographs
from fingerspell.plots import cross as plot
from fingerspell.plots import style
from fingerspell.splits import manifest
from fingerspell.splits.manifest import Assignment

ROOT = Path(__file__).parent.parent
LEXSET, UNION = catalogue.find("synthetic_asl"), catalogue.find("american")
ASL = {"classes": [*"ABC", "del", "nothing"], "letters": [*"ABC", "del", "nothing"]}
ARASL = {"classes": [*catalogue.find("arasl").letters], "letters": [*catalogue.find("arasl").letters.values()]}


# Which sets


def sets_of(learnt: str, there: list[str]) -> dict[str, catalogue.Dataset]:
    return cross.collections(catalogue.find(learnt), map(catalogue.find, there))


def test_signs_of_ones_own_are_asked_for_beside_the_published_ones_of_their_alphabet():
    mine = replace(catalogue.find("asl_photos"), name="mine", own=True)
    assert list(cross.collections(mine, [catalogue.find("arasl"), LEXSET])) == ["synthetic_asl", "mine"]
    alone = replace(mine, alphabet="mine")
    assert list(cross.collections(alone, [LEXSET])) == ["mine"]


def test_a_model_is_asked_about_every_collection_of_its_alphabet():
    there = ["arasl", "asl_alphabet", "american", "synthetic_asl", "asl_photos"]
    held = {name: dataset.name for name, dataset in sets_of("synthetic_asl", there).items()}
    assert held == {name: name for name in ("asl_alphabet", "synthetic_asl", "asl_photos")}
    assert list(sets_of("arasl", [*there, "aasl"])) == ["arasl", "aasl"]


def test_the_collections_of_a_union_are_sets_and_the_union_is_none():
    held = sets_of("asl_alphabet", ["asl_alphabet", "american"])
    assert {name: dataset.name for name, dataset in held.items()} == {
        "asl_alphabet": "asl_alphabet", "asl_photos": "american",
    }  # fmt: skip


def test_what_was_learnt_from_a_union_is_read_from_it():
    """The manifest names its images; in an archive of the collection's own other images may have these names."""
    held = sets_of("american", ["asl_alphabet", "synthetic_asl", "asl_photos", "american"])
    assert {name: dataset.name for name, dataset in held.items()} == {
        "asl_alphabet": "american", "synthetic_asl": "synthetic_asl", "asl_photos": "american",
    }  # fmt: skip


def test_photographs_have_the_title_of_their_file_where_it_tells_them_apart():
    paths = ["../walls.zip", "one/photos.zip", "two/photos", "../walls.zip", "mine/arasl.zip"]
    assert cross.photograph_sets(paths) == {
        "walls": Path("../walls.zip"), "one/photos.zip": Path("one/photos.zip"), "two/photos": Path("two/photos"),
        "mine/arasl.zip": Path("mine/arasl.zip"),
    }  # fmt: skip


# Which images


def test_labels_are_those_of_the_model_and_what_it_does_not_know_is_left_out():
    names = [f"Train_Alphabet/{label}/{at}.png" for label in ("A", "Blank", "Z") for at in range(2)] + ["readme.txt"]
    assert cross.labelled(names, "synthetic_asl", LEXSET, ASL, None) == {
        "Train_Alphabet/A/0.png": "A", "Train_Alphabet/A/1.png": "A",
        "Train_Alphabet/Blank/0.png": "nothing", "Train_Alphabet/Blank/1.png": "nothing",
    }  # fmt: skip


def test_arabic_signs_are_matched_whatever_their_folders_are_called():
    names = ["Alef/1.jpg", "Teh_Marbuta/1.jpg", "Heh/1.jpg", "Hah/1.jpg"]
    assert list(cross.labelled(names, "aasl", catalogue.find("aasl"), ARASL, None).values()) == [
        "aleff", "toot", "ha", "haa",
    ]  # fmt: skip


def test_of_a_collection_in_a_union_its_own_images_are_taken():
    names = ["asl_photos/train/A/A1.jpg", "asl_alphabet/asl_alphabet_train/A/A1.jpg"]
    assert list(cross.labelled(names, "asl_photos", UNION, ASL, None)) == names[:1]
    assert cross.labelled(names, "asl_photos", UNION, ASL, {names[1]}) == {}


LABELLED = st.dictionaries(st.text("abc0", min_size=1, max_size=6), st.sampled_from("ABC"), max_size=40)


@given(LABELLED, st.integers(1, 50), st.integers(0, 3))
def test_images_are_drawn_evenly_over_the_classes(label_of, most, seed):
    drawn = cross.draw(label_of, most, seed)
    assert len(drawn) == min(most, len(label_of)) and drawn.items() <= label_of.items()
    assert list(drawn) == sorted(drawn)
    there, taken = Counter(label_of.values()), Counter(drawn.values())
    most_taken = max(taken.values(), default=0)
    assert all(taken[label] >= min(there[label], most_taken - 1) for label in there)


@given(LABELLED, st.integers(0, 3))
def test_a_class_that_is_left_out_changes_no_image_of_another(label_of, seed):
    fewer = {name: label for name, label in label_of.items() if label != "C"}
    first = {name: label for name, label in cross.draw(label_of, 3, seed).items() if label != "C"}
    if set(label_of.values()) == set("ABC"):  # then one of each
        assert cross.draw(fewer, 2, seed) == first


def test_another_seed_draws_others():
    label_of = {f"{at}.png": "A" for at in range(100)}
    assert cross.draw(label_of, 10, 1) == cross.draw(dict(reversed(label_of.items())), 10, 1)
    assert cross.draw(label_of, 10, 1) != cross.draw(label_of, 10, 2)


# What is measured


@pytest.fixture
def archive(tmp_path):
    """Ten photographs, seven of which show the colour of their class; and two that are none."""
    right = {f"{label}/{at}.png": picture(label) for label, images in (("A", 4), ("B", 3)) for at in range(images)}
    wrong = {"A/8.png": picture("B"), "B/8.png": picture("del"), "B/9.png": picture("A")}
    with photographs.open_set(fill(tmp_path / "set.zip", right | wrong | {"A/x.png": b"x", "B/x.png": b"x"})) as opened:
        yield opened


def test_accuracy_and_interval_worked_out_by_hand(archive):
    # Wilson (1927), 7 of 10, z = 1.959964: (0.7 + z²/20 ± z √(0.21/10 + z²/400)) / (1 + z²/10)
    label_of, _ = photographs.labelled(archive, MODEL)
    assert cross.measure(archive, label_of, MODEL, by_colour) == {
        "images": 10, "classes": 2, "accuracy": 0.7, "accuracy_low": 0.396778, "accuracy_high": 0.892209,
        "unreadable": 2,
    }  # fmt: skip


def test_one_image_is_a_sound_figure(archive):
    # 1 of 1: (1 + z²/2 ± z √(z²/4)) / (1 + z²): 1 / (1 + z²) and 1
    assert cross.measure(archive, {"A/0.png": "A"}, MODEL, by_colour) == {
        "images": 1, "classes": 1, "accuracy": 1.0, "accuracy_low": 0.206549, "accuracy_high": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(("label_of", "more"), [({}, {}), ({"A/x.png": "A", "B/x.png": "B"}, {"unreadable": 2})])
def test_no_image_has_no_accuracy(archive, label_of, more):
    nothing = {"images": 0, "classes": 0, "accuracy": None, "accuracy_low": None, "accuracy_high": None}
    assert cross.measure(archive, label_of, MODEL, by_colour) == nothing | more


def test_a_hand_that_is_not_found_is_wrong(archive):
    def blind(images: np.ndarray) -> np.ndarray:
        return np.zeros((len(images), 3), np.float32)

    assert cross.measure(archive, {"A/0.png": "A", "B/0.png": "B"}, MODEL, blind)["accuracy"] == 0


# The stage


def settle(place: Path, learnt: str, images: int, external: dict[str, str]) -> None:
    """Write the parameters of `tiny`, and of `arabic`. external: path -> the experiment for which it is named."""
    params = config.read(ROOT / "params.yaml")
    tiny = params["experiments"]["asl_cnn"] | {"dataset": learnt}
    params["experiments"] = {"tiny": tiny, "arabic": params["experiments"]["arasl_cnn"]}
    params |= {"autoencoders": {}, "compositions": {}, "crops": {}, "landmarks": [], "exports": {}}
    params["external"] = {path: {"experiment": name, "path": path} for path, name in external.items()}
    params["evidence"] = {"comparisons": [], "images": images, "robustness": [], "explanations": []}
    (place / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def collect(place: Path, name: str, source: str, members: dict[str, bytes]) -> None:
    """Write the archive of a dataset as the download leaves it."""
    folder = place / "data/raw" / name
    folder.mkdir(parents=True)
    fill(folder / catalogue.find(name).archive, members)
    files.write_json(folder / "source.json", {"dataset": name, "source": source, "sha256": "0" * 64})


MEMBERS = [
    f"{folder}/{label}/{label}{at}.jpg"
    for folder in ("asl_alphabet/asl_alphabet_train", "asl_photos/train")
    for label in ("A", "B", "del", "space")
    for at in range(3)
]


@pytest.fixture(scope="module")
def collections(tmp_path_factory) -> Path:
    """Two collections, and the union of them, with the same images."""
    place = tmp_path_factory.mktemp("collections")
    collect(place, "american", "rendered", dict.fromkeys(MEMBERS, picture("A")))
    for name in ("asl_alphabet", "asl_photos"):
        own = [member.removeprefix(f"{name}/") for member in MEMBERS if member.startswith(name)]
        collect(place, name, "rendered", dict.fromkeys(own, picture("A")))
    return place


@settings(max_examples=40)
@given(
    learnt=st.sampled_from(["american", "asl_alphabet", "asl_photos"]),
    others=st.lists(st.sampled_from(["american", "asl_alphabet", "asl_photos"])),
    splits=st.lists(st.sampled_from([*manifest.SPLITS, None]), min_size=len(MEMBERS), max_size=len(MEMBERS)),
    images=st.integers(1, 20),
)
def test_nothing_that_was_learnt_is_ever_asked(collections, learnt, others, splits, images):
    """Whichever archive holds it: of a collection that was learnt from, test images alone, and each of them once."""
    folder = "" if learnt == "american" else f"{learnt}/"
    split_of = {name: to for name, to in zip(MEMBERS, splits) if to and name.startswith(folder)}
    asked = []

    def read(archive: Archive, name: str) -> bytes:
        dataset = archive.path.parent.name
        asked.append(name if dataset == "american" else f"{dataset}/{name}")
        return picture("A")

    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(Archive, "read", read)
        patch.setattr(stages.cross.asking, "opened", lambda _: nullcontext((MODEL, by_colour)))
        settle(Path(place), learnt, images, {})
        rows = [Assignment(name.removeprefix(folder), "A", "", to) for name, to in split_of.items()]
        manifest.write(Path("data/splits/tiny.csv"), rows)
        Path("data/raw").mkdir()
        for name in {learnt, *others}:
            Path("data/raw", name).symlink_to(collections / "data/raw" / name)
        stages.published.main()
        stages.cross.main("tiny")
    own = [name for name in asked if name.startswith(folder)]
    tested = {name for name, to in split_of.items() if to == "test" and "/space/" not in name}  # which it does not know
    assert set(own) <= tested and len(set(asked)) == len(asked)
    for one in ("asl_alphabet/", "asl_photos/"):
        if one.startswith(folder):
            assert sum(name.startswith(one) for name in own) == min(
                images, sum(name.startswith(one) for name in tested)
            )


@pytest.fixture
def study(exported, tmp_path, monkeypatch) -> Path:
    """A place in which `tiny`, which knows A, B and del by their colours, has learnt from some of asl_alphabet."""
    settle(tmp_path, "asl_alphabet", 9, {"mine": "tiny", "theirs": "arabic"})
    shutil.copytree(exported / "models", tmp_path / "models")
    own = "asl_alphabet_train/{0}/{0}{1}.jpg"
    # Whatever tiny has learnt from is of another class: an image of it that was asked would show.
    labels, test = list(COLOURS), {own.format(label, at): picture(label) for label in COLOURS for at in (1, 2)}
    test[own.format("A", 2)] = picture("B")
    learnt = {own.format(label, at): picture(labels[place - 1]) for place, label in enumerate(labels) for at in (3, 4)}
    other = {own.format(label, 5): picture("A") for label in "BZ"}
    photos = {
        f"asl_photos/train/{label}/{at}.jpg": picture("A" if label == "del" else label)
        for label in COLOURS
        for at in range(5)
    }
    collect(tmp_path, "asl_alphabet", "original", test | learnt | other)
    collect(tmp_path, "american", "rendered", photos | {"asl_photos/train/Z/0.jpg": picture("A")})
    fill(tmp_path / "mine", {"a/1.png": picture("A"), "Z/1.png": picture("A"), "b/1.png": b"none"})
    fill(tmp_path / "theirs", {"ain/1.png": picture("A"), "del/1.png": picture("del")})
    split = {**dict.fromkeys(test, "test"), **dict.fromkeys(learnt, "train"), own.format("A", 3): "validation"}
    rows = [Assignment(name, name.split("/")[1], name, to) for name, to in split.items()]
    manifest.write(tmp_path / "data/splits/tiny.csv", rows)
    monkeypatch.chdir(tmp_path)
    stages.published.main()
    return tmp_path


@pytest.mark.slow
def test_the_stage_asks_a_trained_model_about_all_sets(study):
    stages.cross.main("tiny")
    one = {"images": 1, "classes": 1, "accuracy": 1.0, "accuracy_low": 0.206549, "accuracy_high": 1.0}
    five = {"images": 6, "classes": 3, "accuracy": 0.833333, "accuracy_low": 0.436497, "accuracy_high": 0.969947}
    six = {"images": 9, "classes": 3, "accuracy": 0.666667, "accuracy_low": 0.354202, "accuracy_high": 0.879416}
    assert json.loads((study / "metrics/cross/tiny.json").read_text(encoding="utf-8")) == {
        "experiment": "tiny",
        "alphabet": "american",
        "sets": [
            {"set": "asl_alphabet", "kind": "original", "own": True} | five,
            {"set": "asl_photos", "kind": "rendered", "own": False} | six,
            {"set": "mine", "kind": "external", "own": False} | one | {"unreadable": 1},
        ],
    }


@pytest.mark.slow
def test_the_stage_writes_the_same_bytes_again(study):
    written = study / "metrics/cross/tiny.json"
    stages.cross.main("tiny")
    before = written.read_bytes()
    stages.cross.main("tiny")
    assert written.read_bytes() == before


@pytest.mark.slow
def test_a_set_without_a_class_that_the_model_knows_has_no_accuracy(study):
    shutil.rmtree(study / "mine")
    fill(study / "mine", {"Z/1.png": picture("A")})
    stages.cross.main("tiny")
    found = json.loads((study / "metrics/cross/tiny.json").read_text(encoding="utf-8"))["sets"][-1]
    assert (found["set"], found["images"], found["classes"], found["accuracy"]) == ("mine", 0, 0, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("data/splits/tiny.csv", r"data/splits/tiny\.csv is no manifest of a split .*; run the split again"),
        ("models/tiny/model.weights.h5", r"models/tiny holds no whole model .*; run `dvc repro` first"),
        ("models/tiny/model.json", r"models/tiny holds no whole model .*; run `dvc repro` first"),
        ("data/raw/american/american.zip", r"the archive data/raw/american/american\.zip cannot be opened"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_written(study, gone, sentence):
    (study / gone).unlink()
    with pytest.raises(FingerspellError, match=sentence):
        stages.cross.main("tiny")
    assert not (study / "metrics").exists()


@pytest.mark.slow
def test_what_was_learnt_from_is_never_left_out_in_silence(study):
    shutil.rmtree(study / "data/raw/asl_alphabet")
    with pytest.raises(FileNotFoundError, match=r"data/raw/asl_alphabet/source\.json"):  # which the runner tells
        stages.cross.main("tiny")


@pytest.mark.slow
def test_an_experiment_that_is_not_there_is_refused(study):
    with pytest.raises(FingerspellError, match="there is no experiment 'huge'"):
        stages.cross.main("huge")


# The matrix


def cell(title: str, accuracy: float | None, own: bool = False, kind: str = "rendered", **more: int) -> dict:
    low, high = (None, None) if accuracy is None else (accuracy / 2, (1 + accuracy) / 2)
    limits = {"accuracy": accuracy, "accuracy_low": low, "accuracy_high": high}
    return {"set": title, "kind": kind, "own": own, "images": 2000, "classes": 29} | limits | more


ROWS = [
    {"experiment": "one", "alphabet": "american", "sets": [cell("asl", 0.9, own=True), cell("photos", 0.125)]},
    {"experiment": "ain", "alphabet": "arabic", "sets": [cell("arasl", 0.5, own=True)]},
    {
        "experiment": "two",
        "alphabet": "american",
        "sets": [cell("asl", 0.25, kind="original"), cell("photos", None, unreadable=3), cell("my|$own$", 1.0)],
    },
]


def test_the_matrix_has_a_table_for_each_alphabet():
    american, arabic = matrix.markdown(ROWS).split("\n\n")[1:]
    assert american.splitlines() == [
        r"| experiment | asl (rendered, original) | photos (rendered) | my\|$own$ (rendered) |",
        "|---|--:|--:|--:|",
        "| one | **0.900** (0.450–0.950) 2,000/29 | 0.125 (0.062–0.562) 2,000/29 | – |",
        "| two | 0.250 (0.125–0.625) 2,000/29 | – | 1.000 (0.500–1.000) 2,000/29 |",
    ]
    assert arabic.splitlines()[2:] == ["| ain | **0.500** (0.250–0.750) 2,000/29 |"]


def test_the_matrix_has_a_line_for_each_cell(tmp_path):
    files.write_csv(tmp_path / "cross.csv", matrix.lines(ROWS))
    head, first, *_, fifth, _ = csv.reader(StringIO((tmp_path / "cross.csv").read_text(encoding="utf-8")))
    assert tuple(head) == matrix.COLUMNS
    assert first == ["one", "american", "asl", "rendered", "True", "2000", "29", "0.9", "0.45", "0.95", "0"]
    assert fifth == ["two", "american", "photos", "rendered", "False", "2000", "29", "", "", "", "3"]


def test_the_picture_shows_every_cell_and_frames_what_was_learnt(tmp_path):
    figure = plot.matrix(ROWS)
    [axes] = figure.axes
    texts = [text.get_text() for text in axes.texts]
    for shown in ("0.900", "0.450–0.950", "0.125", "0.250", "1.000", "one", "two", "ain", "American", "my|$own$"):
        assert texts.count(shown) == 1, shown
    assert texts.count("–") == 2  # what was not asked, and what could not be read
    assert "rendered, original" in texts
    frames = [box for box in axes.patches if to_hex(box.get_edgecolor()).upper() == style.ORANGE]
    assert len(frames) == 2 + 1  # and the one of the key
    for name in ("one", "two"):
        style.save(plot.matrix(ROWS), tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_the_picture_has_room_for_any_name_and_any_number_of_sets():
    sets = [cell(f"{'long-' * 40}{at}", at / 20) for at in range(20)]
    figure = plot.matrix([{"experiment": "e" * 60, "alphabet": "american", "sets": sets}], title="T" * 200)
    renderer = figure.canvas.get_renderer()
    inside = figure.bbox.padded(1)
    assert all(inside.containsx(x) for text in figure.axes[0].texts for x in text.get_window_extent(renderer).intervalx)
