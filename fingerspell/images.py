"""The one place where an image is decoded, oriented, resized and given its value range.

Preparing, evaluating and serving all go through `decode` and `to_array`, so a model always sees what it was
trained on: uint8 values 0–255, grey or RGB, square.
"""

from io import BytesIO

import numpy as np
from PIL import ExifTags, Image

from fingerspell.errors import FingerspellError

RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
LARGEST = 2**26  # pixels: more than nearly any camera takes, 200 MB in colour; half a megabyte can hold as many
MODES = {1: "L", 3: "RGB"}
# EXIF's orientation → what turns the picture upright. `ImageOps.exif_transpose` would also write the EXIF block
# anew, and fails where that has a fault anywhere.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes) -> Image.Image:
    """Decode a whole image file (JPEG, PNG, …) held in memory and turn it upright by its EXIF orientation.

    Of an animated image the first frame is taken. Raises `FingerspellError` when the bytes are no image, cut
    short, or of an implausible size.
    """
    try:
        image = Image.open(BytesIO(data))
        if image.width * image.height > LARGEST:
            raise ValueError(f"more than {LARGEST // 10**6} million pixels")
        image.load()
        turn = UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception as error:  # Pillow's readers raise all sorts of errors on damaged bytes
        raise FingerspellError(f"the image cannot be decoded ({error}); replace the file or leave it out") from error
    return image if turn is None else image.transpose(turn)


def to_array(image: Image.Image, size: int, channels: int, resample: str = "bilinear") -> np.ndarray:
    """Return the image as uint8 (size, size, channels), values 0–255; `channels` is 1 (grey) or 3 (RGB).

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
