"""Show a dataset at a glance: images of every class."""

from pathlib import Path

from fingerspell import audit
from fingerspell.datasets import catalogue
from fingerspell.datasets.archive import Archive
from fingerspell.images import decode, to_array
from fingerspell.plots import sheets, style
from stages import run

COLUMNS = 8
SIDE = 128  # pixels


def main(name: str) -> None:
    dataset = catalogue.find(name)
    by_class: dict[str, list[str]] = {label: [] for label in dataset.classes}
    for row in audit.read(Path(f"data/audit/{name}.csv")):
        if not row.error and row.part == "train":
            by_class[row.label].append(row.member)
    labels, images = [], []
    with Archive(Path("data/raw") / name / dataset.archive) as archive:
        for position, (label, members) in enumerate(by_class.items()):
            if members:
                # Another place in each class's sequence, so that the sheet shows more than its beginning.
                member = members[(position * len(members)) // len(by_class)]
                letter = dataset.letters[label]
                labels.append(label if letter == label else f"{label} {letter}")
                images.append(to_array(decode(archive.read(member)), SIDE, 3))
    style.save(sheets.contact_sheet(images, labels, COLUMNS), Path(f"plots/{name}.png"))


if __name__ == "__main__":
    run(main)
