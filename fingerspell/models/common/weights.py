"""Loading the weights of a backbone from a folder that the weights stage filled."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fingerspell.errors import FingerspellError

if TYPE_CHECKING:
    import keras


def load_application(
    application: "Callable[..., keras.Model]", name: str, image_size: int, folder: Path | None
) -> "keras.Model":
    """Return a `keras.applications` backbone without its top, for RGB input of its own range.

    It keeps the name that Keras gives it, by which EfficientNetV2 chooses how it scales its input. `folder` holds
    `source.json` and `<name>.*` or, for any backbone, `any.*`; without one, or where the source is `none`, the
    weights are random, from Keras's seed. Raises `FingerspellError` if they cannot be had.
    """
    file = None if folder is None else _file(folder, name)
    try:
        with warnings.catch_warnings():
            # Keras warns, and goes on with random weights, where a part of the network is not in the file.
            warnings.filterwarnings("error", message=".*freshly-initialized")
            return application(include_top=False, weights=file, input_shape=(image_size, image_size, 3))
    except Exception as error:  # h5py and Keras raise their own on files of another network or kind
        if folder is None or file is None:
            raise
        raise FingerspellError(
            f"{file} does not hold weights of {name} without its top ({' '.join(str(error).split())[:200]}); "
            f"name another file under weights.{folder.name}"
        ) from error


def _file(folder: Path, name: str) -> Path | None:
    """Return the file of a backbone's weights, or None if they are to be random."""
    try:
        source = json.loads((folder / "source.json").read_text(encoding="utf-8"))["source"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FingerspellError(
            f"{folder} holds no weights; run `python -m stages.weights {folder.name}` or `dvc repro`"
        ) from error
    if source == "none":
        return None
    if found := [*folder.glob(f"{name}.*"), *folder.glob("any.*")]:
        return found[0]
    raise FingerspellError(
        f"{folder} has weights for {', '.join(source)} alone; add {name} to the list weights.{folder.name}"
    )
