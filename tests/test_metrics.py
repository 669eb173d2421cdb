import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerspell.evaluation import metrics
from fingerspell.evaluation.predictions import Predictions


def table(labels: list[int], probabilities: list[list[float]], classes: str) -> Predictions:
    members = [f"{number}.jpg" for number in range(len(labels))]
    return Predictions(members, np.array(labels), np.array(probabilities), tuple(classes))


def five() -> Predictions:
    """Five images, four classes; d has no test images, yet one image is taken for it."""
    return table(
        [0, 0, 1, 1, 2],
        [
            [0.7, 0.1, 0.1, 0.1],  # a, right
            [0.2, 0.5, 0.2, 0.1],  # a, taken for b; second best is a
            [0.1, 0.8, 0.1, 0.0],  # b, right
            [0.0, 0.1, 0.3, 0.6],  # b, taken for d; third best is b
            [0.4, 0.3, 0.1, 0.2],  # c, taken for a; c comes last
        ],
        "abcd",
    )


def test_metrics_worked_out_by_hand():
    values = metrics.compute(five())
    assert values["test_images"] == 5 and isinstance(values["test_images"], int)
    assert values["accuracy"] == 0.4
    # Wilson, p = 2/5, z² = 3.841459: centre (0.4 + z²/10) / (1 + z²/5) = 0.443448,
    # half width z √(0.24/5 + z²/100) / (1 + z²/5) = 0.325827.
    assert values["accuracy_low"] == pytest.approx(0.117621, abs=2e-6)
    assert values["accuracy_high"] == pytest.approx(0.769275, abs=2e-6)
    # a: one of two named a is right, one of two a is found, F1 = 1/2; b the same; c: 0; d: left out.
    assert values["macro_f1"] == 0.333333
    assert values["top3_accuracy"] == 0.8
    # Every confidence alone in its bin: (|1 - 0.7| + 0.5 + |1 - 0.8| + 0.6 + 0.4) / 5.
    assert values["expected_calibration_error"] == 0.4
    assert list(values) == [
        "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "top3_accuracy", "expected_calibration_error",
        "test_images",
    ]  # fmt: skip


def test_details_worked_out_by_hand():
    values = metrics.details(five())
    assert list(values) == ["balanced_accuracy", "log_loss"]
    assert values["balanced_accuracy"] == 0.333333  # recalls of a, b, c: 1/2, 1/2, 0
    assert values["log_loss"] == pytest.approx(-math.log(0.7 * 0.2 * 0.8 * 0.1 * 0.1) / 5, abs=5e-6)


def test_seeds_worked_out_by_hand():
    # Mean 0.8, deviations -0.1, 0, 0.1: spread √(0.02 / 2) = 0.1. Student with two degrees of freedom: 4.302653,
    # times 0.1 / √3 = 0.248414; above 1 it is cut.
    assert metrics.over_seeds([0.7, 0.8, 0.9]) == {
        "accuracy_mean": 0.8, "accuracy_mean_low": 0.551586, "accuracy_mean_high": 1.0, "accuracy_spread": 0.1,
        "seeds": 3,
    }  # fmt: skip


def test_details_of_several_seeds_tell_their_mean():
    # Of one image each: right, wrong, wrong.
    one, two, three = (table([0], [row], "ab") for row in ([0.9, 0.1], [0.2, 0.8], [0.3, 0.7]))
    assert metrics.details(one, [two, three]) == metrics.details(one) | metrics.over_seeds([1, 0, 0])


def test_the_interval_of_a_perfect_result_is_not_a_point():
    # Wilson, p = 1: 1 / (1 + z²/n) to 1, with n = 10: 0.722467.
    values = metrics.compute(table([0, 1] * 5, [[1, 0], [0, 1]] * 5, "ab"))
    assert values["accuracy"] == values["accuracy_high"] == values["macro_f1"] == 1
    assert values["accuracy_low"] == pytest.approx(0.722467, abs=1e-6)
    assert values["expected_calibration_error"] == 0


def test_calibration_error_averages_within_bins():
    # Both in (13/15, 14/15]: mean confidence 0.91, accuracy 1/2.
    assert metrics.calibration_error(table([0, 1], [[0.9, 0.1], [0.92, 0.08]], "ab")) == pytest.approx(0.41)
    # 0.6 = 9/15 closes the ninth bin, 0.61 is in the tenth: (|1 - 0.6| + |0 - 0.61|) / 2, not |0.5 - 0.605|.
    assert metrics.calibration_error(table([0, 1], [[0.6, 0.4], [0.61, 0.39]], "ab")) == pytest.approx(0.505)


def test_report_worked_out_by_hand():
    a, b, c, d, macro, weighted = metrics.report(five())
    assert a == metrics.Row("a", 0.5, 0.5, 0.5, 2)
    assert b == metrics.Row("b", 0.5, 0.5, 0.5, 2)
    assert c == metrics.Row("c", 0.0, 0.0, 0.0, 1)
    assert d == metrics.Row("d", None, None, None, 0)
    assert macro == metrics.Row("macro average", 0.333333, 0.333333, 0.333333, 5)
    assert weighted == metrics.Row("weighted average", 0.4, 0.4, 0.4, 5)  # (2·0.5 + 2·0.5 + 1·0) / 5


def test_report_as_text():
    rows = metrics.report(five())
    assert metrics.report_csv(rows).splitlines() == [
        "class,precision,recall,f1,support",
        "a,0.500000,0.500000,0.500000,2",
        "b,0.500000,0.500000,0.500000,2",
        "c,0.000000,0.000000,0.000000,1",
        "d,,,,0",
        "macro average,0.333333,0.333333,0.333333,5",
        "weighted average,0.400000,0.400000,0.400000,5",
    ]
    plain = metrics.report_markdown(rows).splitlines()
    assert plain[0] == "| class | precision | recall | F1 | support |"
    assert "| d |  |  |  | 0 |" in plain
    assert "without test images" in plain[-1]
    lettered = metrics.report_markdown(rows[:3], {"a": "ا", "b": "b"}).splitlines()
    assert lettered[0] == "| class | letter | precision | recall | F1 | support |"
    assert lettered[2] == "| a | ا | 0.500 | 0.500 | 0.500 | 2 |"
    assert lettered[3] == "| b |  | 0.500 | 0.500 | 0.500 | 2 |"
    assert len({line.count("|") for line in lettered}) == 1


@st.composite
def tables(draw) -> Predictions:
    count, width = draw(st.integers(1, 40)), draw(st.integers(2, 6))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # Few distinct values, so that ties between classes happen.
    weights = random.integers(1, 5, (count, width)).astype(float)
    rows = weights / weights.sum(axis=1, keepdims=True)
    return table(random.integers(0, width, count).tolist(), rows.tolist(), "abcdef"[:width])


@settings(max_examples=20)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_the_images_does_not_matter(predictions, random):
    order = list(range(len(predictions)))
    random.shuffle(order)
    shuffled = Predictions(
        [predictions.members[at] for at in order],
        predictions.labels[order],
        predictions.probabilities[order],
        predictions.classes,
    )
    assert metrics.compute(shuffled) == pytest.approx(metrics.compute(predictions), abs=1.1e-6)
    assert metrics.details(shuffled) == pytest.approx(metrics.details(predictions), abs=1.1e-6)
    assert metrics.report(shuffled) == metrics.report(predictions)


@settings(max_examples=20)
@given(tables())
def test_metrics_stay_in_their_ranges(predictions):
    values = metrics.compute(predictions)
    assert all(0 <= value <= 1 for key, value in values.items() if key != "test_images")
    details = metrics.details(predictions)
    assert 0 <= details["balanced_accuracy"] <= 1 and details["log_loss"] >= 0
    assert values["accuracy_low"] <= values["accuracy"] <= values["accuracy_high"]
    assert values["top3_accuracy"] >= values["accuracy"]
    support = sum(row.support for row in metrics.report(predictions)[:-2])
    assert support == values["test_images"]


def test_bursts_of_look_alikes_make_the_interval_wider():
    table = five()
    apart = metrics.over_bursts(table, {member: member for member in table.members})
    assert apart["bursts"] == 5
    assert apart["accuracy_bursts_low"] < table.correct.mean() < apart["accuracy_bursts_high"]
    together = metrics.over_bursts(table, dict.fromkeys(table.members, "one"))
    assert together == {"bursts": 1, "accuracy_bursts_low": 0, "accuracy_bursts_high": 1}
