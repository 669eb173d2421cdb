"""How one trained model breaks: its test images disturbed, its hands in other scenes; and what its doubts are worth."""

from pathlib import Path
from typing import Any

from stages.environment import choose_kernels
from stages.runner import run

import numpy as np

from fingerspell import config, files
from fingerspell.datasets.hands import Hands
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.evaluation.predictions import Predictions
from fingerspell.evidence import calibration, cross, robustness
from fingerspell.external import asking
from fingerspell.inference.predictor import reads_whole
from fingerspell.models.common import saved
from fingerspell.preparation.prepared import Prepared
from fingerspell.splits import manifest


def main(name: str) -> None:
    params = config.load()
    choose_kernels(params.experiment(name).precision)
    raw, model, seed = Path("data/raw") / params.experiment(name).dataset, Path("models") / name, params.seed
    dataset, table = catalogue.held(raw), Predictions.read(Path(f"data/predictions/{name}.csv"))
    test = {one.member: one.label for one in manifest.read(Path(f"data/splits/{name}.csv")) if one.split == "test"}
    with asking.opened(model) as (description, predict):
        most = robustness.most(params.evidence.images, description)
        with Archive(raw / dataset.archive) as archive:
            found = robustness.measure(archive, cross.draw(test, most, seed), description, predict, seed)
        found["background"], drawn = None, Path("data/hands") / dataset.alphabet
        if drawn.exists():  # else no hands of this alphabet are drawn
            grounds = np.load(drawn / "backgrounds.npy", mmap_mode="r")
            found["background"] = robustness.background(Hands.open(drawn), grounds, description, predict, most, seed)
    found |= _by_signer(table, raw / "hands.csv", dataset.name, seed)
    description, predict = saved.load(model)  # of a reader, what names rows, and not whole pictures
    prepared = Prepared.open(Path("data", "crops" if reads_whole(description) else "prepared", name))
    known = calibration.validation(description, predict, prepared)
    doubts, about = calibration.calibrate(table, known), {"experiment": name, "alphabet": dataset.alphabet}
    files.write_json(Path(f"metrics/robustness/{name}.json"), about | found)
    files.write_json(Path(f"metrics/calibration/{name}.json"), about | doubts)


def _by_signer(table: Predictions, hands: Path, dataset: str, seed: int) -> dict[str, Any]:
    """Return accuracy by skin and by hand, of all test images; None where nobody has written down who signs."""
    if not hands.exists():
        return {"skin": None, "hand": None}
    shown = [row for row in files.read_csv(hands) if row["hand"]]
    lightness = {one: robustness.skin_lightness(one, dataset, seed) for one in {row["signer"] for row in shown}}
    return {
        "skin": robustness.by_skin(table, {row["member"]: lightness[row["signer"]] for row in shown}),
        "hand": robustness.by_hand(table, {row["member"]: row["hand"] for row in shown}),
    }


if __name__ == "__main__":
    run(main)
