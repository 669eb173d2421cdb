"""A video in, an annotated one out, by the released reader."""

import json
import re

import numpy as np
import pytest

from fingerspell import cli, video
from fingerspell.errors import FingerspellError
from fingerspell.hands.finder import Hand
from fingerspell.inference.annotate import Told, annotate, subtitles
from fingerspell.inference.letters import Letter
from fingerspell.inference.overlay import Overlay, visual
from fingerspell.inference.reader import Reading
from fingerspell.inference.words import Speller
from fingerspell.signing import film

TEXT = "LOW"


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "low.mp4"
    film.write(TEXT, path, speed=1.0, size=(400, 300), rate=20, seed=4)  # some frames are not read
    return path


@pytest.fixture(scope="module")
def annotated(signed):
    target = signed.with_name("out.mp4")
    done = []
    timeline = annotate(signed, target, progress=lambda seconds, total: done.append((seconds, total)))
    return target, timeline, done


def frames(path) -> list[video.Frame]:
    with video.Source(path) as source:
        return list(source.frames())


@pytest.mark.slow
def test_a_spelt_word_is_read(annotated, signed):
    target, timeline, done = annotated
    assert timeline["text"] == TEXT and TEXT in [one["text"] for one in timeline["suggestions"]]
    assert json.loads(target.with_suffix(".json").read_text(encoding="utf-8")) == json.loads(json.dumps(timeline))
    assert [one["label"] for one in timeline["letters"]] == [*TEXT]
    for one in timeline["letters"]:
        left, top, right, bottom = one["box"]
        assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1 and 0 <= one["time"] <= one["end"]
    assert len(done) == timeline["frames"] == len(frames(signed)) and done[-1][0] <= done[-1][1]


@pytest.mark.slow
def test_every_frame_is_there_and_written_into(annotated, signed):
    before, after = frames(signed), frames(annotated[0])
    assert [frame.time for frame in after] == pytest.approx([frame.time for frame in before], abs=0.002)
    change = [np.abs(a.pixels.astype(int) - b.pixels).max(axis=2) > 60 for a, b in zip(after, before)]
    assert change[0].mean() < 0.01  # no hand yet
    corner = np.s_[:60, :60]
    times = [frame.time for frame in before]
    held = annotated[1]["letters"][1]
    shown = np.mean([one[corner].mean() for one, t in zip(change, times) if held["time"] + 0.3 < t < held["end"]])
    assert shown > 0.3  # the letter on its ground


@pytest.mark.slow
def test_subtitles_grow_with_the_word(annotated):
    text = annotated[0].with_suffix(".vtt").read_text(encoding="utf-8")
    assert text.startswith("WEBVTT\n\n")
    assert re.findall(r"^[A-Z]+$", text, re.MULTILINE)[1:] == ["L", "LO", "LOW"]


@pytest.mark.slow
def test_stopping_leaves_nothing(signed, tmp_path):
    class Stopped(Exception):
        pass

    def stop(seconds: float, total: float | None) -> None:
        if seconds > 0.3:
            raise Stopped

    with pytest.raises(Stopped):
        annotate(signed, tmp_path / "out.mp4", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_command_says_what_it_read(signed, tmp_path, capsys):
    assert cli.main(["annotate", str(signed), str(tmp_path / "out.webm")]) == 0
    assert capsys.readouterr().out.splitlines()[0] == TEXT
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".vtt", ".webm"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["in.mp4", "out.gif"], "out.gif must end with .mp4 or .webm"),
        (["nowhere.mp4", "out.mp4"], "nowhere.mp4 is not there; name a video file"),
    ],
)
def test_what_cannot_be_annotated_is_told_in_a_sentence(arguments, words, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["annotate", *arguments]) == 1
    assert words in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_a_long_video_is_refused_before_it_is_read(signed, tmp_path):
    with pytest.raises(FingerspellError, match=r"is longer than 0\.01 minutes; cut it"):
        annotate(signed, tmp_path / "out.mp4", longest=0.6)


def test_the_sign_command_writes_a_film(tmp_path, capsys):
    target = tmp_path / "hi.mp4"
    assert cli.main(["sign", "hi", str(target), "--size", "96x64", "--rate", "8", "--speed", "4", "--left"]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["H", "I"]
    assert frames(target)[0].pixels.shape == (64, 96, 3)


def test_a_film_of_no_letter_is_refused(tmp_path, capsys):
    assert cli.main(["sign", "4", str(tmp_path / "x.mp4")]) == 1
    assert "'4' has no sign in the american alphabet" in capsys.readouterr().err


# What is written


class Moved:
    """Letters that take an I back for the J that it became."""

    def __init__(self):
        self.written = []

    def add(self, time, reading):
        label = "LIJ"[int(time)]
        if label == "J":
            self.written.pop()
        self.written.append(letter(label, time, time))
        return self.written[-1:]


def test_a_letter_that_became_another_leaves_no_box():
    told = Told(Moved())
    for time in range(3):
        found = np.full((21, 3), time / 10, np.float32)
        told.add(float(time), Reading(Hand(found, "right", 1.0, "picture"), np.ones(1), "L", found[:, :2]))
    assert [one.label for one in told.letters.written] == ["L", "J"]
    assert [box[0] for box in told.boxes] == pytest.approx([0.0, 0.2])


def letter(label: str, start: float, end: float) -> Letter:
    return Letter(label, start, end, 0.9, ((label, 0.9),))


def test_a_pause_parts_words_in_the_subtitles():
    written = [letter("N", 1.0, 1.4), letter("O", 2.0, 2.4), letter("I", 9.0, 9.5)]
    text = subtitles(written, Speller.open("american"), 3700.0)
    assert text.split("\n\n")[1:] == [
        "00:00:01.000 --> 00:00:02.000\nN",
        "00:00:02.000 --> 00:00:03.900\nNO",
        "00:00:09.000 --> 00:00:11.000\nI\n",
    ]


def test_arabic_is_joined_and_runs_from_right_to_left():
    shown = visual("سلام")
    assert [f"{ord(one):04X}" for one in shown] == ["FEE1", "FEFC", "FEB3"]  # mim alone, lam-alif at an end, sin first


def test_the_text_is_drawn_where_it_can_be_read():
    ground = np.full((240, 320, 3), 128, np.uint8)
    overlay = Overlay(320, 240)
    assert (overlay.paint(ground, None, "", "", "") == ground).all()
    for text in ("WORD", "كلمة"):
        painted = overlay.paint(ground, None, "", text, "")
        assert (painted[:150] == ground[:150]).all() and painted[200:].max() == 255 and painted[200:].min() < 80
    long = overlay.paint(ground, None, "", "W" * 200, "")
    assert (long[:, :4] == 128).all() and (long[:, -4:] == 128).all()


def test_the_hand_is_outlined():
    ground = np.zeros((100, 200, 3), np.uint8)
    landmarks = np.full((21, 3), 0.5)
    landmarks[8, :2] = 0.9, 0.2
    painted = Overlay(200, 100).paint(ground, landmarks, "A", "", "")
    assert painted[20, 180].max() > 200 and painted[80, 20].max() == 0
