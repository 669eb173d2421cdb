"""Whether a network looks at the hand: asked in scenes composed here, of which it is known where the hand is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fingerspell.config import Params
from fingerspell.datasets.hands import Hands
from fingerspell.datasets.published import catalogue
from fingerspell.errors import FingerspellError
from fingerspell.evidence.gradcam import GradCAM
from fingerspell.models.common import registry, saved
from fingerspell.quiet import hushed
from fingerspell.scenes import compositing

# Alike for all experiments, whatever scenes they learnt from.
FILL = (0.5, 0.8)  # of the side that a hand takes
ROTATION = 10.0  # degrees, up to which it is turned either way
# What is explained is one look of the network, not the mean of several; gradients are rough in bfloat16.
ONE_LOOK = {"tta_scales": [1], "tta_rotations": [0], "precision": "float32"}


@dataclass(frozen=True)
class Scenes:
    """Drawn hands before drawn backgrounds.

    images: uint8 (n, size, size, channels); hands: bool (n, size, size), true where the hand covers a pixel by more
    than half, its arm too; labels: int (n,), indices into the classes.
    """

    images: np.ndarray
    hands: np.ndarray
    labels: np.ndarray


def opened(folder: Path, params: Params) -> tuple[dict[str, Any], GradCAM]:
    """Return (`model.json`, network) of a trained model's folder.

    Raises FingerspellError if it holds no whole model, or one that cannot be explained.
    """
    with saved.whole_model(folder):
        description = saved.read_description(folder)
        _check(description, params)
        with hushed():  # on some processors TensorFlow tells of them
            from fingerspell.models.common.seeding import set_seed  # imports Keras

        set_seed(params.seed)
        return description, GradCAM(saved.load_network(folder, description | ONE_LOOK))


def untrained(description: dict[str, Any], seed: int) -> GradCAM:
    """Return the network that a `model.json` describes with the weights that it began with, or others as random.

    Its maps are no even ones either: edges speak for any answer. What a trained network's have beyond them was learnt
    (Adebayo et al. 2018, https://arxiv.org/abs/1810.03292).
    """
    from fingerspell.models.common.seeding import set_seed

    set_seed(seed)
    return GradCAM(saved.build(description | ONE_LOOK))


def _check(description: Mapping[str, Any], params: Params) -> None:
    name = description["experiment"]
    model = registry.find(description["model"]).ARCHITECTURE
    if model.kind not in ("network", "backbone"):
        raise FingerspellError(
            f"evidence.explanations names {name}, but {model.title} is a {model.kind}, which does not see pixels; "
            "take it off the list"
        )
    settings = params.dataset(description["dataset"])
    alphabet = settings.alphabet if settings.source == "own" else catalogue.find(description["dataset"]).alphabet
    if alphabet not in params.hands:
        lacks = f"has no entry {alphabet}" if alphabet else "has none of signs of your own"
        raise FingerspellError(
            f"evidence.explanations names {name}, but hands {lacks}, to compose its scenes of; "
            "add it there, or take the experiment off the list"
        )


def compose(folder: Path, description: Mapping[str, Any], count: int, seed: int) -> Scenes:
    """Return scenes as an experiment's network takes them, with hands of its classes.

    folder: what the stage `hands` left of its alphabet. description: the model's `model.json`. Raises FingerspellError
    if no drawn hand belongs to the classes.
    """
    drawn, backgrounds = Hands.open(folder), np.load(folder / "backgrounds.npy", mmap_mode="r")
    classes = {label: at for at, label in enumerate(description["classes"])}
    rows = np.flatnonzero(np.isin(drawn.labels, description["classes"]))
    if not len(rows):
        raise FingerspellError(
            f"{folder} has no hand of the classes of {description['experiment']} ({', '.join(classes)}); "
            "take it off evidence.explanations"
        )
    size, random = description["image_size"], np.random.default_rng(seed)
    images, hands, labels = [], [], []
    for row in random.choice(rows, count):
        ground = compositing.ground(backgrounds[random.integers(len(backgrounds))], size, random)
        matrix = compositing.placement(drawn.boxes[row], size, FILL, ROTATION, False, 0.0, random)
        picture, opacity = compositing.set_before(ground, drawn.sheets[row], matrix, random, dark=0.0)
        if description["channels"] == 1:
            picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
        images.append(picture)
        hands.append(opacity > 0.5)
        labels.append(classes[str(drawn.labels[row])])
    return Scenes(np.stack(images), np.stack(hands), np.array(labels))


def on_hand(maps: np.ndarray, hands: np.ndarray) -> np.ndarray:
    """Return the share of every map, float (n, size, size) of sum 1, that lies on the hand, float (n,)."""
    shares: np.ndarray = (maps * hands).sum(axis=(1, 2), dtype=np.float64)
    return shares


def pointing(maps: np.ndarray, hands: np.ndarray) -> np.ndarray:
    """Return 1 for every map whose hottest pixel lies on the hand, else 0, float (n,); of several as hot, their mean.

    The pointing game: Zhang et al. 2018, https://arxiv.org/abs/1608.00507.
    """
    hottest = maps == maps.max(axis=(1, 2), keepdims=True)
    shares: np.ndarray = (hottest & hands).sum(axis=(1, 2)) / hottest.sum(axis=(1, 2))
    return shares


def measure(
    name: str, scenes: Scenes, maps: np.ndarray, without_training: np.ndarray, right: np.ndarray
) -> dict[str, Any]:
    """Return what `metrics/explanations/<experiment>.json` holds: means over the scenes, None over none of them.

    maps, without_training: as from `GradCAM.maps` of the network and of the same one untrained; right: bool (n,),
    whether the answers that the maps explain are.
    """
    shares = on_hand(maps, scenes.hands)
    return {
        "experiment": name,
        "images": len(shares),
        "accuracy": _mean(right),
        "on_hand": _mean(shares),
        "on_hand_right": _mean(shares[right]),
        "on_hand_wrong": _mean(shares[~right]),
        "on_hand_untrained": _mean(on_hand(without_training, scenes.hands)),
        "hand_area": _mean(scenes.hands.mean(axis=(1, 2))),
        "pointing": _mean(pointing(maps, scenes.hands)),
    }


def _mean(values: np.ndarray) -> float | None:
    return round(float(values.mean()), 6) if len(values) else None


def some(rows: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return up to `count` of the rows, drawn by the seed, in their order."""
    return np.sort(np.random.default_rng(seed).permutation(rows)[:count])
