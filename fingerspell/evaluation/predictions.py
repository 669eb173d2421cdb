"""The table that a trained model leaves behind, from which everything else about it is computed."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside
from fingerspell.progress import progress

# Six decimals of up to a few dozen classes, and float32 softmax, stay far inside this.
SUM_TOLERANCE = 1e-3
BATCH = 64  # images that are named at a time


def in_batches(predict: Callable[[np.ndarray], np.ndarray], inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return what `predict` says about some rows of `inputs`, float32 (n, classes), asked for a batch at a time."""
    starts = range(0, len(rows), BATCH)
    batches = (rows[start : start + BATCH] for start in starts)
    return np.concatenate([predict(inputs[batch]) for batch in progress(batches, len(starts), "predicting", "batches")])


def further_file(seed: int) -> str:
    """Return the name of the table, in the model's folder, that the network of a further seed leaves."""
    return f"predictions-{seed}.csv"


@dataclass(frozen=True)
class Predictions:
    """What a model said about n images, with k classes.

    members: names of the images, each once.
    labels: (n,) int, true class as an index into `classes`.
    probabilities: (n, k) float32 in [0, 1], every row summing to about 1.
    classes: the k labels, in the order of the columns.

    Raises FingerspellError where these do not hold.
    """

    members: list[str]
    labels: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", list(self.members))
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "labels", np.asarray(self.labels, np.int64))
        object.__setattr__(self, "probabilities", np.asarray(self.probabilities, np.float32))
        self._check()

    def __len__(self) -> int:
        return len(self.members)

    @cached_property
    def predicted(self) -> np.ndarray:
        """(n,) int: the most probable class; of equals, the first."""
        best: np.ndarray = self.probabilities.argmax(axis=1)
        return best

    @cached_property
    def confidence(self) -> np.ndarray:
        """(n,) float64 in [0, 1]: the probability of the predicted class, to six decimals."""
        most: np.ndarray = self.probabilities.max(axis=1)
        return most.astype(np.float64).round(6)

    @cached_property
    def correct(self) -> np.ndarray:
        """(n,) bool."""
        right: np.ndarray = self.predicted == self.labels
        return right

    def write(self, path: Path) -> None:
        """Write a CSV: member, label, and one column per class with the probability to six decimals."""
        with write_aside(path) as aside, open(aside, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["member", "label", *self.classes])
            for member, label, row in zip(self.members, self.labels, self.probabilities.tolist()):
                table.writerow([member, self.classes[label], *(f"{value:.6f}" for value in row)])

    @classmethod
    def read(cls, path: Path) -> "Predictions":
        """Read what `write` wrote; raise FingerspellError with file and line if it is not that."""
        path = Path(path)
        try:
            with open(path, encoding="utf-8", newline="") as file:
                header, *rows = list(csv.reader(file)) or [[]]
        except FileNotFoundError:
            raise FingerspellError(f"There are no predictions at {path}: run `dvc repro` first.") from None
        except (UnicodeDecodeError, csv.Error) as error:
            raise FingerspellError(f"{path} is not a table of predictions: {error}.") from None
        if header[:2] != ["member", "label"] or len(header) < 4:
            raise FingerspellError(
                f"{path} is not a table of predictions: expected the columns member, label and two or more "
                f"classes, found {', '.join(header) or 'nothing'}."
            )
        classes = tuple(header[2:])
        index = {label: number for number, label in enumerate(classes)}
        labels, values = [], []
        for line, row in enumerate(rows, start=2):
            if len(row) != len(header):
                raise FingerspellError(
                    f"{path}, line {line}: expected {len(header)} fields, found {len(row)}; delete it "
                    "and run `dvc repro`."
                )
            if row[1] not in index:
                raise FingerspellError(
                    f"{path}, line {line}: the label {row[1]!r} is none of its classes; delete it and run `dvc repro`."
                )
            labels.append(index[row[1]])
            try:
                values.append([float(field) for field in row[2:]])
            except ValueError as error:
                raise FingerspellError(f"{path}, line {line}: {error}; delete it and run `dvc repro`.") from None
        try:
            probabilities = np.array(values, np.float32).reshape(len(rows), len(classes))
            return cls([row[0] for row in rows], np.array(labels, np.int64), probabilities, classes)
        except FingerspellError as error:
            raise FingerspellError(f"{path}: {error}") from None

    def _check(self) -> None:
        count, width = len(self.members), len(self.classes)
        if count == 0:
            raise FingerspellError("There are no predictions: the test split holds no images.")
        if len(set(self.classes)) != width:
            raise FingerspellError(f"Classes must differ from one another, received {', '.join(self.classes)}.")
        if self.labels.shape != (count,) or self.probabilities.shape != (count, width):
            raise FingerspellError(
                f"For {count} members and {width} classes expected labels of shape ({count},) and "
                f"probabilities of shape ({count}, {width}), received {self.labels.shape} and "
                f"{self.probabilities.shape}."
            )
        if len(set(self.members)) != count:
            twice, _ = Counter(self.members).most_common(1)[0]
            raise FingerspellError(f"{twice} is predicted twice; every test image counts once.")
        unknown = (self.labels < 0) | (self.labels >= width)
        if unknown.any():
            at = int(unknown.argmax())
            raise FingerspellError(f"{self.members[at]}: {self.labels[at]} is none of the {width} classes.")
        inside = np.isfinite(self.probabilities) & (self.probabilities >= 0)
        wrong = ~inside.all(axis=1) | ~(np.abs(self.probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE)
        if wrong.any():
            at = int(wrong.argmax())
            raise FingerspellError(
                f"{self.members[at]}: the probabilities are not between 0 and 1 with the sum 1 "
                f"(sum {self.probabilities[at].sum():.6f}); {int(wrong.sum())} of {count} rows are so."
            )
