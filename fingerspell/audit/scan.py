"""One look at every image of an archive: can it be read, what is it, which others is it nearly the same as?

The table feeds the splits and the findings.
"""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image
from scipy.fft import dctn

from fingerspell import images
from fingerspell.audit.table import Row
from fingerspell.datasets.published.archive import Archive, Reference
from fingerspell.datasets.published.catalogue import Dataset, Member
from fingerspell.errors import FingerspellError, counted
from fingerspell.processes import in_threads
from fingerspell.progress import progress

BATCH = 64  # images per task: enough that handing over costs nothing, few enough to keep memory flat
SIDE = 32  # pixels: side of a thumbnail
EDGE = 16  # pixels looked at along each side of an image
Capture = tuple[str, str]  # signer, burst


@dataclass(frozen=True, eq=False)
class Audit:
    """What one pass over the images of an archive has seen; everything in the order of `rows`."""

    rows: list[Row]
    thumbnails: np.ndarray  # uint8 (n, SIDE, SIDE): grey values 0–255; zeros where the image cannot be read
    edges: np.ndarray  # uint8 (n, 4 × EDGE, 3): RGB of outermost pixels: top, bottom, left, right; zeros likewise


def scan(dataset: Dataset, archive: Archive, hands_csv: Path | None = None, workers: int | None = None) -> Audit:
    """Look once at every labelled image of `archive`, in `workers` threads (None: one a core, or the processes of the
    scheduler that is named); one row each, sorted by member.

    `hands_csv` is the table of the rendered hands, which tells signer and burst; else folders may tell the burst. An
    image that cannot be read gets its error into its row and stops nothing. Raises FingerspellError if the table is of
    other images.
    """
    members = [member for name in archive.names if (member := dataset.parse(name))]
    captures = _captures(hands_csv, members) if hands_csv else {}
    looked = [(member, captures.get(member.name, ("", member.burst))) for member in members]
    batches = [looked[start : start + BATCH] for start in range(0, len(looked), BATCH)]
    rows: list[Row] = []
    thumbnails = np.zeros((len(looked), SIDE, SIDE), np.uint8)
    edges = np.zeros((len(looked), 4 * EDGE, 3), np.uint8)
    parts = in_threads(partial(_look, archive.reference), batches, workers)
    for seen in progress(parts, len(batches), f"audit {dataset.name}", f"times {BATCH} images"):
        place = slice(len(rows), len(rows) + len(seen.rows))
        thumbnails[place], edges[place] = seen.thumbnails, seen.edges
        rows += seen.rows
    return Audit(rows, thumbnails, edges)


def _look(reference: Reference, batch: Sequence[tuple[Member, Capture]]) -> Audit:
    """Return what is seen of some images."""
    archive = reference.opened()
    archive.fetch(member.name for member, _ in batch)
    thumbnails = np.zeros((len(batch), SIDE, SIDE), np.uint8)
    edges = np.zeros((len(batch), 4 * EDGE, 3), np.uint8)
    rows = [_look_at(archive, *image, thumbnails[at], edges[at]) for at, image in enumerate(batch)]
    hashes = perceptual_hashes(thumbnails)
    return Audit(
        [row if row.error else replace(row, phash=phash) for row, phash in zip(rows, hashes)], thumbnails, edges
    )


def _look_at(archive: Archive, member: Member, capture: Capture, thumbnail: np.ndarray, edge: np.ndarray) -> Row:
    """Return the row of one image; write its thumbnail (SIDE, SIDE) and its edge (4 × EDGE, 3) into place."""
    known = (member.name, member.label, member.part, member.number, *capture)
    try:
        data = archive.read(member.name)
        kind, note = _header(data)
        image = images.decode(data)
        thumbnail[:] = images.to_array(image, SIDE, 1, "box")[:, :, 0]
        pixels = _pixels(image)
        edge[:] = _edge(image, pixels)
    except (FingerspellError, ValueError) as error:  # Pillow cannot convert every mode
        return Row(*known, error=images.reason(error))
    return Row(
        *known,
        format=kind,
        width=image.width,
        height=image.height,
        mode=image.mode,
        brightness=round(float(thumbnail.mean()), 2),
        pixels_sha=_fingerprint(image.mode, pixels),
        note=note,
    )


def perceptual_hashes(thumbnails: np.ndarray) -> list[str]:
    """Return for each thumbnail 16 hex digits that near-duplicates share in nearly all bits.

    thumbnails: uint8 (n, SIDE, SIDE), grey. Each bit tells whether one of the 8×8 lowest frequencies of the cosine
    transform is above their median (N. Krawetz, "Looks Like It", 2011, hackerfactor.com). The bits are those of
    `imagehash.phash`, which takes one image at a time.
    """
    low = dctn(thumbnails.astype(float), axes=(1, 2))[:, :8, :8].reshape(len(thumbnails), 64)
    bits = np.packbits(low > np.median(low, axis=1, keepdims=True), axis=1)
    return [row.tobytes().hex() for row in bits]


def _header(data: bytes) -> tuple[str, str]:
    """Return an image file's format, and what is unusual about it."""
    try:
        with Image.open(BytesIO(data)) as header:
            kind, mode, turned = header.format or "", header.mode, header.getexif().get(ExifTags.Base.Orientation)
            moving = getattr(header, "is_animated", False)
    except Exception as error:  # as in images.decode
        raise FingerspellError(f"the image cannot be read ({error})") from error
    notes = {
        f"mode {mode}": mode not in ("L", "RGB"),
        f"turned upright by its EXIF orientation {turned}": turned in images.UPRIGHT,
        "several pictures, of which the first is taken": moving,
    }
    return kind, "; ".join(note for note, true in notes.items() if true)


def _pixels(image: Image.Image) -> np.ndarray:
    """Return what is seen, (h, w) or (h, w, channels): colours instead of places in a palette."""
    return np.asarray(image.convert("RGBA") if image.mode == "P" else image)


def _edge(image: Image.Image, pixels: np.ndarray) -> np.ndarray:
    """Return outermost pixels, (4 × EDGE, 1 or 3): EDGE along each side, evenly spread."""
    if image.mode not in ("L", "RGB"):
        pixels = np.asarray(image.convert("RGB"))
    down, across = (((np.arange(EDGE) + 0.5) / EDGE * side).astype(int) for side in pixels.shape[:2])
    line = np.concatenate([pixels[0, across], pixels[-1, across], pixels[down, 0], pixels[down, -1]])
    return line.reshape(4 * EDGE, -1)


def _fingerprint(mode: str, pixels: np.ndarray) -> str:
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"{mode} {width} {height}\n".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()[:16]


def _captures(hands_csv: Path, members: Sequence[Member]) -> dict[str, Capture]:
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
            f"{hands_csv} does not tell of {counted(len(missing), 'image')} of the archive, the first {missing[0]!r}; "
            "draw the images again"
        )
    return captures
