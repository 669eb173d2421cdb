"""The three published datasets of the study: who published them, how they are laid out, what is in them."""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from fingerspell.errors import FingerspellError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
# "A17", "AIN (17)", "0017": one number, at the end. A random identifier such as "3f2a-81" tells no order.
_NUMBERED = re.compile(r"[^0-9]*?\(?([0-9]{1,9})\)?")


@dataclass(frozen=True)
class Member:
    """One image of an archive."""

    name: str  # path inside the zip
    label: str  # canonical class label
    part: str  # "train" or "test", as the publisher divided it
    number: int | None  # place in the capture order, where the file name tells it


@dataclass(frozen=True, eq=False)
class Dataset:
    """A published collection of labelled photographs or renderings, packed in one zip."""

    name: str  # the project's own key
    title: str
    publisher: str
    page: str  # address where a person can read about it and download it by hand
    version: str
    licence: str
    citation: str
    archive: str  # published file name of the zip
    folders: Mapping[str, str]  # part -> the folder that holds that part's class folders
    letters: Mapping[str, str]  # label -> what is shown to a reader; its keys are the classes
    counts: Mapping[str, Mapping[str, int]]  # part -> label -> published number of images
    empty: str | None = None  # label of the class that shows no hand
    flat_test: bool = False  # the test part is "A_test.jpg" side by side instead of class folders
    extra_files: tuple[str, ...] = ()  # published files that belong beside the archive
    kaggle: str | None = None  # "owner/slug/version"
    mendeley: tuple[str, int] | None = None  # (dataset id, version)
    size: int | None = None  # published bytes of the archive, where known
    sha256: str | None = None  # published SHA-256 of the archive, where known

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """All labels in sorted order: the class order of every experiment."""
        return tuple(sorted(self.letters))

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {label.casefold(): label for label in self.classes}

    @property
    def images(self) -> int:
        """Published number of images, all parts together."""
        return sum(sum(part.values()) for part in self.counts.values())

    def by_hand(self, file: str, folder: Path) -> str:
        """Say what a person can do when a download fails, as the end of a sentence."""
        return f"download {file} in a browser from {self.page} and put it into {folder}"

    def parse(self, member: str) -> Member | None:
        """Tell label, part and capture number from a member's path; None for anything but a labelled image.

        Folders above the published ones, upper-case suffixes and unusual file names are accepted: the class's
        folder and the part's folder decide.
        """
        path = PurePosixPath(member)
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith(".") or "__MACOSX" in path.parts:
            return None
        folders = path.parts[:-1]
        if self.flat_test and folders[-1:] == (self.folders["test"],):
            label = self._labels.get(path.stem.removesuffix("_test").casefold())
            return Member(member, label, "test", None) if label and path.stem.endswith("_test") else None
        if len(folders) < 2:
            return None
        label = self._labels.get(folders[-1].casefold())
        part = next((part for part, folder in self.folders.items() if folder == folders[-2]), None)
        if label is None or part is None:
            return None
        numbered = _NUMBERED.fullmatch(path.stem)
        return Member(member, label, part, int(numbered[1]) if numbered else None)


def find(name: str) -> Dataset:
    """Return the dataset called `name`, or raise FingerspellError with the names there are."""
    try:
        return DATASETS[name]
    except KeyError:
        raise FingerspellError(f"there is no dataset {name!r}; choose one of {', '.join(DATASETS)}") from None


_A_TO_Z = {letter: letter for letter in string.ascii_uppercase}
_ASL_WORDS = {"del": "del", "nothing": "nothing", "space": "space"}
_ARABIC = {
    "ain": ("ع", 2114), "al": ("ال", 1343), "aleff": ("ا", 1672), "bb": ("ب", 1791),
    "dal": ("د", 1634), "dha": ("ظ", 1723), "dhad": ("ض", 1670), "fa": ("ف", 1955),
    "gaaf": ("ق", 1705), "ghain": ("غ", 1977), "ha": ("ه", 1592), "haa": ("ح", 1526),
    "jeem": ("ج", 1552), "kaaf": ("ك", 1774), "khaa": ("خ", 1607), "la": ("لا", 1746),
    "laam": ("ل", 1832), "meem": ("م", 1765), "nun": ("ن", 1819), "ra": ("ر", 1659),
    "saad": ("ص", 1895), "seen": ("س", 1638), "sheen": ("ش", 1507), "ta": ("ط", 1816),
    "taa": ("ت", 1838), "thaa": ("ث", 1766), "thal": ("ذ", 1582), "toot": ("ة", 1791),
    "waw": ("و", 1371), "ya": ("ئ", 1722), "yaa": ("ي", 1293), "zay": ("ز", 1374),
}  # fmt: skip

DATASETS: dict[str, Dataset] = {
    "asl_alphabet": Dataset(
        name="asl_alphabet",
        title="ASL Alphabet",
        publisher="Akash Nagaraj (grassknoted), Kaggle",
        page="https://www.kaggle.com/datasets/grassknoted/asl-alphabet",
        version="1",
        licence="GPL-2.0",
        citation="Akash Nagaraj (2018). ASL Alphabet. Kaggle. https://doi.org/10.34740/KAGGLE/DSV/29550",
        archive="asl-alphabet.zip",
        folders={"train": "asl_alphabet_train", "test": "asl_alphabet_test"},
        letters=_A_TO_Z | _ASL_WORDS,
        counts={
            "train": dict.fromkeys(_A_TO_Z | _ASL_WORDS, 3000),
            "test": dict.fromkeys([*_A_TO_Z, "nothing", "space"], 1),
        },
        empty="nothing",
        flat_test=True,
        kaggle="grassknoted/asl-alphabet/1",
        size=1_100_887_034,
    ),
    "synthetic_asl": Dataset(
        name="synthetic_asl",
        title="Synthetic ASL Alphabet",
        publisher="Lexset, Kaggle",
        page="https://www.kaggle.com/datasets/lexset/synthetic-asl-alphabet",
        version="3",
        licence="see the dataset's page",
        citation="Lexset (2022). Synthetic ASL Alphabet. Kaggle. "
        "https://www.kaggle.com/datasets/lexset/synthetic-asl-alphabet",
        archive="synthetic-asl-alphabet.zip",
        folders={"train": "Train_Alphabet", "test": "Test_Alphabet"},
        letters=_A_TO_Z | {"Blank": "Blank"},
        counts={
            "train": dict.fromkeys([*_A_TO_Z, "Blank"], 900),
            "test": dict.fromkeys([*_A_TO_Z, "Blank"], 100),
        },
        empty="Blank",
        kaggle="lexset/synthetic-asl-alphabet/3",
        size=7_067_002_276,
        sha256="fee9a105ef0785ded6c795031fc0b25252263e782a13836645d06f175cd04373",
    ),
    "arasl": Dataset(
        name="arasl",
        title="Arabic Alphabets Sign Language Dataset (ArASL)",
        publisher="Latif, Alghazo, Mohammad, AlKhalaf and AlKhalaf, Mendeley Data",
        page="https://data.mendeley.com/datasets/y7pckrw6z2/1",
        version="1",
        licence="CC BY 4.0",
        citation="Latif, G., Mohammad, N., Alghazo, J., AlKhalaf, R., AlKhalaf, R. (2019). "
        "ArASL: Arabic Alphabets Sign Language Dataset. Data in Brief 23, 103777. "
        "https://doi.org/10.1016/j.dib.2019.103777; "
        "data: https://doi.org/10.17632/y7pckrw6z2.1",
        archive="ArASL_Database_54K_Final.zip",
        extra_files=("ArSL_Data_Labels.csv",),
        folders={"train": "ArASL_Database_54K_Final"},
        letters={label: letter for label, (letter, _) in _ARABIC.items()},
        counts={"train": {label: count for label, (_, count) in _ARABIC.items()}},
        mendeley=("y7pckrw6z2", 1),
    ),
}
