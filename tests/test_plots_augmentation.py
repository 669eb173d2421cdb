"""The sheet of random changes shows every change that is set, and the images that training would see."""

import matplotlib.image
import numpy as np
import pytest

from fingerspell.config import Augmentation
from fingerspell.plots import style
from fingerspell.plots.augmentation import VERSIONS, augmentation_sheet
from fingerspell.training.augmentation import augment

pytestmark = pytest.mark.slow

NOTHING = dict.fromkeys(Augmentation.model_fields, 0.0) | {"flip": False}
EVERYTHING = {name: 0.1 for name in NOTHING} | {"flip": True, "rotation": 12.5, "blur": 1.5}


def settings(**amounts) -> Augmentation:
    return Augmentation(**(NOTHING | amounts))


def photographs(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 16, 16, channels), np.uint8)


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def tiles(figure) -> list[np.ndarray]:
    shown = [child for child in figure.axes[0].get_children() if isinstance(child, matplotlib.image.AxesImage)]
    return [np.asarray(image.get_array()) for image in shown]


def test_every_change_has_a_row_with_its_amount():
    figure = augmentation_sheet(photographs(), ["A", "B"], settings(**EVERYTHING))
    said = texts(figure)
    assert {"A", "B", *Augmentation.model_fields} <= set(said)
    assert "up to 12.5° either way" in said and "deviation up to 1.5 px" in said and "up to 10% of the side" in said
    assert len(tiles(figure)) == (2 + len(Augmentation.model_fields)) * (1 + VERSIONS)


def test_only_what_is_set_has_a_row():
    assert set(Augmentation.model_fields) & set(
        texts(augmentation_sheet(photographs(), "AB", settings(shift=0.1)))
    ) == {"shift"}
    grey = augmentation_sheet(photographs(1), "AB", settings(shift=0.1, colour=0.5))
    assert "colour" not in texts(grey), "grey images have none"


def test_without_changes_it_says_so():
    for images, amounts in ((photographs(), {}), (photographs(1), {"colour": 0.5})):
        figure = augmentation_sheet(images, "AB", settings(**amounts))
        assert any(text.startswith("None") for text in texts(figure)) and not tiles(figure)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_row_begins_with_the_image_and_goes_on_with_what_training_sees(channels):
    images = photographs(channels)
    shown = np.reshape(tiles(augmentation_sheet(images, "AB", settings(noise=0.2), seed=4)), (3, 10, *images[0].shape))
    random = np.random.default_rng(4)
    for row, image in zip(shown, (images[0], images[1], images[0])):
        assert (row[0] == image).all()
        assert (row[1:] == augment(np.repeat(image[None], VERSIONS, 0), settings(noise=0.2), random)).all()


def test_it_is_written_as_the_same_bytes_and_its_text_fits(tmp_path):
    for file in ("one.png", "two.png"):
        figure = augmentation_sheet(photographs(), "AB", settings(**EVERYTHING), title="Augmentation of a_cnn")
        style.save(figure, tmp_path / file)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    figure.draw_without_rendering()
    first = min(child.get_extent()[0] for child in figure.axes[0].get_images())
    axes = figure.axes[0]
    for text in axes.texts[2:]:
        right = axes.transData.inverted().transform(text.get_window_extent())[1, 0]
        assert right < first, f"{text.get_text()} runs into the images"


def test_a_row_of_one_change_shows_that_change_alone():
    image = photographs()[:1]
    figure = augmentation_sheet(image, ["A"], settings(flip=True, brightness=0.3))
    flipped = tiles(figure)[1 + VERSIONS : 2 * (1 + VERSIONS)]
    assert all((one == image[0]).all() or (one == image[0, :, ::-1]).all() for one in flipped)
