"""Which signs spell a text."""

import unicodedata

from fingerspell.datasets.published import catalogue
from fingerspell.errors import FingerspellError

BLANK = " "  # between words: the hand sinks out of the picture and comes back
DATASETS = {"american": "asl_alphabet", "arabic": "arasl"}
# Letters that have no sign of their own, by the sign that is used for them.
_ARABIC = {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ؤ": "و", "ء": "ا"}


def labels(text: str, alphabet: str) -> list[str]:
    """Return the classes that spell a text, in its order, with `BLANK` between words.

    alphabet: "american" or "arabic". Accents and vowel signs are left out, as nobody spells them. Raises
    FingerspellError for an unknown alphabet, a text without letters, or a character that has no sign.
    """
    if alphabet not in DATASETS:
        raise FingerspellError(f"there is no alphabet {alphabet!r}; choose one of {', '.join(DATASETS)}")
    signs = {letter: label for label, letter in catalogue.find(DATASETS[alphabet]).letters.items() if letter != label}
    signs |= {label: label for label in catalogue.find(DATASETS[alphabet]).letters if len(label) == 1}
    longest = max(map(len, signs))
    rest, spelt = " ".join(_folded(text, alphabet).split()), []
    while rest:
        if rest[0] == BLANK:
            spelt.append(BLANK)
            rest = rest[1:]
            continue
        found = next((rest[:length] for length in range(longest, 0, -1) if rest[:length] in signs), None)
        if found is None:
            raise FingerspellError(
                f"{rest[0]!r} has no sign in the {alphabet} alphabet; give letters {_examples(signs)} and blanks"
            )
        spelt.append(signs[found])
        rest = rest[len(found) :]
    if not spelt:
        raise FingerspellError("there is no letter to spell; give a text")
    return spelt


def _folded(text: str, alphabet: str) -> str:
    if alphabet == "american":
        return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)).upper()
    plain = (_ARABIC.get(c, c) for c in unicodedata.normalize("NFC", text) if c != "ـ")
    return "".join(c for c in plain if not unicodedata.combining(c))


def _examples(signs: dict[str, str]) -> str:
    return ", ".join(sorted(signs)[:3]) + ", …"
