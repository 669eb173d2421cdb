"""Write every n-th image of each class of a published archive into a new zip, the same bytes each time on any machine.

    python -m tools.subset IN OUT --every N
    python -m tools.subset IN OUT --every N --dataset NAME      a dataset of the catalogue, not told by the layout
    python -m tools.subset IN OUT --every N --folder FOLDER     this folder of IN alone, names without it

Class images are those of the training part of a dataset of the catalogue; in any other zip, all images in folders.
A class's images stand in the order of the numbers in their names, along the capture. The first one taken is the first
whose number N divides, then every N-th follows: of A1 to A3000 every tenth is A10, A20, ..., and of A0 to A999 it is
A0, A10, .... Gaps in the numbers do not count. Everything else, such as the publisher's test images, is kept as it is.
"""

import argparse
import os
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath

from fingerspell import files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.progress import progress

DATE = (2020, 1, 1, 0, 0, 0)  # of every member: the bytes do not tell when they were written
PERMISSIONS = 0o644
UNIX = 3  # the maker of every member, on Windows too
_NUMBER = re.compile(r"[0-9]{1,18}")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:")


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line given, by default the process's own; raises FingerspellError where `write` does."""
    parser = argparse.ArgumentParser(prog="subset", description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path, metavar="IN", help="the zip to take images from")
    parser.add_argument("out", type=Path, metavar="OUT", help="the zip to write")
    parser.add_argument("--every", type=int, required=True, metavar="N", help="take one image of N, 1 takes all")
    parser.add_argument("--dataset", metavar="NAME", help="whose layout IN has (default: what its folders tell)")
    parser.add_argument("--folder", default="", metavar="FOLDER", help="take this folder of IN alone, as the root")
    arguments = parser.parse_args(words)
    print(write(arguments.source, arguments.out, arguments.every, arguments.dataset, arguments.folder))


def write(source: Path, out: Path, every: int, dataset: str | None = None, folder: str = "") -> str:
    """Write the subset of the zip `source` to `out`, and return what was taken, in one paragraph.

    every: 1 or more. dataset: a name of the catalogue, None for what the layout tells. folder: a path inside the zip,
    outside of which all is left out. Raises FingerspellError, with `out` as it was, if an argument is impossible, if
    `source` is no whole zip or holds no class images, or if `out` cannot be written.
    """
    if every < 1:
        raise FingerspellError(f"--every is {every}; give 1 or more")
    known = catalogue.find(dataset) if dataset else None
    with Archive(source) as archive:
        if out.exists() and os.path.samefile(source, out):
            raise FingerspellError(f"{out} is the archive to read from; name another file to write")
        if out.is_dir():
            raise FingerspellError(f"{out} is a folder; name a file to write")
        members = _below(archive, folder)
        classes = class_images(members, known)
        if not classes:
            layout = f"the layout of {dataset}" if dataset else "class folders"
            raise FingerspellError(f"{source} holds no class images in {layout}; name another archive or dataset")
        labelled = {name for names in classes.values() for name in names}
        taken = {name for names in classes.values() for name in every_nth(names, every)}
        kept = [name for name in members if name in taken or name not in labelled]
        try:
            with files.write_aside(out) as aside:
                _pack(archive, {name: members[name] for name in kept}, aside, f"writing {out.name}")
        except OSError as error:
            raise FingerspellError(f"{out} cannot be written: {error.strerror or error}") from error
        lines = [
            f"{out} is written, SHA-256 {files.sha256(out)}",
            f"class images: {len(taken):,} of {len(labelled):,}, classes: {len(classes)}, "
            f"other files: {len(kept) - len(taken):,}",
        ]
        if archive.refused:
            name, reason = min(archive.refused.items())
            lines.append(f"left out as unsafe to read: {len(archive.refused):,}, the first {name!r} ({reason})")
    return "\n".join(lines)


def class_images(names: Iterable[str], dataset: catalogue.Dataset | None = None) -> dict[str, list[str]]:
    """Return the images to choose from by class, none where there are none.

    Those of a dataset are its training part's. Without one, the dataset is taken that knows most of the names; where
    none knows any, a class is a folder that holds images.
    """
    if dataset:
        return _labelled(names, dataset)
    told = [one for one in catalogue.DATASETS.values() if not one.bare]  # class folders alone tell no dataset
    found = max((_labelled(names, one) for one in told), key=lambda one: sum(map(len, one.values())))
    return found or _folders(names)


def every_nth(names: Iterable[str], every: int) -> list[str]:
    """Return every n-th name of a class in the order of their numbers, at least one, wherever they begin to count."""
    ordered = sorted(names, key=lambda name: (_numbers(name), name))
    # Some publishers count from 0, others from 1; looked for in one stretch alone, so that no more is passed over.
    divided = (at for at, name in enumerate(ordered[:every]) if _numbers(name) and _numbers(name)[-1] % every == 0)
    return ordered[next(divided, 0) :: every]


def _below(archive: Archive, folder: str) -> dict[str, str]:
    """Return the name that each member is to have -> the one that it has, sorted."""
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    members = {name.removeprefix(prefix): name for name in archive.names if name.startswith(prefix)}
    if prefix and not members:
        raise FingerspellError(f"there is no folder {folder} in {archive.path}; `python -m zipfile -l` lists it")
    if unsafe := [name for name in members if _ABSOLUTE.match(name)]:
        raise FingerspellError(f"without {folder}, {unsafe[0]!r} in {archive.path} is an absolute path; name another")
    return members


def _labelled(names: Iterable[str], dataset: catalogue.Dataset) -> dict[str, list[str]]:
    classes = defaultdict(list)
    for member in filter(None, map(dataset.parse, names)):
        if member.part == "train":
            classes[member.label].append(member.name)
    return classes


def _folders(names: Iterable[str]) -> dict[str, list[str]]:
    classes = defaultdict(list)
    for name in names:
        path = PurePosixPath(name)
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
        if path.suffix.lower() in catalogue.IMAGE_SUFFIXES and len(path.parts) > 1 and not hidden:
            classes[str(path.parent)].append(name)
    return classes


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(map(int, _NUMBER.findall(PurePosixPath(name).stem)))


def _pack(archive: Archive, members: dict[str, str], path: Path, what: str) -> None:
    """Write members, new name -> old name, in this order and one at a time; images are compressed already."""
    with zipfile.ZipFile(path, "w") as out, closing(progress(members, len(members), what)) as names:
        for name in names:
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = UNIX
            entry.external_attr = PERMISSIONS << 16
            out.writestr(entry, archive.read(members[name]))


if __name__ == "__main__":
    try:
        main()
    except FingerspellError as error:
        sys.exit(f"subset: {error}")
    except KeyboardInterrupt:
        sys.exit("subset: interrupted")
