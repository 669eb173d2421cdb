"""Quality: how well spelt words are read from films of the drawn hand: letters, words, flicker, delay, and what is
written in transitions; beside it the averaging of the studies, a mean over the last frames.

python -m benchmarks.signing [WORDS [SEED]] writes benchmarks/results/signing.json. The words, the signers and their
skin are drawn by the seed; none of these frames was learnt from. WORDS are read in each alphabet at 2 letters a second,
a quarter of them at 3 and 5.
"""

import json
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks import machine
from fingerspell.files import write_json
from fingerspell.inference import released
from fingerspell.inference.letters import Letter, Letters
from fingerspell.inference.reader import Reader, Reading, Track
from fingerspell.inference.words import Speller, sample
from fingerspell.processes import in_processes
from fingerspell.progress import progress
from fingerspell.signing.film import Film
from fingerspell.signing.motion import Spelt

RESULT = Path("benchmarks/results/signing.json")
SPEEDS = {2.0: 1.0, 3.0: 0.25, 5.0: 0.25}  # letters a second, and the share of the words that are spelt so fast
SIZE, RATE = (480, 360), 15.0  # pixels; frames a second
AVERAGED = 64  # frames of which the studies take the mean
LATEST = 1.0  # seconds after a sign in which its letter still counts as shown
NEAR = 0.15  # seconds around a held sign in which its letter may be written: a sign can be seen before it is reached


@dataclass(frozen=True)
class Seen:
    """One film, as it was read frame by frame."""

    word: str
    alphabet: str
    speed: float
    classes: tuple[str, ...]
    spelt: list[Spelt]
    times: list[float]
    readings: list[Reading | None]
    seconds: float  # spent on finding and reading


@dataclass(frozen=True)
class Result:
    """What was read in one film."""

    errors: int
    letters: int
    right: bool
    in_transitions: int
    written: int
    false: int
    seconds: float
    delays: list[float]


_READERS: dict[str, Reader] = {}


def see(task: tuple[str, str, float, int]) -> Seen:
    """Draw a film and read its frames."""
    word, alphabet, speed, seed = task
    if alphabet not in _READERS:
        _READERS[alphabet] = Reader.open(released.find(released.READERS[alphabet])).__enter__()
    reader = _READERS[alphabet]
    film = Film(word, alphabet, speed, left=seed % 4 == 3, size=SIZE, rate=RATE, seed=seed)
    times, readings, spent, track = [], [], 0.0, Track()
    for frame in film:
        start = perf_counter()
        readings.append(reader.follow(frame.pixels, track))
        spent += perf_counter() - start
        times.append(frame.time)
    return Seen(word, alphabet, speed, reader.classes, film.spelt, times, readings, spent)


def stable(seen: Seen) -> tuple[list[Letter], list[str | None]]:
    """Return the letters that are written, and for every frame the one that is shown."""
    letters, shown = Letters(seen.classes), []
    for time, reading in zip(seen.times, seen.readings):
        letters.add(time, reading)
        shown.append(letters.current and letters.current.label)
    return letters.written, shown


def averaged(seen: Seen) -> tuple[list[Letter], list[str | None]]:
    """The same by the mean of the last frames' answers; a letter is written when another one leads."""
    recent, shown, written = deque(maxlen=AVERAGED), [], []
    for time, reading in zip(seen.times, seen.readings):
        recent.append(np.zeros(len(seen.classes)) if reading is None else reading.probabilities)
        mean = np.mean(recent, axis=0)
        label = seen.classes[int(mean.argmax())] if mean.max() > 0 else None
        if label is not None and (not written or written[-1].label != label):
            written.append(Letter(label, time, time, float(mean.max()), ((label, 1.0),)))
        shown.append(label)
    return written, shown


def judge(seen: Seen, way, speller: Speller) -> Result:
    """Compare what was written with the truth."""
    written, shown = way(seen)
    truth = [one.label for one in seen.spelt]
    suggestions = speller.suggest(written)
    right = bool(suggestions) and suggestions[0].text.replace(" ", "").casefold() == seen.word.casefold()
    outside = sum(_of_transition(letter, seen.spelt) for letter in written)
    delays = []
    for one in seen.spelt:
        until = one.end + LATEST
        hits = (t for t, label in zip(seen.times, shown) if label == one.label and one.start - NEAR <= t <= until)
        if (hit := next(hits, None)) is not None:
            delays.append(hit - one.start)
    errors = distance([letter.label for letter in written], truth)
    false = _false(seen.times, shown, seen.spelt)
    return Result(errors, len(truth), right, outside, len(written), false, seen.times[-1], delays)


def _of_transition(letter: Letter, spelt: list[Spelt]) -> bool:
    """Say whether a letter was written because of what a hand looks like on its way: no such sign was shown then, and
    for most of the time none at all."""
    shown = [(min(letter.end, one.end) - max(letter.start, one.start), one.label) for one in spelt]
    if any(overlap > -NEAR and label == letter.label for overlap, label in shown):
        return False
    return sum(max(overlap, 0.0) for overlap, _ in shown) < (letter.end - letter.start) / 2


def _false(times: list[float], shown: list[str | None], spelt: list[Spelt]) -> int:
    """Count how often a letter comes up that is not being shown, nor was within the last second."""
    ups = [(t, label) for t, before, label in zip(times[1:], shown, shown[1:]) if label is not None and label != before]

    def stands(time: float, label: str) -> bool:
        return any(one.start - NEAR <= time <= one.end + LATEST and one.label == label for one in spelt)

    return sum(not stands(time, label) for time, label in ups)


def distance(written: list[str], truth: list[str]) -> int:
    """Return how many letters must be put in, left out or changed (Levenshtein 1966)."""
    row = list(range(len(truth) + 1))
    for i, one in enumerate(written, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(truth, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


def summary(results: list[Result]) -> dict[str, float]:
    """Return the figures of many films."""
    total = sum(result.letters for result in results)
    delays = np.concatenate([result.delays for result in results]) if results else np.zeros(0)
    return {
        "words": len(results),
        "letters": total,
        "letter_error_rate": round(sum(result.errors for result in results) / total, 4),
        "words_right": round(float(np.mean([result.right for result in results])), 4),
        "written_in_transitions": round(
            sum(r.in_transitions for r in results) / max(sum(r.written for r in results), 1), 4
        ),
        "false_letters_shown_a_minute": round(60 * sum(r.false for r in results) / sum(r.seconds for r in results), 1),
        "delay_seconds": round(float(np.median(delays)), 3) if len(delays) else None,
    }


def measure(count: int, seed: int) -> dict:
    """Return the figures of `count` words in each alphabet and speed."""
    tasks = [
        (word, alphabet, speed, seed + number)
        for alphabet in released.READERS
        for speed, share in SPEEDS.items()
        for number, word in enumerate(sample(alphabet, count, seed)[: round(share * count)])
    ]
    seen = list(progress(in_processes(see, tasks, None, chunksize=4), len(tasks), "reading films"))
    found = {}
    for alphabet in released.READERS:
        speller = Speller.open(alphabet)
        for speed in SPEEDS:
            films = [one for one in seen if (one.alphabet, one.speed) == (alphabet, speed)]
            found[f"{alphabet} at {speed:g} letters a second"] = {
                name: summary([judge(film, way, speller) for film in films])
                for name, way in (("stable", stable), ("averaged", averaged))
            }
    return found


if __name__ == "__main__":
    count, seed = (int(value) for value in (sys.argv[1:] + ["200", "20261129"][len(sys.argv) - 1 :]))
    result = {"machine": machine.describe(), "seed": seed} | measure(count, seed)
    write_json(RESULT, result)
    print(json.dumps(result, indent=2))
