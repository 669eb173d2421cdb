"""Temperature scaling finds the temperature that was there, changes no answer, and what is withheld is counted."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from test_external import MODEL

from fingerspell import files
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.metrics import calibration_error, details
from fingerspell.evaluation.predictions import Predictions
from fingerspell.evidence import calibration
from fingerspell.hands import layout
from fingerspell.plots import calibration as plot
from fingerspell.plots import style
from fingerspell.preparation.prepared import Image, Prepared, write_table


def table(probabilities, labels) -> Predictions:
    count, width = np.shape(probabilities)
    return Predictions([f"{at}.jpg" for at in range(count)], labels, probabilities, "abcdefgh"[:width])


def sharpened(by: float, count: int = 30_000, seed: int = 1) -> Predictions:
    """Labels that fall as the softmax of some logits says, and answers that make the logits `by` times as large."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(count, 4))
    chosen = (softmax(logits, axis=1).cumsum(axis=1) > random.random((count, 1))).argmax(axis=1)
    return table(softmax(by * logits, axis=1), chosen)


@pytest.mark.parametrize("by", [0.4, 1.0, 2.5])
def test_the_temperature_is_recovered(by):
    assert calibration.temperature(sharpened(by)) == pytest.approx(by, rel=0.02)


def test_overconfident_answers_are_calibrated_by_other_images():
    test = sharpened(2.5, count=5000, seed=2)
    found = calibration.calibrate(test, sharpened(2.5, count=3000))
    error, loss = found["expected_calibration_error"], found["log_loss"]
    assert error["before"] > 0.15 and error["after"] < 0.03
    assert loss["after"] < loss["before"] - 0.1
    assert (error["before"], loss["before"]) == (round(calibration_error(test), 6), details(test)["log_loss"])
    assert found["validation_images"] == 3000 and found["temperature"] == pytest.approx(2.5, rel=0.05)
    assert found["bins"]["before"] == calibration.bins(test) != found["bins"]["after"]
    assert sum(one["images"] for one in found["bins"]["after"]) == 5000


def test_validation_images_alone_set_the_temperature():
    assert calibration.calibrate(sharpened(2.5, count=300), sharpened(1))["temperature"] == pytest.approx(1, rel=0.02)


def test_scaling_worked_out_by_hand():
    # Logarithms divided by 2 are square roots: of 0.64, 0.36 they are 0.8, 0.6, of a sum of 1.4.
    found = calibration.scaled(table([(0.64, 0.36)], [0]), 2)
    assert found.probabilities[0].tolist() == pytest.approx([0.8 / 1.4, 0.6 / 1.4])
    # Of 0.8, 0.2 with temperature 1/2 they are squares: 0.64, 0.04.
    assert calibration.scaled(table([(0.8, 0.2)], [0]), 0.5).probabilities[0, 0] == pytest.approx(0.64 / 0.68)
    assert calibration.scaled(table([(1, 0)], [0]), 10).probabilities[0, 1] == pytest.approx(
        1e-6**0.1 / (1 + 1e-6**0.1)
    )


@given(
    st.lists(st.lists(st.integers(0, 1000), min_size=4, max_size=4).filter(any), min_size=1, max_size=20),
    st.floats(*calibration.TEMPERATURES),
)
def test_no_temperature_changes_an_answer(weights, temperature):
    rows = np.array(weights, float)
    given_ = table(rows / rows.sum(axis=1, keepdims=True), np.zeros(len(rows), int))
    found = calibration.scaled(given_, temperature)
    assert np.array_equal(found.predicted, given_.predicted)
    assert np.allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)


def test_withheld_worked_out_by_hand():
    """Of ten answers the three least certain ones are wrong, and the most certain one."""
    confidence = np.array([0.99, 0.55, 0.95, 0.6, 0.9, 0.65, 0.85, 0.8, 0.75, 0.7])
    wrong = np.isin(confidence, (0.55, 0.6, 0.65, 0.99))
    found = calibration.withheld(table(np.column_stack([confidence, 1 - confidence]), wrong.astype(int)))
    # Withheld are 0, 0, 0, 0 (0.5 is rounded to even), 1, 2, 3 and 5 of ten.
    assert [(one["share"], one["accuracy"]) for one in found] == [
        (0, 0.6), (0.01, 0.6), (0.02, 0.6), (0.05, 0.6), (0.1, 0.666667), (0.2, 0.75), (0.3, 0.857143), (0.5, 0.8),
    ]  # fmt: skip


def test_bins_worked_out_by_hand():
    # Of fifteen bins 0.6 closes the ninth; 0.61 and 0.65 lie in the tenth.
    found = calibration.bins(table([(0.6, 0.4), (0.61, 0.39), (0.65, 0.35)], [0, 1, 0]))
    assert found == [
        {"confidence": 0.6, "accuracy": 1.0, "images": 1}, {"confidence": 0.63, "accuracy": 0.5, "images": 2},
    ]  # fmt: skip


@given(st.integers(1, 60), st.integers(0, 10_000))
def test_the_bins_are_those_of_the_calibration_error(count, seed):
    random = np.random.default_rng(seed)
    answers = table(random.dirichlet(np.ones(4), count), random.integers(0, 4, count))
    gaps = sum(one["images"] * abs(one["accuracy"] - one["confidence"]) for one in calibration.bins(answers))
    assert gaps / count == pytest.approx(calibration_error(answers), abs=2e-6)


@pytest.mark.parametrize(
    "answers",
    [table([(0.9, 0.1)], [0]), table([(0.9, 0.1)], [1]), table([(0.9, 0.1), (0.8, 0.2)], [0, 0])],
    ids=["one image", "one that is wrong", "one class"],
)
def test_few_images_have_sound_figures(answers):
    found = calibration.calibrate(answers, answers)
    assert calibration.TEMPERATURES[0] <= found["temperature"] <= calibration.TEMPERATURES[1]
    for figure in (found["log_loss"], found["expected_calibration_error"]):
        assert all(np.isfinite(value) and value >= 0 for value in figure.values())
    assert all(0 <= one["accuracy"] <= 1 for one in found["withheld"])


def test_without_validation_images_nothing_comes_after():
    found = calibration.calibrate(table([(0.9, 0.1)], [0]), None)
    assert found["validation_images"] == 0 and found["temperature"] is None
    assert [found[key]["after"] for key in ("expected_calibration_error", "log_loss", "bins")] == [None] * 3
    assert found["expected_calibration_error"]["before"] == pytest.approx(0.1)
    assert found["withheld"][0]["accuracy"] == 1


# Answers to validation images


def opened(folder, splits, arrays: dict[str, np.ndarray]) -> Prepared:
    rows = [Image(f"{at}.jpg", "AB"[at % 2], split) for at, split in enumerate(splits)]
    write_table(folder, rows, {"classes": ["A", "B"], "letters": ["A", "B"]})
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return Prepared.open(folder)


NETWORK = MODEL | {"model": "small_resnet", "classes": ["A", "B"], "letters": ["A", "B"]}


def bright(images: np.ndarray) -> np.ndarray:
    share = images.reshape(len(images), -1)[:, 0] / 200
    return np.column_stack([share, 1 - share]).astype(np.float32)


def test_validation_images_alone_are_asked(tmp_path):
    pixels = np.arange(0, 200, 40, dtype=np.uint8).reshape(5, 1, 1, 1)
    prepared = opened(tmp_path, ["train", "validation", "test", "validation", "train"], {"images": pixels})
    found = calibration.validation(NETWORK, bright, prepared)
    assert found.members == ["1.jpg", "3.jpg"] and found.labels.tolist() == [1, 1]
    assert found.probabilities[:, 0].tolist() == pytest.approx([0.2, 0.6])


def test_a_reader_answers_the_mean_of_a_hand_and_its_mirror_image(tmp_path):
    hands = np.full((2, layout.WIDTH), 100, np.float16)
    prepared = opened(tmp_path, ["validation"] * 2, {"embeddings": hands, "mirrored": hands / 2, "view-1": hands * 0})
    found = calibration.validation(NETWORK | {"model": "hand_reader", "trains_on": "crops"}, bright, prepared)
    assert found.probabilities[:, 0].tolist() == pytest.approx([0.375, 0.375])


@pytest.mark.parametrize(
    ("splits", "model"),
    [(["train", "test"], "small_resnet"), (["train", "validation"], "autoencoder_logistic")],
    ids=["no image", "a classifier, which learns from them"],
)
def test_there_may_be_none(tmp_path, splits, model):
    prepared = opened(tmp_path, splits, {"images": np.zeros((2, 1, 1, 1), np.uint8)})
    assert calibration.validation(NETWORK | {"model": model}, bright, prepared) is None


def test_other_classes_are_refused(tmp_path):
    prepared = opened(tmp_path, ["validation"], {"images": np.zeros((1, 1, 1, 1), np.uint8)})
    with pytest.raises(FingerspellError, match=r"models/colours knows other classes than .*; run `dvc repro`"):
        calibration.validation(NETWORK | {"classes": ["B", "A"]}, bright, prepared)


def test_answers_that_are_no_numbers_are_refused(tmp_path):
    prepared = opened(tmp_path, ["validation"], {"images": np.zeros((1, 1, 1, 1), np.uint8)})
    with pytest.raises(FingerspellError, match=r"0\.jpg: the probabilities are not between 0 and 1"):
        calibration.validation(NETWORK, lambda images: np.full((len(images), 2), np.nan), prepared)


# Tables and diagrams


def row(experiment: str, known: bool = True) -> dict:
    answers = sharpened(2, count=300, seed=len(experiment))
    about = {"experiment": experiment, "alphabet": "american"}
    return about | calibration.calibrate(answers, answers if known else None)


def test_the_figures_can_be_written_as_json():
    assert json.loads(json.dumps(row("one"), allow_nan=False)) == row("one")


def test_the_tables(tmp_path):
    rows = [row("one"), row("two", known=False)]
    lines = plot.markdown(rows).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "→" in lines[2] and lines[3].startswith("| two | 0 | – | 0.") and "→" not in lines[3]
    files.write_csv(tmp_path / "calibration.csv", plot.lines(rows))
    one, two = files.read_csv(tmp_path / "calibration.csv")
    assert float(one["temperature"]) == rows[0]["temperature"] and two["temperature"] == two["log_loss_after"] == ""
    assert float(one["accuracy_withheld_0.5"]) == rows[0]["withheld"][-1]["accuracy"]


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 5, 8])
def test_every_experiment_has_a_diagram_and_a_curve(tmp_path, count):
    rows = [row("e" * at, known=at != 2) for at in range(1, count + 1)]
    figure = plot.reliability(rows)
    *panels, curves = figure.axes
    assert [axes.get_title(loc="left").strip() for axes in panels] == [one["experiment"] for one in rows]
    for line, when in zip(panels[0].lines[1:], ("before", "after")):
        found = [[one["confidence"], one["accuracy"]] for one in rows[0]["bins"][when]]
        assert line.get_xydata().tolist() == found
    assert len(curves.lines) == count
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    style.save(figure, paths[0])
    style.save(plot.reliability(rows), paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()
