"""The two tables of an audit: what is known of every image, and what was found.

Findings are of these kinds:

| kind        | member                              | other                         | detail                      |
|-------------|-------------------------------------|-------------------------------|-----------------------------|
| unreadable  | labelled image                      |                               | why                         |
| stray       | file that is no labelled image      |                               |                             |
| refused     | file that is never read             |                               | why                         |
| unusual     | readable, but not plain grey or RGB |                               | what                        |
| copy        | image                               | the first with these pixels   | how many have these pixels  |
| two labels  | image                               | with these pixels, other label| both labels                 |
| near        | image                               | its nearest near-duplicate    | distance in grey levels     |
| unlike      | image far from its class            | the most usual of its class   | how far                     |
| frame       |                                     |                               | colour, share of images     |
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fingerspell import tables


@dataclass(frozen=True)
class Row:
    """What is known of one image; the columns of `data/audit/<dataset>.csv`."""

    member: str  # path inside the archive
    label: str
    part: str  # "train" or "test", as published
    number: int | None  # place in the capture order
    signer: str  # of rendered hands; else empty
    burst: str  # capture burst, where it is known: of rendered hands, of folders in class folders; else empty
    format: str = ""  # "JPEG", "PNG", …
    width: int | None = None  # pixels, upright
    height: int | None = None
    mode: str = ""  # Pillow's: "L" grey, "RGB", …
    brightness: float | None = None  # mean of the grey thumbnail, 0–255
    pixels_sha: str = ""  # first 16 hex digits of the SHA-256 of mode, size and decoded pixels
    phash: str = ""  # 64-bit perceptual hash, 16 hex digits
    cluster: int | None = None  # images that are near-duplicates of one another, directly or by others
    note: str = ""  # what is unusual about the file
    error: str = ""  # why the image cannot be read; empty when it can


def capture_order(row: Row) -> tuple[bool, int, str]:
    """Return the key that sorts images as they were taken; those without a number come last."""
    return row.number is None, row.number or 0, row.member


@dataclass(frozen=True)
class Finding:
    """One thing that was found; the columns of `data/audit/<dataset>-findings.csv`."""

    kind: str
    member: str
    other: str = ""
    detail: str = ""


def left_out(found: Iterable[Finding]) -> set[str]:
    """Return the images that the whole cleaning leaves out: unreadable, copies of others, under two labels."""
    gone = set()
    for finding in found:
        if finding.kind in ("unreadable", "copy", "two labels"):
            gone.add(finding.member)
        if finding.kind == "two labels":
            gone.add(finding.other)
    return gone


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write what is known of every image as CSV."""
    tables.write(path, Row, rows)


def read(path: Path) -> list[Row]:
    """Read what `write` wrote; raises FingerspellError if it is missing or something else."""
    return tables.read(path, Row, "table of an audit", "run the audit again")


def write_findings(path: Path, found: Iterable[Finding]) -> None:
    """Write what was found as CSV."""
    tables.write(path, Finding, found)


def read_findings(path: Path) -> list[Finding]:
    """Read what `write_findings` wrote; raises FingerspellError if it is missing or something else."""
    return tables.read(path, Finding, "table of findings", "run the audit again")
