"""The one place where an image is decoded, oriented, resized and given its value range.

Preparing, evaluating and serving all go through `decode` and `to_array`, so a model always sees what it was
trained on: uint8 values 0–255, grey or RGB, square.
"""

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from fingerspell.errors import FingerspellError

RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
MODES = {1: "L", 3: "RGB"}


def decode(data: bytes) -> Image.Image:
    """Decode a whole image file (JPEG, PNG, …) held in memory and turn it upright by its EXIF orientation.

    Of an animated image the first frame is taken. Raises `FingerspellError` when the bytes are no image, cut
    short, or of an implausible size.
    """
    try:
        image = Image.open(BytesIO(data))
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FingerspellError(f"the image cannot be decoded ({error}); replace the file or leave it out") from error
    return ImageOps.exif_transpose(image)


def to_array(image: Image.Image, size: int, channels: int, resample: str = "bilinear") -> np.ndarray:
    """Return the image as uint8 of shape (size, size, channels), values 0–255; `channels` is 1 (grey) or 3 (RGB).

    The whole picture is scaled to the square, without cropping. All filters but `nearest` average over the
    source pixels when they shrink. A transparent picture is laid on black.
    """
    image = _to_mode(image, MODES[channels])
    if image.size != (size, size):
        image = image.resize((size, size), RESAMPLING[resample])
    return np.asarray(image).reshape(size, size, channels)


def _to_mode(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == mode:
        return image
    if image.mode.startswith(("I", "F")):  # 16- and 32-bit grey: Pillow would clip at 255 instead of scaling
        values = np.asarray(image, np.float32)
        image = Image.fromarray((values / (257 if values.max() > 255 else 1)).clip(0, 255).astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    return image.convert(mode)
