"""The published datasets of the study: who published them, how they are laid out, what is in them.

One of your own is described beside its archive (see `datasets.own`).
"""

import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from fingerspell.errors import FingerspellError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
# "A17", "AIN (17)", "0017": one number, at the end. A random identifier such as "3f2a-81" tells no order.
_NUMBERED = re.compile(r"[^0-9]*?\(?([0-9]{1,9})\)?")
OWN = "dataset.json"  # beside the archive of a dataset that nobody published: what is known of it
_APART = 10**9  # between the capture numbers of two collections of a union: more than a name can tell


@dataclass(frozen=True)
class Member:
    """One image of an archive."""

    name: str  # path inside the zip
    label: str  # canonical class label
    part: str  # "train" or "test", as the publisher divided it
    number: int | None  # place in the capture order, where the file name tells it
    burst: str = ""  # whose pictures were taken in a row, where the folders tell it


@dataclass(frozen=True, eq=False)
class Dataset:
    """A published collection of labelled photographs or renderings, packed in one zip, or a union of several.

    The archive of a union is packed here: the members of every collection, below a folder of its name.
    """

    name: str  # the project's own key
    title: str
    publisher: str
    page: str  # address where a person can read about it and download it by hand
    version: str
    licence: str
    citation: str
    archive: str  # published file name of the zip
    folders: Mapping[str, str]  # part -> the folder that holds that part's class folders
    alphabet: str  # whose signs: american or arabic
    letters: Mapping[str, str]  # label -> what is shown to a reader; its keys are the classes
    counts: Mapping[str, Mapping[str, int]]  # part -> label -> published number of images, where known
    empty: str | None = None  # label of the class that shows no hand
    aliases: Mapping[str, str] = field(default_factory=dict)  # published name of a class's folder, small -> label
    bare: bool = False  # class folders at the root of the archive are the training part's
    flat_test: bool = False  # the test part is "A_test.jpg" side by side instead of class folders
    extra_files: tuple[str, ...] = ()  # published files that belong beside the archive
    kaggle: str | None = None  # "owner/slug/version", or "owner/slug" for the newest
    mendeley: tuple[str, int] | None = None  # (dataset id, version)
    github: tuple[str, str] | None = None  # ("owner/repository", commit)
    collections: tuple["Dataset", ...] = ()  # of a union: what it is made of
    total: int | None = None  # published number of images, where that of each class is not known
    size: int | None = None  # published bytes of the archive, where known
    sha256: str | None = None  # published SHA-256 of the archive, where known
    own: bool = False  # nobody published it; class folders at the root of the archive, bursts in folders below

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """All labels in sorted order: the class order of every experiment."""
        return tuple(sorted(self.letters))

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {label.casefold(): label for label in self.classes} | dict(self.aliases)

    @property
    def images(self) -> int:
        """Published number of images, all parts together."""
        return self.total or sum(sum(part.values()) for part in self.counts.values())

    def by_hand(self, file: str, folder: Path) -> str:
        """Say what a person can do when a download fails, as the end of a sentence."""
        if self.github:  # names the archive otherwise
            address = "https://github.com/{}/archive/{}.zip".format(*self.github)
            return f"download {address} in a browser and put it into {folder} as {file}"
        return f"download {file} in a browser from {self.page} and put it into {folder}"

    def parse(self, member: str) -> Member | None:
        """Tell label, part and capture number from a member's path; None for anything but a labelled image.

        Folders above the published ones, upper-case suffixes and unusual file names are accepted: the class's
        folder and the part's folder decide.
        """
        if self.collections:
            return self._parse_joined(member)
        path = PurePosixPath(member)
        if self.own:
            label = path.parts[0]
            burst = "/".join(path.parts[:-1]) if len(path.parts) > 2 else ""
            return Member(member, label, "train", _number(path), burst) if label in self.letters else None
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith(".") or "__MACOSX" in path.parts:
            return None
        folders = path.parts[:-1]
        if self.flat_test and folders[-1:] == (self.folders["test"],):
            named = self._labels.get(path.stem.removesuffix("_test").casefold())
            return Member(member, named, "test", None) if named and path.stem.endswith("_test") else None
        if self.bare and len(folders) == 1:
            folders = (self.folders["train"], *folders)
        if len(folders) < 2:
            return None
        known = self._labels.get(folders[-1].casefold())
        part = next((part for part, folder in self.folders.items() if folder == folders[-2]), None)
        if known is None or part is None:
            return None
        return Member(member, known, part, _number(path))

    def _parse_joined(self, member: str) -> Member | None:
        """Parse a member of a union as its collection does; its captures follow those of the collections before."""
        name, _, rest = member.partition("/")
        for place, collection in enumerate(self.collections):
            if name == collection.name and (found := collection.parse(rest)):
                number = None if found.number is None else found.number + place * _APART
                return replace(found, name=member, number=number)
        return None


def _number(path: PurePosixPath) -> int | None:
    numbered = _NUMBERED.fullmatch(path.stem)
    return int(numbered[1]) if numbered else None


def find(name: str) -> Dataset:
    """Return the published dataset called `name`, or raise FingerspellError with the names there are."""
    try:
        return DATASETS[name]
    except KeyError:
        raise FingerspellError(f"there is no dataset {name!r}; choose one of {', '.join(DATASETS)}") from None


def own(
    name: str, licence: str, alphabet: str | None = None, letters: Mapping[str, str] = {}, empty: str | None = None
) -> Dataset:
    """Return the description of a dataset of one's own; without an alphabet its signs are one of their own."""
    return Dataset(
        name=name,
        title=name,
        publisher="",
        page="",
        version="",
        licence=licence,
        citation="",
        archive=f"{name}.zip",
        folders={},
        alphabet=alphabet or name,
        letters=letters,
        counts={},
        empty=empty,
        own=True,
    )


def held(folder: Path) -> Dataset:
    """Return the dataset whose archive a folder of `data/raw` holds: the published one of its name, or one's own.

    Raises FingerspellError if it is neither.
    """
    try:
        return own(folder.name, **json.loads((folder / OWN).read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return find(folder.name)
    except (OSError, ValueError, TypeError) as error:
        raise FingerspellError(f"{folder / OWN} describes no dataset ({error}); delete {folder}") from error


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

# Folders of AASL -> labels of ArASL, whose "ya" it lacks.
_AASL = {
    "alef": "aleff", "beh": "bb", "dad": "dhad", "feh": "fa", "hah": "haa", "heh": "ha", "kaf": "kaaf", "khah": "khaa",
    "laa": "la", "lam": "laam", "noon": "nun", "qaf": "gaaf", "reh": "ra", "sad": "saad", "tah": "ta", "teh": "taa",
    "teh_marbuta": "toot", "theh": "thaa", "yeh": "yaa", "zah": "dha", "zain": "zay",
    "ain": "ain", "al": "al", "dal": "dal", "ghain": "ghain", "jeem": "jeem", "meem": "meem", "seen": "seen",
    "sheen": "sheen", "thal": "thal", "waw": "waw",
}  # fmt: skip


def _union(name: str, title: str, *several: Dataset) -> Dataset:
    """Return several collections of one alphabet as one dataset."""
    counts: dict[str, dict[str, int]] = {}
    for one in several:
        for part, published in one.counts.items():
            of_part = counts.setdefault(part, {})
            for label, count in published.items():
                of_part[label] = of_part.get(label, 0) + count
    return Dataset(
        name=name,
        title=f"{title} ({' and '.join(one.title for one in several)})",
        publisher="; ".join(one.publisher for one in several),
        page=several[0].page,
        version=", ".join(one.version for one in several),
        licence=", ".join(f"{one.licence} ({one.title})" for one in several),
        citation=" ".join(one.citation for one in several),
        archive=f"{name}.zip",
        folders={},
        alphabet=several[0].alphabet,
        letters={label: letter for one in several for label, letter in one.letters.items()},
        counts=counts,
        empty=several[0].empty,
        collections=several,
    )


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
        alphabet="american",
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
        alphabet="american",
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
        alphabet="arabic",
        letters={label: letter for label, (letter, _) in _ARABIC.items()},
        counts={"train": {label: count for label, (_, count) in _ARABIC.items()}},
        mendeley=("y7pckrw6z2", 1),
    ),
    "asl_photos": Dataset(
        name="asl_photos",
        title="ASL Alphabets",
        publisher="keptsecret, GitHub",
        page="https://github.com/keptsecret/ASLAlphabets",
        version="9702c7a7457b0af0d95a736b8950fa1a72334621",
        licence="Apache-2.0",
        citation="keptsecret. ASLAlphabets. GitHub. https://github.com/keptsecret/ASLAlphabets",
        archive="asl-photos.zip",
        folders={"train": "train"},
        alphabet="american",
        letters=_A_TO_Z | _ASL_WORDS,
        counts={"train": dict.fromkeys(_A_TO_Z | _ASL_WORDS, 1000)},
        empty="nothing",
        bare=True,
        github=("keptsecret/ASLAlphabets", "9702c7a7457b0af0d95a736b8950fa1a72334621"),
    ),
    "aasl": Dataset(
        name="aasl",
        title="RGB Arabic Alphabets Sign Language Dataset (AASL)",
        publisher="Muhammad Al-Barham and others (muhammadalbrham), Kaggle",
        page="https://www.kaggle.com/datasets/muhammadalbrham/rgb-arabic-alphabets-sign-language-dataset",
        version="newest",
        licence="CC BY-SA 4.0",
        citation="Al-Barham, M. et al. (2023). RGB Arabic Alphabets Sign Language Dataset. "
        "https://arxiv.org/abs/2301.11932",
        archive="rgb-arabic-alphabets-sign-language-dataset.zip",
        folders={"train": "RGB ArSL dataset"},
        alphabet="arabic",
        letters={label: _ARABIC[label][0] for label in _AASL.values()},
        aliases=_AASL,
        counts={},
        total=7857,
        bare=True,
        kaggle="muhammadalbrham/rgb-arabic-alphabets-sign-language-dataset",
    ),
}
DATASETS["american"] = _union("american", "American signs", DATASETS["asl_alphabet"], DATASETS["asl_photos"])
