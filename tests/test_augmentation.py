"""Random changes: each moves pixels as its name says, within its amount, and nothing else happens."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fingerspell.config import Augmentation
from fingerspell.training.augmentation import augment

NOTHING = dict.fromkeys(Augmentation.model_fields, 0.0) | {"flip": False}
AMOUNTS = {
    "flip": True,
    "shift": 0.2,
    "scale": 0.25,
    "rotation": 40.0,
    "perspective": 0.15,
    "brightness": 0.3,
    "contrast": 0.5,
    "colour": 0.5,
    "blur": 2.0,
    "noise": 0.1,
    "cutout": 0.5,
    "grey": 0.5,
    "motion_blur": 5.0,
    "compression": 0.9,
}
OF_NO_EFFECT = [("colour", 1), ("grey", 1)]  # on images with one channel


def changed(images: np.ndarray, seed: int = 0, **amounts) -> np.ndarray:
    return augment(images, Augmentation(**(NOTHING | amounts)), np.random.default_rng(seed))


def photographs(count: int = 40, size: int = 24, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, size, size, channels), np.uint8)


def plain(value: int | tuple, count: int = 300, size: int = 20) -> np.ndarray:
    """Images of one colour."""
    return np.full((count, size, size, np.size(value)), value, np.uint8)


def dots(across: float, down: float, count: int = 200, size: int = 61) -> np.ndarray:
    """Grey images with a soft dot, so many pixels right of the centre and below it."""
    x = np.arange(size) - size // 2
    dot = np.exp(-((x[None, :] - across) ** 2 + (x[:, None] - down) ** 2) / 8)
    return np.repeat(np.rint(255 * dot).astype(np.uint8)[None, :, :, None], count, axis=0)


def centres(images: np.ndarray) -> np.ndarray:
    """Where the dots lie: (n, 2) pixels right of the centre and below it."""
    weights = images[..., 0].astype(float)
    x = np.arange(images.shape[1]) - images.shape[1] // 2
    total = weights.sum(axis=(1, 2))
    return np.stack([(weights.sum(axis=1) * x).sum(axis=1) / total, (weights.sum(axis=2) * x).sum(axis=1) / total], 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_without_amounts_every_byte_stays(channels):
    images = photographs(channels=channels)
    assert (changed(images) == images).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("change", AMOUNTS)
def test_every_change_keeps_shape_and_type_and_what_it_was_given(change, channels):
    images = photographs(channels=channels)
    before = images.copy()
    after = changed(images, **{change: AMOUNTS[change]})
    assert after.shape == images.shape and after.dtype == np.uint8
    assert (images == before).all()
    assert (after != images).any() == ((change, channels) not in OF_NO_EFFECT)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("change", [*AMOUNTS, "all"])
def test_one_generator_gives_the_same_bytes_and_each_image_its_own_change(change, channels):
    amounts = AMOUNTS if change == "all" else {change: AMOUNTS[change]}
    images = np.repeat(photographs(1, channels=channels), 30, axis=0)
    first = changed(images, 1, **amounts)
    assert (first == changed(images, 1, **amounts)).all()
    if (change, channels) not in OF_NO_EFFECT:
        assert (first != changed(images, 2, **amounts)).any()
        assert len(np.unique(first.reshape(30, -1), axis=0)) >= (2 if change in ("flip", "grey") else 25)


def test_memory_maps_can_be_changed(tmp_path):
    np.save(tmp_path / "images.npy", photographs())
    images = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert (changed(images, **AMOUNTS) == changed(photographs(), **AMOUNTS)).all()


def test_all_moves_are_one_resampling(monkeypatch):
    resampled = []
    warp = cv2.warpPerspective
    monkeypatch.setattr(cv2, "warpPerspective", lambda *args, **how: resampled.append(1) or warp(*args, **how))
    changed(photographs(7), shift=0.1, scale=0.1, rotation=10.0, perspective=0.1)
    assert len(resampled) == 7


@pytest.mark.parametrize("move", ["shift", "scale", "rotation", "perspective"])
def test_moves_bring_in_nothing_from_outside(move):
    assert (changed(plain((90, 160, 230)), **{move: AMOUNTS[move]}) == (90, 160, 230)).all()


@pytest.mark.parametrize("way", [-1, 1])
def test_beyond_its_edge_an_image_is_mirrored(way):
    """Drawn out, the frame that runs round an image would flood it; left black, its corners would tell of the move."""
    images, by = photographs(3, size=16), 4
    farthest = SimpleNamespace(uniform=lambda low, high, shape: np.full(shape, float(high if way > 0 else low)))
    moved = augment(images, Augmentation(**NOTHING | {"shift": by / 16}), farthest)
    mirrored = np.pad(images, [(0, 0), (by, by), (by, by), (0, 0)], "symmetric")
    seen = slice(0, 16) if way > 0 else slice(2 * by, 16 + 2 * by)
    assert (moved == mirrored[:, seen, seen]).all()


def test_flip_mirrors_about_half_of_the_images_exactly():
    images = photographs(200)
    after = changed(images, flip=True)
    mirrored = (after == images[:, :, ::-1]).all(axis=(1, 2, 3))
    kept = (after == images).all(axis=(1, 2, 3))
    assert (mirrored != kept).all()
    assert 70 < mirrored.sum() < 130


def test_shift_moves_across_and_down_by_at_most_its_fraction():
    moved = centres(changed(dots(0, 0), shift=0.2))
    most = 0.2 * 61
    assert (np.abs(moved) < most + 0.1).all()
    for far in (moved.max(axis=0), -moved.min(axis=0)):
        assert (far > 0.9 * most).all(), "it goes as far as it may, to every side"
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.2


def test_rotation_turns_about_the_centre_by_at_most_its_angle():
    assert np.abs(centres(changed(dots(0, 0), rotation=40.0))).max() < 0.05
    across, down = centres(changed(dots(18, 0, size=91), rotation=40.0)).T
    assert np.hypot(across, down) == pytest.approx(18, abs=0.1)
    angles = np.degrees(np.arctan2(down, across))
    assert -40.3 < angles.min() < -36 and 36 < angles.max() < 40.3


def test_scale_is_a_factor_about_the_centre():
    assert np.abs(centres(changed(dots(0, 0), scale=0.25))).max() < 0.05
    across, down = centres(changed(dots(12, -8), scale=0.25)).T
    factors = np.hypot(across, down) / np.hypot(12, 8)
    assert 0.74 < factors.min() < 0.77 and 1.23 < factors.max() < 1.26
    assert down / across == pytest.approx(-8 / 12, abs=0.02)


def test_perspective_moves_corners_by_at_most_its_fraction():
    inner = np.float32([(-16, -16), (16, -16), (16, 16), (-16, 16)])
    # One seed moves all four dots alike, and four points tell where the corners went.
    moved = np.stack([centres(changed(dots(*point, size=91), perspective=0.15)) for point in inner], axis=1)
    corners = inner / 16 * 45.5
    there = [
        cv2.perspectiveTransform(corners[None], cv2.getPerspectiveTransform(inner, to.astype(np.float32)))[0]
        for to in moved
    ]
    by = (np.array(there) - corners) / 91
    assert np.abs(by).max() < 0.16
    assert (by.max(axis=0) > 0.14).all() and (by.min(axis=0) < -0.14).all(), "each as far as it may, to every side"


def test_perspective_keeps_lines_straight_but_not_parallel():
    size, count = 81, 60
    bands = np.zeros((count, size, size, 2))
    for channel, row in enumerate((28, 52)):
        bands[..., channel] = np.exp(-((np.arange(size)[:, None] - row) ** 2) / 4)
    images = np.rint(255 * np.concatenate([bands, bands[..., :1]], axis=3)).astype(np.uint8)
    after = changed(images, perspective=0.15)[:, :, 15:66].astype(float)
    x, y = np.arange(51), np.arange(size)
    angles = []
    for image in after:
        for channel in (0, 1):
            middle = (image[..., channel] * y[:, None]).sum(axis=0) / image[..., channel].sum(axis=0)
            line = np.polyfit(x, middle, 1)
            assert np.abs(np.polyval(line, x) - middle).max() < 0.15
            angles.append(line[0])
    assert np.abs(np.subtract(angles[::2], angles[1::2])).max() > 0.05


def test_brightness_adds_at_most_its_fraction_of_white():
    after = changed(plain(128), brightness=0.3).astype(int)
    assert (after == after[:, :1, :1]).all()
    added = after[:, 0, 0, 0] - 128
    assert -78 < added.min() < -72 and 72 < added.max() < 78
    assert abs(added.mean()) < 6


def test_contrast_is_a_factor_about_the_mean():
    images = np.clip(photographs(200), 64, 192)
    before, after = (x.astype(float).reshape(200, -1) for x in (images, changed(images, contrast=0.5)))
    assert np.abs(after.mean(axis=1) - before.mean(axis=1)).max() < 1
    factors = after.std(axis=1) / before.std(axis=1)
    assert 0.49 < factors.min() < 0.53 and 1.45 < factors.max() < 1.51


def test_colour_changes_saturation_and_the_light_of_colour_images():
    after = changed(plain((128, 128, 128)), colour=0.4).astype(float)[:, 0, 0]
    gains = after / 128
    assert 0.79 < gains.min() < 0.82 and 1.18 < gains.max() < 1.21, "of grey only the light changes: 1 ± 0.4 / 2"
    assert np.abs(np.corrcoef(gains.T) - np.eye(3)).max() < 0.25, "each channel has its own"
    red = changed(plain((200, 100, 100)), colour=0.4).astype(float)[:, 0, 0]
    saturation = (red[:, 0] - red[:, 1:].mean(axis=1)) / 100
    assert saturation.min() < 0.65 and saturation.max() > 1.35
    grey = photographs(channels=1)
    assert (changed(grey, colour=0.9) == grey).all()


def test_grey_takes_the_colours_out_of_its_share_of_the_images():
    after = changed(plain((200, 100, 40), count=2000), grey=0.3, colour=0.2)
    colourless = (after == after[..., :1]).all(axis=(1, 2, 3))
    assert 0.26 < colourless.mean() < 0.34
    assert (after[colourless] == 123).all(), "the luma: 0.299 * 200 + 0.587 * 100 + 0.114 * 40"


def test_light_is_cut_off_at_black_and_white():
    images = photographs(200)
    after = changed(images, brightness=0.9, contrast=0.9, colour=0.9)
    assert after.min() == 0 and after.max() == 255
    darker = changed(plain(10), brightness=0.9)[:, 0, 0, 0]
    assert (darker == 0).sum() > 100, "not wrapped round"


def test_blur_spreads_a_point_by_at_most_its_pixels():
    images = np.zeros((200, 31, 31, 1), np.uint8)
    images[:, 15, 15] = 255
    after = changed(images, blur=2.0)[..., 0].astype(float)
    x = np.arange(31) - 15
    spread = np.sqrt((after.sum(axis=1) * x**2).sum(axis=1) / after.sum(axis=(1, 2)))
    assert spread.min() < 0.1 and 1.7 < spread.max() < 2.1
    assert (changed(plain((90, 160, 230)), blur=2.0) == (90, 160, 230)).all()


def test_noise_is_normal_with_at_most_its_deviation():
    added = changed(plain(128, size=40), noise=0.1).astype(float)[..., 0].reshape(300, -1) - 128
    deviations = added.std(axis=1)
    assert deviations.min() < 1 and 24 < deviations.max() < 27
    assert np.abs(added.mean(axis=1)).max() < 0.1 * 25.5
    loud = added[deviations > 10] / deviations[deviations > 10, None]
    for limit, share in ((1, 0.683), (2, 0.954)):
        assert (np.abs(loud) < limit).mean() == pytest.approx(share, abs=0.02)
    assert changed(plain(2), noise=0.1).max() < 128, "cut off at black, not wrapped round"


def test_cutout_fills_a_square_of_at_most_its_fraction_with_the_mean():
    images = np.zeros((300, 20, 20, 3), np.uint8)
    images[:, :10] = (200, 100, 40)
    after = changed(images, cutout=0.5)
    filled = (after == (100, 50, 20)).all(axis=3)
    assert ((after == images).all(axis=3) | filled).all()
    heights, widths = (filled.any(axis=axis).sum(axis=1) for axis in (2, 1))
    assert (filled.sum(axis=(1, 2)) == heights * widths).all(), "one rectangle: a square, or what the edge leaves of it"
    assert heights.max() == widths.max() == 10
    assert len(set(heights)) == 11, "of every size"
    inside = ~(filled[:, 0].any(axis=1) | filled[:, -1].any(axis=1))
    inside &= ~(filled[:, :, 0].any(axis=1) | filled[:, :, -1].any(axis=1))
    assert (heights == widths)[inside].all()
    assert filled.any(axis=0).all(), "anywhere"


def test_motion_blur_spreads_a_point_along_a_line_of_at_most_its_pixels():
    images = np.zeros((300, 31, 31, 1), np.uint8)
    images[:, 15, 15] = 255
    after = changed(images, motion_blur=8.0)[..., 0].astype(float)
    x = np.arange(31) - 15
    weights = after / after.sum(axis=(1, 2), keepdims=True)
    wide, high = (weights.sum(axis=axis) @ x**2 for axis in (1, 2))
    slant = np.einsum("nyx,y,x->n", weights, x, x)
    along = (wide + high) / 2 + np.hypot((wide - high) / 2, slant)
    across = (wide + high) / 2 - np.hypot((wide - high) / 2, slant)
    assert along.min() < 0.4 and 4 < along.max() < 8, "64 / 12 is the variance of a line 8 pixels long"
    assert across.max() < 0.6
    assert wide.max() > 4 and high.max() > 4, "any way"
    assert (changed(plain((90, 160, 230)), motion_blur=8.0) == (90, 160, 230)).all()


def test_compression_takes_detail_up_to_its_fraction():
    images = photographs(100)
    lost = [np.abs(changed(images, compression=most).astype(int) - images).mean() for most in (0.05, 0.5, 0.95)]
    assert lost[0] < lost[1] < lost[2]
    grey = plain(77, count=5)
    assert np.abs(changed(grey, compression=0.9).astype(int) - 77).max() < 8
