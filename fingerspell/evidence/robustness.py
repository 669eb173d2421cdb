"""How a model breaks: its accuracy on its own test images under `disturbances`, and on the same hands in other scenes.

All accuracies are plain shares, and means of them plain means: not ImageNet-C's mean corruption error, which weighs
each disturbance by how much it costs AlexNet.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from scipy.stats import binomtest

from fingerspell import images
from fingerspell.datasets.hands import Hands
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.rendered.drawing import signer
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.metrics import DECIMALS
from fingerspell.evaluation.predictions import Predictions
from fingerspell.evidence.disturbances import DISTURBANCES, GREY, LEVELS, disturbed, encoded
from fingerspell.external.asking import Predict
from fingerspell.inference.predictor import reads_whole
from fingerspell.progress import progress
from fingerspell.scenes import compositing

READS = 30  # images at most that a reader is asked about: it looks for the hand in each of their disturbed pictures
SCENE = 256  # pixels: side of the scene into which a drawn hand is set
FILL = 0.55, 0.8  # of its side that the hand takes
TERCILES = 3


def most(images: int, description: Mapping[str, Any]) -> int:
    """Return of how many images at most a model is asked, where `images` are wished."""
    return min(images, READS) if reads_whole(description) else images


def measure(
    archive: Archive, label_of: Mapping[str, str], description: Mapping[str, Any], predict: Predict, seed: int
) -> dict[str, Any]:
    """Ask a model, as `asking.opened` yields it, about images of an archive, as they are and disturbed.

    label_of: image -> its class, at least one. Memory holds the pictures of one image. Returns images, clean (accuracy
    on the images as they are) with its 95% interval after Wilson, disturbances: name -> level, amount and accuracy of
    each, and mean, over all of these. Raises FingerspellError if an image cannot be read, or is of a class that the
    model does not know.
    """
    classes, empty = list(description["classes"]), description.get("empty")
    if unknown := set(label_of.values()) - set(classes):
        raise FingerspellError(
            f"models/{description['experiment']} does not know {', '.join(sorted(unknown))}, which its test images "
            "show; run `dvc repro`"
        )
    changes = [(name, level) for name in DISTURBANCES for level in range(1, LEVELS + 1)]
    right = np.zeros((len(label_of), 1 + len(changes)), bool)
    what = f"disturbing images of {description['experiment']}"
    for row, (member, label) in zip(right, progress(label_of.items(), len(label_of), what)):
        data = archive.read(member)
        picture = _picture(data, member)
        # Stored as it came and read like any file: a JPEG is halved while it is decoded, which networks may notice.
        kind = "PNG" if member.lower().endswith(".png") else "JPEG"
        files = [data, *(_stored(disturbed(picture, *change, seed, member), kind) for change in changes)]
        answers = ask(files, description, predict)
        # In a row of zeros no hand was found, which is right where there is none.
        row[:] = np.where(answers.any(axis=1), answers.argmax(axis=1) == classes.index(label), label == empty)
    accuracies = right.mean(axis=0).round(DECIMALS).tolist()
    levels: dict[str, list[dict[str, Any]]] = {name: [] for name in DISTURBANCES}
    for (name, level), accuracy in zip(changes, accuracies[1:]):
        amount = DISTURBANCES[name].amounts[level - 1]
        levels[name].append({"level": level, "amount": amount, "accuracy": accuracy})
    clean = share(right[:, 0])
    return {
        "images": clean["images"],
        "clean": clean["accuracy"],
        **{key: clean[key] for key in ("accuracy_low", "accuracy_high")},
        "disturbances": levels,
        "mean": round(float(right[:, 1:].mean()), DECIMALS),
    }


def ask(files: Sequence[bytes], description: Mapping[str, Any], predict: Predict) -> np.ndarray:
    """Return a model's answers, float32 (n, classes), to image files held in memory."""
    if reads_whole(description):
        return predict([images.whole(one) for one in files])
    size, channels, resample = (description[key] for key in ("image_size", "channels", "resample"))
    return predict(np.stack([images.load(one, size, channels, resample) for one in files]))


def background(
    hands: Hands, backgrounds: np.ndarray, description: Mapping[str, Any], predict: Predict, most: int, seed: int
) -> dict[str, float | int] | None:
    """Ask a model about the same drawn hands before plain grey and before drawn places.

    backgrounds: uint8 (n, side, side, 3). most: hands at most, evenly spread over the alphabet. Returns images, plain
    and scenes (accuracies), and difference: what the places cost is negative. None where no hand shows a class of the
    model.
    """
    signs = [label for label in description["classes"] if label != description.get("empty")]
    rows = np.flatnonzero(np.isin(hands.labels, signs))
    if not len(rows):
        return None
    rows = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
    right = np.zeros((len(rows), 2), bool)
    what = f"setting hands into scenes for {description['experiment']}"
    for found, row in zip(right, progress(rows.tolist(), len(rows), what, "hands")):
        pictures = _before_both(hands[row], backgrounds, [seed, row])
        answers = ask([_stored(one, "JPEG") for one in pictures], description, predict)
        label = description["classes"].index(hands.labels[row])
        found[:] = answers.any(axis=1) & (answers.argmax(axis=1) == label)
    plain, scenes = right.mean(axis=0).round(DECIMALS).tolist()
    return {"images": len(rows), "plain": plain, "scenes": scenes, "difference": round(scenes - plain, DECIMALS)}


def by_skin(table: Predictions, lightness: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the share of right answers for each third of the images, from the darkest skin to the lightest.

    lightness: member -> as from `skin_lightness`, of those images that show a hand. Skins of equal lightness stay in
    one part, so that there may be fewer than three. Rows: lightness (lowest, highest), and `share`.
    """
    rows = [at for at, member in enumerate(table.members) if member in lightness]
    values = np.array([lightness[table.members[at]] for at in rows])
    if not rows:
        return []
    part = np.searchsorted(np.quantile(values, np.arange(1, TERCILES) / TERCILES, method="lower"), values)
    return [
        {"lightness": [round(float(end), 1) for end in (values[part == one].min(), values[part == one].max())]}
        | share(table.correct[rows][part == one])
        for one in np.unique(part)
    ]


def by_hand(table: Predictions, hand: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the share of right answers for the left hand and for the right. hand: member -> left or right."""
    sides = np.array([hand.get(member) for member in table.members])
    return {side: share(table.correct[sides == side]) for side in ("left", "right")}


def skin_lightness(name: str, dataset: str, seed: int) -> float:
    """Return the lightness (CIE 1976 L*, 0–100) of the back of a signer's hand, in white light.

    name: of the signer in the table of a drawn dataset (see `rendered.draw`); of a union with the collection before it.
    """
    collection, _, number = name.rpartition("s")
    back = signer(collection.removesuffix("-") or dataset, int(number), seed).surface.back
    return float(cv2.cvtColor(np.float32(back).reshape(1, 1, 3), cv2.COLOR_LRGB2Lab)[0, 0, 0])


def share(right: np.ndarray) -> dict[str, int | float | None]:
    """Return images and accuracy of answers, bool (n,), with its 95% interval after Wilson; None of no answers."""
    keys = ("accuracy", "accuracy_low", "accuracy_high")
    if not len(right):
        return {"images": 0} | dict.fromkeys(keys)
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(0.95, method="wilson")
    values = right.mean(), interval.low, interval.high
    return {"images": len(right)} | {key: round(float(value), DECIMALS) for key, value in zip(keys, values)}


def _picture(data: bytes, member: str) -> np.ndarray:
    """Return a whole picture, uint8 (h, w, 3), or (h, w, 1) where it has no colours."""
    try:
        picture = images.whole(data)
    except FingerspellError as error:
        raise FingerspellError(f"{member}: {error}") from error
    return picture if (picture != picture[..., :1]).any() else picture[..., :1]


def _stored(picture: np.ndarray, kind: str) -> bytes:
    """Return a picture as a file that loses next to nothing."""
    return encoded(
        picture, kind, quality=100, subsampling=0, compress_level=1
    )  # Pillow passes over what is not its own


def _before_both(hand: Hands, backgrounds: np.ndarray, seed: Sequence[int]) -> list[np.ndarray]:
    """Return pictures of one hand, in the same place and light, before grey and before a place."""
    random = np.random.default_rng(seed)
    place = compositing.ground(backgrounds[random.integers(len(backgrounds))], SCENE, random)
    matrix = compositing.placement(hand.boxes, SCENE, FILL, 0, False, 0, random)
    plain = np.full_like(place, GREY)
    return [
        compositing.set_before(ground, hand.sheets, matrix, np.random.default_rng([*seed, 1]), 0)[0]
        for ground in (plain, place)
    ]
