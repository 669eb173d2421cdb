"""From a manifest to arrays: the right pixels in the right rows."""

import os
import threading
import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fingerspell.datasets.published.archive import Archive
from fingerspell.errors import FingerspellError
from fingerspell.preparation import arrays
from fingerspell.preparation.prepared import Image as Pictured
from fingerspell.preparation.prepared import Prepared, write_table
from fingerspell.splits.manifest import SPLITS

SIZE = 6
ROWS = [
    ("d/B/2.png", "B", "train"),
    ("d/A/7.png", "A", "train"),
    ("d/A/1.png", "A", "validation"),
    ("d/C/3.png", "C", "test"),
    ("d/A/9.png", "A", "test"),
]


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


def png(pixels: np.ndarray) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "pictures.zip"
    with zipfile.ZipFile(path, "w") as out:
        for seed in range(10):
            for label in "ABC":
                out.writestr(f"d/{label}/{seed}.png", png(picture(seed + 100 * ord(label))))
        out.writestr("d/A/broken.png", png(picture(0))[:60])
    with Archive(path) as opened:
        yield opened


def members() -> list[str]:
    return [member for member, _, _ in ROWS]


def test_pixels_stand_in_the_order_of_the_manifest(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "CHUNK", 2)  # several chunks, the last not full
    arrays.write_images(archive, members(), tmp_path / "images.npy", SIZE, 3, "bilinear")
    images = np.load(tmp_path / "images.npy")
    assert images.dtype == np.uint8
    expected = [picture(int(member[4]) + 100 * ord(member[2])) for member in members()]
    assert (images == np.stack(expected)).all()


def test_pixels_have_the_asked_size_and_channels(archive, tmp_path):
    arrays.write_images(archive, members(), tmp_path / "images.npy", 4, 1, "nearest")
    assert np.load(tmp_path / "images.npy").shape == (5, 4, 4, 1)


def test_an_unreadable_image_is_named_with_its_archive(archive, tmp_path):
    with pytest.raises(FingerspellError) as raised:
        arrays.write_images(archive, ["d/A/1.png", "d/A/broken.png"], tmp_path / "x.npy", 4, 1, "box")
    assert "d/A/broken.png" in str(raised.value)
    assert str(archive.path) in str(raised.value)


def test_an_interrupt_leaves_what_has_not_begun_undone(archive, tmp_path, monkeypatch):
    begun, go_on, first = [], threading.Event(), archive.read("d/A/1.png")

    def load(data, *arguments):
        begun.append(data)
        assert data == first or go_on.wait(60)
        return np.zeros((4, 4, 1), np.uint8)

    def interrupted(tasks, *words):
        for _ in tasks:
            threading.Timer(1, go_on.set).start()
            raise KeyboardInterrupt
            yield

    monkeypatch.setattr(arrays, "CHUNK", 1)
    monkeypatch.setattr(arrays, "load", load)
    monkeypatch.setattr(arrays, "progress", interrupted)
    with pytest.raises(KeyboardInterrupt):
        arrays.write_images(archive, ["d/A/1.png", *["d/A/7.png"] * 1000], tmp_path / "x.npy", 4, 1, "box")
    assert len(begun) <= 1 + 2 * os.cpu_count()


def test_a_member_that_is_not_there_is_named(archive, tmp_path):
    with pytest.raises(FingerspellError, match=r"d/A/404\.png"):
        arrays.write_images(archive, ["d/A/404.png"], tmp_path / "x.npy", 4, 1, "box")


def test_a_prepared_folder_tells_rows_labels_and_splits(tmp_path):
    settings = {"classes": ["A", "B", "C"], "image_size": SIZE}
    write_table(tmp_path, [Pictured(*row) for row in ROWS], settings)
    images = np.arange(5 * SIZE, dtype=np.uint8).reshape(5, SIZE)
    np.save(tmp_path / "images.npy", images)
    prepared = Prepared.open(tmp_path)
    assert prepared.members == members()
    assert prepared.classes == ("A", "B", "C")
    assert prepared.labels.tolist() == [1, 0, 0, 2, 0]
    assert prepared.settings == settings
    rows = {split: prepared.rows(split).tolist() for split in SPLITS}
    assert rows == {"train": [0, 1], "validation": [2], "test": [3, 4]}
    array = prepared.array("images")
    assert isinstance(array, np.memmap), "memory must not grow with the number of images"
    assert (array == images).all()
    with pytest.raises(ValueError):
        array[0] = 0


def test_a_folder_without_prepared_images_is_named(tmp_path):
    with pytest.raises(FingerspellError, match=r"nowhere holds no prepared images; run `dvc repro`"):
        Prepared.open(tmp_path / "nowhere")


@pytest.mark.parametrize("mirrored", [False, True])
def test_embeddings_are_those_of_every_image_or_of_its_mirror_image(tmp_path, mirrored):
    images = np.stack([picture(seed) for seed in range(7)])

    def embed(pixels: np.ndarray) -> np.ndarray:
        return pixels[:, :, 0].mean(axis=2, dtype=np.float64)  # of the left edge, so that mirroring shows

    arrays.write_embeddings(embed, images, tmp_path / "e.npy", mirrored, batch=3)
    found = np.load(tmp_path / "e.npy")
    assert found.dtype == np.float32
    edge = images[:, :, -1 if mirrored else 0]
    assert np.allclose(found, edge.mean(axis=2))


def test_embeddings_of_some_rows_stand_in_their_places_among_zeros(tmp_path):
    pixels = np.stack([picture(seed) for seed in range(7)])
    seen = []

    def embed(batch: np.ndarray) -> np.ndarray:
        seen.extend(batch)
        return batch[:, 0, 0] + 1.0

    arrays.write_embeddings(embed, pixels, tmp_path / "e.npy", True, np.array([1, 4, 5]), batch=2)
    expected = np.zeros((7, 3), np.float32)
    expected[[1, 4, 5]] = pixels[[1, 4, 5], 0, -1] + 1.0
    assert (np.load(tmp_path / "e.npy") == expected).all()
    assert len(seen) == 3, "no other image goes through the network"


def test_an_array_is_the_file_that_numpy_would_write(archive, tmp_path):
    arrays.write_images(archive, members(), tmp_path / "images.npy", SIZE, 3, "box")
    np.save(tmp_path / "numpy.npy", np.load(tmp_path / "images.npy"))
    assert (tmp_path / "images.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()
