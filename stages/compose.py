"""Gather what an experiment's training images are composed of."""

from pathlib import Path

from stages.runner import run

from fingerspell import config, files
from fingerspell.datasets.hands import Hands
from fingerspell.errors import counted
from fingerspell.plots import style
from fingerspell.plots.hands import hand_sheet
from fingerspell.preparation.prepared import Prepared
from fingerspell.scenes.gathering import gather


def main(name: str) -> None:
    params = config.load()
    settings = params.composition(name)
    prepared, out = Prepared.open(Path("data/prepared") / name), Path("data/compositions") / name
    with files.write_aside(out) as folder:
        folder.mkdir()
        drawn, steps = Path("data/hands") / settings.hands, settings.segmenter_steps
        counts = gather(prepared, drawn, steps, params.seed, folder, print)
    style.save(hand_sheet(Hands.open(out), counts, name), Path(f"plots/compositions/{name}.png"))
    if steps:
        hands, photographs = counted(counts["cut"], "hand"), counted(counts["photographs_with_a_hand"], "photograph")
        print(f"{name}: cut {hands} out of {photographs}")


if __name__ == "__main__":
    run(main)
