"""What reading a whole picture costs, step by step, on one core.

    python -m benchmarks.finding SET [MODEL_FOLDER]     a folder or zip of pictures; by default the released asl_reader

Prints milliseconds (median over the pictures, each brought to 640×480 pixels) and writes them to
benchmarks/results/finding.json, the table of docs/hands.md: MediaPipe alone; all tries, where it finds no hand; the two
looks at the hand; the network of the model alone; all of it. `make bench` takes `measurements` alone, of a film of the
drawn hand.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import ParamSpec, TypeVar

import cv2
import numpy as np

from benchmarks.machine import keep_to_one_core, processor
from benchmarks.measurement import Measurement
from fingerspell import files
from fingerspell.datasets.class_folders import open_set
from fingerspell.hands import embedding
from fingerspell.hands.finder import TRIES, Finder, Hand
from fingerspell.hands.network import HandNetwork
from fingerspell.images import whole
from fingerspell.inference import released
from fingerspell.inference.predictor import Predictor
from fingerspell.inference.reader import Reader, Track
from fingerspell.signing.film import Film

WIDTH, HEIGHT = 640, 480
MOST = 150  # pictures
TEXT, RATE = "HELLO", 15.0  # of the film; frames a second
TARGET = 40.0  # milliseconds a picture
Words = ParamSpec("Words")
Done = TypeVar("Done")


def measurements() -> Iterator[Measurement]:
    keep_to_one_core()
    network, times, track = HandNetwork(), dict[str, list[float]](), Track()
    film = [frame.pixels for frame in Film(TEXT, size=(WIDTH, HEIGHT), rate=RATE) if frame.label]
    with Reader.open(released.find(released.DEFAULT)) as reader, Finder(network, tries=1) as once:
        for picture in film:
            hands = _timed(times, "MediaPipe", once.find, picture)
            _timed(times, "whole", reader.read, picture)
            _timed(times, "followed", reader.follow, picture, track)
            if hands:
                _timed(times, "rows", _rows, network, picture, hands[0])
    took = {what: 1000 * float(np.median(seconds)) for what, seconds in times.items()}
    yield Measurement(
        "Read a picture of 640×480, one core",
        "ms",
        took["whole"],
        limit=took["MediaPipe"],
        bound="MediaPipe: finding the hand alone",
        target=TARGET,
        aim="ours",
    )
    yield Measurement(
        "Follow the hand to the next frame, 640×480, one core",
        "ms",
        took["followed"],
        took["whole"],
        "finding it anew in every frame",
        took["rows"],
        "MediaPipe's landmark network: two looks at the hand",
    )


def main(source: str, folder: str | None = None) -> None:
    keep_to_one_core()
    predictor = Predictor.open(Path(folder) if folder else released.find(released.DEFAULT))
    network = HandNetwork()
    times: dict[str, list[float]] = {}
    with open_set(Path(source)) as images, Finder(network) as finder, Finder(network, tries=1) as once:
        names = [name for name in images.names if name.lower().endswith((".jpg", ".png"))]
        chosen = [names[at] for at in np.linspace(0, len(names) - 1, min(MOST, len(names))).astype(int)]
        for name in chosen:
            picture = _scaled(whole(images.read(name)))
            hands = _timed(times, "MediaPipe", once.find, picture)
            hands = hands or _timed(times, "all tries, no hand at first", finder.find, picture)
            if hands:
                rows = _timed(times, "two looks at the hand", _rows, network, picture, hands[0])
                _timed(times, "the model's network, twice", predictor.predict, rows)
    with Reader(predictor.description, predictor.predict) as reader, open_set(Path(source)) as images:
        for name in chosen:
            _timed(times, "a whole picture", reader.read, _scaled(whole(images.read(name))))
    found = {what: round(1000 * float(np.median(seconds)), 2) for what, seconds in times.items()}
    counts = {what: len(seconds) for what, seconds in times.items()}
    report: dict[str, object] = {"processor": processor(), "cores": 1, "pictures": len(chosen), "tries": TRIES}
    report |= {"milliseconds": found, "of pictures": counts}
    files.write_json(Path("benchmarks/results/finding.json"), report)
    print("\n".join(f"{value:8.2f} ms  {what} ({counts[what]})" for what, value in found.items()))


def _scaled(picture: np.ndarray) -> np.ndarray:
    """Bring a picture to 640×480, a border beside it."""
    height, width = picture.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    small = cv2.resize(picture, (round(width * scale), round(height * scale)))
    right, below = WIDTH - small.shape[1], HEIGHT - small.shape[0]
    return cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE)


def _rows(network: HandNetwork, picture: np.ndarray, hand: Hand) -> np.ndarray:
    crop = hand.crop(WIDTH, HEIGHT)
    return np.stack([embedding.of_picture(network, picture, crop, mirror) for mirror in (False, True)])


def _timed(
    times: dict[str, list[float]],
    what: str,
    work: Callable[Words, Done],
    *words: Words.args,
    **named: Words.kwargs,
) -> Done:
    start = perf_counter()
    done = work(*words, **named)
    times.setdefault(what, []).append(perf_counter() - start)
    return done


if __name__ == "__main__":
    main(*sys.argv[1:])
