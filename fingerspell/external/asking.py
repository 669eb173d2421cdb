"""Any model, exported or trained, ready to be asked about photographs: one function, whatever the model reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fingerspell.inference import released
from fingerspell.inference.predictor import Predictor, reads_whole
from fingerspell.models.common.description import MODEL
from fingerspell.quiet import hushed

Predict = Callable[[Any], np.ndarray]  # of pictures in a sequence, or all in one array


@contextmanager
def opened(folder: Path) -> Iterator[tuple[dict[str, Any], Predict]]:
    """Yield (`model.json`, predict) of a model's folder, exported or trained.

    predict: images as `takes` says, to float32 (n, classes); of a reader that finds no hand, a row of zeros. Raises
    FingerspellError if the folder holds no whole model.
    """
    answer: Predict
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
