"""Write the report: the whole study as one HTML file."""

from pathlib import Path

from stages.runner import run

from fingerspell import files
from fingerspell.report import gather, page


def main() -> None:
    study = gather.study()
    with files.write_aside(Path("data/report")) as folder:
        folder.mkdir()
        page.write(folder / "index.html", study)


if __name__ == "__main__":
    run(main)
