import string
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from PIL import Image

from fingerspell.plots import codes, style

pytestmark = pytest.mark.slow

AMERICAN = [*string.ascii_uppercase, "del", "nothing", "space"]
ARABIC = dict(ain="ع", al="ال", aleff="ا", bb="ب", dal="د", dha="ظ", la="لا", sheen="ش")


def clusters(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Codes of three kinds, far from each other in 20 dimensions, and their labels."""
    random = np.random.default_rng(seed)
    kinds = np.repeat([0, 1, 2], 25)
    return (random.normal(size=(75, 20)) + 12 * np.eye(20)[kinds]).astype(np.float32), kinds


def test_codes_of_a_kind_are_neighbours_on_the_map():
    found, kinds = clusters()
    points = codes.embed(found, seed=3)
    assert points.shape == (75, 2)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(75)
    assert (kinds[apart.argmin(axis=1)] == kinds).all()


def test_the_map_is_the_same_twice():
    found, _ = clusters()
    assert (codes.embed(found, seed=3) == codes.embed(found.copy(), seed=3)).all()


@pytest.mark.parametrize("count", [3, 5, 12])
def test_few_codes_make_a_map_too(count):
    points = codes.embed(clusters()[0][:count], seed=0)
    assert points.shape == (count, 2) and np.isfinite(points).all()


@pytest.mark.parametrize(("labels", "letters"), [(AMERICAN, None), (list(ARABIC), ARABIC)])
def test_every_point_is_drawn_as_its_letter_where_it_lies(labels, letters, tmp_path):
    points = np.random.default_rng(0).normal(size=(3 * len(labels), 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph is a warning
        figure = codes.manifold(points, labels * 3, letters, "codes")
        style.save(figure, tmp_path / "map.png")
    drawn = figure.axes[0].collections
    assert len(drawn) == len(labels)
    for at, label in enumerate(np.unique(labels)):
        assert (drawn[at].get_offsets() == points[np.array(labels * 3) == label]).all()
    outlines = {drawn[at].get_paths()[0].vertices.tobytes() for at in range(len(labels))}
    assert len(outlines) == len(labels)
    assert {tuple(group.get_facecolor()[0]) for group in drawn} <= {to_rgba(colour) for colour in style.COLOURS}


def test_long_labels_are_told_below_the_map():
    figure = codes.manifold(np.zeros((2, 2)), ["A", "space"])
    assert [text.get_text() for text in figure.axes[1].texts][-1] == "s = space"


@pytest.mark.parametrize("channels", [1, 3])
def test_each_original_stands_beside_what_came_back_with_its_error(channels, tmp_path):
    originals = np.random.default_rng(0).integers(0, 200, (5, 16, 16, channels), np.uint8)
    restored = originals + np.arange(0, 50, 10, dtype=np.uint8).reshape(5, 1, 1, 1)
    figure = codes.reconstructions(originals, restored, list("ABCDE"), "some")
    axes = figure.axes[0]
    shown = [image.get_array().reshape(16, 16, channels) for image in axes.images]
    assert (np.array(shown[::2]) == originals).all() and (np.array(shown[1::2]) == restored).all()
    for left, right in zip(axes.images[::2], axes.images[1::2]):
        assert left.get_extent()[1] < right.get_extent()[0] and left.get_extent()[2:] == right.get_extent()[2:]
    said = [text.get_text() for text in axes.texts]
    assert [text for text in said if text.startswith("error")] == [f"error {at}.0" for at in (0, 10, 20, 30, 40)]
    style.save(figure, tmp_path / "pairs.png")
    with Image.open(tmp_path / "pairs.png") as picture:
        assert picture.size == tuple(round(100 * side) for side in figure.get_size_inches())


def test_pictures_of_codes_are_the_same_bytes_twice(tmp_path):
    found, kinds = clusters()
    images = np.random.default_rng(0).integers(0, 255, (3, 8, 8, 1), np.uint8)
    for name in ("one", "two"):
        style.save(codes.manifold(found[:, :2], [AMERICAN[kind] for kind in kinds]), tmp_path / f"map-{name}.png")
        style.save(codes.reconstructions(images, images // 2, list("ABC")), tmp_path / f"pairs-{name}.png")
    for picture in ("map", "pairs"):
        assert (tmp_path / f"{picture}-one.png").read_bytes() == (tmp_path / f"{picture}-two.png").read_bytes()
