import csv
import io

import numpy as np
import pytest

from fingerspell.evaluation import compare
from fingerspell.evaluation.predictions import Predictions

ABOUT = {"source": "rendered", "dataset": "arasl", "split": "random 60/20/20", "model": "cnn"}


def judged(right: list[bool], classes=("A", "B"), first: int = 0) -> Predictions:
    """All images show the first class; `right` says which of them are named so."""
    table = np.zeros((len(right), len(classes)))
    table[:, 0] = np.where(right, 0.9, 0.2)
    table[:, 1] = 1 - table[:, 0]
    members = [f"{number}.jpg" for number in range(first, first + len(right))]
    return Predictions(members, np.zeros(len(right), int), table, classes)


def test_exact_mcnemar_worked_out_by_hand():
    # Of 30 shared images both name 20; 9 only the first, 1 only the second.
    # Two-sided binomial, 10 tosses: 2 · (C(10,0) + C(10,1)) / 2¹⁰ = 22/1024.
    one = judged([True] * 29 + [False])
    two = judged([True] * 20 + [False] * 9 + [True])
    (row,) = compare.paired_tests({"one": one, "two": two})
    assert row == {
        "first": "one", "second": "two", "shared": 30, "first_accuracy": 0.966667, "second_accuracy": 0.7,
        "only_first": 9, "only_second": 1, "p": 0.0214844, "p_holm": 0.0214844,
    }  # fmt: skip


def test_only_shared_images_are_compared():
    one, two = judged([True] * 40), judged([False] * 40, first=15)
    (row,) = compare.paired_tests({"one": one, "two": two})
    assert (row["shared"], row["only_first"], row["only_second"]) == (25, 25, 0)


def test_equal_experiments_do_not_differ():
    (row,) = compare.paired_tests({"one": judged([True, False] * 10), "two": judged([True, False] * 10)})
    assert row["p"] == row["p_holm"] == 1


@pytest.mark.parametrize(
    "two",
    [
        judged([True] * 30, first=11),  # 19 shared
        judged([True] * 30, classes=("A", "B", "C")),
        Predictions(judged([True] * 30).members, np.ones(30, int), judged([True] * 30).probabilities, ("A", "B")),
    ],
    ids=["too few", "other classes", "other labels"],
)
def test_what_does_not_belong_together_is_not_compared(two):
    assert compare.paired_tests({"one": judged([True] * 30), "two": two}) == []


def test_holm_worked_out_by_hand():
    # Smallest first: 0.01 · 3 = 0.03; 0.03 · 2 = 0.06; 0.04 · 1 = 0.04, raised to 0.06. In the order given:
    assert compare.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert compare.holm([0.9, 0.8]) == [1, 1]
    assert compare.holm([]) == []


def test_the_tables_for_people_and_programs():
    predictions = {"one": judged([True] * 29 + [False]), "two": judged([True] * 30)}
    about = {"one": ABOUT | {"leakage": 0.25}, "two": ABOUT | {"source": "original"}}
    rows = compare.table(predictions, about)
    assert [row["experiment"] for row in rows] == ["one", "two"]
    (first, second) = csv.DictReader(io.StringIO(compare.table_csv(rows)))
    assert (first["source"], first["dataset"], second["source"]) == ("rendered", "arasl", "original")
    assert first["accuracy"] == "0.966667" and second["test_images"] == "30"
    text = compare.table_markdown(rows).splitlines()
    # Wilson: p = 29/30, n = 30.
    assert text[2].startswith("| one | rendered | arasl | random 60/20/20 | 25.0% | cnn | 0.967 (0.833–0.994) |")
    assert text[3].startswith("| two | original | arasl | random 60/20/20 | – | cnn |")
    assert len({line.count("|") for line in text}) == 1

    tests = compare.paired_tests(predictions)
    text = compare.paired_tests_markdown(tests).splitlines()
    assert text[2] == "| one | two | 30 | 0.967 | 1.000 | 0 | 1 | 1.000 | 1.000 |"
    assert len({line.count("|") for line in text}) == 1
    assert len(compare.paired_tests_csv(tests).splitlines()) == 2
    assert compare.paired_tests_csv([]).startswith("first,second,shared")
    assert "No two experiments" in compare.paired_tests_markdown([])


def test_where_bursts_are_known_the_interval_is_theirs():
    about = ABOUT | {"bursts": 3, "accuracy_bursts_low": 0.1, "accuracy_bursts_high": 0.9}
    told = {"one": judged([True] * 30 + [False] * 10), "two": judged([True] * 30 + [False] * 10)}
    known, unknown = compare.table(told, {"one": about, "two": ABOUT})
    assert (known["accuracy_low"], known["accuracy_high"], known["bursts"]) == (0.1, 0.9, 3)
    assert 0.55 < unknown["accuracy_low"] < 0.65 and unknown["bursts"] is None
    lines = compare.table_markdown([known, unknown]).splitlines()
    assert "0.750 (0.100–0.900)" in lines[2] and lines[2].endswith("| 40 | 3 |") and lines[3].endswith("| 40 | – |")
