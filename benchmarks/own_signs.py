"""Quality: how well few pictures teach signs of one's own, five handshapes of a drawn signer whom no model has seen.

    python -m benchmarks.own_signs FOLDER      in a clone of the project, to whose params.yaml the signs are added

Draws pictures such as `fingerspell collect` leaves, two in a row, each burst in a room of its own; learns from 6
and 20 of each sign by the commands of docs/own-signs.md; and asks about 60 pictures of the signer in other rooms, and
60 of another signer. Writes docs/results/own-signs.csv and the table of that page.
"""

import json
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from benchmarks import documents
from benchmarks.documents import Blocks
from fingerspell import files
from fingerspell.datasets.rendered.drawing import STYLES, draw_burst
from fingerspell.datasets.rendered.packing import Burst, Shot

STYLE = "asl_photos"  # whose rooms and cameras
SIGNS = {"peace": "V", "phone": "Y", "stop": "B", "up": "D", "love": "L"}  # name -> handshape
BURST, SIDE = 2, 224  # pictures in a row; pixels
PICTURES, ASKED = (6, 20), 12  # of each sign
SIGNER, SEED = 3, 7
UNSEEN = {"same": (SIGNER, SEED), "other": (5, 8)}  # of pictures asked about: signer and seed
TABLE, PAGE = Path("docs/results/own-signs.csv"), "docs/own-signs.md"


def draw(folder: Path, pictures: int, signer: int = SIGNER, seed: int = SEED, first: int = 0) -> None:
    """Write `pictures` of each sign as `folder`/<sign>/<burst>/<number>.jpg, RGB, 224×224.

    signer: which of eight people of that seed. first: number of the first burst; others are in other rooms.
    """
    signers = STYLES[STYLE].signers
    for sign, shape in SIGNS.items():
        for at in range(-(-pictures // BURST)):
            shots = tuple(Shot(f"{number:02d}.jpg", SIDE, SIDE) for number in range(1, BURST + 1))
            # So that `draw_burst`, where signers take turns, takes this one.
            number = (first + at) * signers + (signer - zlib.crc32(shape.encode())) % signers
            for frame in draw_burst(STYLE, Burst("", shape, number, shots), seed)[: pictures - at * BURST]:
                place = folder / sign / f"burst-{at:02d}" / frame.member
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(frame.data)


def main(folder: str) -> None:
    rows = []
    for pictures in PICTURES:
        name, place = f"signs_{pictures}", Path(folder)
        draw(place / "data/own" / name, pictures)
        _run(place, sys.executable, "-m", "tools.own_signs", name, f"data/own/{name}")
        started = time.monotonic()
        _run(place, "dvc", "repro", f"export@{name}", f"evaluate@{name}")
        row = {"pictures": pictures, "signs": len(SIGNS), "seconds": round(time.monotonic() - started)}
        rows.append(row | _own(place, name) | _unseen(place, name))
    files.write_csv(TABLE, rows)
    documents.write(blocks())


def _own(place: Path, name: str) -> dict[str, object]:
    metrics = json.loads((place / f"metrics/{name}.json").read_text(encoding="utf-8"))
    return {"own_images": metrics["test_images"], "own": metrics["accuracy"]}


def _unseen(place: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for title, (signer, seed) in UNSEEN.items():
        with tempfile.TemporaryDirectory() as aside:
            draw(Path(aside), ASKED, signer, seed, first=20)
            told = _run(place, "fingerspell", "evaluate", "--experiment", name, aside, "--json")
        figures = json.loads(told)
        found |= {f"{title}_{key}": figures[key] for key in ("accuracy", "accuracy_low", "accuracy_high")}
    return found


def _run(place: Path, *command: str) -> str:
    return subprocess.run(command, cwd=place, check=True, stdout=subprocess.PIPE, text=True).stdout


def blocks() -> Blocks:
    """Return the table of docs/own-signs.md, from what `main` left."""
    lines = [
        "| pictures of each sign | its own test | same signer, other rooms | another signer | seconds |",
        "|--:|--:|--:|--:|--:|",
    ]
    for row in files.read_csv(TABLE):
        same, other = (
            f"{float(row[f'{who}_accuracy']):.2f} ({float(row[f'{who}_accuracy_low']):.2f}–"
            f"{float(row[f'{who}_accuracy_high']):.2f})"
            for who in UNSEEN
        )
        own = f"{float(row['own']):.2f} of {row['own_images']}"
        lines.append(f"| {row['pictures']} | {own} | {same} | {other} | {row['seconds']} |")
    return {(PAGE, "own-signs"): "\n".join(lines) + "\n"}


if __name__ == "__main__":
    main(*sys.argv[1:])
