"""Letters out of frames: what is written, when, and what is not. Readings are made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerspell.datasets.rendered.poses_american import POSES
from fingerspell.datasets.rendered.skeleton import build, closed, kinematics, orientation
from fingerspell.hands.finder import Hand
from fingerspell.inference.letters import Letters
from fingerspell.inference.reader import Reading

CLASSES = (*"ABDIJLZ", "nothing")
PALM = 0.15  # heights of the picture


def points(label: str, x: float = 0.5, y: float = 0.5, mirror: bool = False) -> np.ndarray:
    """The landmarks of a drawn sign, in heights of the picture, moved by x and y palms."""
    figure = build()
    pose = closed(POSES.get(label, POSES["A"]), figure)
    joints = (kinematics(pose, figure)[0] @ orientation(pose).T)[:, :2] / 9.8
    joints = joints * ((-1 if mirror else 1), -1) + (x, y)
    return (PALM * joints).astype(np.float32)


def reading(label: str, share: float = 0.98, x: float = 0.5, y: float = 0.5, mirror: bool = False) -> Reading:
    probabilities = np.full(len(CLASSES), (1 - share) / (len(CLASSES) - 1), np.float32)
    probabilities[CLASSES.index(label)] = share
    found = points(label, x, y, mirror)
    landmarks = np.column_stack([found, np.zeros(21)]).astype(np.float32)
    return Reading(Hand(landmarks, "right", 1.0, "picture"), probabilities, label, found)


def write(*parts, rate: float = 20.0) -> Letters:
    """Read parts of (what, seconds); what: a label, None, or a function from 0–1 to a reading."""
    letters, time = Letters(CLASSES), 0.0
    for what, seconds in parts:
        count = max(round(seconds * rate), 1)
        for number in range(count):
            frame = what(number / max(count - 1, 1)) if callable(what) else what and reading(what)
            letters.add(time, frame)
            time += 1 / rate
    return letters


def labels(letters: Letters) -> list[str]:
    return [letter.label for letter in letters.written]


@pytest.mark.parametrize("rate", [5, 10, 15, 30, 60])
def test_what_is_held_is_written_once_at_any_rate(rate):
    found = write((None, 0.5), ("A", 1.2), ("B", 1.2), (None, 0.6), rate=rate)
    assert labels(found) == ["A", "B"]
    a, b = found.written
    assert a.start == pytest.approx(0.5, abs=0.25) and b.start == pytest.approx(1.7, abs=0.25)
    assert a.end > a.start + 0.6 and a.probability > 0.9 and a.candidates[0][0] == "A"


def test_what_is_certain_is_written_sooner():
    def delay(share: float) -> float:
        letters = Letters(CLASSES)
        for number in range(100):
            if letters.add(number / 50, reading("A", share)):
                return number / 50
        return np.inf

    certain, likely, unsure = delay(0.99), delay(0.8), delay(0.5)
    assert certain < 0.25 < likely < 0.7 and unsure == np.inf


def test_nothing_is_written_on_the_way():
    passing = [(label, 0.05) for label in "BDLZAB"]
    assert labels(write(("A", 0.6), *passing, ("L", 0.6))) == ["A", "L"]


@pytest.mark.parametrize("what", [None, "nothing"])
def test_no_sign_writes_nothing(what):
    found = write((what, 2.0))
    assert found.written == [] and found.current is None
    assert found.state == ("no hand" if what is None else "unsure")


def test_a_letter_holds_in_spite_of_single_frames():
    found = write(("A", 0.5), ("B", 0.05), ("A", 0.5), (None, 0.1), ("A", 0.5))
    assert labels(found) == ["A"] and found.current.label == "A" and found.state == "held"


def test_a_hand_that_was_away_writes_its_letter_again():
    assert labels(write(("A", 0.5), (None, 0.6), ("A", 0.5))) == ["A", "A"]


def test_a_hand_that_let_go_writes_its_letter_again():
    found = write(("A", 0.5), (lambda _: reading("B", 0.3), 0.2), ("A", 0.6))
    assert labels(found) == ["A", "A"] and not found.written[1].bounced


def test_a_bounce_makes_two_letters_of_one():
    def aside(share: float) -> Reading:
        return reading("L", x=0.5 + 0.3 * share)

    found = write(("L", 0.4), (aside, 0.2), (lambda _: reading("L", x=0.8), 0.4))
    assert labels(found) == ["L", "L"]
    assert [letter.bounced for letter in found.written] == [False, True]


def test_a_hand_that_drifts_writes_one_letter():
    found = write((lambda share: reading("L", x=0.5 + 0.5 * share), 2.0))
    assert labels(found) == ["L"]


# J and Z


def drawn(label: str, corners: list[tuple[float, float]], mirror: bool = False):
    """A hand that is carried along straight lines, in palms."""
    along = np.linspace(0, 1, len(corners))

    def frame(share: float) -> Reading:
        x, y = (np.interp(share, along, [corner[axis] for corner in corners]) for axis in (0, 1))
        return reading(label, 0.95, -x if mirror else x, y, mirror)

    return frame


HOOK = [(0.5, 0.5), (0.5, 1.0), (0.5, 1.5), (0.7, 1.7), (1.0, 1.7), (1.2, 1.5)]
ZIGZAG = [(1.2, 0.5), (0.4, 0.5), (1.2, 1.1), (0.4, 1.1)]


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("label, still, path", [("J", "I", HOOK), ("Z", "D", ZIGZAG), ("Z", "Z", ZIGZAG)])
def test_a_letter_that_moves_is_read_from_its_path(label, still, path, seconds, mirror):
    stands = drawn(still, path[:1] * 2, mirror)
    ends = drawn(still, path[-1:] * 2, mirror)
    found = write(("B", 0.6), (stands, 0.15), (drawn(still, path, mirror), seconds), (ends, 0.4), rate=30)
    assert labels(found) == ["B", label]


@pytest.mark.parametrize("label, expected", [("I", "I"), ("J", "I"), ("D", "D"), ("Z", "D")])
def test_what_holds_still_is_no_movement(label, expected):
    assert labels(write((label, 1.5))) == [expected]


@pytest.mark.parametrize("label", ["I", "D"])
def test_a_hand_that_is_lowered_draws_no_letter(label):
    down = drawn(label, [(0.5, 0.5), (0.5, 1.5), (0.5, 3.0)])
    assert labels(write((label, 0.8), (down, 0.5), (None, 0.5))) == [label]


def test_a_letter_that_was_held_before_its_movement_stays():
    found = write(("I", 0.8), (drawn("I", HOOK), 1.0), rate=30)
    assert labels(found) == ["I", "J"]


def test_a_single_frame_is_no_letter():
    assert labels(write(("A", 0.06), (None, 0.6), ("B", 0.5), rate=15)) == ["B"]


def test_landmarks_that_tremble_repeat_no_letter():
    random = np.random.default_rng(0)

    def trembling(_: float) -> Reading:
        found = reading("L")
        return replace(found, points=found.points + random.normal(0, 0.3 * PALM, (21, 2)).astype(np.float32))

    assert labels(write((trembling, 3.0))) == ["L"]


@pytest.mark.parametrize("after", [None, "A"])
def test_a_hand_that_is_carried_off_repeats_no_letter(after):
    def off(share: float) -> Reading:
        return reading("L", x=0.5 + 0.6 * share + 0.05 * (share > 0.5))

    assert labels(write(("L", 0.6), (off, 0.5), (after, 0.6)))[:2] == ["L", *([after] if after else [])]


def test_frames_that_are_no_time_apart_are_borne():
    letters = Letters(CLASSES)
    for time in (0.0, 1e-300, 2e-300):
        letters.add(time, reading("L", x=time * 1e299))
    assert letters.written == []


def test_a_hand_that_was_gone_parts_words():
    found = write(("A", 0.5), (None, 0.3), ("L", 0.5), (None, 0.6), ("B", 0.5))
    assert [(letter.label, letter.parted) for letter in found.written] == [("A", False), ("L", False), ("B", True)]


@given(st.lists(st.tuples(st.sampled_from([*CLASSES, None]), st.floats(0.3, 1.0), st.floats(0, 0.5)), max_size=60))
def test_whatever_comes_times_and_labels_are_sound(frames):
    letters, time = Letters(CLASSES), 0.0
    for label, share, step in frames:
        time += step
        new = letters.add(time, label and reading(label, share))
        assert new == letters.written[len(letters.written) - len(new) :]
        assert letters.leading is None or 0 < letters.leading[1] <= 1
    starts = [letter.start for letter in letters.written]
    assert starts == sorted(starts)
    assert all(letter.start <= letter.end <= time and letter.label != "nothing" for letter in letters.written)
    assert all(sum(share for _, share in letter.candidates) <= 1.001 for letter in letters.written)
