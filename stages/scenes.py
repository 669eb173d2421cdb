"""Gather what an experiment's training images are composed of: drawn hands, hands cut out of its own photographs, these
photographs, and backgrounds; and with them the prepared images, on which it is validated."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fingerspell import config, files, hands, preparation
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.hands import Hands
from fingerspell.plots import sheets, style
from fingerspell.training.compositing import trimmed
from stages import run

PART = 256  # hands that are copied at a time
ROOMS = 1000  # photographs whose walls stand in for empty rooms where there are none
SHOWN = 48  # cut-outs on the sheet
GREEN = np.array([60, 140, 60])  # what they are shown on


def main(name: str) -> None:
    params = config.load()
    experiment = params.experiment(name)
    scenes = experiment.scenes
    if scenes is None:
        raise FingerspellError(f"experiments.{name}.scenes is null; set it, or leave this stage out")
    dataset = catalogue.find(experiment.dataset)
    prepared = preparation.Prepared.open(Path("data/prepared") / name)
    drawn = Path("data/hands") / scenes.hands
    rendered = Hands.open(drawn)
    side = rendered.sheets.shape[1]
    training = prepared.rows("train")
    labels = np.array(prepared.classes)[prepared.labels[training]]
    with files.write_aside(Path("data/scenes") / name) as folder:
        folder.mkdir()
        for file in (prepared.folder / "images.npy", prepared.folder / "table.csv", prepared.folder / "prepared.json"):
            shutil.copyfile(file, folder / file.name)
        shutil.copyfile(drawn / "backgrounds.npy", folder / "backgrounds.npy")
        with Archive(Path("data/raw") / experiment.dataset / dataset.archive) as archive:
            members = [prepared.members[row] for row in training]
            photographs = folder / "photographs.npy"
            preparation.write_images(archive, members, photographs, side, experiment.channels, experiment.resample)

        def parts() -> Iterator[Hands]:
            rows = np.flatnonzero(np.isin(rendered.labels, prepared.classes))
            for start in range(0, len(rows), PART):
                yield rendered[rows[start : start + PART]]
            if scenes.shares.cut:
                yield from _cut(folder, rendered, labels, dataset.empty, scenes.cutter_steps, params.seed)

        hands.write(folder, side, parts())
        sources = Hands.open(folder).sources
        about = {source: int(np.sum(sources == source)) for source in ("rendered", "cut")}
        about |= {"photographs": len(labels), "photographs_with_a_hand": int(np.sum(labels != dataset.empty))}
        files.write_json(folder / "scenes.json", {"empty": dataset.empty, **about})
        if scenes.shares.cut:
            print(f"{name}: cut {about['cut']} hands out of {about['photographs_with_a_hand']} photographs")
    _show(name, Hands.open(Path("data/scenes") / name), about)


def _cut(
    folder: Path, rendered: Hands, labels: np.ndarray, empty: str | None, steps: int, seed: int
) -> Iterator[Hands]:
    from fingerspell import cutting

    photographs = trimmed(np.load(folder / "photographs.npy", mmap_mode="r"))
    holds_none = labels == empty
    rooms = photographs[np.flatnonzero(holds_none)] if holds_none.any() else cutting.emptied(photographs, ROOMS)
    backgrounds = np.load(folder / "backgrounds.npy", mmap_mode="r")
    network = cutting.train(rendered, backgrounds, rooms, steps, seed, print)
    rows = np.flatnonzero(labels != empty)
    yield from cutting.cut(network, photographs, labels, rows, rendered.sheets.shape[1])


def _show(name: str, known: Hands, about: dict[str, int]) -> None:
    """Draw some of the hands that were cut out, or else of those that were drawn, all through the alphabet."""
    rows = np.flatnonzero(known.sources == ("cut" if about["cut"] else "rendered"))
    rows = rows[np.argsort(known.labels[rows], kind="stable")]
    rows = rows[np.linspace(0, len(rows) - 1, min(SHOWN, len(rows))).astype(int)]
    title = f"{name}: some of {about['rendered']:,} drawn hands"
    if about["cut"]:
        title = f"{name}: hands cut out of {about['cut']:,} of {about['photographs_with_a_hand']:,} photographs"
    pictures = []
    for sheet in known.sheets[rows]:
        opacity = sheet[..., 3:] / 255
        pictures.append((opacity * sheet[..., :3] + (1 - opacity) * GREEN).astype(np.uint8))
    figure = sheets.contact_sheet(pictures, known.labels[rows].tolist(), columns=12, title=title)
    style.save(figure, Path(f"plots/scenes/{name}.png"))


if __name__ == "__main__":
    run(main)
