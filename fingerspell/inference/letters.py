"""Letters out of frames: what is shown long enough, and held still, is written once.

The answers of frames add up to evidence that leaks, as in the drift-diffusion model of decisions (Ratcliff & McKoon
2008, https://doi.org/10.1162/neco.2008.12-06-420): what is certain is written sooner, what passes by is not. Frames of
a moving hand count less. A letter that is written holds until another wins or the hand lets go of it. Times are seconds
throughout, so that any frame rate will do.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fingerspell.hands.layout import INDEX, LITTLE, MIDDLE, WRIST
from fingerspell.inference.paths import MOVING, Path
from fingerspell.inference.reader import Reading

LEAK = 0.6  # seconds after which evidence has faded to a third
TURN = 0.15  # seconds after which evidence has faded to a third that does not go with what is seen now
ENOUGH = 0.5  # evidence at which a letter is written: certainty (`_weight`) times seconds
LEAVING = 0.25  # evidence that is enough for a letter that is left for another
SECOND = 0.8  # how much the second answer counts for: two letters that look alike are one sign that is held
STILL_SHOWN = 0.25  # probability of the letter that holds above which it does
# Palms a second at which a hand that changes its shape, or is carried somewhere, says a third of what a still one does.
SHAPE_SPEED, PLACE_SPEED = 4.0, 4.0
LEAST = 0.3  # share of what a still hand says that every frame says: landmarks tremble, on some hands much
SPAN, INSTANT = 0.1, 0.01  # seconds over which speeds are measured, and that two frames are apart at least
LET_GO, LETTING_GO = 0.3, 0.12  # palms, for seconds: a shape that changed so can show the same letter again
BOUNCE = 0.16, 1.0  # palms, and palms a second: what is a bounce between two letters that are the same
LOST, PARTED = 0.25, 0.4  # seconds without a hand after which the letter is over, and perhaps the word
GAP = 0.4  # seconds between two frames that count at most
STANDING = 0.4  # seconds: I and D held for longer before they move were letters of their own
CANDIDATES = 5


@dataclass(frozen=True)
class Letter:
    """One letter as it was written.

    label: the class. start, end: seconds, when it began to be shown and when it ended, so far. probability: 0–1.
    candidates: at most five labels with their shares of the evidence, the best first. bounced: the letter before it
    was the same, and the hand only bounced between them. parted: no hand was seen for a while before it.
    """

    label: str
    start: float
    end: float
    probability: float
    candidates: tuple[tuple[str, float], ...]
    bounced: bool = False
    parted: bool = False


class Letters:
    """Writes letters as frames come in. Nothing of the pictures is kept.

    current: the letter that holds now. leading: the label that gathers evidence, and how far it has come, 0–1.
    written: all letters so far. state: "no hand", "moving", "unsure", "gathering" or "held".
    """

    def __init__(self, classes: Sequence[str], empty: str | None = "nothing", moves: bool = True) -> None:
        """classes: the labels, in the order of a reading's probabilities. empty: the class of no sign. moves: J and Z
        are the letters that move; in other alphabets they may be signs like any."""
        self._classes, self._empty = tuple(classes), empty
        self._moving = MOVING if moves else {}
        # J and Z are movements: a hand that holds still shows I or D.
        self._still = np.arange(len(classes))
        for moved, still in self._moving.items():
            if moved in self._classes and still in self._classes:
                self._still[self._classes.index(moved)] = self._classes.index(still)
        self.written: list[Letter] = []
        self.current: Letter | None = None
        self.state = "no hand"
        self._time: float | None = None
        self._seen = -math.inf  # when a hand was seen last
        self._palms: deque[float] = deque(maxlen=15)
        self._path = Path()
        self._parted = False
        self._forget()

    @property
    def leading(self) -> tuple[str, float] | None:
        total = float(self._evidence.sum())
        if total <= 0 or self.state in ("no hand", "held"):
            return None
        return self._classes[int(self._evidence.argmax())], min(total / ENOUGH, 1.0)

    def add(self, time: float, reading: Reading | None) -> list[Letter]:
        """Take a frame's signing hand, None where there is none, and return the letters that are written with it.

        Times grow. A letter that moves takes the place of the one with which its movement began.
        """
        step = 0.0 if self._time is None else min(max(time - self._time, 0.0), GAP)
        self._time = time
        if reading is None:
            return self._miss(time)
        self._parted |= bool(self.written) and time - self._seen > PARTED
        self._seen = time
        probabilities = self._of_still(reading.probabilities)
        shape, place = self._measure(reading.points)
        shape_speed, place_speed = self._speeds(time, shape, place)
        if self._moving and (moved := self._path.add(time, reading, self._classes, self._palm)):
            return [self._write_moved(moved, time)]
        best = int(probabilities.argmax())
        label = self._classes[best]
        self._compare(label, shape, place, place_speed, step)
        still = math.exp(-((shape_speed / SHAPE_SPEED) ** 2) - (place_speed / PLACE_SPEED) ** 2)
        moving = still < LEAST
        weight = 0.0 if label == self._empty else _weight(probabilities)
        if self.current is not None and not self._free and self._still_shown(label, probabilities):
            self.current = self.written[-1] = replace(self.current, end=time)
            self._evidence[:] = 0
            self.state = "held"
            return []
        agreement = self._agreement(probabilities)
        if agreement < 0.5 and self._left():
            return [self._write(time)]
        self._evidence *= math.exp(-step / LEAK - step / TURN * (1 - agreement))
        again = self.current is not None and label in self._holding()
        if weight <= 0 or (again and place_speed > BOUNCE[1]):  # a letter is repeated by a hand that rests again
            self.state = "moving" if moving else "unsure"
            return []
        if not self._evidence.any() or agreement < 0.5:
            self._since, self._frames = time, 0
        self._frames += 1
        self._evidence += max(still, LEAST) * step * weight * probabilities
        self.state = "moving" if moving else "gathering"
        return [self._write(time)] if self._evidence.sum() >= ENOUGH else []

    def _left(self) -> bool:
        """Say whether what is seen no longer was a letter; a single frame is none, nor is one letter's end another."""
        again = self.current is not None and self._classes[int(self._evidence.argmax())] in self._holding()
        return self._frames > 1 and not again and bool(self._evidence.sum() >= LEAVING)

    def _agreement(self, probabilities: np.ndarray) -> float:
        """Return how much of the evidence goes with what is seen now, 0–1."""
        return float(np.minimum(self._evidence / max(self._evidence.sum(), 1e-9), probabilities).sum())

    def _still_shown(self, label: str, probabilities: np.ndarray) -> bool:
        holding = self._holding()
        return label in holding or any(
            probabilities[self._classes.index(one)] >= STILL_SHOWN for one in holding if one in self._classes
        )

    def _holding(self) -> tuple[str, ...]:
        """Return the labels that a hand shows which holds the current letter: at its end a J looks like an I."""
        assert self.current is not None  # asked of nothing else
        label = self.current.label
        return (label, self._moving[label]) if label in self._moving else (label,)

    def _miss(self, time: float) -> list[Letter]:
        if time - self._seen <= LOST:
            return []
        left = [self._write(self._seen)] if self._left() else []
        self._forget()
        self._path = Path()
        self.current, self.state = None, "no hand"
        return left

    def _forget(self) -> None:
        self._evidence = np.zeros(len(self._classes))
        self._since, self._frames = 0.0, 0  # when what is seen was seen first, and in how many frames
        self._recent: deque[tuple[float, np.ndarray, np.ndarray]] = deque()
        self._watch(None, None)

    def _watch(self, shape: np.ndarray | None, place: np.ndarray | None) -> None:
        """Begin to watch how the hand leaves this shape and place."""
        self._held_shape, self._held_place = shape, place
        self._settled = self._carried = False  # it arrived; it is being carried aside
        self._free = self._bounced = False  # the same letter may be written again; because the hand bounced
        self._changed = 0.0  # seconds for which its shape has been another

    def _of_still(self, probabilities: np.ndarray) -> np.ndarray:
        still = np.zeros(len(self._classes))
        np.add.at(still, self._still, probabilities)
        return still

    def _measure(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the shape of the hand in palms, and its place in heights of the picture: the size of a palm is only
        known about, and far from the corner an error in it would look like a movement."""
        palm = np.linalg.norm(points[MIDDLE] - points[WRIST]) + np.linalg.norm(points[INDEX] - points[LITTLE])
        self._palms.append(float(palm) / 1.5)
        self._palm = max(float(np.median(self._palms)), 1e-4)
        return (points - points[WRIST]) / self._palm, points.mean(axis=0)

    def _speeds(self, time: float, shape: np.ndarray, place: np.ndarray) -> tuple[float, float]:
        """Return how fast the hand changes its shape and its place, palms a second."""
        recent = self._recent
        while len(recent) > 1 and time - recent[1][0] >= SPAN:
            recent.popleft()
        recent.append((time, shape, place))
        before, earlier_shape, earlier_place = recent[0]
        span = max(time - before, INSTANT)
        change = np.linalg.norm(shape - earlier_shape, axis=1).mean()
        return float(change) / span, float(np.linalg.norm(place - earlier_place)) / self._palm / span

    def _compare(self, label: str, shape: np.ndarray, place: np.ndarray, speed: float, step: float) -> None:
        """See whether the hand leaves the letter that holds, or bounces."""
        if self.current is None or self._held_shape is None or self._free:
            return
        if self.current.label in self._moving and label in self._holding():
            return  # at the end of its movement the hand may look like anything of the kind
        changed = np.linalg.norm(shape - self._held_shape, axis=1).mean()
        others = label not in self._holding()  # landmarks alone tremble too much
        self._changed = self._changed + step if others and changed > LET_GO else 0.0
        if self._changed > LETTING_GO:
            self._free, self._bounced = True, False
        elif speed > BOUNCE[1] and label == self.current.label:
            self._carried = self._settled  # a hand that has yet to arrive does not bounce
        elif self._carried and np.linalg.norm(place - self._held_place) > BOUNCE[0] * self._palm:
            self._free = self._bounced = True
            self._carried = False
        elif self._carried:
            self._carried = False
        elif speed <= BOUNCE[1]:
            self._settled = True
            self._held_place = self._held_place + 0.5 * (place - self._held_place)

    def _write(self, time: float) -> Letter:
        shares = self._evidence / self._evidence.sum()
        order = np.argsort(-shares, kind="stable")[:CANDIDATES]
        candidates = tuple((self._classes[at], round(float(shares[at]), 4)) for at in order if shares[at] > 0.001)
        label = candidates[0][0]
        bounced = self._bounced and self.current is not None and self.current.label == label
        return self._hold(Letter(label, self._since, time, float(shares[order[0]]), candidates, bounced))

    def _write_moved(self, moved: tuple[str, float, float], time: float) -> Letter:
        label, start, probability = moved
        while self.written and self._began(self.written[-1], label, start):
            taken = self.written.pop()
            start, self._parted = min(start, taken.start), taken.parted
        other = ((MOVING[label], round(1 - probability, 4)),)
        return self._hold(Letter(label, start, time, probability, ((label, probability), *other)))

    def _began(self, before: Letter, label: str, start: float) -> bool:
        """Say whether a letter was nothing but the beginning of a movement, or a part of it."""
        return before.label == MOVING[label] and self.current is not None and start - before.start < STANDING

    def _hold(self, letter: Letter) -> Letter:
        self.current = replace(letter, parted=self._parted)
        self.written.append(self.current)
        self._parted, self.state = False, "held"
        self._evidence[:] = 0
        self._watch(*self._recent[-1][1:])
        return self.current


def _weight(probabilities: np.ndarray) -> float:
    """Return how much a second of this certainty is worth: the log odds of the two best answers, within bounds."""
    second, first = np.sort(probabilities)[-2:].tolist()
    share = min(first + SECOND * second, 0.999)
    return min(math.log(max(share, 1e-6) / (1 - share)), 4.0)
