"""What reading a whole picture costs, step by step, on one core.

    python -m benchmarks.finding SET [MODEL_FOLDER]     a folder or zip of pictures; by default the released asl_reader

Prints milliseconds (median over the pictures, each brought to 640×480 pixels) and writes them to
benchmarks/results/finding.json: MediaPipe alone; all tries, where it finds no hand; the two looks at the hand; the
network of the model alone; all of it.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from benchmarks.machine import processor
from fingerspell import files
from fingerspell.external import photographs
from fingerspell.hands import embedding
from fingerspell.hands.finder import TRIES, Finder, Hand
from fingerspell.hands.network import HandNetwork
from fingerspell.images import whole
from fingerspell.inference import released
from fingerspell.inference.predictor import Predictor
from fingerspell.inference.reader import Reader

WIDTH, HEIGHT = 640, 480
MOST = 150  # pictures


def main(source: str, folder: str | None = None) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    predictor = Predictor.open(Path(folder) if folder else released.find(released.DEFAULT))
    network = HandNetwork()
    times: dict[str, list[float]] = {}
    with photographs.open_set(Path(source)) as images, Finder(network) as finder, Finder(network, tries=1) as once:
        names = [name for name in images.names if name.lower().endswith((".jpg", ".png"))]
        chosen = [names[at] for at in np.linspace(0, len(names) - 1, min(MOST, len(names))).astype(int)]
        for name in chosen:
            picture = _scaled(whole(images.read(name)))
            hands = _timed(times, "MediaPipe", once.find, picture)
            hands = hands or _timed(times, "all tries, no hand at first", finder.find, picture)
            if hands:
                rows = _timed(times, "two looks at the hand", _rows, network, picture, hands[0])
                _timed(times, "the model's network, twice", predictor.predict, rows)
    with Reader(predictor.description, predictor.predict) as reader, photographs.open_set(Path(source)) as images:
        for name in chosen:
            _timed(times, "a whole picture", reader.read, _scaled(whole(images.read(name))))
    found = {what: round(1000 * float(np.median(seconds)), 2) for what, seconds in times.items()}
    counts = {what: len(seconds) for what, seconds in times.items()}
    report = {"processor": processor(), "cores": 1, "pictures": len(chosen), "tries": TRIES}
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


def _timed(times: dict[str, list[float]], what: str, work: Callable, *words):
    start = perf_counter()
    done = work(*words)
    times.setdefault(what, []).append(perf_counter() - start)
    return done


if __name__ == "__main__":
    main(*sys.argv[1:])
