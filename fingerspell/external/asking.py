"""Any model, exported or trained, ready to be asked about photographs: one function, whatever the model reads."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fingerspell.inference import released
from fingerspell.inference.predictor import MODEL, Predictor, reads_whole
from fingerspell.quiet import hushed

Predict = Callable[[Sequence[np.ndarray]], np.ndarray]


@contextmanager
def opened(folder: Path) -> Iterator[tuple[dict, Predict]]:
    """Yield (`model.json`, predict) of a model's folder, exported or trained.

    predict: images as `takes` says, to float32 (n, classes); of a reader that finds no hand, a row of zeros. Raises
    FingerspellError if the folder holds no whole model.
    """
    if (folder / MODEL).is_file() or folder.parent == released.FOLDER:
        predictor = Predictor.open(folder)
        description, answer = predictor.description, predictor.predict
    else:
        with hushed():  # on some processors TensorFlow tells of them, whatever it was asked
            import keras  # noqa: F401  # which takes seconds

        from fingerspell.models.common import saved

        description, answer = saved.load(folder)
    if not reads_whole(description):
        yield description, answer
        return
    from fingerspell.inference.reader import Reader

    with Reader(description, answer) as reader:
        yield description, reader.probabilities
