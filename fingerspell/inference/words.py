"""Letters to words: a beam over a list of words, in which every letter may also have been another one."""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from statistics import median_low
from typing import NamedTuple

from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.errors import FingerspellError
from fingerspell.inference.letters import Letter
from fingerspell.inference.lexicon import folded, lexicon, sample

__all__ = ["Plain", "Speller", "Suggestion", "sample"]

SPACE, DELETE, NOTHING = "space", "del", "nothing"
LETTERS = {"american": DATASETS["american"].letters, "arabic": DATASETS["arasl"].letters}  # by label
PAUSE = 1.5  # seconds between two letters that may end a word, as a hand may that was gone
LONG = 1.7  # times the median hold: a letter that may stand for two

# Prices are logarithms of likelihoods, chosen on sampled words and on words outside the list (docs/words.md).
_LEAST = -9.0  # any candidate, at least
_OUTSIDE = -12.0  # another letter than any candidate; further from certain letters than from doubtful ones
_EXTRA = -11.0  # a letter that was not meant, likewise
_MISSING = -7.0  # a letter that was not written
_MISSING_FIRST = -4.0  # the first of a word: hands arrive while they form it
_DOUBLE = -7.0  # one letter for two, held no longer than others
_DOUBLE_HELD = 0.7  # the same, held long: twice as likely as one letter that was held long
_BOUNCED_ONCE = -3.0  # two letters for one, when the hand only bounced
_ENDED, _WENT_ON = math.log(0.6), math.log(0.4)  # at a pause
_UNKNOWN = -2.0  # a word outside the list
_BEAM = 100  # beginnings that are followed at a time
_WINDOW = 26.0  # how much less likely than the best one
_KEPT = 12  # readings of a word, and of a text


@dataclass(frozen=True)
class Suggestion:
    """What may have been meant. score: 0–1, its share among all readings. known: all its words are in the list."""

    text: str
    score: float
    known: bool


class _Piece(NamedTuple):
    """One written letter as the beam takes it: keys with logarithmic likelihoods."""

    written: str  # as shown
    keys: tuple[tuple[str, float], ...]
    likelihood: float  # of what is written
    outside: float  # of its being any other letter
    extra: float  # of its being nothing
    held: bool
    bounced: bool
    paused: bool  # before it


class _State(NamedTuple):
    """A reading so far: words that have ended, and the key of the one that goes on, or that one as it is written."""

    ended: str
    known: bool  # whether the ended words are
    key: str
    written: str | None = None


Reading = tuple[str, float, bool]  # text, logarithmic likelihood, whether all words are known


class Speller:
    """Reads text from the letters of one alphabet; can be used by several threads.

    alphabet: "american" or "arabic"; another raises FingerspellError.
    """

    def __init__(self, alphabet: str) -> None:
        self._lexicon = lexicon(alphabet)
        letters = LETTERS[alphabet].items()
        self._letters = {label: letter for label, letter in letters if label not in (SPACE, DELETE, NOTHING)}
        self._american = alphabet == "american"
        self._read = lru_cache(1024)(self._readings)

    @classmethod
    @cache
    def open(cls, alphabet: str) -> "Speller":
        """Return the one speller of an alphabet; raises FingerspellError for any but "american" and "arabic"."""
        return cls(alphabet)

    def raw(self, letters: Iterable[Letter]) -> str:
        """Return the letters as they were written; "space" is a blank, "del" takes the one before away.

        Raises FingerspellError for a label that the alphabet lacks.
        """
        return "".join(" " if letter.label == SPACE else self._letter(letter.label) for letter in _kept(letters))

    def suggest(self, letters: Sequence[Letter], most: int = 5) -> list[Suggestion]:
        """Return at most `most` readings of the whole text, the likeliest first; the raw one is always among them.

        Nothing is suggested where nothing but blanks is written. Raises FingerspellError for a label that the alphabet
        lacks.
        """
        kept = _kept(letters)
        raw = self.raw(kept)
        if not raw.strip() or most < 1:
            return []
        readings: list[Reading] = [("", 0.0, True)]
        first = ("", 0.0, True)  # the raw reading
        for blank, pieces in self._words(kept):
            if blank:
                further = as_written = [(blank, 0.0, True)]
            else:
                further = self._read(pieces)
                text = "".join(piece.written for piece in pieces)
                as_written = [reading for reading in further if reading[0] == text]
            readings = _best(_joined(reading, more) for reading in readings for more in further)
            first = _joined(first, as_written[0])
        readings = _best([*readings, first], first)
        whole = math.fsum(math.exp(likelihood - readings[0][1]) for _, likelihood, _ in readings)
        found = [
            Suggestion(text, math.exp(likelihood - readings[0][1]) / whole, known)
            for text, likelihood, known in readings
        ]
        place = next(place for place, suggestion in enumerate(found) if suggestion.text == raw)
        return found[:most] if place < most else [*found[: most - 1], found[place]]

    def complete(self, prefix: str, most: int = 5) -> list[str]:
        """Return the most frequent words that begin like `prefix` and go on, the most frequent first."""
        start = folded(prefix)
        if not start:
            return []
        ahead, following, spellings = self._lexicon.ahead, self._lexicon.following, self._lexicon.spellings
        found: list[str] = []
        waiting = [(-ahead[start], start, False)] if start in ahead else []
        while waiting and len(found) < most:
            _, key, whole = heapq.heappop(waiting)
            if whole:
                found.append(self._shown(spellings[key][0]))
                continue
            if key in spellings and key != start:
                heapq.heappush(waiting, (-self._lexicon.words[spellings[key][0]], key, True))
            for letter in following.get(key, ""):
                heapq.heappush(waiting, (-ahead[key + letter], key + letter, False))
        return found

    def _letter(self, label: str) -> str:
        try:
            return self._letters[label]
        except KeyError:
            raise FingerspellError(
                f"{label!r} is no sign of this alphabet; write one of {', '.join(self._letters)}"
            ) from None

    def _shown(self, word: str) -> str:
        return word.upper() if self._american else word

    def _words(self, kept: Sequence[Letter]) -> list[tuple[str, tuple[_Piece, ...]]]:
        """Return blanks and words in turn."""
        holds = [letter.end - letter.start for letter in kept if letter.label != SPACE]
        usual = median_low(holds) if len(holds) > 1 else math.inf  # one hold alone is neither long nor short
        words: list[tuple[str, tuple[_Piece, ...]]] = []
        for blank, group in groupby(kept, lambda letter: letter.label == SPACE):
            several = list(group)
            if blank:
                words.append((" " * len(several), ()))
                continue
            pieces = []
            for before, letter in zip([None, *several], several):
                pieces.append(self._piece(letter, usual, before is not None and _paused(before, letter)))
            words.append(("", tuple(pieces)))
        return words

    def _piece(self, letter: Letter, usual: float, paused: bool) -> _Piece:
        keys = {folded(self._letter(letter.label)): _log(letter.probability) if not letter.candidates else _LEAST}
        doubt = _log(1 - max([letter.probability, *(share for _, share in letter.candidates)]))
        extra = _EXTRA + doubt
        for label, share in letter.candidates:
            if label == NOTHING:
                extra = max(extra, _log(share))
            elif label not in (SPACE, DELETE):
                key = folded(self._letter(label))
                keys[key] = max(keys.get(key, _LEAST), _log(share))
        written = self._letter(letter.label)
        held = letter.end - letter.start > LONG * usual
        key = folded(written)
        return _Piece(written, tuple(keys.items()), keys[key], _OUTSIDE + doubt, extra, held, letter.bounced, paused)

    def _readings(self, pieces: tuple[_Piece, ...]) -> list[Reading]:
        """Return the best readings of letters without a blank, the best first, the raw one among them."""
        states = {_State("", True, ""): 0.0, _State("", True, "", ""): 0.0}
        states = self._with_missing(states, _MISSING_FIRST)
        for piece in pieces:
            if piece.paused:
                states = self._paused(states)
            states = self._pruned(self._advanced(states, piece))
            states = self._pruned(self._with_missing(states))
        raw = "".join(piece.written for piece in pieces)
        likelihood = sum(piece.likelihood + _WENT_ON * piece.paused for piece in pieces)
        first = (raw, likelihood + self._unknown(raw), False)
        return _best([first, *(reading for state in states.items() for reading in self._finished(*state))], first)

    def _advanced(self, states: dict[_State, float], piece: _Piece) -> dict[_State, float]:
        """Return where one more letter leads."""
        ahead, following = self._lexicon.ahead, self._lexicon.following
        candidates = {key for key, _ in piece.keys}
        double = _DOUBLE_HELD if piece.held else _DOUBLE
        found: dict[_State, float] = {}

        def reach(state: _State, likelihood: float) -> None:
            if likelihood > found.get(state, -math.inf):
                found[state] = likelihood

        for (ended, known, key, written), likelihood in states.items():
            if written is not None:
                reach(_State(ended, known, "", written + piece.written), likelihood + piece.likelihood)
                continue
            reach(_State(ended, known, key), likelihood + piece.extra)
            for letters, share in piece.keys:
                longer = key + letters
                if longer in ahead:
                    reach(_State(ended, known, longer), likelihood + share)
                if len(letters) == 1 and longer + letters in ahead:
                    reach(_State(ended, known, longer + letters), likelihood + share + double)
                if piece.bounced and key.endswith(letters):
                    reach(_State(ended, known, key), likelihood + share + _BOUNCED_ONCE)
            for letter in following.get(key, ""):
                if letter not in candidates:
                    reach(_State(ended, known, key + letter), likelihood + piece.outside)
        return found

    def _with_missing(self, states: dict[_State, float], price: float = _MISSING) -> dict[_State, float]:
        found = dict(states)
        for state, likelihood in states.items():
            if state.written is None:
                for letter in self._lexicon.following.get(state.key, ""):
                    longer = state._replace(key=state.key + letter)
                    found[longer] = max(found.get(longer, -math.inf), likelihood + price)
        return found

    def _paused(self, states: dict[_State, float]) -> dict[_State, float]:
        """Return the states in which the words go on, and those in which they have ended."""
        found = {state: likelihood + _WENT_ON for state, likelihood in states.items()}
        for state, likelihood in states.items():
            for text, whole, known in self._finished(state, likelihood):
                for written in (None, ""):
                    begun = _State(text + " ", known, "", written)
                    found[begun] = max(found.get(begun, -math.inf), whole + _ENDED)
        return found

    def _pruned(self, states: dict[_State, float]) -> dict[_State, float]:
        ahead = self._lexicon.ahead

        def promise(item: tuple[_State, float]) -> float:
            state, likelihood = item
            return likelihood + (ahead[state.key] if state.written is None else self._unknown(state.written))

        best = heapq.nlargest(_BEAM, states.items(), promise)
        least = promise(best[0]) - _WINDOW if best else 0.0
        return {state: likelihood for state, likelihood in best if promise((state, likelihood)) >= least}

    def _unknown(self, word: str) -> float:
        return _UNKNOWN + self._lexicon.likeness(word)

    def _finished(self, state: _State, likelihood: float) -> list[Reading]:
        """Return what a state reads if its word ends here."""
        if state.written:
            return [(state.ended + state.written, likelihood + self._unknown(state.written), False)]
        return [
            (state.ended + self._shown(word), likelihood + self._lexicon.words[word], state.known)
            for word in self._lexicon.spellings.get(state.key, ())
        ]


class Plain:
    """Writes the signs of an alphabet for which there is no list of words, with the interface of a `Speller`.

    A sign of several characters is a word: blanks stand around it.
    """

    def __init__(self, letters: Mapping[str, str], empty: str | None = None) -> None:
        """letters: class -> what people write for it. empty: the class that shows no sign."""
        self._letters, self._empty = letters, empty

    def raw(self, letters: Iterable[Letter]) -> str:
        """Return the signs as they were written; "space" is a blank, "del" takes the one before away."""
        text, before = "", ""
        for letter in _kept(letters):
            if letter.label == self._empty:
                continue
            written = " " if letter.label == SPACE else self._letters[letter.label]
            apart = before.strip() and written.strip() and max(len(before), len(written)) > 1
            text += f" {written}" if apart else written
            before = written
        return text

    def suggest(self, letters: Sequence[Letter], most: int = 5) -> list[Suggestion]:
        """Return the text as it was written, where there is any."""
        raw = self.raw(letters)
        return [Suggestion(raw, 1.0, False)][:most] if raw.strip() else []

    def complete(self, prefix: str, most: int = 5) -> list[str]:
        """Return no word: none is known."""
        return []


def _kept(letters: Iterable[Letter]) -> list[Letter]:
    """Return the letters that are left when "del" has taken some away."""
    kept: list[Letter] = []
    for letter in letters:
        if letter.label == DELETE:
            del kept[-1:]
        elif letter.label != NOTHING:
            kept.append(letter)
    return kept


def _paused(before: Letter, letter: Letter) -> bool:
    return letter.parted or letter.start - before.end > PAUSE


def _log(share: float) -> float:
    """Return the logarithm of a share, which is not trusted to be nought."""
    return max(_LEAST, math.log(share)) if share > 0 else _LEAST


def _joined(one: Reading, other: Reading) -> Reading:
    return one[0] + other[0], one[1] + other[1], one[2] and other[2]


def _best(readings: Iterable[Reading], always: Reading | None = None) -> list[Reading]:
    """Return the best readings of different texts, the best first, and the one that is always wanted."""
    best: dict[str, Reading] = {}
    for reading in readings:
        text, likelihood, known = reading
        _, before, was_known = best.get(text, (text, -math.inf, False))
        best[text] = text, max(likelihood, before), known or was_known  # the same text as a word and as no word
    ordered = sorted(best.values(), key=lambda reading: -reading[1])
    kept = ordered[:_KEPT]
    if always and best[always[0]] not in kept:
        kept.append(best[always[0]])
    return kept
