"""The one place where an image is decoded, oriented, resized and given its value range.

Preparing, evaluating and serving all read files through `load`, so a model always sees what it was trained on:
uint8 values 0–255, grey or RGB, square. `decode` gives the picture whole, for those who look at it.
"""

from io import BytesIO

import cv2
import numpy as np
import simplejpeg
from PIL import ExifTags, Image, UnidentifiedImageError

from fingerspell.errors import FingerspellError

RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
LARGEST = 2**26  # pixels: more than nearly any camera takes, 200 MB in colour; half a megabyte can hold as many
LARGEST_JPEG = 2**28  # pixels of a JPEG that comes smaller, as phones take them
Image.MAX_IMAGE_PIXELS = LARGEST_JPEG // 2  # Pillow refuses twice as many; its own bound is less than phones take
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


def load(data: bytes, size: int, channels: int, resample: str = "bilinear") -> np.ndarray:
    """Return an image file held in memory as uint8 (size, size, channels), values 0–255; see `to_array`.

    A JPEG at least twice as large as asked is halved as often as that holds while it is decoded (its cosine
    transform gives the smaller picture, libjpeg's `scale_denom` 2, 4 or 8), except for `nearest`. Raises
    `FingerspellError` when the bytes cannot be decoded, as `decode` does.
    """
    if resample == "nearest":
        return to_array(decode(data), size, channels, resample)
    pixels = _plain_jpeg(data, size, channels)
    if pixels is None:
        return to_array(decode(data, size, channels), size, channels, resample)
    if resample == "bilinear":
        return _bilinear(pixels, size)
    return to_array(Image.fromarray(pixels.squeeze(2) if channels == 1 else pixels), size, channels, resample)


def whole(data: bytes, largest: int = 1280) -> np.ndarray:
    """Return a whole picture, an image file held in memory, as uint8 (h, w, 3), upright, RGB, values 0–255.

    Its longer side has `largest` pixels at most. Raises `FingerspellError` as `decode` does.
    """
    image = _to_mode(decode(data, largest), MODES[3])
    if (longer := max(image.size)) > largest:
        size = [max(1, round(side * largest / longer)) for side in image.size]
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image)


def decode(data: bytes, size: int | None = None, channels: int = 3) -> Image.Image:
    """Decode a whole image file (JPEG, PNG, …) held in memory and turn it upright by its EXIF orientation.

    With `size`, in pixels, a JPEG comes halved as often as both its sides stay that long, and with one channel
    as its own luma. Of an animated image the first frame is taken. Raises `FingerspellError` when the bytes are
    no image, cut short, or of an implausible size.
    """
    try:
        image = Image.open(BytesIO(data))
        if image.width * image.height > LARGEST_JPEG:
            raise ValueError(f"more than {LARGEST_JPEG // 10**6} million pixels")
        if size is not None:
            image.draft(MODES[channels], (size, size))  # does nothing to other formats
        if image.width * image.height > LARGEST:
            raise ValueError(f"more than {LARGEST // 10**6} million pixels")
        image.load()
        turn = UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception as error:  # Pillow's readers raise all sorts of errors on damaged bytes
        raise FingerspellError(f"the image cannot be decoded ({error}); replace the file or leave it out") from error
    return image if turn is None else image.transpose(turn)


def reason(error: Exception) -> str:
    """Return why an image cannot be read, in one line that is the same in every run: Pillow's message for a foreign
    file holds a memory address."""
    cause = error.__cause__
    if isinstance(cause, UnidentifiedImageError):
        return "not an image"
    return " ".join(str(cause or error).split()) or type(cause).__name__


def _plain_jpeg(data: bytes, size: int, channels: int) -> np.ndarray | None:
    """Return what `decode(data, size, channels)` would, as an array, in half its time; None if it must be asked.

    It must wherever there is more to a file than a picture: EXIF, printing inks, damage, or another format. Both
    are the same library, libjpeg-turbo, so both give the same bytes.
    """
    if not data.startswith(b"\xff\xd8") or b"Exif\0\0" in data:
        return None
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours not in ("YCbCr", "Gray") or height * width > LARGEST:
            return None
        shrink = next((by for by in (8, 4, 2) if min(height, width) // size >= by), 1)
        pixels: np.ndarray = simplejpeg.decode_jpeg(
            data,
            "GRAY" if channels == 1 else "RGB",
            min_height=-(-height // shrink),
            min_width=-(-width // shrink),
            min_factor=shrink,
        )
    except ValueError:  # any fault, even one that can be got over
        return None
    return pixels


def to_array(image: Image.Image, size: int, channels: int, resample: str = "bilinear") -> np.ndarray:
    """Return the image as uint8 (size, size, channels), values 0–255; `channels` is 1 (grey) or 3 (RGB).

    The whole picture is scaled to the square, without cropping. All filters but `nearest` average over the
    source pixels when they shrink, `bilinear` over four neighbours where it does not shrink to half. A transparent
    picture is laid on black.
    """
    image = _to_mode(image, MODES[channels])
    if resample == "bilinear":
        return _bilinear(np.asarray(image).reshape(image.height, image.width, channels), size)
    if image.size != (size, size):
        image = image.resize((size, size), RESAMPLING[resample])
    return np.asarray(image).reshape(size, size, channels)


def _bilinear(pixels: np.ndarray, size: int) -> np.ndarray:
    """Scale uint8 (h, w, channels) to (size, size, channels): by Pillow, or, where that changes little, faster.

    To shrink to less than half, the filter must be widened, as Pillow does; else four neighbours are enough.
    """
    height, width, channels = pixels.shape
    if max(height, width) >= 2 * size:
        image = Image.fromarray(pixels.squeeze(2) if channels == 1 else pixels)
        pixels = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    elif (height, width) != (size, size):
        pixels = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_LINEAR)
    return pixels.reshape(size, size, channels)


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
