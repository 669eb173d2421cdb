"""Getting a published archive: one that a person already has, else the publisher's."""

from collections import Counter
from pathlib import Path

from fingerspell.datasets import at_hand, github, http, kaggle, mendeley
from fingerspell.datasets.published.archive import ENCRYPTED, Archive
from fingerspell.datasets.published.catalogue import Dataset
from fingerspell.errors import FingerspellError, counted
from fingerspell.files import sha256
from fingerspell.progress import progress


def obtain(dataset: Dataset, archives: Path, mendeley_url: str = mendeley.BASE, github_url: str = github.BASE) -> Path:
    """Return the path of the dataset's archive, checked to hold every class of it.

    An archive under its published name in the folder that FINGERSPELL_ARCHIVES names, or in `archives`, is
    used as it is and may hold a part of the published images; a printed sentence says how many. Otherwise
    it is downloaded into `archives`, with the extra files beside it. Raises FingerspellError; no file that is
    not whole ever gets a published name.
    """
    archive = at_hand.find(dataset.archive, at_hand.search_folders(archives))
    if archive is None:
        archive = fetch(dataset, archives, mendeley_url, github_url)
    print(check(dataset, archive))
    return archive


def check(dataset: Dataset, path: Path) -> str:
    """Say how much of the published dataset an archive holds.

    Raises FingerspellError if it is no zip, damaged, another dataset's, or lacks a class.
    """
    with Archive(path) as archive:
        members = [member for name in archive.names if (member := dataset.parse(name))]
        refused = Counter(reason for name, reason in archive.refused.items() if dataset.parse(name))
    if refused and not members:
        remedy = " without a password" if ENCRYPTED in refused else ""
        raise FingerspellError(
            f"none of the {refused.total():,} images in {path} is read ({_reasons(refused)}); unpack it and "
            f"zip it again{remedy}, or {dataset.by_hand(dataset.archive, path.parent)}"
        )
    if not members:
        raise FingerspellError(
            f"{path} is not the archive of {dataset.title}: it has no folder {dataset.folders['train']} with "
            f"class folders; {dataset.by_hand(dataset.archive, path.parent)}"
        )
    found = {part: Counter(member.label for member in members if member.part == part) for part in dataset.folders}
    if missing := [label for label in dataset.classes if not found["train"][label]]:
        raise FingerspellError(
            f"{path} has no images in {dataset.folders['train']} for "
            f"{'class' if len(missing) == 1 else 'classes'} {', '.join(missing)}"
            f"{f' that are read (not read: {_reasons(refused)})' if refused else ''}; add them or "
            f"{dataset.by_hand(dataset.archive, path.parent)}"
        )
    if dataset.sha256 and path.stat().st_size == dataset.size and sha256(path) != dataset.sha256:
        raise FingerspellError(
            f"{path} has the size of the published archive, but not its SHA-256, so it is damaged; delete it and "
            f"run the same command again, or {dataset.by_hand(dataset.archive, path.parent)}"
        )
    return f"{path}: {_extent(dataset, found)}{f'; not read: {_reasons(refused)}' if refused else ''}"


def _reasons(refused: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in refused.most_common())


def _extent(dataset: Dataset, found: dict[str, Counter[str]]) -> str:
    """Say how many of the published images are there, by part, and where there are more than were published."""
    if dataset.total:
        images = counted(sum(counter.total() for counter in found.values()), "image")
        return f"{images} of {dataset.title}, which has {dataset.total:,} as published"
    if all(found[part] == Counter(counts) for part, counts in dataset.counts.items()):
        return f"all {dataset.images:,} published images of {dataset.title}"
    parts = [
        f"{part} {found[part].total():,} of {sum(counts.values()):,}"
        for part, counts in dataset.counts.items()
        if counts
    ]
    more = [
        f"{part}/{label} ({number:,} instead of {dataset.counts[part].get(label, 0):,})"
        for part, counter in found.items()
        for label, number in sorted(counter.items())
        if number > dataset.counts[part].get(label, 0)
    ]
    total = sum(counter.total() for counter in found.values())
    images = counted(total, "image")
    sentence = f"{images} of {dataset.title}, which has {dataset.images:,} as published ({', '.join(parts)})"
    return f"{sentence}; more than published in {', '.join(more)}" if more else sentence


def fetch(dataset: Dataset, archives: Path, mendeley_url: str = mendeley.BASE, github_url: str = github.BASE) -> Path:
    """Download the archive and the extra files into `archives` and return the archive's path."""
    print(f"downloading {dataset.archive} from {dataset.page} (licence: {dataset.licence})")
    try:
        archives.mkdir(parents=True, exist_ok=True)
        if dataset.kaggle:
            files = kaggle.published(dataset)
        elif dataset.mendeley:
            files = mendeley.published(dataset, mendeley_url)
        else:
            files = github.published(dataset, github_url)
        # The archive comes last: once it is there, nothing else is missing.
        for name in (*dataset.extra_files, dataset.archive):
            if name not in files:
                raise FingerspellError(f"{dataset.page} no longer lists {name}")
            if at_hand.find(name, [archives]) is None:
                _fetch(files[name], archives / name)
    except FingerspellError as error:
        raise FingerspellError(f"{error}; or {dataset.by_hand(dataset.archive, archives)}") from error
    except OSError as error:
        raise FingerspellError(
            f"{dataset.archive} cannot be written to {archives}: {error.strerror or error}; make room or "
            "correct the folder's permissions"
        ) from error
    return archives / dataset.archive


def _fetch(file: http.RemoteFile, target: Path) -> None:
    at_hand.recorded(target)  # a record that cannot be read is told before what takes an hour

    def accept(arrived: Path) -> None:
        if not file.digest:
            _check_members(arrived, file.name)
        at_hand.record(target, arrived)

    http.download(file, target, accept)


def _check_members(path: Path, name: str) -> None:
    """Read every member once: where no digest is published, the zip's own checksums are all there is."""
    try:
        with Archive(path) as archive:
            for member in progress(archive.names, len(archive.names), f"check {name}", "files"):
                archive.read(member)
    except FingerspellError as error:
        raise FingerspellError(
            f"what arrived for {name} is damaged ({error}) and was deleted; run the same command again"
        ) from error
