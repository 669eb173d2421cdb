"""Put one dataset's archive under `data/raw/`: drawn by the project, at hand, or fetched from its publisher."""

import shutil
from pathlib import Path

from stages.places import archives
from stages.runner import run

from fingerspell import config, files
from fingerspell.datasets.at_hand import find, search_folders
from fingerspell.datasets.http import require_room
from fingerspell.datasets.obtain import obtain
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.rendered import draw


def main(name: str) -> None:
    params = config.load()
    settings, dataset = params.dataset(name), catalogue.find(name)
    with files.write_aside(Path("data/raw") / name) as folder:
        folder.mkdir()
        if settings.source == "rendered":
            archive = draw(name, settings.images_per_class, params.seed, folder)
        else:
            archive = folder / dataset.archive
            found = obtain(dataset, archives())
            require_room(folder, found.stat().st_size)
            shutil.copyfile(found, archive)
            for file in dataset.extra_files:
                if extra := find(file, search_folders(archives())):
                    shutil.copyfile(extra, folder / file)
        with Archive(archive) as opened:
            images = sum(dataset.parse(member) is not None for member in opened.names)
        files.write_json(
            folder / "source.json",
            {
                "dataset": name,
                "source": settings.source,
                "archive": archive.name,
                "sha256": files.sha256(archive),
                "size": archive.stat().st_size,
                "images": images,
            },
        )


if __name__ == "__main__":
    run(main)
