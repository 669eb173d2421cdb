"""The one exception whose message is meant for the person at the keyboard, and what makes it of others."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FingerspellError(Exception):
    """A sentence that says what is wrong, where, and what to do; stages print it and exit with status 1."""


@contextmanager
def whole_model(folder: Path) -> Iterator[None]:
    """Let a model be read in a `with` block: what is missing or damaged is told in one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise FingerspellError(f"{folder} holds no whole model ({error}); run `dvc repro` first") from error
    except FingerspellError:
        raise
    except Exception as error:  # JSON, h5py, Keras and skops each raise their own on damaged files
        reason = " ".join(str(error).split())[:200]
        raise FingerspellError(
            f"the model in {folder} is damaged ({reason}); delete the folder and run `dvc repro`"
        ) from error
