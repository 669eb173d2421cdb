"""Show a dataset at a glance, and what its audit found."""

from pathlib import Path

from stages.runner import run

from fingerspell import files
from fingerspell.audit import table
from fingerspell.audit.gallery import Gallery
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.plots import style


def main(name: str) -> None:
    dataset, audit = catalogue.held(Path("data/raw") / name), Path("data/audit") / name
    rows = [row for row in table.read(audit.with_suffix(".csv")) if not row.error]
    found = table.read_findings(Path(f"{audit}-findings.csv"))
    numbers = Path(f"{audit}.json").read_text(encoding="utf-8")
    with Archive(Path("data/raw") / name / dataset.archive) as archive:
        gallery = Gallery(dataset, rows, archive)
        figures, glance = gallery.figures(found), gallery.glance()
    with files.write_aside(Path("plots/audit") / name) as folder:
        folder.mkdir()
        for file, figure in figures.items():
            style.save(figure, folder / f"{file}.png")
    style.save(glance, Path(f"plots/{name}.png"))
    files.write_text(Path("metrics/audit") / f"{name}.json", numbers)


if __name__ == "__main__":
    run(main)
