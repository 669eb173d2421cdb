"""Where the weights of a backbone come from."""

from pathlib import Path

from fingerspell.errors import FingerspellError


def load_application(application, name: str, image_size: int, weights: str):
    """Return a `keras.applications` backbone without its top, for RGB input of its own range.

    `weights` is `none` (random, from Keras's seed), `imagenet` (fetched by Keras, checked by its hash) or the
    path of a file of weights made without the top. Raises `FingerspellError` if they cannot be had.
    """
    if weights not in ("none", "imagenet") and not Path(weights).is_file():
        raise FingerspellError(
            f"the weights file {weights} of {name} is not there; "
            "mend the path under `weights`, or set it to imagenet or none"
        )
    arguments = {"include_top": False, "input_shape": (image_size, image_size, 3), "name": name}
    try:
        return application(weights=None if weights == "none" else weights, **arguments)
    except Exception as error:  # Keras raises a bare Exception when it cannot fetch
        if weights == "none":
            raise
        raise FingerspellError(
            f"the {weights} weights of {name} could not be loaded ({' '.join(str(error).split())[:200]}); "
            "connect to the network, or name a file under `weights`, or set it to none for random weights"
        ) from error
