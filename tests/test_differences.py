"""Answers to "is it better?": worked out by hand, and in words that say what the numbers do."""

import numpy as np
import pytest

from fingerspell.evaluation.differences import differences, sentence
from fingerspell.evaluation.predictions import Predictions


def predictions(right: list[bool], prefix: str = "") -> Predictions:
    """Answers to images of the class a, of which those marked are named so."""
    rows = np.array([[0.9, 0.1] if one else [0.1, 0.9] for one in right])
    members = [f"{prefix}{number}" for number in range(len(right))]
    return Predictions(members, np.zeros(len(right), int), rows, ("a", "b"))


def bursts(table: Predictions, size: int) -> dict[str, str]:
    return {member: f"b{at // size}" for at, member in enumerate(table.members)}


def answer(first: Predictions, second: Predictions, size: int = 1) -> dict:
    tables = {"one": first, "two": second}
    [row] = differences([("one", "two")], tables, {name: bursts(table, size) for name, table in tables.items()})
    return row


def test_the_same_images_are_compared_one_by_one():
    row = answer(predictions([True] * 6 + [False] * 34), predictions([True] * 14 + [False] * 26))
    assert row["paired"] and (row["images"], row["bursts"]) == (40, 40)
    assert (row["first_accuracy"], row["second_accuracy"]) == (0.15, 0.35)
    assert row["difference"] == pytest.approx(0.2)
    assert row["p"] == row["p_holm"] == pytest.approx(2 / 2**8), "eight differ, all one way"
    assert 0 < row["difference_low"] < 0.2 < row["difference_high"]
    told = sentence(row)
    assert told.startswith("`two` is better than `one`: 0.350 against 0.150 on the same 40 images of 40 bursts; +20.0")
    assert told.endswith("over bursts (McNemar on images, Holm: p = 0.008).")


def test_look_alikes_of_few_bursts_show_nothing():
    """The same answers, but all that differ are of one burst."""
    row = answer(predictions([True] * 6 + [False] * 34), predictions([True] * 14 + [False] * 26), size=20)
    assert row["bursts"] == 2 and row["difference_low"] <= 0
    assert "is not shown to differ from" in sentence(row)


def test_other_images_are_compared_by_their_accuracies():
    row = answer(predictions([True] * 90 + [False] * 10, "x"), predictions([True] * 30 + [False] * 30, "y"))
    assert not row["paired"] and row["p"] is None and row["p_holm"] is None
    assert (row["images"], row["bursts"]) == (60, 60), "of the one with fewer"
    assert row["difference"] == pytest.approx(-0.4) and row["difference_high"] < 0
    told = sentence(row)
    assert "`two` is worse than `one`: 0.500 against 0.900 on test images of their own, the fewer 60 images" in told
    assert "McNemar" not in told


def test_other_classes_are_not_compared_image_by_image():
    second = predictions([True] * 40)
    other = Predictions(second.members, second.labels, second.probabilities, ("a", "c"))
    assert not answer(predictions([True] * 40), other)["paired"]


def test_p_is_adjusted_for_the_number_of_paired_questions():
    first, second = predictions([False] * 20), predictions([True] * 5 + [False] * 15)
    tables = {"one": first, "two": second, "apart": predictions([True] * 20, "z")}
    groups = {name: bursts(table, 1) for name, table in tables.items()}
    rows = differences([("one", "two"), ("two", "one"), ("one", "apart")], tables, groups)
    assert [row["p"] for row in rows] == [2 / 2**5, 2 / 2**5, None]
    assert [row["p_holm"] for row in rows] == [4 / 2**5, 4 / 2**5, None]


def test_one_image_and_one_burst_are_no_crash():
    told = sentence(answer(predictions([True]), predictions([False])))
    assert "is not shown to differ from" in told and "1 image of 1 burst;" in told
