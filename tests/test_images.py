"""Pictures of every kind become the same sort of array, with the values that they should have."""

import warnings
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fingerspell import images
from fingerspell.errors import FingerspellError
from fingerspell.images import RESAMPLING, decode, load, to_array, whole

# Four quarters, told apart by their brightness: upper left, upper right, lower left, lower right.
QUARTERS = np.kron([[0, 80], [160, 240]], np.ones((8, 8))).astype(np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def array(image: Image.Image, size: int = 2, channels: int = 1, kind: str = "PNG", **options) -> np.ndarray:
    return to_array(decode(encoded(image, kind)), size, channels, **options)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "I;16", "F"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_gives_bytes_of_the_asked_shape(mode, channels):
    picture = Image.new(mode, (30, 20))
    kind = {"CMYK": "JPEG", "YCbCr": "JPEG", "I": "TIFF", "F": "TIFF"}.get(mode, "PNG")
    result = array(picture, 7, channels, kind)
    assert result.shape == (7, 7, channels)
    assert result.dtype == np.uint8


def test_the_whole_picture_is_scaled_without_cropping():
    wide = Image.fromarray(QUARTERS).resize((64, 16), Image.Resampling.NEAREST)
    assert array(wide, resample="box").squeeze().tolist() == [[0, 80], [160, 240]]


def test_a_picture_of_the_right_size_is_left_alone():
    assert (array(Image.fromarray(QUARTERS), 16).squeeze() == QUARTERS).all()


@pytest.mark.parametrize(
    "orientation, expected",
    [
        (1, [[0, 80], [160, 240]]),
        (2, [[80, 0], [240, 160]]),
        (3, [[240, 160], [80, 0]]),
        (4, [[160, 240], [0, 80]]),
        (5, [[0, 160], [80, 240]]),
        (6, [[160, 0], [240, 80]]),
        (7, [[240, 80], [160, 0]]),
        (8, [[80, 240], [0, 160]]),
    ],
)
def test_a_photograph_is_turned_upright(orientation, expected):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(QUARTERS), "JPEG", quality=100, exif=exif)
    upright = to_array(decode(data), 2, 1, "box").squeeze()
    assert np.abs(upright.astype(int) - expected).max() <= 2


def test_a_fault_elsewhere_in_the_exif_block_is_no_obstacle():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0131] = "software"
    data = encoded(Image.fromarray(QUARTERS), "JPEG", quality=100, exif=exif)
    assert data.count(b"\x01\x31\x00\x02") == 1
    data = data.replace(b"\x01\x31\x00\x02", b"\x01\x00\x00\x02")  # now a width that is no number
    assert np.abs(to_array(decode(data), 2, 1, "box").squeeze() - [[160.0, 0], [240, 80]]).max() <= 2


def test_colours_come_as_red_green_blue():
    assert array(Image.new("RGB", (4, 4), (10, 20, 30)), 1, 3).tolist() == [[[10, 20, 30]]]


def test_grey_is_the_luma_of_the_colours():
    """ITU-R BT.601, as everywhere in Pillow: 0.299 R + 0.587 G + 0.114 B."""
    for colour, grey in (((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29), ((9, 9, 9), 9)):
        assert array(Image.new("RGB", (4, 4), colour), 1, 1).item() == grey


def test_grey_becomes_three_equal_colours():
    assert array(Image.new("L", (4, 4), 77), 1, 3).tolist() == [[[77, 77, 77]]]


def test_a_palette_is_looked_up():
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    assert array(picture, 1, 3).tolist() == [[[200, 100, 50]]]


def test_printing_inks_become_light():
    result = array(Image.new("CMYK", (8, 8), (255, 0, 0, 0)), 1, 3, "JPEG")
    assert np.abs(result.astype(int) - [0, 255, 255]).max() <= 3
    assert array(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), 1, 1, "JPEG").item() >= 252


@pytest.mark.parametrize("value, expected", [(0, 0), (257 * 100, 100), (257 * 200, 200), (65535, 255)])
def test_sixteen_bits_are_scaled_and_not_clipped(value, expected):
    picture = np.full((4, 4), value, np.uint16)
    picture[0, 0] = 65535
    result = array(Image.fromarray(picture), 4)
    assert result[3, 3, 0] == expected


def test_one_bit_is_black_and_white():
    assert array(Image.new("1", (4, 4), 1), 1).item() == 255


@pytest.mark.parametrize(
    "mode, clear, half", [("RGBA", (200, 200, 200, 0), (200, 200, 200, 128)), ("LA", (200, 0), (200, 128))]
)
def test_what_is_transparent_is_black(mode, clear, half):
    assert array(Image.new(mode, (4, 4), clear), 1).item() == 0
    assert abs(array(Image.new(mode, (4, 4), half), 1).item() - 100) <= 1


def test_a_transparent_palette_colour_is_black():
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    data = encoded(picture, transparency=1)
    assert to_array(decode(data), 1, 3).tolist() == [[[0, 0, 0]]]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(kind):
    frames = [Image.new("RGB", (16, 16), (value,) * 3) for value in (250, 20, 90)]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **lossless)
    assert to_array(decode(data), 1, 1).item() == 250


def test_every_filter_gives_its_own_golden_values():
    ramp = np.repeat(np.array([[0, 10, 200, 30, 90, 255]], np.uint8), 6, axis=0)
    golden = {
        "nearest": [10, 90],  # the middle one of three
        "box": [70, 125],  # their mean
        "bilinear": [58, 130],  # (2/3·0 + 1·10 + 2/3·200 + 1/3·30) / (8/3), and so on
        "bicubic": [56, 134],
        "lanczos": [51, 139],
    }
    assert set(golden) == set(RESAMPLING)
    found = {name: array(Image.fromarray(ramp), resample=name)[0, :, 0].tolist() for name in RESAMPLING}
    assert found == golden


def test_bilinear_that_shrinks_little_takes_four_neighbours():
    ramp = np.repeat(np.array([[0, 20, 100, 100, 60, 20]], np.uint8), 4, axis=0)
    # at 0.25, 1.75, 3.25 and 4.75
    assert array(Image.fromarray(ramp), 4)[0, :, 0].tolist() == pytest.approx([5, 80, 90, 30], abs=1)


def smooth(width: int, height: int, seed: int = 0) -> Image.Image:
    few = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(few).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("resample", sorted(RESAMPLING))
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [200, 101, 100, 90, 50, 33, 25, 20])
def test_a_large_jpeg_shows_what_its_pixels_would(size, channels, resample):
    """Halving while decoding, and all other shortcuts, change what is seen by no more than rounding."""
    data = encoded(smooth(200, 260), "JPEG", quality=95)
    whole = to_array(decode(data), size, channels, resample)
    gaps = np.abs(load(data, size, channels, resample).astype(int) - whole)
    assert gaps.mean() < 6  # a shift by half a pixel is 10 and more at the smallest
    assert resample != "nearest" or not gaps.any()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 1}])
def test_the_short_way_through_a_plain_jpeg_gives_the_same_bytes(channels, mode, options):
    for width, height in ((200, 200), (201, 133), (64, 64), (17, 90), (7, 5)):
        data = encoded(smooth(width, height).convert(mode), "JPEG", **options)
        for size in (5, 16, 32, 90):
            short = images._plain_jpeg(data, size, channels)
            long = decode(data, size, channels).convert(images.MODES[channels])
            assert short.shape == (long.height, long.width, channels)
            assert short.tobytes() == long.tobytes()


def test_what_is_more_than_a_plain_jpeg_goes_the_long_way():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(smooth(64, 64), "JPEG", exif=exif)
    inks = encoded(smooth(64, 64).convert("CMYK"), "JPEG")
    damaged = encoded(smooth(64, 64), "JPEG")[:-200]
    for data in (turned, inks, damaged, encoded(smooth(64, 64))):
        assert images._plain_jpeg(data, 16, 3) is None
    upright = load(encoded(smooth(64, 64), "JPEG"), 16, 3)
    assert np.abs(load(turned, 16, 3).astype(int) - np.rot90(upright, -1)).max() <= 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_a_file_cut_short_is_refused(kind):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    for part in (0, 3, 20, len(data) // 2, int(len(data) * 0.9)):
        for read in (decode, lambda cut: load(cut, 8, 3)):
            with pytest.raises(FingerspellError, match="cannot be decoded"):
                read(data[:part])


@pytest.mark.parametrize("data", [b"", b"member,label\n", b"%PDF-1.7", b"\xff\xd8\xff\xe0", bytes(1000)])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(FingerspellError, match="cannot be decoded"):
        decode(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_damaged_bytes_are_refused_or_give_a_picture(kind):
    """Never another exception: one image must not end the work on all."""
    random = np.random.default_rng(1)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(random.integers(0, 256, (24, 24, 3), np.uint8))
    data = encoded(picture, kind, **({} if kind in ("GIF", "BMP") else {"exif": exif}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(400):
            damaged = bytearray(data)
            for place in random.integers(0, min(len(data), 300), 4):
                damaged[place] = random.integers(256)
            try:
                result = load(bytes(damaged), 8, 3)
            except FingerspellError:
                continue
            assert result.shape == (8, 8, 3)


def test_a_decompression_bomb_is_refused_unopened():
    data = bytearray(encoded(Image.new("1", (8, 8))))
    data[16:24] = (40_000).to_bytes(4, "big") * 2  # width and height in the header of a PNG
    with pytest.raises(FingerspellError, match="cannot be decoded"):
        decode(bytes(data))


# Whole pictures


@pytest.mark.parametrize(
    "size, expected",
    [((30, 20), (20, 30)), ((1280, 7), (7, 1280)), ((2560, 1000), (500, 1280)), ((100, 2000), (1280, 64)),
     ((5000, 1), (1, 1280))],
)  # fmt: skip
def test_a_whole_picture_keeps_its_shape_and_is_made_no_larger(size, expected):
    picture = whole(encoded(Image.new("RGB", size, (200, 100, 50))))
    assert picture.shape == (*expected, 3) and picture.dtype == np.uint8
    assert (np.abs(picture.astype(int) - (200, 100, 50)) <= 1).all()


def test_a_whole_picture_is_upright_and_in_colour_whatever_it_was():
    exif = Image.Exif()
    exif[0x0112] = 6
    found = whole(encoded(Image.fromarray(QUARTERS), exif=exif))
    assert found[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [[160] * 3, [0] * 3, [240] * 3, [80] * 3]
    assert whole(encoded(Image.new("RGBA", (4, 4), (200, 200, 200, 128))))[0, 0].tolist() == [100, 100, 100]
    assert whole(encoded(Image.fromarray(QUARTERS), "PNG"), largest=8)[[0, 7], [0, 7], 0].tolist() == [0, 240]


def test_a_large_jpeg_is_shown_as_its_pixels_would_be():
    picture = smooth(1500, 1100)
    short = whole(encoded(picture, "JPEG", quality=95), largest=300).astype(int)
    assert np.abs(short - np.asarray(picture.resize((300, 220), Image.Resampling.BILINEAR))).mean() < 3


def claiming(width: int, height: int) -> bytes:
    """A JPEG whose header says that it is so large."""
    data = bytearray(encoded(Image.new("RGB", (16, 16)), "JPEG"))
    at = data.index(b"\xff\xc0")  # the frame: length, precision, height, width
    data[at + 5 : at + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


def test_pictures_that_no_camera_takes_are_refused_unopened():
    for data in (claiming(20_000, 20_000), claiming(65_000, 65_000)):
        with pytest.raises(FingerspellError, match="cannot be decoded"):
            whole(data)
    large = encoded(Image.new("1", (9000, 9000)))  # a PNG has to be decoded whole
    with pytest.raises(FingerspellError, match="more than 67 million pixels"):
        whole(large)
    with pytest.raises(FingerspellError, match="more than 67 million pixels"):
        load(claiming(10_000, 9_000), 9_000, 3)  # that large is what is asked for


def test_what_a_phone_takes_is_read_without_a_word():
    """12,000 by 9,000 pixels, grey, which is quickly made."""
    data = encoded(Image.new("L", (12_000, 9_000), 90), "JPEG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert whole(data).shape == (960, 1280, 3) and load(data, 64, 1).mean() == 90
