"""Photographs that no dataset holds: any folder or zip of class folders is a test set of any trained model.

An image belongs to the class that the last folder above it names; folders of bursts may lie between. Names are
compared without regard to case, `_` and `-`; besides the class's own label they may be its letter, the letter's Unicode
name, or an alias. What no name fits is listed and not counted. A folder is read in place, a zip is never unpacked.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from fingerspell.datasets.class_folders import Folder, is_hidden, is_image, open_set, readable
from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions
from fingerspell.external.asking import Predict
from fingerspell.files import shown
from fingerspell.images import load, reason, whole
from fingerspell.inference.predictor import reads_whole
from fingerspell.progress import progress

# Names in one line mean the same sign, whichever of them the model knows.
ALIASES = (
    ("del", "delete", "backspace"),
    ("nothing", "blank", "none", "no hand"),
    ("space", "blank space"),
    ("la", "laa", "lam alef"),
)
NO_HAND = "(no hand)"  # the class of images in which a model finds no hand
BATCH = 64  # images decoded and predicted at a time


@dataclass(frozen=True)
class Evaluation:
    """What a model said about a set of photographs, and what it was not asked."""

    predictions: Predictions  # of the readable images in folders that name a class of the model
    unmatched: dict[str, int]  # folder that names no class of the model -> number of its images
    unreadable: dict[str, str]  # image -> why it cannot be read
    other_files: int  # files that are no images


def folder_names(classes: Sequence[str], letters: Sequence[str]) -> dict[str, str]:
    """Return every name, folded by `fold`, that a class's folder may have -> the label of the class.

    Where two classes could claim a name, its own label comes before letters, these before the letters' Unicode
    names ("Beh" for ب), and these before aliases. letters: what each class stands for, in the order of `classes`.
    """
    names: dict[str, str] = {}
    for label in classes:
        names |= {alias: label for group in ALIASES if fold(label) in group for alias in group}
    names |= {fold(_unicode_name(letter)): label for label, letter in zip(classes, letters)}
    names |= {fold(letter): label for label, letter in zip(classes, letters)}
    names |= {fold(label): label for label in classes}
    names.pop("", None)
    return names


def fold(name: str) -> str:
    """Return a folder's name as names are compared: "DEL " and "del", "no_hand" and "No Hand" are the same."""
    name = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(name.replace("_", " ").replace("-", " ").split())


def evaluate(path: Path, description: Mapping[str, Any], predict: Predict) -> Evaluation:
    """Let a model, as `asking.opened` yields it, name every image of a folder or zip whose class it knows.

    predict: uint8 (n, size, size, channels), values 0-255, or whole pictures where it reads those, to float32
    (n, classes). A row of zeros says that no hand was found: an error, except in a class that shows none.
    Raises FingerspellError if there are no images, if no folder names a class, or if none can be read.
    """
    with open_set(path) as images:
        label_of, unmatched = labelled(images, description)
        if unmatched and not label_of:
            raise FingerspellError(
                f"none of the folders in {path} ({_named(sorted(unmatched))}) names a class of "
                f"{description['experiment']}, which knows {', '.join(description['classes'])}"
            )
        predictions, damaged = ask(images, label_of, description, predict)
        unreadable = {name: why for name, why in images.refused.items() if is_image(name)} | damaged
        other_files = sum(not is_image(name) and not is_hidden(name) for name in [*images.names, *images.refused])
    if unreadable and predictions is None:
        name, why = next(iter(unreadable.items()))
        raise FingerspellError(f"none of the images in {path} can be read, for one {name}: {why}")
    if predictions is None:
        raise FingerspellError(f"there are no images in {path}; put them into a folder per class, named after it")
    return Evaluation(predictions, dict(sorted(unmatched.items())), dict(sorted(unreadable.items())), other_files)


def labelled(images: Archive | Folder, description: Mapping[str, Any]) -> tuple[dict[str, str], Counter[str]]:
    """Return image -> label of the class that its folder names, and folder that names none -> number of its images."""
    names = folder_names(description["classes"], description["letters"])
    label_of: dict[str, str] = {}
    unmatched: Counter[str] = Counter()
    for name in filter(is_image, images.names):
        folders = _folders(name, images)
        if label := next((names[fold(folder)] for folder in folders if fold(folder) in names), None):
            label_of[name] = label
        else:
            unmatched[folders[0]] += 1
    return label_of, unmatched


def ask(
    images: Archive | Folder, label_of: Mapping[str, str], description: Mapping[str, Any], predict: Predict
) -> tuple[Predictions | None, dict[str, str]]:
    """Let a model, as for `evaluate`, name images of a set: image -> label of its class, which the model knows.

    Return its answers, None where no image can be read, and image -> why it cannot be read.
    """
    classes = description["classes"]
    unreadable: dict[str, str] = {}
    members, answers = _ask(images, list(label_of), description, predict, unreadable)
    if not members:
        return None, unreadable
    labels = np.array([classes.index(label_of[name]) for name in members])
    predictions = _predictions(members, labels, np.concatenate(answers), classes, description.get("empty"))
    return predictions, unreadable


def left_out(evaluation: Evaluation) -> list[str]:
    """Return notes on what was not counted, and on classes without images; none where there is nothing to say."""
    notes = []
    if folders := evaluation.unmatched:
        named = _named(f"{folder} ({count:,})" for folder, count in folders.items())
        notes.append(f"images in folders that name no class of the model: {sum(folders.values()):,}, in {named}")
    if images := evaluation.unreadable:
        named = _named(f"{name} ({why})" for name, why in images.items())
        notes.append(f"images that cannot be read: {len(images):,}, {named}")
    if evaluation.other_files:
        notes.append(f"files that are no images: {evaluation.other_files:,}")
    table = evaluation.predictions
    present = {table.classes[at] for at in table.labels}
    if absent := [label for label in table.classes if label not in present | {NO_HAND}]:
        notes.append(f"classes without images, left out of all averages: {', '.join(absent)}")
    return notes


def _folders(name: str, images: Archive | Folder) -> list[str]:
    """The folders above an image, the last one first; of one that lies open in a folder, that folder."""
    above = [*reversed(PurePosixPath(name).parts[:-1])]
    if isinstance(images, Folder):
        return above or [shown(images.path.resolve().name)]
    return [readable(folder) for folder in above] or ["."]


def _unicode_name(letter: str) -> str:
    """ "BEH" for ب, whose full name is ARABIC LETTER BEH; empty for more than one letter."""
    return unicodedata.name(letter, "").partition(" LETTER ")[2] if len(letter) == 1 else ""


def _ask(
    images: Archive | Folder,
    names: list[str],
    description: Mapping[str, Any],
    predict: Predict,
    unreadable: dict[str, str],
) -> tuple[list[str], list[np.ndarray]]:
    """Return the images that can be read and the model's answers to them; add the others to `unreadable`."""
    size, channels, resample = description["image_size"], description["channels"], description["resample"]
    wholes = reads_whole(description)

    def look(name: str) -> np.ndarray | str:
        try:
            data = images.read(name)
            return whole(data) if wholes else load(data, size, channels, resample)
        except FingerspellError as error:
            return reason(error)

    members: list[str] = []
    answers: list[np.ndarray] = []
    starts = range(0, len(names), BATCH)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in progress(starts, len(starts), f"evaluating {Path(images.path).name}", "batches"):
            batch = names[start : start + BATCH]
            arrays = []
            for name, found in zip(batch, pool.map(look, batch)):
                if isinstance(found, str):
                    unreadable[name] = found
                else:
                    members.append(name)
                    arrays.append(found)
            if arrays:
                answers.append(np.asarray(predict(arrays if wholes else np.stack(arrays)), np.float32))
    return members, answers


def _predictions(
    members: list[str], labels: np.ndarray, answers: np.ndarray, classes: list[str], empty: str | None
) -> Predictions:
    lost = np.flatnonzero(~answers.any(axis=1))
    if len(lost) and empty in classes:  # where there is no hand, none is found
        right = lost[labels[lost] == classes.index(empty)]
        answers[right, classes.index(empty)] = 1
        lost = np.setdiff1d(lost, right)
    if len(lost):
        # A trace on the wrong classes keeps the true one out of the best three as well.
        answers = np.pad(answers, ((0, 0), (0, 1)))
        answers[lost] = 1e-6
        answers[lost, labels[lost]] = 0
        answers[lost, -1] = 1 - 1e-6 * (len(classes) - 1)
        classes = [*classes, NO_HAND]
    return Predictions(members, labels, answers, tuple(classes))


def _named(names: Iterable[str], most: int = 20) -> str:
    names = list(names)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
