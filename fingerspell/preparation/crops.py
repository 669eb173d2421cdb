"""What a reader learns from: rows of its dataset's hands, of drawn hands in scenes, and of joints alone.

Each row is of one hand (see `hands.embedding`); the arrays hold several views of it, of which training takes any:
`embeddings.npy` as it is, `mirrored.npy` its mirror image, `view-1.npy`, … changed at random. Drawn hands and joints
follow the images of the dataset in `table.csv`, in the training split.
"""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from fingerspell import files, images, tables
from fingerspell.config import Crops
from fingerspell.datasets.hands import Hands
from fingerspell.datasets.published.archive import Archive, Reference
from fingerspell.datasets.rendered.joints import draw_joints
from fingerspell.errors import FingerspellError
from fingerspell.hands import embedding, layout
from fingerspell.hands.crops import Crop, around, whole
from fingerspell.hands.landmarks import Landmarks
from fingerspell.hands.network import SIZE, HandNetwork
from fingerspell.preparation.prepared import ABOUT, PLAIN, TABLE, Image, Prepared
from fingerspell.processes import in_processes
from fingerspell.progress import progress
from fingerspell.scenes import compositing

CHUNK = 32  # hands of a task
# How views differ from what was found: standard deviations of turn (radians), of place and of size (shares).
TURN, PLACE, SCALE = 0.2, 0.04, 0.12
SCENE = 256  # pixels: side of the scene into which a drawn hand is set
FILL = 0.35, 0.8  # of its side that the hand takes
LEANING, LEANS = (20, 60), 0.3  # degrees by which drawn hands are turned, at most; the share of the second
Row = tuple[str, str, np.ndarray | None]  # member, split, landmarks


def names(views: int) -> list[str]:
    """Return the names of the arrays, less `.npy`."""
    return [*PLAIN, *(f"view-{number}" for number in range(1, views + 1))]


def write(
    prepared: Prepared, archive: Path, landmarks: Path, drawn: Path | None, settings: Crops, seed: int, folder: Path
) -> None:
    """Fill an empty folder, which is then a prepared one.

    archive: of the dataset. landmarks, drawn: the folders that the stages `landmarks` and `hands` left; no drawn hand
    is learnt from where `drawn` is None.
    """
    arrays = names(settings.views)
    shutil.copyfile(prepared.folder / ABOUT, folder / ABOUT)
    found = Landmarks.open(landmarks).of(prepared.members)
    rows = [(m, s, None if np.isnan(p).any() else p) for m, s, p in zip(prepared.members, prepared.splits, found)]
    chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
    with Archive(archive) as opened:
        pictures = [(opened.reference, chunk, settings.views, seed) for chunk in chunks]
    hands = Hands.open(drawn).labels if drawn else np.array([], str)
    places = np.flatnonzero(np.isin(hands, prepared.classes))
    starts = range(0, len(places), CHUNK)
    scenes = [(drawn, places[start : start + CHUNK], settings.views, seed) for start in starts] if drawn else []
    # A drawn alphabet has hands that make no letter under the name of the class without a sign.
    signs = [label for label in prepared.classes if label in set(hands)]

    def parts() -> Iterator[np.ndarray]:
        yield from progress(in_processes(_photographed, pictures, None), len(pictures), "reading hands", f"× {CHUNK}")
        yield from progress(in_processes(_composed, scenes, None), len(scenes), "reading drawn hands", f"× {CHUNK}")
        for label in signs:
            yield _posed(label, settings, seed)

    shape = len(arrays), layout.WIDTH
    files.write_array(folder / "views.npy", np.float16, shape, parts())
    views = np.load(folder / "views.npy", mmap_mode="r")
    for place, name in enumerate(arrays):
        blocks = (views[start : start + 4096, place] for start in range(0, len(views), 4096))
        files.write_array(folder / f"{name}.npy", np.float16, (layout.WIDTH,), blocks)
    (folder / "views.npy").unlink()
    table = tables.read(prepared.folder / TABLE, Image, "table of prepared images")
    table += [Image(f"drawn/{place}", str(hands[place]), "train") for place in places]
    table += [Image(f"joints/{label}/{n}", label, "train") for label in signs for n in range(settings.joints)]
    tables.write(folder / TABLE, Image, table)


def _photographed(task: tuple[Reference, list[Row], int, int]) -> np.ndarray:
    """Return the views of some images, float16 (n, views, 1280); other views than the plain ones of training alone."""
    reference, rows, views, seed = task
    archive = reference.opened()
    archive.fetch(member for member, _, _ in rows)
    out = np.zeros((len(rows), len(PLAIN) + views, layout.WIDTH), np.float16)
    for place, (member, split, points) in enumerate(rows):
        try:
            picture = images.whole(archive.read(member))
        except FingerspellError as error:
            raise FingerspellError(f"{member}: {error}") from error
        height, width = picture.shape[:2]
        crop = whole(width, height) if points is None else around(points[:, :2] * (width, height))
        random = np.random.default_rng([seed, *member.encode()])
        changed = views if split == "train" else 0
        out[place, : len(PLAIN) + changed] = _views(picture, crop, points is not None, changed, random)
    return out


def _composed(task: tuple[Path, np.ndarray, int, int]) -> np.ndarray:
    """Return the views of some drawn hands, each in a scene of its own."""
    drawn, places, views, seed = task
    hands, backgrounds = Hands.open(drawn), np.load(drawn / "backgrounds.npy", mmap_mode="r")
    out = np.zeros((len(places), len(PLAIN) + views, layout.WIDTH), np.float16)
    for row, place in zip(out, places):
        random = np.random.default_rng([seed, int(place)])
        for view in range(len(row)):
            ground = compositing.ground(backgrounds[random.integers(len(backgrounds))], SCENE, random)
            lean = LEANING[int(random.random() < LEANS)]
            mirror = random.random() < 0.5
            matrix = compositing.placement(hands.boxes[place], SCENE, FILL, lean, mirror, 0.03, random)
            scene, _ = compositing.set_before(ground, hands.sheets[place], matrix, random, 0.04)
            crop = around(hands.keypoints[place] @ matrix[:, :2].T + matrix[:, 2])
            row[view] = _changed(scene, crop, True, random)
    return out


def _posed(label: str, settings: Crops, seed: int) -> np.ndarray:
    """Return the views of the joints of one sign: as many hands as views, every other one a left hand."""
    views = len(PLAIN) + settings.views
    joints = draw_joints(settings.hands, label, settings.joints * views, seed)
    joints[1::2, :, 0] *= -1
    rows = np.stack([embedding.of_joints(hand) for hand in joints]).astype(np.float16)
    return rows.reshape(settings.joints, views, layout.WIDTH)


def _views(picture: np.ndarray, crop: Crop, found: bool, changed: int, random: np.random.Generator) -> np.ndarray:
    network = _network()
    plain = [embedding.of_picture(network, picture, crop, mirror, found) for mirror in (False, True)]
    return np.stack([*plain, *(_changed(picture, crop, found, random) for _ in range(changed))])


def _changed(picture: np.ndarray, crop: Crop, found: bool, random: np.random.Generator) -> np.ndarray:
    """Return the row of a hand that was found a little beside, in other light, mirrored or not."""
    side = crop.side * float(np.exp(random.normal(0, SCALE)))
    x, y = np.array([crop.x, crop.y]) + random.normal(0, PLACE, 2) * side
    crop, mirror = Crop(float(x), float(y), side, crop.angle + float(random.normal(0, TURN))), random.random() < 0.5
    cut = _relit(crop.cut(picture, SIZE, mirror), random)
    return embedding.of_cut(_network(), cut, -crop.angle if mirror else crop.angle, found)


def _relit(cut: np.ndarray, random: np.random.Generator) -> np.ndarray:
    light: np.ndarray = (cut.astype(np.float32) - 128) * np.exp(random.normal(0, 0.25)) + 128 + random.normal(0, 25)
    light += random.normal(0, 12, 3)
    if random.random() < 0.3:
        light = cv2.GaussianBlur(light, (0, 0), random.uniform(0.5, 2.5))
    if random.random() < 0.3:
        light += random.normal(0, 10, light.shape)
    if random.random() < 0.2:
        light = light.mean(axis=2, keepdims=True).repeat(3, axis=2)
    return light.clip(0, 255).astype(np.uint8)


@cache
def _network() -> HandNetwork:
    """Return the network of this process."""
    return HandNetwork()
