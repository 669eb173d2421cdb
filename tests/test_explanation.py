"""Whether a network looks at the hand is told from pictures whose hand is known; a mistake stands beside its like."""

import json
import shutil
from pathlib import Path

import keras
import miniature
import numpy as np
import pytest
import yaml
from conftest import ROOT
from matplotlib.figure import Figure
from PIL import Image as Pillow
from test_plots import check_texts, watch_texts

from fingerspell import config
from fingerspell.datasets import hands
from fingerspell.datasets.hands import KEYPOINTS, Hands
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions
from fingerspell.evidence import explanation
from fingerspell.evidence.nearest import PART, nearest
from fingerspell.models.common import saved
from fingerspell.plots import explanations, style
from fingerspell.preparation.prepared import Image, Prepared, write_table
from stages import explain

pytestmark = pytest.mark.slow

NAME, SIDE, GROUND = miniature.NAME, 48, 60
COLOURS = {"A": (200, 20, 20), "B": (20, 200, 20), "del": (20, 20, 200), "Q": (200, 200, 20)}
SHEETS = ("nearest", "right", "scenes", "wrong")


def draw(folder: Path, labels=tuple(COLOURS)) -> Path:
    """Hands as the stage `hands` leaves them: a square in the colour of its label, on grey grounds."""
    folder.mkdir(parents=True)
    sheets = np.zeros((len(labels), SIDE, SIDE, 4), np.uint8)
    for sheet, label in zip(sheets, labels):
        sheet[..., :3] = COLOURS[label]
        sheet[12:36, 12:36, 3] = 255
    count = len(labels)
    boxes, unknown = np.tile(np.float32([24, 24, 24]), (count, 1)), np.full((count, KEYPOINTS, 2), np.nan, np.float32)
    drawn = Hands(sheets, unknown, np.array(labels), np.array(["rendered"] * count), boxes)
    hands.write(folder, SIDE, [drawn])
    np.save(folder / "backgrounds.npy", np.full((3, 40, 40, 3), GROUND, np.uint8))
    return folder


def described(**changes) -> dict:
    return miniature.DESCRIPTION | {"image_size": 32} | changes


# Scenes


@pytest.mark.parametrize("channels", [1, 3])
def test_in_a_scene_the_hand_is_where_it_is_said_to_be(tmp_path, channels):
    folder = draw(tmp_path / "hands")
    scenes = explanation.compose(folder, described(channels=channels), 60, seed=1)
    assert scenes.images.shape == (60, 32, 32, channels) and scenes.images.dtype == np.uint8
    assert scenes.hands.shape == (60, 32, 32) and scenes.hands.dtype == bool
    assert set(scenes.labels) == {0, 1, 2}, "a hand of another class is left out"
    assert 0.15 < scenes.hands.mean() < 0.6
    if channels == 3:
        vivid = np.ptp(scenes.images.astype(int), axis=3)
        assert vivid[scenes.hands].mean() > 3 * vivid[~scenes.hands].mean()
        shown = [image[hand].mean(axis=0).argmax() for image, hand in zip(scenes.images, scenes.hands)]
        assert np.mean(np.array(shown) == scenes.labels) > 0.9


def test_scenes_are_a_function_of_the_seed(tmp_path):
    folder = draw(tmp_path / "hands")
    first, again, other = (explanation.compose(folder, described(), 9, seed) for seed in (1, 1, 2))
    assert (first.images == again.images).all() and (first.hands == again.hands).all()
    assert (first.images != other.images).any()


def test_hands_of_no_class_make_no_scenes(tmp_path):
    with pytest.raises(FingerspellError, match=r"no hand of the classes of tiny \(A, B, del\).*evidence\.explanations"):
        explanation.compose(draw(tmp_path / "hands", ["Q"]), described(), 9, 1)


# Shares


def random_hands(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).random((count, 16, 16)) < 0.3


def test_an_even_map_lies_on_the_hand_by_as_much_as_the_hand_covers():
    masks = random_hands()
    even = np.full(masks.shape, 1 / 256, np.float32)
    area = masks.mean(axis=(1, 2))
    assert explanation.on_hand(even, masks) == pytest.approx(area)
    assert explanation.pointing(even, masks) == pytest.approx(area)


def test_shares_and_hits_are_those_counted_by_hand():
    maps = np.zeros((3, 4, 4), np.float32)
    maps[0, 0, 0], maps[0, 3, 3] = 0.75, 0.25
    maps[1, 0, 0], maps[1, 3, 3] = 0.25, 0.75
    maps[2, 0, 0], maps[2, 3, 3] = 0.5, 0.5
    left = np.zeros((3, 4, 4), bool)
    left[:, :, :2] = True
    assert explanation.on_hand(maps, left).tolist() == [0.75, 0.25, 0.5]
    assert explanation.pointing(maps, left).tolist() == [1, 0, 0.5]
    scenes = explanation.Scenes(np.zeros((3, 4, 4, 1), np.uint8), left, np.zeros(3, int))
    even = np.full((3, 4, 4), 1 / 16, np.float32)
    found = explanation.measure("one", scenes, maps, even, np.array([True, True, False]))
    assert found == {
        "experiment": "one", "images": 3, "accuracy": 0.666667, "on_hand": 0.5, "on_hand_right": 0.5,
        "on_hand_wrong": 0.5, "on_hand_untrained": 0.5, "hand_area": 0.5, "pointing": 0.5,
    }  # fmt: skip
    assert explanation.measure("one", scenes, maps, even, np.ones(3, bool))["on_hand_wrong"] is None
    assert explanation.measure("one", scenes, maps, even, np.zeros(3, bool))["on_hand_right"] is None


def test_some_rows_are_drawn_by_the_seed_and_stay_in_order():
    rows = np.arange(10, 60, 2)
    drawn = explanation.some(rows, 12, 1)
    assert len(drawn) == 12 and set(drawn) <= set(rows) and (np.diff(drawn) > 0).all()
    assert drawn.tolist() == explanation.some(rows, 12, 1).tolist() != explanation.some(rows, 12, 2).tolist()
    assert explanation.some(rows, 99, 1).tolist() == rows.tolist()


# Neighbours


def test_the_nearest_row_is_the_one_found_by_hand():
    table = np.zeros((2 * PART + 9, 2))
    table[:, 0] = 1
    table[PART + 3], table[PART + 8], table[-1] = (0, 2), (0, 5), (-3, 3)
    rows = np.arange(1, len(table))  # not the first
    found, cosines = nearest(np.array([(4, 0), (0, 3), (-1, 1), (3, 4), (0, 0)]), lambda some: table[some], rows)
    assert found.tolist() == [1, PART + 3, len(table) - 1, PART + 3, 1], "of equals it is the first"
    assert cosines == pytest.approx([1, 1, 1, 0.8, 0])


# The stage


def write_params(place: Path, **evidence) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["evidence"] |= {"images": 20} | evidence
    (place / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("explained")
    miniature.make(place)
    draw(place / "data/hands/american")
    write_params(place)
    return place


@pytest.fixture
def place(trained, tmp_path, monkeypatch) -> Path:
    """A copy to change."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # the stage sets it
    return tmp_path


def written(place: Path) -> dict[str, bytes]:
    files = [place / f"metrics/explanations/{NAME}.json", *(place / "plots/explanations" / NAME).iterdir()]
    return {path.name: path.read_bytes() for path in files}


def explained(place: Path) -> dict:
    explain.main(NAME)
    assert sorted(written(place)) == sorted([f"{NAME}.json", *(f"{name}.png" for name in SHEETS)])
    return json.loads((place / f"metrics/explanations/{NAME}.json").read_text())


def describe(place: Path, **changes) -> None:
    path = place / "models" / NAME / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_it_writes_shares_and_sheets_the_same_twice(place):
    found = explained(place)
    assert list(found) == [
        "experiment", "images", "accuracy", "on_hand", "on_hand_right", "on_hand_wrong", "on_hand_untrained",
        "hand_area", "pointing",
    ]  # fmt: skip
    assert found["experiment"] == NAME and found["images"] == 20
    shares = [value for key, value in found.items() if key not in ("experiment", "images") and value is not None]
    assert all(0 <= share <= 1 and share == round(share, 6) for share in shares)
    assert found["on_hand"] > found["hand_area"] > 0.15, "it knows its classes by their colours"
    assert found["on_hand_untrained"] != found["on_hand"]
    first = written(place)
    for name, data in first.items():
        assert len(data) < 400_000, name
    explained(place)
    assert written(place) == first


def test_several_looks_are_explained_as_one(place):
    once = explained(place)
    describe(place, tta_scales=[1, 0.8], tta_rotations=[0, 20], precision="mixed_bfloat16")
    assert explained(place) == once


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def sheets_of(place: Path) -> dict[str, Figure]:
    prepared = Prepared.open(place / "data/prepared" / NAME)
    _, network = explanation.opened(place / "models" / NAME, config.load())
    return explain._of_test_images(NAME, network, prepared, 20)


def relabel(place: Path, change) -> None:
    """Write the table of prepared images anew, its rows changed."""
    folder = place / "data/prepared" / NAME
    prepared = Prepared.open(folder)
    rows = zip(prepared.members, (prepared.classes[label] for label in prepared.labels), prepared.splits.tolist())
    write_table(folder, [change(at, Image(*row)) for at, row in enumerate(rows)], prepared.settings)


def test_a_mistake_stands_beside_the_image_that_taught_it(place):
    """A wrong label, and in training the same image under another one."""
    images = np.load(place / f"data/prepared/{NAME}/images.npy")
    images[2] = images[1]
    np.save(place / f"data/prepared/{NAME}/images.npy", images)
    labels = {1: "B", 2: "del"}
    relabel(place, lambda at, row: Image(row.member, labels.get(at, row.label), row.split))
    found = sheets_of(place)
    assert "1 of 1 wrong answer in 36 test images, drawn at random." in texts(found["wrong"])[1].replace("\n", " ")
    said = [text.rsplit(" ", 1)[0] for text in texts(found["wrong"])[2:]]
    assert said == ["B → A"]
    assert texts(found["nearest"])[2:] == [texts(found["wrong"])[2], "del 1.000"]
    shown = [image.get_array() for image in found["nearest"].axes[0].images]
    assert (shown[0] == images[1]).all() and (shown[1] == images[2]).all()
    assert texts(found["right"])[1].startswith("12 of 35 right answers in 36 test images") and len(shown) == 2


def test_without_a_wrong_answer_the_sheets_say_so(place):
    found = sheets_of(place)
    for name in ("wrong", "nearest"):
        assert texts(found[name])[1] == "There is no wrong answer in 36 test images." and not found[name].axes[0].images
    assert explained(place)


def test_one_image_is_enough(place):
    write_params(place, images=1)
    relabel(place, lambda at, row: Image(row.member, row.label, "test" if at == 5 else "train"))
    found = explained(place)
    assert found["images"] == 1 and found["accuracy"] in (0, 1)
    assert (found["on_hand_right"] is None) != (found["on_hand_wrong"] is None)
    assert texts(sheets_of(place)["right"])[1].startswith("1 of 1 right answer in 1 test image, drawn at random.")


def test_one_class_is_enough(place):
    describe(place, classes=["A"], letters=["A"])
    description = json.loads((place / "models" / NAME / "model.json").read_text())
    keras.utils.set_random_seed(1)
    saved.build(description).save_weights(place / "models" / NAME / "model.weights.h5")
    settings = {"classes": ["A"], "letters": ["A"]}
    folder = place / "data/prepared" / NAME
    rows = [Image(f"{at}.png", "A", "test" if at % 2 else "train") for at in range(3 * miniature.PER_CLASS)]
    write_table(folder, rows, Prepared.open(folder).settings | settings)
    assert explained(place)["on_hand_wrong"] is None


def refusal(place: Path) -> str:
    with pytest.raises(FingerspellError) as raised:
        explain.main(NAME)
    assert not (place / "metrics").exists() and not (place / "plots").exists()
    return str(raised.value)


@pytest.mark.parametrize("model, size", [("autoencoder_logistic", 16), ("hand_reader", 224)])
def test_what_sees_no_pixels_is_refused(place, model, size):
    describe(place, model=model, image_size=size)
    assert refusal(place).startswith(f"evidence.explanations names {NAME}, but ")


def test_an_alphabet_without_drawn_hands_is_refused(place):
    params = yaml.safe_load((place / "params.yaml").read_text())
    del params["hands"]["american"]
    params["compositions"] = {"arasl_robust": params["compositions"]["arasl_robust"]}
    params["crops"] = {"arasl_reader": params["crops"]["arasl_reader"]}
    (place / "params.yaml").write_text(yaml.safe_dump(params))
    assert "hands has no entry american" in refusal(place)


@pytest.mark.parametrize("file", ["model.json", "model.weights.h5"])
def test_a_model_without_its_file_is_refused(place, file):
    (place / "models" / NAME / file).unlink()
    assert f"models/{NAME} holds no whole model ({file}" in refusal(place)


def test_without_prepared_images_nothing_is_written(place):
    shutil.rmtree(place / "data/prepared")
    assert "holds no prepared images" in refusal(place)


# The sheets


def test_the_hottest_pixel_is_yellow_and_the_coldest_blue():
    colours = explanations.heated(np.float32([[[0, 1], [2, 4]], [[0, 10], [20, 40]]]))
    assert colours.dtype == np.uint8 and (colours[0] == colours[1]).all(), "each map by its own hottest pixel"
    cold, hot = colours[0, 0, 0].astype(int), colours[0, 1, 1].astype(int)
    assert cold[2] > cold[0] and hot[0] > hot[2] and hot.sum() > 2 * cold.sum()


@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_sheet_is_whole_where_names_are_long(tmp_path, monkeypatch, count):
    random = np.random.default_rng(0)
    classes, probabilities = ("nothing", "space"), np.eye(2)[[1] * 5]
    table = Predictions(list("abcde"), np.zeros(5, int), probabilities, classes)
    images = random.integers(0, 256, (5, 20, 20, 3), np.uint8)
    about = ["nothing 0.999"] * 5
    masks = np.zeros((5, 20, 20), bool)
    masks[:, 5:12, 4:15] = True
    note = explanations.which(range(count), table, False, explanations.MEANING)
    figure = explanations.sheet(images, images, table, range(count), "asl_cnn: a title", note, about, masks)
    with monkeypatch.context() as watching:
        drawn = watch_texts(watching)
        style.save(figure, tmp_path / "sheet.png")
    with Pillow.open(tmp_path / "sheet.png") as picture:
        check_texts(drawn, picture.size)
        height = picture.size[1]
    for left, right, bottom, top in (image.get_extent() for image in figure.axes[0].images):
        for text, (x0, y0, x1, y1) in drawn.items():
            beside = x1 <= 100 * left or x0 >= 100 * right
            assert beside or y0 > height - 100 * top + 5 or y1 < height - 100 * bottom, text
    outlines = np.concatenate([path.vertices for group in figure.axes[0].collections for path in group.get_paths()])
    first = figure.axes[0].images[0].get_extent()
    across = (outlines[:, 0] - first[0]) / (first[1] - first[0]) * 20
    assert across.min() == pytest.approx(4, abs=0.6), "the rim lies where the hand begins"
