"""What a visitor signs into the camera: frames become letters, letters a text that can be edited."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from fingerspell.inference.alphabets import Alphabet
from fingerspell.inference.letters import Letter, Letters
from fingerspell.inference.reader import Reading, Track
from fingerspell.inference.words import DELETE, NOTHING, SPACE, Suggestion

# Measured on drawn hands (tests/test_app_api.py): sharp ones and normal light lie well above.
DARK = 40.0  # mean of a frame's light, 0–255
BLURRED = 60.0  # variance of the Laplacian of the square around the hand, 128 pixels a side
SIDE = 128
LONGEST = 100  # letters that are read as one text; those before stay as they are
KEPT = 2000  # characters
SUGGESTED = 5


class Session:
    """One visitor's text. `lock` is held while a frame is read or the text is changed."""

    def __init__(self, alphabet: Alphabet, letters: Letters, target: str | None = None) -> None:
        self.alphabet, self.letters, self.target = alphabet, letters, target
        self.lock = threading.Lock()
        self.time = -1.0  # of the last frame
        self.track = Track()
        self._speller = alphabet.speller
        self._settled = ""  # text that letters no longer change
        self._entries: list[int | Letter] = []  # places in what `letters` wrote, and blanks that were added by hand

    @property
    def text(self) -> str:
        """The text as it was signed and edited."""
        return self._settled + self._speller.raw(self._letters())

    def add(self, at: float, reading: Reading | None) -> list[Letter]:
        """Take what a frame shows; return the letters that were written just now."""
        self.time = at
        written = self.letters.add(at, reading)
        # A letter that moves takes the place of the one with which its movement began.
        first = len(self.letters.written) - len(written)
        self._entries = [one for one in self._entries if not isinstance(one, int) or one < first]
        self._entries += range(first, len(self.letters.written))
        if (
            len(self._entries) > LONGEST
        ):  # the last one may yet be taken back, and says what stands between it and the next
            last = self._entries[-1]
            self._settle(self.text.removesuffix(self._speller.raw(self._letters()[-1:])))
            self._entries = [last]
        return written

    def suggestions(self) -> list[Suggestion]:
        """Return what may have been meant by the whole text, and how its last word may go on."""
        letters = self._letters()
        found = {self._settled + one.text: one for one in self._speller.suggest(letters, SUGGESTED)}
        told = [Suggestion(text, one.score, one.known) for text, one in found.items()]
        raw = self._speller.raw(letters)
        begun = raw.rpartition(" ")[2]
        if len(begun) >= 2 and len(told) < SUGGESTED:
            before = self._settled + raw[: len(raw) - len(begun)]
            more = (before + word for word in self._speller.complete(begun, SUGGESTED))
            told += [Suggestion(text, 0.0, True) for text in more if text not in found][: SUGGESTED - len(told)]
        return told

    def space(self) -> None:
        """End a word."""
        self._entries.append(Letter(SPACE, self.time, self.time, 1.0, ()))

    def delete(self) -> None:
        """Take the last character away."""
        kept: list[int | Letter] = []
        for entry, letter in zip(self._entries, self._letters()):
            if letter.label == DELETE:
                del kept[-1:]
            elif letter.label != NOTHING:
                kept.append(entry)
        if kept:
            self._entries = kept[:-1]
        else:
            self._settle(self._settled[:-1])

    def clear(self) -> None:
        """Begin again."""
        self._settle("")

    def choose(self, text: str) -> None:
        """Put a text in the place of what was signed; the next letter begins a new word."""
        self._settle(text.rstrip() + " ")

    def _settle(self, text: str) -> None:
        self._settled, self._entries = text[-KEPT:], []

    def _letters(self) -> list[Letter]:
        written = self.letters.written
        return [written[one] if isinstance(one, int) else one for one in self._entries]


class Full(Exception):
    """There are as many sessions as there may be."""


@dataclass
class Sessions:
    """All visitors who use the camera. Those that say nothing for `idle` seconds are forgotten."""

    most: int
    idle: float
    clock: Callable[[], float] = time.monotonic
    _open: dict[str, tuple[Session, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, session: Session) -> str:
        """Keep a session and return its name, which nobody can guess; raises Full."""
        with self._lock:
            now = self.clock()
            self._open = {name: one for name, one in self._open.items() if now - one[1] < self.idle}
            if len(self._open) >= self.most:
                raise Full
            name = secrets.token_urlsafe(16)
            self._open[name] = session, now
            return name

    def find(self, name: str) -> Session:
        """Return a session, which counts as a sign of life; raises KeyError if it has ended."""
        with self._lock:
            session, last = self._open[name]
            if self.clock() - last >= self.idle:
                del self._open[name]
                raise KeyError(name)
            self._open[name] = session, self.clock()
            return session

    def remove(self, name: str) -> None:
        """Forget a session; raises KeyError if there is none."""
        with self._lock:
            del self._open[name]


def why(state: str, pixels: np.ndarray, reading: Reading | None) -> str | None:
    """Return why no letter is read from a frame, uint8 (h, w, 3): no_hand, moving, unsure, blurred or dark; None where
    one is."""
    if state in ("gathering", "held"):
        return None
    if light(pixels) < DARK:
        return "dark"
    if state == "unsure" and reading is not None and sharpness(pixels, reading) < BLURRED:
        return "blurred"
    return state.replace(" ", "_")


def light(pixels: np.ndarray) -> float:
    """Return the mean light of a frame, 0–255."""
    return float(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).mean())


def sharpness(pixels: np.ndarray, reading: Reading) -> float:
    """Return the variance of the Laplacian of the upright square around a hand."""
    height, width = pixels.shape[:2]
    square = reading.hand.crop(width, height).cut(pixels, SIDE)
    return float(cv2.Laplacian(cv2.cvtColor(square, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())
