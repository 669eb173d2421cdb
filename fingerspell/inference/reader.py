"""Reading whole pictures: every hand found, cut out upright, and named with a probability that means what it says.

TensorFlow is not imported here; whoever reads with a network that Keras holds hands its answers in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import UnidentifiedImageError

from fingerspell import images
from fingerspell.errors import FingerspellError
from fingerspell.hands import embedding
from fingerspell.hands.finder import PRESENCE, Finder, Hand, seen_hand
from fingerspell.hands.network import HandNetwork
from fingerspell.inference.predictor import Predictor

SURE = 0.85  # probability above which a hand that was followed needs not be found anew
SELDOM = 3  # frames without a hand that are searched by all means; then one in so many: it takes three times as long

Answer = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Reading:
    """One hand of a picture, and what it shows.

    probabilities: float32 (classes,). sign: the most likely class, or None where its probability lies below the
    reader's threshold: the hand shows no sign that it knows. points: float32 (21, 2), the landmarks' x and y in heights
    of the picture, so that they are as long in every direction.
    """

    hand: Hand
    probabilities: np.ndarray
    sign: str | None
    points: np.ndarray


@dataclass
class Track:
    """Where the hand of a video was. missed: frames since one was seen."""

    hand: Hand | None = None
    missed: int = 0


class Reader:
    """Finds hands in whole pictures and reads them; to be used in a `with` block, in one thread.

    description: all of `model.json`. classes, letters: as of a `Predictor`. threshold: the probability below which no
    sign is named, chosen on validation images.
    """

    def __init__(
        self, description: dict[str, Any], answer: Answer, most: int = 1, threshold: float | None = None
    ) -> None:
        """answer: rows of `hands.embedding`, float32 (n, 1280), to probabilities (n, classes). most: hands that are
        looked for in a picture."""
        self.description = description
        self.classes: tuple[str, ...] = tuple(description["classes"])
        self.letters: tuple[str, ...] = tuple(description["letters"])
        self.threshold = description.get("threshold", 0.0) if threshold is None else threshold
        self._answer = answer
        self._network = HandNetwork()
        self._finder = Finder(self._network, most)

    @classmethod
    def open(cls, folder: Path, most: int = 1, threshold: float | None = None) -> "Reader":
        """Open the folder of an exported reader; raises FingerspellError if it is not whole, or reads no hands."""
        predictor = Predictor.open(folder)
        if not predictor.reads_hands:
            raise FingerspellError(f"{folder} holds a model of whole images, which finds no hands; name a reader")
        return cls(predictor.description, predictor.predict, most, threshold)

    def __enter__(self) -> "Reader":
        self._finder.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._finder.__exit__(*error)

    def read(self, picture: np.ndarray) -> list[Reading]:
        """Return the hands in a picture, uint8 (h, w, 3), RGB, the signing one first; none where none is found."""
        hands = self._finder.find(picture)
        return [self._reading(picture, hand) for hand in hands]

    def follow(self, picture: np.ndarray, track: Track) -> Reading | None:
        """Return the signing hand of the next frame of a video, uint8 (h, w, 3), RGB; None where there is none.

        It is looked for where it was, by the landmark network alone: half the time of `read`. Where it is gone, or is
        not read with certainty, it is found anew. Each video has a track of its own.
        """
        followed = self._followed(picture, track.hand) if track.hand else None
        if followed is not None and followed.probabilities.max() >= SURE:
            track.hand = followed.hand
            return followed
        thoroughly = track.missed < SELDOM or track.missed % SELDOM == 0
        hands = self._finder.find(picture, None if thoroughly else 1)
        found = self._reading(picture, hands[0]) if hands else None
        readings = [one for one in (followed, found) if one is not None]
        best = max(readings, key=lambda one: one.probabilities.max(), default=None)
        track.hand, track.missed = (best.hand, 0) if best else (None, track.missed + 1)
        return best

    def _followed(self, picture: np.ndarray, before: Hand) -> Reading | None:
        height, width = picture.shape[:2]
        crop = before.crop(width, height)
        seen = self._network.look(picture, crop)
        if seen.presence < PRESENCE:
            return None
        hand = seen_hand(seen, crop, width, height, "followed")
        rows = [embedding.of_seen(seen, crop.angle), embedding.of_picture(self._network, picture, crop, mirror=True)]
        return self._named(picture, hand, rows)

    def probabilities(self, pictures: Iterable[np.ndarray]) -> np.ndarray:
        """Return what the signing hand of each picture shows, float32 (n, classes); zeros where none is found."""
        found = (self.read(picture)[:1] for picture in pictures)
        none = np.zeros(len(self.classes), np.float32)
        return np.stack([reading[0].probabilities if reading else none for reading in found])

    def _reading(self, picture: np.ndarray, hand: Hand) -> Reading:
        height, width = picture.shape[:2]
        crop = hand.crop(width, height)
        # The hand and its mirror image: left and right ones are read alike.
        rows = [embedding.of_picture(self._network, picture, crop, mirror) for mirror in (False, True)]
        return self._named(picture, hand, rows)

    def _named(self, picture: np.ndarray, hand: Hand, rows: list[np.ndarray]) -> Reading:
        height, width = picture.shape[:2]
        probabilities = self._answer(np.stack(rows)).mean(axis=0)
        best = int(probabilities.argmax())
        sign = self.classes[best] if probabilities[best] >= self.threshold else None
        return Reading(hand, probabilities, sign, hand.landmarks[:, :2] * np.array([width / height, 1], np.float32))


def whole_picture(data: bytes) -> np.ndarray:
    """Return an image file held in memory as a reader takes it; raises FingerspellError if it cannot be decoded."""
    try:
        return images.whole(data)
    except FingerspellError as error:
        if isinstance(error.__cause__, UnidentifiedImageError):  # whose message names an address in memory
            raise FingerspellError("it is not an image that can be read; give JPEG, PNG, WebP, …") from error
        raise
