"""Quality: how advice on a sign bears on photographs, silent about their own letter, not about another one.

    python -m benchmarks.advice SET [american|arabic]     a folder or zip of class folders; american by default

Takes ten pictures of every class, spread over it, in which a hand is found. Prints the shares, and writes them for each
letter and in all to benchmarks/results/advice.json, beside those of other sets. They are figures of development data:
the tolerances of `fingerspell.practice.advice` were chosen on `asl-photos` and `asl-scenes`.
"""

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from fingerspell import files
from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.external import photographs
from fingerspell.hands.finder import Finder, Hand
from fingerspell.images import whole
from fingerspell.practice.advice import THUMBS, Advice, advise

RESULTS = Path("benchmarks/results/advice.json")  # by set
EACH = 10  # pictures of a class
PUBLISHED = {"american": "asl_alphabet", "arabic": "arasl"}
Seen = tuple[Hand, int, int]  # a hand, and the width and height of its picture


def main(source: str, alphabet: str = "american") -> None:
    hands, taken = _hands(Path(source), alphabet)
    letters: dict[str, dict] = {}
    for label, seen in hands.items():
        own = [_told(alphabet, label, one) for one in seen]
        others = [bool(_told(alphabet, other, one)) for one in seen for other in hands if other != label]
        said = Counter(f"{one.key} {one.finger or ''}".strip() for advice in own for one in advice)
        silent, given = float(np.mean([not advice for advice in own])), float(np.mean(others))
        letters[label] = {"hands": len(seen), "silent": round(silent, 3), "others": round(given, 3), "said": said}
        print(f"{label:6} {silent:.2f} without advice, {given:.3f} with advice for another letter  {dict(said)}")
    means = {name: round(float(np.mean([one[name] for one in letters.values()])), 3) for name in ("silent", "others")}
    report = {"alphabet": alphabet, "pictures": taken} | means | {"letters": letters}
    others = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    files.write_json(RESULTS, others | {Path(source).stem: report})
    print(json.dumps({name: report[name] for name in ("pictures", "silent", "others")}))


def _hands(source: Path, alphabet: str) -> tuple[dict[str, list[Seen]], int]:
    """Return hands by label, and the number of pictures that were looked at."""
    dataset = DATASETS[PUBLISHED[alphabet]]
    labels = photographs.folder_names(dataset.classes, dataset.letters)
    hands, taken = {label: [] for label in THUMBS[alphabet]}, 0
    with photographs.open_set(source) as images, Finder(most=1) as finder:
        names = defaultdict(list)
        for name in images.names:
            if Path(name).suffix.lower() in photographs.SUFFIXES:
                names[labels.get(photographs.fold(Path(name).parent.name))].append(name)
        for label, seen in hands.items():
            there = names[label]
            for at in np.linspace(0, len(there) - 1, min(EACH, len(there))).astype(int):
                picture = whole(images.read(there[at]))
                seen += [(hand, picture.shape[1], picture.shape[0]) for hand in finder.find(picture)[:1]]
                taken += 1
    return {label: seen for label, seen in hands.items() if seen}, taken


def _told(alphabet: str, label: str, seen: Seen) -> list[Advice]:
    hand, width, height = seen
    return advise(alphabet, label, hand.landmarks, hand.side, width, height)


if __name__ == "__main__":
    main(*sys.argv[1:])
