"""Put one set of backbone weights under `data/weights/`: none, those of ImageNet, or a file of one's own."""

from pathlib import Path

from stages.places import archives
from stages.runner import run

from fingerspell import config, files
from fingerspell.datasets import imagenet


def main(name: str) -> None:
    source = config.load().weights_source(name)
    with files.write_aside(Path("data/weights") / name) as folder:
        folder.mkdir()
        imagenet.collect(source, folder, archives())


if __name__ == "__main__":
    run(main)
