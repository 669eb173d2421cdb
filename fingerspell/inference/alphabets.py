"""Alphabets: the signs that a reader knows, and how they are written.

Two come with the project, American and Arabic. Any other exported reader brings its own, under its experiment's name.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fingerspell.errors import FingerspellError
from fingerspell.inference import paths, released
from fingerspell.inference.letters import Letters
from fingerspell.inference.predictor import Predictor
from fingerspell.inference.words import LETTERS, Plain, Speller

NAMES = tuple(released.READERS)  # of those that come with the project
LANGUAGES = {"american": "en", "arabic": "ar"}


@dataclass(frozen=True, eq=False)
class Alphabet:
    """What a reader reads.

    name: one of `NAMES`, or the experiment of another reader. folder: of the exported reader. letters: class -> what
    people write for it, in the order of the classes. empty: the class that shows no sign. like: the one of `NAMES`
    whose signs these are, all or some, so that its words can be suggested; None where they are others.
    """

    name: str
    folder: Path
    letters: Mapping[str, str]
    empty: str | None
    like: str | None

    @property
    def address(self) -> str:
        """What `find` finds it by."""
        return self.name if self.name in NAMES else str(self.folder)

    @property
    def signs(self) -> dict[str, str]:
        """The letters without the class that shows none."""
        return {label: letter for label, letter in self.letters.items() if label != self.empty}

    @property
    def moving(self) -> frozenset[str]:
        """The signs that are a path, not a pose."""
        return frozenset(paths.MOVING) & self.letters.keys() if self.like == "american" else frozenset()

    @property
    def direction(self) -> str:
        """How its text is written: "rtl" or "ltr"."""
        written = "".join(self.signs.values())
        return "rtl" if any(unicodedata.bidirectional(one) in ("R", "AL") for one in written) else "ltr"

    @property
    def language(self) -> str:
        """Of its text, as browsers name it; "" where it is not known."""
        return LANGUAGES.get(self.like or "", "")

    @property
    def speller(self) -> Speller | Plain:
        """What makes a text of its letters."""
        return Speller.open(self.like) if self.like else Plain(self.letters, self.empty)

    def stable(self) -> Letters:
        """Return what makes letters of the frames of one video."""
        return Letters(tuple(self.letters), self.empty, moves=bool(self.moving))


def find(which: str | Path) -> Alphabet:
    """Return one of `NAMES`, or the alphabet of an exported reader, by its folder.

    Raises FingerspellError if there is none, its reader is not whole, or reads no hands.
    """
    if which in NAMES:
        return _of(released.find(released.READERS[str(which)]), str(which))
    folder = Path(which)
    if not folder.is_dir():
        raise FingerspellError(
            f"{folder} is neither an alphabet nor a folder; choose {' or '.join(NAMES)}, or name the folder of an "
            "exported reader, such as data/exported/NAME"
        )
    return _of(folder)


def _of(folder: Path, name: str | None = None) -> Alphabet:
    predictor = Predictor.open(folder)
    if not predictor.reads_hands:
        raise FingerspellError(f"{folder} holds a model of whole images, which finds no hands; name a reader")
    letters, empty = dict(zip(predictor.classes, predictor.letters)), predictor.description.get("empty")
    signs = {(label, letter) for label, letter in letters.items() if label != empty}
    like = next((one for one in NAMES if signs <= LETTERS[one].items()), None)
    return Alphabet(name or predictor.description["experiment"], folder.resolve(), letters, empty, name or like)
