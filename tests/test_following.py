"""A hand that is followed through the frames of a film, by the released reader."""

import numpy as np
import pytest

from fingerspell.inference import released
from fingerspell.inference.reader import Reader, Track
from fingerspell.signing.film import Film

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def frames():
    return list(Film("LY", speed=1.0, size=(320, 240), rate=10, seed=4))


@pytest.fixture(scope="module")
def reader():
    with Reader.open(released.find("asl_reader")) as reader:
        yield reader


def follow(reader, frames, track):
    return [reader.follow(frame.pixels, track) for frame in frames]


def test_a_hand_that_is_followed_is_where_it_would_be_found(reader, frames):
    track = Track()
    found = follow(reader, frames, track)
    held = [(frame, reading) for frame, reading in zip(frames, found) if frame.label]
    assert [reader.classes[reading.probabilities.argmax()] for _, reading in held] == [frame.label for frame, _ in held]
    assert np.mean([reading.hand.found == "followed" for _, reading in held]) > 0.7
    for frame, reading in held:
        [anew] = reader.read(frame.pixels)
        assert np.abs(reading.points - anew.points).mean() < 0.04  # heights of the picture


def test_where_there_is_no_hand_none_is_followed(reader, frames):
    track = Track()
    found = follow(reader, frames, track)
    assert found[0] is None and found[-1] is None
    assert track.hand is None and track.missed >= 1


def test_two_videos_do_not_meet(reader, frames):
    first, second, tracks = frames, frames[::-1], (Track(), Track())
    mixed = [[reader.follow(frame.pixels, track) for frame, track in zip(pair, tracks)] for pair in zip(first, second)]
    for place, alone in enumerate((follow(reader, first, Track()), follow(reader, second, Track()))):
        for one, other in zip(alone, (pair[place] for pair in mixed)):
            assert (one is None) == (other is None)
            assert one is None or (one.probabilities == other.probabilities).all()


def test_points_are_as_long_in_every_direction(reader, frames):
    frame = next(frame for frame in frames if frame.label)
    [reading] = reader.read(frame.pixels)
    assert reading.points[:, 0] == pytest.approx(reading.hand.landmarks[:, 0] * 320 / 240)
    assert reading.points[:, 1] == pytest.approx(reading.hand.landmarks[:, 1])


def test_a_hand_is_followed_wherever_it_goes(reader, frames):
    still = next(frame for frame in frames if frame.label).pixels
    track = Track()
    found = [reader.follow(np.roll(still, -6 * step, axis=1), track) for step in range(16)]
    assert [reading.hand.found for reading in found[1:]] == ["followed"] * 15
    moved = [(found[0].points - reading.points)[:, 0].mean() * 240 for reading in found]  # pixels
    assert moved == pytest.approx([6 * step for step in range(16)], abs=4)
