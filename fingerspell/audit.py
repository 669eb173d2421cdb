"""One look at every image of an archive: can it be read, what is it, which others is it a copy of?

The table feeds the splits and the plots of the exploration.
"""

import csv
import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from io import BytesIO
from itertools import chain, combinations
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from fingerspell import images
from fingerspell.datasets.archive import Archive
from fingerspell.datasets.catalogue import Dataset, Member
from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside
from fingerspell.progress import progress

BATCH = 64  # images per task: enough that handing over costs nothing, few enough to keep memory flat
NAMED = 20  # at most this many names are listed in the summary


@dataclass(frozen=True)
class Row:
    """What is known of one image; the columns of `data/audit/<dataset>.csv`."""

    member: str  # path inside the archive
    label: str
    part: str  # "train" or "test", as published
    number: int | None  # place in the capture order
    signer: str  # of rendered hands; else empty
    burst: str  # capture burst of rendered hands; else empty
    format: str = ""  # "JPEG", "PNG", …
    width: int | None = None  # pixels, upright
    height: int | None = None
    mode: str = ""  # Pillow's: "L" grey, "RGB", …
    brightness: float | None = None  # mean of the grey image, 0–255
    pixels_sha: str = ""  # first 16 hex digits of the SHA-256 of mode, size and decoded pixels
    phash: str = ""  # 64-bit difference hash, 16 hex digits
    error: str = ""  # why the image cannot be read; empty when it can


def audit(dataset: Dataset, archive: Archive, hands_csv: Path | None = None, workers: int = 2) -> list[Row]:
    """Look once at every labelled image of `archive`, in `workers` threads; one row each, sorted by member.

    `hands_csv` is the table of the rendered hands, which tells signer and burst. An image that cannot be read
    gets its error into its row and stops nothing. Raises FingerspellError if the table is of other images.
    """
    members = [member for name in archive.names if (member := dataset.parse(name))]
    captures = _captures(hands_csv, members) if hands_csv else {}
    batches = (members[start : start + BATCH] for start in range(0, len(members), BATCH))

    def look(batch: Sequence[Member]) -> list[Row]:
        return [_look(archive, member, *captures.get(member.name, ("", ""))) for member in batch]

    with ThreadPoolExecutor(workers) as pool:
        # Pillow, zlib and hashlib all work outside the interpreter lock, so threads do.
        pending: deque = deque()

        def stream() -> Iterator[list[Row]]:
            for batch in batches:
                pending.append(pool.submit(look, batch))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

        return list(progress(chain.from_iterable(stream()), len(members), f"audit {dataset.name}"))


def _look(archive: Archive, member: Member, signer: str, burst: str) -> Row:
    known = (member.name, member.label, member.part, member.number, signer, burst)
    try:
        data = archive.read(member.name)
        image = images.decode(data)
    except FingerspellError as error:
        return Row(*known, error=_short(error))
    with Image.open(BytesIO(data)) as header:
        kind = header.format or ""
    grey = image if image.mode == "L" else image.convert("L")
    return Row(
        *known,
        format=kind,
        width=image.width,
        height=image.height,
        mode=image.mode,
        brightness=round(float(np.asarray(grey).mean()), 2),
        pixels_sha=_fingerprint(image),
        phash=difference_hash(grey),
    )


def difference_hash(grey: Image.Image) -> str:
    """Return 16 hex digits that near-duplicates share in nearly all bits.

    The grey image is shrunk to 9×8; each bit, row by row from the most significant, says whether a pixel is
    darker than its right neighbour (N. Krawetz, "Kind of Like That", 2013, hackerfactor.com).
    """
    small = np.asarray(grey.resize((9, 8), Image.Resampling.BOX))
    return np.packbits(small[:, :-1] < small[:, 1:]).tobytes().hex()


def _fingerprint(image: Image.Image) -> str:
    digest = hashlib.sha256(f"{image.mode} {image.width} {image.height}\n".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()[:16]


def _short(error: FingerspellError) -> str:
    """One line that is the same in every run: Pillow's message for a foreign file holds a memory address."""
    cause = error.__cause__
    if isinstance(cause, UnidentifiedImageError):
        return "not an image"
    return " ".join(str(cause or error).split()) or type(cause).__name__


def _captures(hands_csv: Path, members: Sequence[Member]) -> dict[str, tuple[str, str]]:
    try:
        with open(hands_csv, newline="", encoding="utf-8") as file:
            captures = {row["member"]: (row["signer"], row["burst"]) for row in csv.DictReader(file)}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise FingerspellError(
            f"{hands_csv} is no table of rendered hands ({error!r}); draw the images again"
        ) from error
    missing = [member.name for member in members if member.name not in captures]
    if missing:
        raise FingerspellError(
            f"{hands_csv} does not tell of {missing[0]!r} and {len(missing) - 1} more images of the archive; "
            "draw the images again"
        )
    return captures


def summary(rows: Sequence[Row], archive: Archive) -> dict:
    """Count images, classes, sizes, copies, and what is in the archive besides.

    `copies`: `groups` of pixel-identical images, `extra` images beyond the first of each group, and
    `labels`, for every pair of labels, the number of groups that carry both.
    """
    readable = [row for row in rows if not row.error]
    known = {row.member for row in rows}
    same: dict[str, list[Row]] = defaultdict(list)
    for row in readable:
        same[row.pixels_sha].append(row)
    copies = [group for group in same.values() if len(group) > 1]
    conflicts = Counter(
        f"{one}/{other}" for group in copies for one, other in combinations(sorted({row.label for row in group}), 2)
    )
    classes: dict[str, Counter] = defaultdict(Counter)
    for row in rows:
        classes[row.label][row.part] += 1
    return {
        "images": len(rows),
        "unreadable": _named([f"{row.member}: {row.error}" for row in rows if row.error]),
        "stray": _named([name for name in archive.names if name not in known]),
        "refused": _named([f"{name}: {reason}" for name, reason in sorted(archive.refused.items())]),
        "formats": _counted(row.format for row in readable),
        "modes": _counted(row.mode for row in readable),
        "sizes": _counted(f"{row.width}x{row.height}" for row in readable),
        "brightness": round(float(np.mean([row.brightness for row in readable])), 2) if readable else None,
        "copies": {
            "groups": len(copies),
            "extra": sum(len(group) - 1 for group in copies),
            "labels": dict(sorted(conflicts.items())),
        },
        "classes": {label: dict(sorted(classes[label].items())) for label in sorted(classes)},
    }


def _named(names: list[str]) -> dict:
    return {"count": len(names), "names": names[:NAMED]}


def _counted(values: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write the table as CSV; an unknown value is an empty field."""
    with write_aside(path) as aside, open(aside, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Row))
        writer.writerows(astuple(row) for row in rows)


def read(path: Path) -> list[Row]:
    """Read a table that `write` wrote; raises FingerspellError if it is missing or something else."""
    number = {"number": int, "width": int, "height": int, "brightness": float}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            if header != [field.name for field in fields(Row)]:
                raise ValueError(f"its columns are {', '.join(header)}")
            rows = []
            for values in lines:
                cells = dict(zip(header, values, strict=True))
                for name, kind in number.items():
                    cells[name] = kind(cells[name]) if cells[name] else None
                rows.append(Row(**cells))
            return rows
    except (OSError, ValueError, csv.Error) as error:
        raise FingerspellError(f"{path} is no table of an audit ({error}); run the audit again") from error
