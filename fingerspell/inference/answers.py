"""What a program is told about a picture: every hand, with its best answers, as a dict that JSON can hold."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fingerspell.inference.predictor import Predictor
    from fingerspell.inference.reader import Reader, Reading

SHOWN = 3  # answers to a hand: the best, and the next two
MOST_HANDS = 10  # looked for in a picture


def hands(reader: "Reader", readings: Sequence["Reading"]) -> list[dict[str, Any]]:
    """Return what a reader found in a picture, one dict a hand: class, letter (None where no sign is recognised),
    probability, answers, box, hand, score, found, landmarks."""
    return [_hand(reader, reading) for reading in readings]


def best(model: "Predictor | Reader", probabilities: np.ndarray) -> list[dict[str, Any]]:
    """Return the most likely of a model's classes, probabilities (classes,), as class, letter and probability."""
    found = zip(model.classes, model.letters, probabilities.tolist())
    first = sorted(found, key=lambda one: -one[2])[:SHOWN]
    return [{"class": label, "letter": letter, "probability": round(share, 6)} for label, letter, share in first]


def _hand(reader: "Reader", reading: "Reading") -> dict[str, Any]:
    answers = best(reader, reading.probabilities)
    hand = reading.hand
    return {
        "class": reading.sign,
        "letter": answers[0]["letter"] if reading.sign is not None else None,
        "probability": answers[0]["probability"],
        "answers": answers,
        "box": [round(value, 4) for value in hand.box],
        "hand": hand.side,
        "score": round(hand.score, 4),
        "found": hand.found,
        "landmarks": [[round(value, 4) for value in point] for point in hand.landmarks.tolist()],
    }
