"""Pictures from visitors: which are taken, told by their content, and how large they may be.

Only their first bytes say what they are, names and declared types say nothing. Pillow opens what is named here, and
only as what it is named.
"""

from io import BytesIO

import numpy as np
from flask import current_app
from PIL import Image
from werkzeug.datastructures import FileStorage

from app.errors import refuse
from app.security import MIB
from fingerspell.errors import FingerspellError
from fingerspell.images import LARGEST_JPEG
from fingerspell.inference.reader import whole_picture

SCANS = 64  # of a progressive JPEG: each is decoded over the whole picture, and few have more than ten


def kind(data: bytes) -> str | None:
    """Return the format of a picture as Pillow names it, None where it is none that is taken."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"BM") and data[6:10] == bytes(4):
        return "BMP"
    return None


def uploaded(file: FileStorage | str) -> bytes:
    """Return the bytes of a picture in a form; its name is not looked at. Refuses a field that is no file, with 422, an
    empty one, and one that is too large."""
    if not isinstance(file, FileStorage):
        refuse(422, "error_no_file")
    largest = current_app.config["PICTURE_BYTES"]
    data = file.stream.read(largest + 1)
    if not data:
        refuse(422, "error_empty")
    if len(data) > largest:
        refuse(413, "error_picture_large", size=largest // MIB)
    return data


def check(data: bytes, pixels: int | None = None) -> None:
    """Refuse what is no picture, with 415, or has too many pixels, with 413: by its header, before it is decoded.

    pixels: how many there may be, where it is fewer than of any picture.
    """
    if (found := kind(data)) is None:
        refuse(415, "error_picture_kind")
    try:
        image = Image.open(BytesIO(data), formats=[found])
    except Image.DecompressionBombError:
        refuse(413, "error_pixels", pixels=_millions(pixels or current_app.config["PICTURE_PIXELS"]))
    except Exception:  # Pillow's readers raise all sorts of errors on damaged bytes
        refuse(422, "error_picture_damaged")
    # A plain JPEG of any camera is decoded small; everything else takes memory for all its pixels.
    plain = found == "JPEG" and "progressive" not in image.info
    most = pixels or (LARGEST_JPEG if plain else current_app.config["PICTURE_PIXELS"])
    if image.width * image.height > most:
        refuse(413, "error_pixels", pixels=_millions(most))
    if found == "JPEG" and data.count(b"\xff\xda") > SCANS:
        refuse(422, "error_picture_damaged")


def decoded(data: bytes) -> np.ndarray:
    """Return a picture as a reader takes it; refuses with 422 what is damaged."""
    try:
        return whole_picture(data)
    except FingerspellError as error:
        raise Damaged from error


class Damaged(Exception):
    """A picture that begins well and cannot be decoded."""


def _millions(pixels: int) -> int:
    return pixels // 10**6
