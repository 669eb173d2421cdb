"""The figures of an error analysis, against values worked out by hand."""

import numpy as np
import pytest

from fingerspell.evaluation.predictions import Predictions
from fingerspell.external import error_analysis

CLASSES = ("A", "B", "M", "nothing")
LETTERS = {label: label for label in CLASSES}
# true, named, its probability, named of the mirror image
ANSWERS = [
    ("A", "A", 0.9, "A"),
    ("A", "A", 0.6, "B"),
    ("A", "M", 0.8, "A"),
    ("A", "nothing", 0.7, "M"),
    ("B", "B", 0.95, "B"),
    ("B", "M", 0.5, "M"),
    ("M", "M", 0.99, "M"),
    ("M", "A", 0.55, "A"),
    ("nothing", "nothing", 0.8, "nothing"),
    ("nothing", "B", 0.6, "nothing"),
]
LIGHT = np.array([7.0, 6, 5, 4, 3, 2, 1, 0, 8, 9])  # of each image, brightness and front light alike


def table(answers, classes=CLASSES) -> Predictions:
    """Predictions with these answers; what is left of the probability is shared by the other classes."""
    labels = [classes.index(true) for true, *_ in answers]
    probabilities = np.empty((len(answers), len(classes)))
    for row, (_, named, probability, *_) in zip(probabilities, answers):
        row[:] = (1 - probability) / (len(classes) - 1)
        row[classes.index(named)] = probability
    return Predictions([f"{at}.jpg" for at in range(len(answers))], labels, probabilities, classes)


def figures() -> dict:
    mirrored = np.array([CLASSES.index(named) for *_, named in ANSWERS])
    return error_analysis.analyse(table(ANSWERS), error_analysis.Seen(LIGHT, LIGHT, mirrored), LETTERS, {"nothing"})


def of(one: dict) -> tuple[int, int]:
    """The counts behind a share, which must agree with it."""
    if one["images"]:
        assert one["share"] == pytest.approx(one["hits"] / one["images"], abs=1e-6)
        assert one["low"] <= one["share"] <= one["high"]
    return one["hits"], one["images"]


def test_shares_have_wilsons_interval():
    assert error_analysis.share(4, 8) == {"share": 0.5, "low": 0.215216, "high": 0.784784, "hits": 4, "images": 8}
    # Of no hits in n the upper end is z²/(n + z²) with z² = 3.841459.
    assert error_analysis.share(0, 100) == {"share": 0, "low": 0, "high": 0.036993, "hits": 0, "images": 100}
    assert error_analysis.share(0, 0) == {"share": None, "low": None, "high": None, "hits": 0, "images": 0}


def test_a_hand_taken_for_none_is_an_error():
    found = figures()
    assert of(found["all"]) == (5, 10) and found["metrics"]["accuracy"] == 0.5
    assert of(found["letters"]) == (4, 8)


def test_what_is_no_letter_is_not_among_the_letters():
    classes = ("A", "ain", "del", "nothing")
    answers = [(label, label, 0.9, label) for label in classes] * 2
    seen = error_analysis.Seen(np.zeros(8), np.zeros(8), np.arange(8) % 4)
    found = error_analysis.analyse(
        table(answers, classes), seen, dict(zip(classes, ("A", "ع", "del", "∅"))), {"nothing"}
    )
    assert of(found["letters"]) == (4, 4) and of(found["mirrored"]["as_taken"]) == (6, 6)


def test_by_letter():
    found = {row.pop("class"): {key: of(one) for key, one in row.items()} for row in figures()["by_letter"]}
    assert found == {
        "A": {"recall": (2, 4), "mirrored": (2, 4), "precision": (2, 3)},
        "B": {"recall": (1, 2), "mirrored": (1, 2), "precision": (1, 2)},
        "M": {"recall": (1, 2), "mirrored": (1, 2), "precision": (1, 3)},
        "nothing": {"recall": (1, 2), "mirrored": (2, 2), "precision": (1, 2)},
    }


def test_a_class_that_is_neither_there_nor_named_has_no_row():
    answers = [("A", "B", 0.9)]
    rows = error_analysis.by_letter(table(answers), np.array([0]))
    assert [row["class"] for row in rows] == ["A", "B"]
    assert of(rows[1]["recall"]) == (0, 0) and of(rows[1]["precision"]) == (0, 1)


def test_the_most_frequent_confusions_come_first():
    first, *others = figures()["confusions"]
    assert first == {
        "one": "A", "other": "M", "one_as_other": 1, "other_as_one": 1, "mistakes": 2, "share_of_mistakes": 0.4,
    }  # fmt: skip
    assert [(row["one"], row["other"], row["one_as_other"], row["other_as_one"]) for row in others] == [
        ("A", "nothing", 1, 0), ("B", "M", 1, 0), ("B", "nothing", 0, 1),
    ]  # fmt: skip
    assert error_analysis.confusions(table([("A", "A", 0.9)])) == []


def test_known_groups_go_by_the_letter():
    letters = {"a": "A", "bb": "ب", "em": "M", "EN": "EN", "empty": "", "I": "I", "u": "U", "v": "V"}
    assert error_analysis.known_groups(letters) == [["a", "em"], ["u", "v"]]
    (group,) = figures()["groups_known"]
    assert group["classes"] == ["A", "M"]
    assert [of(group[key]) for key in ("correct", "within", "outside")] == [(3, 6), (2, 6), (1, 6)]


def test_groups_are_found_where_letters_are_taken_for_one_another():
    # Means both ways: A and E 20%, B and these two 12.5%, G and A 15% but with the three 5%, C and D 5%.
    tally = {
        "AA": 7, "AB": 3, "BB": 10, "EE": 4, "EA": 4, "EB": 2, "GG": 7, "GA": 3, "CC": 9, "CD": 1, "DD": 10,
        "FF": 1, "Fn": 9, "nF": 10,
    }  # fmt: skip
    names = {"n": "nothing"} | {label: label for label in "ABCDEFG"}
    answers = [(names[pair[0]], names[pair[1]], 0.9) for pair, count in tally.items() for _ in range(count)]
    found = error_analysis.found_groups(table(answers, tuple(names.values())), {"nothing"})
    assert found == [["A", "B", "E"]]
    assert error_analysis.found_groups(table([("A", "B", 0.9)]), ()) == []


def test_quantiles_are_of_equal_size_and_ascend():
    rows = error_analysis.in_quantiles(table(ANSWERS), LIGHT, np.arange(10) < 7, 2)  # 1 … 7, of the first seven images
    assert [(row["from"], row["to"], row["typical"], *of(row)) for row in rows] == [
        (1, 4, "4.jpg", 2, 4),  # images 6, 5, 4, 3
        (5, 7, "1.jpg", 2, 3),  # images 2, 1, 0
    ]
    assert [row["images"] for row in figures()["brightness"]] == [2, 2, 2, 1, 1]  # the eight hands
    assert len(error_analysis.in_quantiles(table(ANSWERS), LIGHT, np.arange(10) < 3)) == 3
    assert error_analysis.in_quantiles(table(ANSWERS), LIGHT, np.zeros(10, bool)) == []


def test_mirrored():
    found = figures()["mirrored"]
    assert {key: of(one) for key, one in found.items()} == {
        "as_taken": (4, 8), "mirrored": (4, 8), "agree": (5, 8), "correct_where_agreed": (3, 5),
        "correct_where_not": (1, 3),
    }  # fmt: skip


def test_empty_scenes():
    found = figures()["empty"]
    assert of(found["seen_empty"]) == (1, 2)
    assert found["named"] == {"B": 1} and found["median_probability"] == 0.6
    assert error_analysis.empty_scenes(table(ANSWERS[:8]), {"nothing"}) is None
    assert error_analysis.empty_scenes(table(ANSWERS[8:9]), {"nothing"})["median_probability"] is None


def test_finding_no_hand_is_right_of_an_empty_scene_alone():
    classes = ("A", "nothing", "(no hand)")
    no_hand = {"nothing", "(no hand)"}
    answers = [("A", "A", 0.9), ("A", "(no hand)", 0.9), ("nothing", "(no hand)", 0.9), ("nothing", "A", 0.7)]
    assert of(error_analysis.empty_scenes(table(answers, classes), no_hand)["seen_empty"]) == (1, 2)
    (row,) = error_analysis.abstention(table(answers, classes), no_hand, [0])
    assert (of(row["coverage"]), of(row["correct"]), of(row["empty_named"])) == ((1, 2), (1, 1), (1, 2))


def test_coverage_and_abstention():
    rows = error_analysis.abstention(table(ANSWERS), {"nothing"}, (0, 0.6, 0.9, 1))
    assert [row["threshold"] for row in rows] == [0, 0.6, 0.9, 1]
    assert [tuple(of(row[key]) for key in ("coverage", "correct", "empty_named")) for row in rows] == [
        ((7, 8), (4, 7), (1, 2)),
        ((5, 8), (4, 5), (1, 2)),
        ((3, 8), (3, 3), (0, 2)),
        ((0, 8), (0, 0), (0, 2)),
    ]


def test_the_curve_goes_from_all_answers_to_the_surest():
    rows = error_analysis.curve(table(ANSWERS), {"nothing"})
    assert [of(row["coverage"])[0] for row in rows] == [7, 6, 5, 4, 4, 3, 2, 1]  # 0.5 0.55 0.6 0.7 0.8 0.9 0.95 0.99


def test_frequent_mistakes_are_shown_by_a_middling_image():
    answers = [
        ("A", "B", 0.9), ("B", "A", 0.9), ("B", "A", 0.5), ("B", "A", 0.6), ("A", "A", 0.7), ("M", "A", 0.8),
    ]  # fmt: skip
    assert error_analysis.frequent(table(answers), 2) == [3, 0]
    assert error_analysis.frequent(table(answers), 9) == [3, 0, 5]
    assert error_analysis.frequent(table(answers[4:5]), 9) == []


def test_brightness_is_luminance():
    images = np.zeros((3, 8, 8, 3), np.uint8)
    images[1] = 255
    images[2, :, :4] = (255, 0, 0)
    assert error_analysis.brightness(images) == pytest.approx([0, 255, 0.299 * 255 / 2])
    assert error_analysis.brightness(images[:, :, :, :1]) == pytest.approx([0, 255, 127.5])


def test_front_light_is_that_of_the_middle_against_the_rest():
    images = np.full((3, 8, 8, 1), 100, np.uint8)
    images[0, 2:6, 2:6] = 200
    images[1, 2:6, 2:6] = 70
    assert error_analysis.front_light(images) == pytest.approx([100, -30, 0])
    assert error_analysis.front_light(images.repeat(3, axis=3)) == pytest.approx([100, -30, 0])
