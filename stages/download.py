"""Put one dataset's archive under `data/raw/`: drawn by the project, at hand, fetched, or packed of your pictures."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from stages.places import archives
from stages.runner import run

from fingerspell import config, files
from fingerspell.datasets import own, union
from fingerspell.datasets.at_hand import find, search_folders
from fingerspell.datasets.http import require_room
from fingerspell.datasets.obtain import obtain
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.published.catalogue import Dataset
from fingerspell.datasets.rendered import draw


def main(name: str) -> None:
    params = config.load()
    settings = params.dataset(name)
    with files.write_aside(Path("data/raw") / name) as folder:
        folder.mkdir()
        read = {}
        if settings.source == "own":
            dataset = own.pack(name, settings, folder)
        elif settings.source == "rendered":
            dataset = catalogue.find(name)
            assert settings.images_per_class is not None  # it was checked with the parameters
            _draw(dataset, settings.images_per_class, params.seed, folder)
        else:
            dataset = catalogue.find(name)
            read = _obtain(dataset, folder)
        archive = folder / dataset.archive
        with Archive(archive) as opened:
            images = sum(dataset.parse(member) is not None for member in opened.names)
        source = {
            "dataset": name,
            "source": settings.source,
            "archive": archive.name,
            "sha256": files.sha256(archive),
            "size": archive.stat().st_size,
            "images": images,
        }
        files.write_json(folder / "source.json", source | read)


def _draw(dataset: Dataset, count: int, seed: int, folder: Path) -> None:
    """Put the archive of drawn hands into a folder, with the table of what they show."""
    if not dataset.collections:
        draw(dataset.name, count, seed, folder)
        return
    with TemporaryDirectory(dir=folder) as aside:
        drawn = {one.name: draw(one.name, count, seed, Path(aside, one.name)) for one in dataset.collections}
        union.join(dataset, drawn, folder / dataset.archive)
        union.join_tables({name: path.with_name("hands.csv") for name, path in drawn.items()}, folder / "hands.csv")


def _obtain(dataset: Dataset, folder: Path) -> dict[str, object]:
    """Put the published archive into a folder, with the files that belong beside it; return what it was joined from."""
    found = {one.name: obtain(one, archives()) for one in dataset.collections or (dataset,)}
    require_room(folder, sum(path.stat().st_size for path in found.values()))
    if dataset.collections:
        union.join(dataset, found, folder / dataset.archive)
    else:
        shutil.copyfile(found[dataset.name], folder / dataset.archive)
    for file in dataset.extra_files:
        if extra := find(file, search_folders(archives())):
            shutil.copyfile(extra, folder / file)
    return {"archives": {path.name: files.sha256(path) for path in found.values()}} if dataset.collections else {}


if __name__ == "__main__":
    run(main)
