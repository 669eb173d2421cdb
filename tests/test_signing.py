"""The drawn hand that spells: which signs, when, how it moves, and what a film of it holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerspell.datasets.rendered.skeleton import build
from fingerspell.errors import FingerspellError
from fingerspell.signing.film import Film, still, write
from fingerspell.signing.motion import Movement, between
from fingerspell.signing.spelling import BLANK, labels
from fingerspell.video import Source

SMALL = {"size": (120, 90), "rate": 10.0}


def movement(text: str, speed: float = 2.0, alphabet: str = "american", seed: int = 0) -> Movement:
    return Movement(labels(text, alphabet), alphabet, speed, build(), np.random.default_rng(seed))


# Spelling


@pytest.mark.parametrize(
    "text, alphabet, expected",
    [
        ("Hello", "american", [*"HELLO"]),
        ("  no  way ", "american", ["N", "O", BLANK, "W", "A", "Y"]),
        ("Zoë", "american", [*"ZOE"]),
        ("سلام", "arabic", ["seen", "la", "meem"]),  # lam and alif are one sign
        ("الأم", "arabic", ["al", "aleff", "meem"]),
        ("مَدرسة", "arabic", ["meem", "dal", "ra", "seen", "toot"]),
        ("هدى", "arabic", ["ha", "dal", "yaa"]),
    ],
)
def test_a_text_is_spelt_by_these_signs(text, alphabet, expected):
    assert labels(text, alphabet) == expected


@pytest.mark.parametrize(
    "text, alphabet, words",
    [
        ("A4", "american", "'4' has no sign in the american alphabet"),
        ("سلامx", "arabic", "'x' has no sign in the arabic alphabet"),
        ("  ", "american", "there is no letter to spell"),
        ("A", "british", "there is no alphabet 'british'; choose one of american, arabic"),
    ],
)
def test_what_cannot_be_spelt_is_named(text, alphabet, words):
    with pytest.raises(FingerspellError, match=words):
        labels(text, alphabet)


# Movement


@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ ", min_size=1, max_size=8).filter(str.strip), st.sampled_from([0.7, 2.0, 5.0])
)
def test_every_letter_is_shown_in_its_turn(text, speed):
    found = movement(text, speed)
    assert [one.label for one in found.spelt] == [*text.replace(" ", "")]
    times = [time for one in found.spelt for time in (one.start, one.end)]
    assert times == sorted(times) and times[0] > 0 and times[-1] < found.seconds


def test_letters_come_at_the_speed_asked_for():
    starts = [one.start for one in movement("ABCD", 4.0).spelt]
    assert np.diff(starts) == pytest.approx([0.25] * 3)
    assert np.diff([one.start for one in movement("AJB", 4.0).spelt])[1] > 0.9  # a movement takes its time


def test_a_held_hand_holds_still_and_a_moving_one_moves():
    found = movement("AJ")
    a, j = found.spelt
    assert found.at(a.start)[0] == found.at((a.start + a.end) / 2)[0] == found.at(a.end - 1e-6)[0]
    places = np.array([found.at(time)[1] for time in np.linspace(j.start, j.end, 20)])
    assert np.ptp(places[:, 1]) > 5  # centimetres down
    assert found.held(a.start + 0.01) == "A" and found.held((a.end + j.start) / 2) is None


def test_the_second_of_a_double_letter_is_the_same_hand_carried_aside():
    found = movement("LL")
    first, second = (found.at(one.start) for one in found.spelt)
    assert first[0] == second[0]
    assert (second[1] - first[1]).tolist() == [3.0, 0.0]


@pytest.mark.parametrize("text", ["QUICK", "JAZZ", "PG"])
def test_nothing_jumps(text):
    found = movement(text)
    poses = [found.at(time) for time in np.arange(0.4, found.seconds, 1 / 120)]
    angles = np.array([[p.index.mcp, p.index.pip, p.little.pip, p.thumb.out, p.thumb.front] for p, _ in poses])
    places = np.array([place for _, place in poses])
    assert np.abs(np.diff(angles, axis=0)).max() < 12  # degrees
    assert np.abs(np.diff(places, axis=0)).max() < 2.5  # centimetres


def test_a_transition_begins_and_ends_at_its_poses():
    a, b = movement("A").at(0.4)[0], movement("B").at(0.4)[0]
    for share, end in ((0.0, a), (1.0, b)):
        way = between(a, b, share)
        assert way.index.mcp == pytest.approx(end.index.mcp) and way.thumb.out == pytest.approx(end.thumb.out)
        assert (way.yaw, way.pitch, way.roll) == pytest.approx((end.yaw, end.pitch, end.roll), abs=1e-6)


# Films


def test_the_same_film_has_the_same_frames_and_another_signer_others():
    first, again, other = (list(Film("A", seed=seed, **SMALL)) for seed in (1, 1, 2))
    assert all((one.pixels == two.pixels).all() for one, two in zip(first, again))
    assert (first[6].pixels != other[6].pixels).any()


def test_a_film_begins_and_ends_without_a_hand_and_tells_what_it_shows():
    frames = list(Film("B", seed=1, **SMALL))
    assert (frames[0].pixels == frames[-1].pixels).all()
    middle = next(frame for frame in frames if frame.label)
    assert middle.label == "B" and (middle.pixels != frames[0].pixels).mean() > 0.05


def test_a_left_hand_is_the_mirror_image_and_skin_has_its_tone():
    right, left = (still("american", "L", 90, left) for left in (False, True))
    hand = [picture[..., 0].astype(int) - picture[..., 2] > 30 for picture in (right, left)]
    assert (hand[0] == hand[1][:, ::-1]).mean() > 0.97 > (hand[0] == hand[1]).mean()
    light, dark = (still("american", "A", 90, tone=tone)[45, 45].sum() for tone in (0.0, 1.0))
    assert light > dark + 100


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mjpeg"])
def test_a_film_is_written_frame_by_frame(tmp_path, suffix):
    spelt = write("AB", tmp_path / f"film{suffix}", **SMALL)
    assert [one.label for one in spelt] == ["A", "B"]
    with Source(tmp_path / f"film{suffix}") as source:
        frames = list(source.frames())
    expected = list(Film("AB", **SMALL))
    assert len(frames) == len(expected)
    if suffix != ".mjpeg":  # which holds no times
        assert [frame.time for frame in frames] == pytest.approx([frame.time for frame in expected], abs=0.002)
    close = [np.abs(one.pixels.astype(int) - two.pixels).mean() for one, two in zip(frames, expected)]
    assert max(close) < 12


@pytest.mark.parametrize("speed", [0.0, 50.0, float("nan")])
def test_a_speed_that_nobody_signs_is_refused(speed):
    with pytest.raises(FingerspellError, match="letters a second is no speed"):
        Film("A", speed=speed)


def test_a_sign_that_is_not_drawn_is_named():
    with pytest.raises(FingerspellError, match="no drawn sign 'Ä'"):
        still("american", "Ä")
