"""How well a model reads what others collected: one row of the matrix of all experiments and all sets.

A set is a published collection of the model's alphabet, its own dataset, or photographs that no dataset holds. Of a
collection that the model has learnt from, its test images alone are asked. The matrix itself is `matrix`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any

from fingerspell.datasets.class_folders import Folder
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.published.catalogue import Dataset
from fingerspell.evaluation import metrics
from fingerspell.external import photographs
from fingerspell.external.asking import Predict


def collections(learnt: Dataset, datasets: Iterable[Dataset]) -> dict[str, Dataset]:
    """Return every collection of the alphabet of the dataset `learnt` -> the dataset whose archive it is read from.

    datasets: those that there are beside it, in any order. A union holds the collections that it is made of and is
    none itself. Of what a model has learnt from a union, the union is read: by its names the model's manifest knows
    the images.
    """
    known = [learnt, *(one for one in datasets if one.alphabet == learnt.alphabet and one.name != learnt.name)]
    known.sort(key=lambda dataset: (dataset is learnt, not dataset.collections, dataset.name))
    # The last one holds it.
    holders = {one.name: dataset for dataset in known for one in dataset.collections or (dataset,)}
    return {name: holders[name] for name in [*catalogue.DATASETS, learnt.name] if name in holders}


def photograph_sets(paths: Iterable[str]) -> dict[str, Path]:
    """Return title -> path of each set of photographs that no dataset holds: the file's name, where it tells it."""
    paths = list(dict.fromkeys(paths))
    taken = Counter([*catalogue.DATASETS, *(Path(path).stem for path in paths)])
    return {stem if taken[stem := Path(path).stem] == 1 else path: Path(path) for path in paths}


def labelled(
    names: Iterable[str], collection: str, holder: Dataset, description: Mapping[str, Any], test: Collection[str] | None
) -> dict[str, str]:
    """Return image -> label that the model gives to its class, of a collection's images whose class the model knows.

    names: the members of the holder's archive (see `collections`). description: the model's `model.json`. test: of a
    collection that it has learnt from the members that it was tested on, the only ones to be asked; else None.
    """
    classes = photographs.folder_names(description["classes"], description["letters"])
    folder = f"{collection}/" if holder.collections else ""
    found = (holder.parse(name) for name in names if name.startswith(folder) and (test is None or name in test))
    named = ((member.name, classes.get(photographs.fold(member.label))) for member in found if member)
    return {name: label for name, label in named if label}


def draw(label_of: Mapping[str, str], most: int, seed: int) -> dict[str, str]:
    """Return at most so many images, image -> label, sorted: as many of every class, as far as there are.

    Names are ranked by a seeded hash: models that know the same classes are asked the same images.
    """
    hashed = sorted((blake2b(f"{seed}|cross|{name}".encode(), digest_size=16).digest(), name) for name in label_of)
    places: defaultdict[str, count[int]] = defaultdict(count)
    # First one image of each class, then a second one of each, …
    ranked = sorted((next(places[label_of[name]]), rank, name) for rank, name in hashed)
    return {name: label_of[name] for name in sorted(name for _, _, name in ranked[:most])}


def measure(
    images: Archive | Folder, label_of: Mapping[str, str], description: Mapping[str, Any], predict: Predict
) -> dict[str, int | float | None]:
    """Ask a model, as `asking.opened` yields it, about some images of a set: image -> label, as from `draw`.

    Return images (that can be read), classes (that these show), accuracy, accuracy_low and accuracy_high (see
    `metrics.compute`; None where there are no images), and unreadable, where any are.
    """
    answers, unreadable = photographs.ask(images, label_of, description, predict)
    values = metrics.compute(answers) if answers else {}
    found: dict[str, int | float | None] = {
        "images": len(answers) if answers else 0,
        "classes": len(set(answers.labels)) if answers else 0,
    }
    found |= {key: values.get(key) for key in ("accuracy", "accuracy_low", "accuracy_high")}
    return found | ({"unreadable": len(unreadable)} if unreadable else {})
