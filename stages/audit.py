"""Look at every image of a dataset once; its table feeds the splits."""

from pathlib import Path

from fingerspell import audit, files
from fingerspell.datasets import catalogue
from fingerspell.datasets.archive import Archive
from stages import run


def main(name: str) -> None:
    dataset, raw = catalogue.find(name), Path("data/raw") / name
    hands = raw / "hands.csv"
    with Archive(raw / dataset.archive) as archive:
        rows = audit.audit(dataset, archive, hands if hands.exists() else None)
        summary = audit.summary(rows, archive)
    audit.write(Path(f"data/audit/{name}.csv"), rows)
    files.write_json(Path(f"data/audit/{name}.json"), summary)


if __name__ == "__main__":
    run(main)
