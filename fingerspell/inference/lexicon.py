"""Words of English and Arabic with how often they are used, from the lists of pyspellchecker (MIT licence)."""

import gzip
import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, islice, pairwise
from operator import add

from fingerspell.errors import FingerspellError

# How often a word must have been counted. Below 51 the English list holds words from dictionaries, which are no slips;
# the Arabic one is counted from subtitles as they were typed, so that rare words often are. Short words lie one letter
# from everything: they must be frequent.
_LEAST = {"american": {1: 1_000_000, 2: 3000, 3: 500}, "arabic": {2: 3000, 3: 500}}
_LEAST_OF_LONG = {"american": 50, "arabic": 100}
_FILES = {"american": "en.json.gz", "arabic": "ar.json.gz"}
_SPELT = {"american": re.compile("[a-z]+"), "arabic": re.compile("[ء-غف-يٱ]{2,}")}
# Contractions that people write without thinking: don't, it's, we'll. Below are possessives of any noun.
_LEAST_OF_CONTRACTIONS = 100_000
_CONTRACTION = re.compile("[a-z]+'[a-z]+")

# What is signed with one hand shape, or with none: the carriers of hamza and the two forms of final ya are one sign
# each, and hamza alone has none.
_FOLDED = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ؤ": "و", "ء": "", "'": ""})

# Words of fingerspelling are names and nouns more than "the" and "of": frequencies count by this power.
_POWER = 0.6

_TELLING = 40_000  # words, from the most frequent, whose letters tell what a word looks like
_RAREST = -5.0  # logarithmic share of a letter after another, at least: names come from every language


def folded(word: str) -> str:
    """Return the key of a word: small letters as they are signed, so that أن and ان have the same one."""
    return word.lower().translate(_FOLDED)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Words of one language by their keys.

    words: word -> its logarithmic share of all, the most frequent first. spellings: key -> the words that have it, the
    most frequent first. ahead: every beginning of a key -> the largest share of a word that begins so. following: every
    beginning -> the letters that can come next. pairs: two letters, or a blank at the end of a word -> logarithmic
    share of the second after the first, which tells a name from letters that form no word.
    """

    words: Mapping[str, float]
    spellings: Mapping[str, tuple[str, ...]]
    ahead: Mapping[str, float]
    following: Mapping[str, str]
    pairs: Mapping[str, float]

    def likeness(self, word: str) -> float:
        """Return how likely letters are to be some word, listed or not, as a logarithm."""
        key = f" {folded(word)}"
        return sum(self.pairs.get(first + second, _RAREST) for first, second in pairwise(key))


@cache
def lexicon(alphabet: str) -> Lexicon:
    """Load the words of an alphabet, "american" or "arabic"; raises FingerspellError for another name."""
    words = _shares(_counts(alphabet))
    spellings: dict[str, tuple[str, ...]] = {}
    ahead: dict[str, float] = {"": max(words.values())}
    following: dict[str, str] = {}
    for word, share in words.items():
        key = folded(word)
        spellings[key] = (*spellings.get(key, ()), word)
        beginning = key
        while beginning and beginning not in ahead:
            ahead[beginning] = share
            beginning, letter = beginning[:-1], beginning[-1]
            following[beginning] = following.get(beginning, "") + letter
    return Lexicon(words, spellings, ahead, following, _pairs(islice(spellings, _TELLING)))


def _pairs(keys: Iterable[str]) -> dict[str, float]:
    counts = Counter(chain.from_iterable(map(add, f" {key}", f"{key} ") for key in keys))
    firsts: Counter[str] = Counter()
    for pair, count in counts.items():
        firsts[pair[0]] += count
    return {pair: max(_RAREST, math.log(count / firsts[pair[0]])) for pair, count in counts.items()}


def _counts(alphabet: str) -> dict[str, int]:
    """Return the words that are kept with their counts, the most frequent first."""
    if alphabet not in _FILES:
        raise FingerspellError(f"there are no words for the alphabet {alphabet!r}; choose one of {', '.join(_FILES)}")
    packed = (files("spellchecker") / "resources" / _FILES[alphabet]).read_bytes()
    counts: dict[str, int] = json.loads(gzip.decompress(packed))
    least, of_long, spelt = _LEAST[alphabet], _LEAST_OF_LONG[alphabet], _SPELT[alphabet]
    kept = {
        word: count
        for word, count in counts.items()
        if (count >= least.get(len(word), of_long) and spelt.fullmatch(word))
        or (count >= _LEAST_OF_CONTRACTIONS and _CONTRACTION.fullmatch(word))
    }
    return dict(sorted(kept.items(), key=lambda item: (-item[1], item[0])))


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    whole = math.log(math.fsum(count**_POWER for count in counts.values()))
    return {word: _POWER * math.log(count) - whole for word, count in counts.items()}


# What a list of common words is not to show to whoever learns: curses, violence, and noises that are no words.
_RUDE = re.compile(
    "(mother|bull|dumb|jack|god|horse|dip|smart|bad|fat|half)?(fuck|shit|bitch|cunt|slut|whor|bastard|nigg|damn|ass(es|hole)?s?$)"
    "|(fag|pussy|penis|vagin|porn|rap(e|ist)|sex|nude|naked|piss|crap|boob|tits?$|hooker|prostit|suicid|murder|kill|nazi"
    "|idiot|moron|stupid|drugs?|heroin$|cocain|christ$|jesus|retard|gays?$|lesb|jew(s|ish)?$|negro|hell$|bloody|orgasm"
    "|condom|pimp|jerk|scum|butts?$|arse|dick|cocks?$|screw)"
    "|.*(عاهر|لعن|لعين|وغد|سافل|حقير|داعر|غتص|شاذ|قحب|جنس|قذر|غبي|حمق|سحقا|قتل|جثة|انتح|مخدر|كوكا)"
)
_NOISE = re.compile(
    r"[^aeiouyء-ي]+|.*(.)\1\1.*|[uae]+h+|[ou]h.*|he+y|hu+h|.*mm|u+gh?|wo+w|ye+ah?|yep|nope|ok"
    "|gonna|wanna|gotta|gimme|lemme|kinda|dunno|cannot"
)
_COMMON = {"american": 5000, "arabic": 8000}  # words, from the most frequent
_COMMON_SHORT = 24  # of two letters
_JOINED = ("لا", "يا", "ما")  # written onto the next word by many


@cache
def _common(alphabet: str) -> tuple[str, ...]:
    """Return frequent words of letters that are signed as they are written, whose spelling nobody doubts."""
    whole = lexicon(alphabet)
    signed = re.compile("[a-z]+" if alphabet == "american" else "[ابة-غف-هوي]+")
    frequent = list(islice(whole.words, _COMMON[alphabet]))
    short = [word for word in frequent if len(word) == 2][:_COMMON_SHORT]
    return tuple(
        word
        for word in frequent
        if signed.fullmatch(word)
        and (len(word) > 2 or word in short)
        and not _RUDE.match(word)
        and not _NOISE.fullmatch(word)
        and (alphabet == "american" or _sure(word, whole))
    )


def _sure(word: str, whole: Lexicon) -> bool:
    """Tell whether an Arabic word is no slip: no other spelling is near it, and it is no two words in one."""
    others = [other for other in whole.spellings[folded(word)] if other != word]
    if word.endswith("ه"):
        others.append(word[:-1] + "ة")
    elif word.endswith("ة"):
        others.append(word[:-1] + "ه")
        return whole.words[word] >= max(whole.words.get(other, -math.inf) for other in others)
    rare = whole.words[word] + _POWER * math.log(0.05)
    if any(whole.words.get(other, -math.inf) > rare for other in others):
        return False
    rest = word[2:] if word.startswith(_JOINED) else ""
    return len(rest) < 3 or whole.words.get(rest, -math.inf) < whole.words[word]


def sample(alphabet: str, count: int, seed: int, shortest: int = 2, longest: int = 12) -> list[str]:
    """Return different common words of `shortest` to `longest` letters, the same ones for the same seed.

    American words are in capitals; Arabic ones hold only letters that have a sign. Raises FingerspellError where there
    are not so many.
    """
    words = [word for word in _common(alphabet) if shortest <= len(word) <= longest]
    if not 0 <= count <= len(words):
        raise FingerspellError(
            f"there are {len(words)} common words of {shortest} to {longest} letters, not {count}; ask for fewer"
        )
    chosen = random.Random(seed).sample(words, count)
    return [word.upper() for word in chosen] if alphabet == "american" else chosen
