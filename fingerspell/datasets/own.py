"""Pictures of one's own as a dataset: any folder or zip of class folders, packed like a published archive.

The first folder of a picture's path is its sign; folders below that are bursts: `thumb/garden/03.jpg` is of the burst
`garden` of the sign `thumb`. A zip may hold all of it in one folder more. Beside the archive lies `dataset.json`, the
description that later stages read (`published.catalogue.held`).

A zip at a URL, such as `s3://bucket/signs.zip`, is not copied: a pointer lies in its place, and it is read by range.
"""

import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from fingerspell.config import DatasetSettings
from fingerspell.datasets.class_folders import Folder, is_image, open_set, readable
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive, write_pointer
from fingerspell.datasets.published.catalogue import OWN, Dataset
from fingerspell.datasets.published.ranges import is_url
from fingerspell.datasets.rendered import packing
from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside, write_json
from fingerspell.progress import progress


def pack(name: str, settings: DatasetSettings, folder: Path) -> Dataset:
    """Write the archive of the dataset `name` and its description into `folder`; the same pictures give the same bytes.

    What is no picture is left out; a picture that cannot be decoded is packed as it is, and told by the audit. Raises
    FingerspellError if there is no such path, if its folders are not two signs or more, or if they are not those that
    `settings` speaks of.
    """
    with _opened(settings) as images:
        members = _members(images)
        dataset = _described(name, settings, [*_count(members)])
        if isinstance(images, Archive) and is_url(images.path):
            _require_as_it_is(images, members)
            write_pointer(images, folder / dataset.archive)
        else:
            _pack(images, members, folder / dataset.archive)
    write_json(folder / OWN, {key: getattr(dataset, key) for key in ("licence", "alphabet", "letters", "empty")})
    return dataset


def _opened(settings: DatasetSettings) -> Archive | Folder:
    return Archive(settings.path) if is_url(settings.path) else open_set(Path(settings.path))


def _pack(images: Archive | Folder, members: Mapping[str, str], path: Path) -> None:
    with write_aside(path) as aside, zipfile.ZipFile(aside, "w") as archive:
        for member in progress(sorted(members), len(members), f"packing {path.stem}"):
            packing.add(archive, member, _read(images, members[member]))


def _read(images: Archive | Folder, name: str) -> bytes:
    try:
        return images.read(name)
    except FingerspellError as error:
        raise FingerspellError(f"{name} of {images.path}: {error}; mend it or take it away") from error


def _require_as_it_is(images: Archive, members: Mapping[str, str]) -> None:
    """Refuse a zip at a URL that would have to be packed anew to be read as it is."""
    if strange := [name for name in images.names if members.get(name) != name]:
        raise FingerspellError(
            f"{images.path} holds {strange[0]}, which is no picture in the folder of a sign; put the signs' folders at "
            "its root, pictures alone in them, or give the path of a copy on this machine"
        )


def count(name: str, settings: DatasetSettings) -> dict[str, int]:
    """Return how many pictures of each sign there are to be packed; raises FingerspellError as `pack` does."""
    with _opened(settings) as images:
        counts = _count(_members(images))
    _described(name, settings, [*counts])
    return counts


def _count(members: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(PurePosixPath(member).parts[0] for member in members).items()))


def _members(images: Archive | Folder) -> dict[str, str]:
    """Return path in the archive to be written -> path in the set, of every picture in a class folder."""
    zipped = isinstance(images, Archive)
    paths = {name: PurePosixPath(readable(name) if zipped else name).parts for name in images.names if is_image(name)}
    if zipped and len({parts[0] for parts in paths.values()}) == 1:
        paths = {name: parts[1:] for name, parts in paths.items()}
    members: dict[str, str] = {}
    for name, parts in paths.items():
        if len(parts) < 2:
            continue
        member = unicodedata.normalize("NFC", "/".join(parts))  # macOS takes letters with marks apart
        if members.setdefault(member, name) != name:
            raise FingerspellError(f"{images.path} holds {member} under two names that look alike; rename one")
    return members


def _described(name: str, settings: DatasetSettings, labels: list[str]) -> Dataset:
    where = f"{settings.path}, of datasets.{name},"
    if len(labels) < 2:
        has = f"only the sign {labels[0]!r}" if labels else "no picture in a folder"
        raise FingerspellError(
            f"{where} holds {has}; make a folder of pictures for each sign, named after it, and at least two of them"
        )
    folded: dict[str, str] = {}
    for label in labels:
        if folded.setdefault(label.casefold(), label) != label:
            raise FingerspellError(
                f"{where} has folders {folded[label.casefold()]!r} and {label!r}, which are one name where case does "
                "not matter; rename one, or put both together"
            )
    for key, named in {"letters": [*settings.letters], "empty": [settings.empty] if settings.empty else []}.items():
        if unknown := [label for label in named if label not in labels]:
            raise FingerspellError(
                f"datasets.{name}.{key} names {unknown[0]!r}, but {settings.path} has only {', '.join(labels)}; "
                "mend the name or add the folder"
            )
    known = _known(settings.alphabet)
    if known and (strange := [label for label in labels if label not in known]):
        raise FingerspellError(
            f"{where} has the sign {strange[0]!r}, but its alphabet, {settings.alphabet}, only {', '.join(known)}; "
            "rename the folder, or leave the alphabet out"
        )
    letters = {label: settings.letters.get(label, known.get(label, label)) for label in labels}
    _require_one_script(where, {label: letter for label, letter in letters.items() if label != settings.empty})
    return catalogue.own(name, settings.licence, settings.alphabet, letters, settings.empty)


def _known(alphabet: str | None) -> dict[str, str]:
    """Return the signs of all published collections of an alphabet, and what is written for each; none of another."""
    several = [one.letters for one in catalogue.DATASETS.values() if one.alphabet == alphabet]
    return {label: letter for letters in several for label, letter in letters.items()}


def _require_one_script(where: str, letters: Mapping[str, str]) -> None:
    """Refuse letters that are written in two directions: no text can be made of them."""
    written: dict[str, list[str]] = defaultdict(list)
    for label, letter in letters.items():
        for direction in _directions(letter):
            written[direction].append(label if label == letter else f"{label} ({letter})")
    if len(written) > 1:
        left, right = (", ".join(written[direction][:3]) for direction in ("L", "R"))
        raise FingerspellError(
            f"{where} mixes alphabets: {left} are written to the right, {right} to the left, and a text runs one way; "
            "make two datasets of them, or give all `letters` of one script"
        )


def _directions(text: str) -> Iterable[str]:
    """Return "L" where a text has letters that are written to the right, "R" to the left; neither in 👍."""
    classes = {unicodedata.bidirectional(one) for one in text}
    return [way for way, members in {"L": {"L"}, "R": {"R", "AL"}}.items() if classes & members]
