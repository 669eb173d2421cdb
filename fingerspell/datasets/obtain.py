"""Getting a published archive: one that a person already has, else the publisher's."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from fingerspell.datasets import kaggle, mendeley
from fingerspell.datasets.archive import Archive
from fingerspell.datasets.catalogue import Dataset
from fingerspell.errors import FingerspellError
from fingerspell.files import sha256

VARIABLE = "FINGERSPELL_ARCHIVES"
MARGIN = 2**28  # bytes of disk to leave free


def obtain(dataset: Dataset, archives: Path, mendeley_url: str = mendeley.BASE) -> Path:
    """Return the path of the dataset's archive, checked to hold every class of it.

    An archive under its published name in the folder that FINGERSPELL_ARCHIVES names, or in `archives`, is
    used as it is and may hold a part of the published images; a printed sentence says how many. Otherwise
    it is downloaded into `archives`, with the extra files beside it. Raises FingerspellError; no file that is
    not whole ever gets a published name.
    """
    archive = find(dataset.archive, search_folders(archives))
    if archive is None:
        archive = fetch(dataset, archives, mendeley_url)
    print(check(dataset, archive))
    return archive


def search_folders(archives: Path) -> list[Path]:
    """Return where to look for archives at hand, in order; raises FingerspellError on a wrong variable."""
    named = os.environ.get(VARIABLE)
    if not named:
        return [archives]
    if not Path(named).is_dir():
        raise FingerspellError(f"{VARIABLE} names {named}, which is no folder; correct it or unset it")
    return [Path(named), archives]


def find(file: str, folders: Iterable[Path]) -> Path | None:
    """Return the first file of that name in `folders`, or None."""
    return next((folder / file for folder in folders if (folder / file).is_file()), None)


def check(dataset: Dataset, path: Path) -> str:
    """Say how much of the published dataset an archive holds.

    Raises FingerspellError if it is no zip, another dataset's, or lacks a class.
    """
    with Archive(path) as archive:
        members = [member for name in archive.names if (member := dataset.parse(name))]
    if not members:
        raise FingerspellError(
            f"{path} is not the archive of {dataset.title}: it has no folder {dataset.folders['train']} with "
            f"class folders; {dataset.by_hand(dataset.archive, path.parent)}"
        )
    found = Counter(member.label for member in members if member.part == "train")
    if missing := [label for label in dataset.classes if not found[label]]:
        raise FingerspellError(
            f"{path} has no images in {dataset.folders['train']} for "
            f"{'class' if len(missing) == 1 else 'classes'} {', '.join(missing)}; add them or "
            f"{dataset.by_hand(dataset.archive, path.parent)}"
        )
    if len(members) == dataset.images:
        return f"{path}: all {dataset.images:,} published images of {dataset.title}"
    return f"{path}: {len(members):,} images of {dataset.title}, which has {dataset.images:,} as published"


def fetch(dataset: Dataset, archives: Path, mendeley_url: str = mendeley.BASE) -> Path:
    """Download the archive and the extra files into `archives` and return the archive's path."""
    archives.mkdir(parents=True, exist_ok=True)
    print(f"downloading {dataset.archive} from {dataset.page} (licence: {dataset.licence})")
    try:
        if dataset.kaggle:
            _fetch_from_kaggle(dataset, archives)
        else:
            _fetch_from_mendeley(dataset, archives, mendeley_url)
    except FingerspellError as error:
        raise FingerspellError(f"{error}; or {dataset.by_hand(dataset.archive, archives)}") from error
    except OSError as error:
        raise FingerspellError(
            f"{dataset.archive} cannot be written to {archives}: {error.strerror or error}; make room or "
            "correct the folder's permissions"
        ) from error
    return archives / dataset.archive


def _fetch_from_kaggle(dataset: Dataset, archives: Path) -> None:
    staging = archives / f"{dataset.archive}.partial"
    staging.mkdir(exist_ok=True)
    here = sum(file.stat().st_size for file in staging.iterdir())
    _check_room(archives, (dataset.size or 0) - here)
    arrived = kaggle.download(dataset.kaggle, staging)
    wrong_size = dataset.size and arrived.stat().st_size != dataset.size
    if wrong_size or (dataset.sha256 and sha256(arrived) != dataset.sha256):
        shutil.rmtree(staging)
        raise FingerspellError(
            f"what arrived for {dataset.archive} is not the published version {dataset.version} (its size or "
            "SHA-256 differs) and was deleted"
        )
    arrived.replace(archives / dataset.archive)
    shutil.rmtree(staging)


def _fetch_from_mendeley(dataset: Dataset, archives: Path, url: str) -> None:
    files = mendeley.list_files(*dataset.mendeley, url)
    # The archive comes last: once it is there, nothing else is missing.
    for name in (*dataset.extra_files, dataset.archive):
        if name not in files:
            raise FingerspellError(f"{dataset.page} no longer lists {name}")
        if not (archives / name).is_file():
            _check_room(archives, files[name].size)
            mendeley.download(files[name], archives / name)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + MARGIN:
        raise FingerspellError(
            f"{folder} has {free / 1e9:.1f} GB free and needs {(needed + MARGIN) / 1e9:.1f} GB; make room"
        )
