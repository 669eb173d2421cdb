"""Finding the hands in a picture of any size: MediaPipe's hand landmarker, and further tries where it finds none.

MediaPipe looks for palms. In a picture that a hand fills there is none to be seen, so such pictures are tried again
with a border around them, and last as what MediaPipe would have cut out of a larger one: the landmark network alone
is asked, at several turns and scales.
"""

import math
import sys
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from types import ModuleType

import cv2
import numpy as np

from fingerspell.errors import FingerspellError
from fingerspell.hands import model
from fingerspell.hands.crops import Crop, around, whole
from fingerspell.hands.network import SIZE, HandNetwork, Seen
from fingerspell.quiet import hushed

LARGEST_SIDE = 1280  # pixels: MediaPipe scales to 192 at first, so more brings nothing but time
LARGEST_ASPECT = 20.0  # of the sides: nothing longer is a picture of a hand
CONFIDENCE = 0.3  # of MediaPipe, for a palm and for a hand: its own 0.5 loses one hand in ten that it has found
PRESENCE, CERTAIN = 0.5, 0.9  # of the landmark network, asked alone: enough, and enough not to go on looking
BORDER = 0.35  # of the picture's sides, on either side
# Squares that are tried as a cut-out hand: turns in radians, lengths in longer sides of the picture.
TURNS = (0.0, -0.6, 0.6, math.pi / 2, -math.pi / 2)
ZOOMS = (1.0, 1.4)
TRIES = ("picture", "border", "cut out")


@dataclass(frozen=True)
class Hand:
    """One hand in a picture.

    landmarks: float32 (21, 3), in the order of MediaPipe (0 wrist, 1–4 thumb, …, 17–20 little finger): x and y as
    fractions of the picture's sides, a little beyond 0–1 where a finger leaves it, and depth in the unit of x, smaller
    nearer the camera. side: "left" or "right", the person's, where the picture is no mirror image. score: how sure it
    is that this is a hand of that side, 0–1. found: which of `TRIES` found it, or "followed" from the frame before.
    """

    landmarks: np.ndarray
    side: str
    score: float
    found: str

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the landmarks, as fractions of the picture's sides within 0–1."""
        low, high = self.landmarks[:, :2].min(axis=0), self.landmarks[:, :2].max(axis=0)
        left, top, right, bottom = np.clip([*low, *high], 0, 1).tolist()
        return left, top, right, bottom

    def crop(self, width: int, height: int) -> Crop:
        """Return the square around the hand in a picture of that size, in pixels."""
        return around(self.landmarks[:, :2] * (width, height))


class Finder:
    """Finds hands; to be used in a `with` block, in one thread. Seconds to open, tens of milliseconds a picture.

    tries: how many of `TRIES` are made before a picture counts as one without a hand.
    """

    def __init__(self, network: HandNetwork | None = None, most: int = 2, tries: int = len(TRIES)) -> None:
        self._network = network or HandNetwork()
        self._most, self._tries = most, tries
        self._found = False
        self._open = ExitStack()

    def __enter__(self) -> "Finder":
        """Open MediaPipe; raises FingerspellError if it does not run here or its model file is not whole."""
        file = model.path()
        try:
            self._mediapipe = mediapipe()
            vision = self._mediapipe.tasks.vision
            options = vision.HandLandmarkerOptions(
                base_options=self._mediapipe.tasks.BaseOptions(model_asset_path=str(file)),
                num_hands=self._most,
                min_hand_detection_confidence=CONFIDENCE,
                min_hand_presence_confidence=CONFIDENCE,
            )
            with hushed():
                self._landmarker = self._open.enter_context(vision.HandLandmarker.create_from_options(options))
        except (ImportError, OSError, RuntimeError, NotImplementedError) as error:
            reason = " ".join(str(error).split())[:200]
            raise FingerspellError(
                f"MediaPipe, which finds hands, does not run on this platform ({reason}); pictures that a hand fills "
                "can be read without it: name such a model, as in --model asl_robust"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        with hushed():
            self._open.close()

    def find(self, picture: np.ndarray, tries: int | None = None) -> list[Hand]:
        """Return the hands in a picture, uint8 (h, w, 3), RGB, the largest first; an empty list if there are none.

        tries: fewer than the finder's own, where time is short.
        """
        height, width = picture.shape[:2]
        if max(height, width) > LARGEST_ASPECT * min(height, width) or max(height, width) < 16:
            return []
        if (scale := LARGEST_SIDE / max(height, width)) < 1:
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for attempt in (self._whole, self._bordered, self._cut_out)[: tries or self._tries]:
            if hands := attempt(picture):
                return _apart(sorted(hands, key=_extent, reverse=True))
        return []

    def _whole(self, picture: np.ndarray) -> list[Hand]:
        return list(self._ask(picture))

    def _bordered(self, picture: np.ndarray) -> list[Hand]:
        """Ask again with a border of the outermost pixels, in which there is room for an arm."""
        height, width = picture.shape[:2]
        x, y = round(BORDER * width), round(BORDER * height)
        wider = cv2.copyMakeBorder(picture, y, y, x, x, cv2.BORDER_REPLICATE)
        return [_within(hand, (x, y), wider, picture, "border") for hand in self._ask(wider)]

    def _cut_out(self, picture: np.ndarray) -> list[Hand]:
        """Take the picture itself for a cut-out hand; the best of all turns is looked at once more, upright."""
        height, width = picture.shape[:2]
        best, most = whole(width, height), 0.0
        for square in (whole(width, height, zoom, turn) for zoom in ZOOMS for turn in TURNS):
            if (presence := self._network.look(picture, square).presence) > most:
                best, most = square, presence
            if most >= CERTAIN:
                break
        for _ in range(2):
            seen = self._network.look(picture, best)
            if seen.presence < PRESENCE:
                return []
            cut = best
            best = around(_places(seen, cut))
        return [seen_hand(seen, cut, width, height, "cut out")]

    def _ask(self, picture: np.ndarray) -> Iterator[Hand]:
        """Ask MediaPipe, which is at ease with squares alone: a picture gets a black border where it is none."""
        height, width = picture.shape[:2]
        side = max(height, width)
        square = cv2.copyMakeBorder(picture, 0, side - height, 0, side - width, cv2.BORDER_CONSTANT)
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=square)
        with nullcontext() if self._found else hushed():  # it tells about itself at the first hand
            found = self._landmarker.detect(image)
        for points, [named, *_] in zip(found.hand_landmarks, found.handedness):
            self._found = True
            landmarks = np.array([(point.x, point.y, point.z) for point in points], np.float32)
            yield _within(Hand(landmarks, named.category_name.lower(), named.score, "picture"), (0, 0), square, picture)


def seen_hand(seen: Seen, crop: Crop, width: int, height: int, found: str) -> Hand:
    """Return what the network saw in a square of a picture of that size as a hand of the picture."""
    places = _places(seen, crop)
    depth = seen.landmarks[:, 2] * (crop.side / SIZE / width)
    landmarks = np.column_stack([places / (width, height), depth]).astype(np.float32)
    side, score = ("right", seen.right) if seen.right >= 0.5 else ("left", 1 - seen.right)
    return Hand(landmarks, side, score, found)


def _places(seen: Seen, crop: Crop) -> np.ndarray:
    """Return the landmarks, (21, 2), in pixels of the picture."""
    matrix = crop.matrix(SIZE)
    places: np.ndarray = seen.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return places


def _within(
    hand: Hand, corner: tuple[int, int], larger: np.ndarray, picture: np.ndarray, found: str = "picture"
) -> Hand:
    """Return a hand of a larger picture as one of the picture that lies in it, at this corner."""
    (height, width), (high, wide) = picture.shape[:2], larger.shape[:2]
    x, y = corner
    factors = np.array([wide / width, high / height, wide / width], np.float32)
    moved = np.array([x / width, y / height, 0], np.float32)
    return replace(hand, landmarks=hand.landmarks * factors - moved, found=found)


def mediapipe() -> ModuleType:
    """Import MediaPipe without TensorFlow, which it takes for its documentation alone where it is installed: seconds
    and 500 MB."""
    absent = "tensorflow" not in sys.modules
    if absent:
        sys.modules["tensorflow"] = None  # type: ignore[assignment]  # refuses the import, which typeshed does not know
    try:
        import mediapipe
    finally:
        if absent:
            del sys.modules["tensorflow"]
    module: ModuleType = mediapipe
    return module


def _apart(hands: list[Hand]) -> list[Hand]:
    """Leave out hands that are another one, found twice: their boxes share half of what they cover together."""
    kept: list[Hand] = []
    for hand in hands:
        if all(_shared(hand.box, other.box) < 0.5 for other in kept):
            kept.append(hand)
    return kept


def _shared(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """Return the intersection of two boxes over their union."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / max(sum(areas) - width * height, 1e-12)


def _extent(hand: Hand) -> float:
    left, top, right, bottom = hand.box
    return max(right - left, bottom - top)
