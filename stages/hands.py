"""Draw hands of one alphabet on transparent ground, and backgrounds: what scenes are composed of."""

from pathlib import Path

from stages.runner import run

import numpy as np

from fingerspell import config, files
from fingerspell.datasets import hands
from fingerspell.datasets.rendered import backgrounds, sheets
from fingerspell.progress import progress


def main(alphabet: str) -> None:
    params = config.load()
    settings = params.drawn_hands(alphabet)
    with files.write_aside(Path("data/hands") / alphabet) as folder:
        folder.mkdir()
        if settings:
            _draw(alphabet, settings, params.seed, folder)
        else:
            hands.write(folder, hands.SIDE, [])


def _draw(alphabet: str, settings: config.DrawnHands, seed: int, folder: Path) -> None:
    parts = -(-settings.per_class // sheets.CHUNK) * len(sheets.ALPHABETS[alphabet][0])
    drawn = sheets.draw_sheets(alphabet, settings.per_class, seed)
    hands.write(folder, hands.SIDE, progress(drawn, parts, "drawing hands", f"times {sheets.CHUNK}"))
    parts = -(-settings.backgrounds // backgrounds.CHUNK)
    painted = backgrounds.draw_backgrounds(settings.backgrounds, seed)
    shape = (backgrounds.SIDE, backgrounds.SIDE, 3)
    grounds = progress(painted, parts, "drawing backgrounds", f"times {backgrounds.CHUNK}")
    files.write_array(folder / "backgrounds.npy", np.uint8, shape, grounds)


if __name__ == "__main__":
    run(main)
