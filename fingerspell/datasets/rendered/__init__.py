"""Hands drawn by the project itself, packed in the layout of the published collections."""

import csv
import io
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fingerspell.datasets.published import catalogue
from fingerspell.datasets.rendered import packing
from fingerspell.datasets.rendered.drawing import Frame, draw_burst
from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside, write_text
from fingerspell.processes import in_processes
from fingerspell.progress import progress

HEADER = ["member", "label", "signer", "burst", "hand", *(f"{axis}{j}" for j in range(21) for axis in "xy")]


def draw(dataset_name: str, images_per_class: int, seed: int, folder: Path, workers: int | None = None) -> Path:
    """Draw a collection into `folder` and return the archive's path.

    Beside the archive, under its published name, lie `hands.csv` (member, label, signer, burst, hand, and
    the 21 keypoints x0, y0 … x20, y20 in pixels of the stored image; empty fields where there is no hand)
    and, for arasl, the publisher's table of labels. `images_per_class` is the mean for arasl, whose classes
    are unequal, and counts training and test images together for synthetic_asl. The bytes depend on the
    first three arguments alone. Raises FingerspellError for a collection that is unknown or cannot be drawn, or
    fewer than two images per class.
    """
    dataset = catalogue.find(dataset_name)
    if dataset_name not in packing.LAYOUTS:
        raise FingerspellError(
            f"{dataset_name} cannot be drawn; set datasets.{dataset_name}.source to original, or choose one of "
            f"{', '.join(packing.LAYOUTS)}"
        )
    if images_per_class < 2:
        raise FingerspellError(f"images_per_class is {images_per_class}; {dataset_name} needs at least 2.")
    folder = Path(folder)
    archive_path = folder / dataset.archive
    bursts = packing.plan(dataset_name, images_per_class, seed)
    total = sum(len(burst.shots) for burst in bursts)
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(HEADER)
    first: dict[str, bytes] = {}
    with write_aside(archive_path) as aside, zipfile.ZipFile(aside, "w") as archive:
        for frame in progress(_frames(dataset_name, bursts, seed, workers), total, f"drawing {dataset_name}"):
            packing.add(archive, frame.member, frame.data)
            rows.writerow(frame.row)
            if dataset_name == "synthetic_asl":
                first.setdefault(frame.row[1], frame.data)
        if first:
            packing.add(archive, packing.OVERVIEW, packing.overview(first))
    write_text(folder / "hands.csv", table.getvalue())
    if dataset_name == "arasl":
        write_text(folder / dataset.extra_files[0], packing.labels_csv(bursts))
    return archive_path


def _frames(dataset: str, bursts: list[packing.Burst], seed: int, workers: int | None) -> Iterator[Frame]:
    """Yield all frames in order; bursts are drawn in `workers` processes (None: one a core; 1: in this one)."""
    task = partial(draw_burst, dataset, seed=seed)
    for frames in in_processes(task, bursts, workers, chunksize=4):
        yield from frames
