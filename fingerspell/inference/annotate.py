"""A video in; out the same video with what was read written into it, its subtitles, and a timeline for programs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fingerspell import files, video
from fingerspell.errors import FingerspellError
from fingerspell.inference import alphabets
from fingerspell.inference.letters import Letter, Letters
from fingerspell.inference.overlay import Overlay
from fingerspell.inference.reader import Reader, Reading, Track
from fingerspell.inference.words import Plain, Speller

RATE = 15.0  # frames a second that are read, at most; in between the hand is drawn on its way
RECENT = 20  # letters that are written into the frames
AFTER = 1.5  # seconds for which a word stays in the subtitles
PAUSE = 1.5  # seconds between two letters that part words in the subtitles
Progress = Callable[[float, float | None], None]


@dataclass
class Told:
    """What the frames of a video said. boxes: of the hand, as each letter was written."""

    letters: Letters
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)

    def add(self, time: float, reading: Reading | None) -> bool:
        """Take a frame; say whether the written letters changed."""
        if not self.letters.add(time, reading):
            return False
        del self.boxes[len(self.letters.written) - 1 :]  # a letter that moves may have taken another's place
        assert reading is not None  # what is written was seen
        left, top, right, bottom = (round(value, 4) for value in reading.hand.box)
        self.boxes.append((left, top, right, bottom))
        return True


def annotate(
    source: Path,
    target: Path,
    alphabet: str | Path = "american",
    progress: Progress | None = None,
    formats: str | None = None,
    longest: float | None = None,
) -> dict[str, Any]:
    """Read a video and write `target` (.mp4 or .webm), and beside it .vtt and .json; return what the latter holds.

    alphabet: as for `alphabets.find`. progress: is told the seconds that are done and those there are, None if the file
    does not say; what it raises ends the work, and nothing is written. formats: see `video.Source`. longest: seconds
    that are accepted. Frames are streamed, sound is kept. Raises FingerspellError for what is no video or too long, and
    where the files cannot be written.
    """
    source, target = Path(source), Path(target)
    if target.suffix.lower() not in (".mp4", ".webm"):
        raise FingerspellError(f"{target} must end with .mp4 or .webm, which says how the video is written")
    signs = alphabets.find(alphabet)
    speller = signs.speller
    with video.Source(source, formats) as opened, Reader.open(signs.folder) as reader:
        if longest and opened.seconds and opened.seconds > longest:
            raise _too_long(source, longest)
        told = Told(signs.stable())
        frames, end = 0, 0.0
        painter: _Painter | None = None
        try:
            for part in opened.parts():
                if not isinstance(part, video.Frame):
                    if painter:
                        painter.writer.hear(part)
                    continue
                if longest and part.time > longest:
                    raise _too_long(source, longest)
                painter = painter or _Painter(target, part, opened, reader, speller, told)
                painter.add(part)
                frames, end = frames + 1, part.time
                if progress:
                    progress(part.time, opened.seconds)
            assert painter is not None  # a video without frames is refused
            painter.finish()
        except BaseException as error:
            if painter:
                painter.drop(error)
            raise
        timeline = _timeline(signs.name, reader, speller, told, frames, end)
    files.write_text(target.with_suffix(".vtt"), subtitles(told.letters.written, speller, end))
    files.write_json(target.with_suffix(".json"), timeline)
    return timeline


class _Painter:
    """Reads some of the frames, and writes all of them; those in between wait until the next one is read."""

    def __init__(
        self,
        target: Path,
        first: video.Frame,
        source: video.Source,
        reader: Reader,
        speller: Speller | Plain,
        told: Told,
    ) -> None:
        height, width = first.pixels.shape[:2]
        self._shape = first.pixels.shape
        self._overlay = Overlay(width, height)
        self.writer = video.Writer(target, (width, height), source.rate, source)
        self.writer.__enter__()
        self._reader, self._speller, self._told = reader, speller, told
        self._letters = dict(zip(reader.classes, reader.letters))
        self._track = Track()
        self._waiting: list[video.Frame] = []
        self._before: tuple[float, Reading | None] = (0.0, None)
        self._due = -1.0
        self._text = self._hint = ""

    def add(self, frame: video.Frame) -> None:
        if frame.pixels.shape != self._shape:
            raise FingerspellError("the video changes its size in the middle; cut it there")
        if frame.time < self._due:
            self._waiting.append(frame)
            return
        reading = self._reader.follow(frame.pixels, self._track)
        for one in self._waiting:
            self._write(one, self._between(one.time, frame.time, reading))
        self._waiting.clear()
        if self._told.add(frame.time, reading):
            recent = self._told.letters.written[-RECENT:]
            self._text = self._speller.raw(recent)
            best = self._speller.suggest(recent)
            self._hint = best[0].text if best and best[0].known and best[0].text != self._text else ""
        self._write(frame, None if reading is None else reading.hand.landmarks)
        self._before, self._due = (frame.time, reading), frame.time + 1 / RATE - 1e-3

    def finish(self) -> None:
        reading = self._before[1]
        for one in self._waiting:
            self._write(one, None if reading is None else reading.hand.landmarks)
        self.writer.__exit__(None, None, None)

    def drop(self, error: BaseException) -> None:
        self.writer.__exit__(type(error), error, error.__traceback__)

    def _between(self, time: float, next_time: float, following: Reading | None) -> np.ndarray | None:
        start, before = self._before
        if before is None or following is None:
            return None if before is None else before.hand.landmarks
        share = (time - start) / max(next_time - start, 1e-6)
        landmarks: np.ndarray = before.hand.landmarks + share * (following.hand.landmarks - before.hand.landmarks)
        return landmarks

    def _write(self, frame: video.Frame, landmarks: np.ndarray | None) -> None:
        current = self._told.letters.current
        letter = self._letters[current.label] if current else ""
        self.writer.add(self._overlay.paint(frame.pixels, landmarks, letter, self._text, self._hint), frame.time)


def _timeline(
    alphabet: str, reader: Reader, speller: Speller | Plain, told: Told, frames: int, end: float
) -> dict[str, Any]:
    written, letters = told.letters.written, dict(zip(reader.classes, reader.letters))
    return {
        "alphabet": alphabet,
        "frames": frames,
        "seconds": round(end, 3),
        "text": speller.raw(written),
        "suggestions": [{"text": one.text, "known": one.known} for one in speller.suggest(written)],
        "letters": [
            {
                "time": round(letter.start, 3),
                "end": round(letter.end, 3),
                "label": letter.label,
                "letter": letters[letter.label],
                "probability": round(letter.probability, 4),
                "box": box,
            }
            for letter, box in zip(written, told.boxes)
        ],
    }


def subtitles(written: list[Letter], speller: Speller | Plain, end: float) -> str:
    """Return WebVTT (https://www.w3.org/TR/webvtt1/): the word grows letter by letter, and stays for a while."""
    cues: list[str] = []
    word: list[Letter] = []
    for number, letter in enumerate(written):
        if word and letter.start - word[-1].end > PAUSE:
            word = []
        word.append(letter)
        following = written[number + 1].start if number + 1 < len(written) else end
        until = max(min(following, letter.end + AFTER), letter.start + 0.04)
        if text := speller.raw(word).strip():
            cues.append(f"{_clock(letter.start)} --> {_clock(until)}\n{_escaped(text)}\n")
        if letter.label == "space":
            word = []
    return "\n".join(["WEBVTT\n", *cues])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _too_long(source: Path, longest: float) -> FingerspellError:
    return FingerspellError(f"{source} is longer than {longest / 60:g} minutes; cut it into parts")
