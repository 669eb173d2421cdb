"""An exported network, ready to answer: LiteRT and the project's one way of reading images, nothing more.

Its folder holds `model.tflite`, which takes one image as float32 (1, size, size, channels), values 0–255, or one hand
as a row of `hands.embedding`, and answers probabilities, float32 (1, classes); and `model.json`, which says how its
images are made and what its classes are. What reads whole pictures with such a network is `reader`.
"""

import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import UnidentifiedImageError

from fingerspell import images
from fingerspell.errors import FingerspellError
from fingerspell.hands import layout
from fingerspell.models.common.description import DESCRIPTION, MODEL, Damaged, Exported, read
from fingerspell.quiet import hushed


class Predictor:
    """A network that names signs. It may be asked from several threads; they wait for each other.

    description: all of `model.json`. classes: the labels, in the order of the probabilities. letters: what each stands
    for.
    """

    def __init__(self, description: dict[str, Any], model: bytes, threads: int = 1) -> None:
        """Take over a LiteRT file held in memory; raises `Damaged` if it is none, or is not as the description says.

        `threads`: how many it computes with. One is the quickest for networks as small as these.
        """
        from ai_edge_litert.interpreter import Interpreter

        self.description = description
        self.classes: tuple[str, ...] = tuple(description["classes"])
        self.letters: tuple[str, ...] = tuple(description["letters"])
        size, channels = description["image_size"], description["channels"]
        self.reads_hands = reads_whole(description)  # rows instead of images
        self.shape: tuple[int, ...] = (layout.WIDTH,) if self.reads_hands else (size, size, channels)
        self._lock = threading.Lock()
        try:
            with hushed():
                self._network = Interpreter(model_content=model, num_threads=threads)
                self._network.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise Damaged(f"{MODEL} is no network") from error
        taken, given = self._network.get_input_details(), self._network.get_output_details()
        found = [(tuple(one["shape"].tolist()), one["dtype"].__name__) for one in taken + given]
        wanted = [((1, *self.shape), "float32"), ((1, len(self.classes)), "float32")]
        if found != wanted:
            raise Damaged(f"{MODEL} takes and gives {found}, but by {DESCRIPTION} {wanted}")
        self._input, self._output = taken[0]["index"], given[0]["index"]

    @classmethod
    def open(cls, folder: Path, threads: int = 1) -> "Predictor":
        """Open the folder of an exported network; raises FingerspellError if it is not whole."""
        folder = Path(folder)
        try:
            try:
                description = read(folder / DESCRIPTION, Exported)
                model = (folder / MODEL).read_bytes()
            except OSError as error:
                raise FingerspellError(
                    f"{folder} holds no exported model ({Path(error.filename).name}: {error.strerror}); put the whole "
                    f"folder there again, or name one with {MODEL} and {DESCRIPTION}"
                ) from error
            # LiteRT would read a file that is cut short or of another model, and might answer.
            if hashlib.sha256(model).hexdigest() != description["sha256"][MODEL]:
                raise Damaged(f"{MODEL} is not the one that {DESCRIPTION} belongs to")
            return cls(description, model, threads)
        except Damaged as error:
            raise FingerspellError(
                f"the model in {folder} is damaged ({error}); put the whole folder there again"
            ) from error

    def read(self, image: bytes) -> np.ndarray:
        """Return an image file held in memory as the network takes it: uint8 (size, size, channels).

        Raises FingerspellError if it cannot be read.
        """
        try:
            return images.load(image, self.shape[0], self.shape[2], self.description["resample"])
        except FingerspellError as error:
            if isinstance(error.__cause__, UnidentifiedImageError):  # whose message names an address in memory
                raise FingerspellError("it is not an image that can be read; give JPEG, PNG, WebP, …") from error
            raise

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """Return the probabilities, float32 (n, classes), of uint8 images (n, size, size, channels), values 0–255, or
        of a reader's rows, float (n, 1280)."""
        pixels = np.asarray(pixels)
        kind = np.floating if self.reads_hands else np.uint8
        if not np.issubdtype(pixels.dtype, kind) or pixels.shape[1:] != self.shape:
            shape = ", ".join(map(str, self.shape))
            raise ValueError(
                f"rows must be float (n, {shape})"
                if self.reads_hands
                else f"images must be uint8 (n, {shape}), values 0–255"
            )
        answers = np.empty((len(pixels), len(self.classes)), np.float32)
        with self._lock:
            for image, answer in zip(pixels, answers):
                self._network.set_tensor(self._input, image[None].astype(np.float32))
                self._network.invoke()
                answer[:] = self._network.get_tensor(self._output)[0]
        return answers


def reads_whole(description: Mapping[str, Any]) -> bool:
    """Say whether a model, by its `model.json`, is a reader: it takes whole pictures, and not squares of one size."""
    return description.get("trains_on") == "crops"
