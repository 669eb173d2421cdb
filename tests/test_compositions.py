"""Compositions: the right label on every image, the shares that are asked for, and the same epoch however reached."""

import json

import numpy as np
import pytest

from fingerspell.config import Augmentation, Composition, Shares, load
from fingerspell.datasets import hands
from fingerspell.datasets.hands import KEYPOINTS, Hands
from fingerspell.errors import FingerspellError
from fingerspell.plots import experiment
from fingerspell.preparation.prepared import Image, Prepared, write_table
from fingerspell.scenes import compositing, gathering
from fingerspell.scenes.compositions import Compositions, Scenery, composed
from fingerspell.training import seen

pytestmark = pytest.mark.slow

NOTHING = dict.fromkeys(Augmentation.model_fields, 0.0) | {"flip": False}
SIDE, SIZE, EMPTY = 48, 32, 3


def block(colour: tuple[int, int, int]) -> np.ndarray:
    """A sheet with a square in its middle, half as wide, instead of a hand."""
    sheet = np.zeros((SIDE, SIDE, 4), np.uint8)
    sheet[..., :3] = colour
    sheet[12:36, 12:36, 3] = 255
    return sheet


# Colours tell the class, and whether it was drawn (pure) or cut out (pale); photographs are even all over.
PURE = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
PALE = [(255, 120, 120), (120, 255, 120), (120, 120, 255)]


@pytest.fixture
def scenery() -> Scenery:
    sheets = np.stack([block(colour) for colour in PURE + PALE])
    corners = np.float32([(12, 12), (36, 12), (36, 36), (12, 36)])
    keypoints = np.full((6, KEYPOINTS, 2), np.nan, np.float32)
    keypoints[:3] = np.resize(corners, (KEYPOINTS, 2))
    some = Hands(
        sheets,
        keypoints,
        np.array(list("abc" * 2)),
        np.array(["rendered"] * 3 + ["cut"] * 3),
        np.tile(np.float32([24, 24, 24]), (6, 1)),
    )
    photographs = np.stack([np.full((SIDE, SIDE, 3), colour, np.uint8) for colour in [*PURE, (250, 250, 250)]])
    grounds = np.full((5, 40, 40, 3), 60, np.uint8)
    return Scenery(some, np.arange(6) % 3, photographs, np.arange(4), grounds, EMPTY, 4)


def composition(
    images: int = 400, fill: tuple[float, float] = (0.5, 0.9), mirrored: float = 0.5, keypoints: float = 0.0, **shares
) -> Composition:
    given = {"rendered": 0.0, "cut": 0.0, "photographs": 0.0} | shares
    return Composition(images=images, shares=Shares(**given), mirrored=mirrored, fill=list(fill), keypoints=keypoints)


def compositions(scenery: Scenery, settings: Composition, batch: int = 50, seed: int = 1, channels: int = 3, **amounts):
    return Compositions(scenery, settings, SIZE, channels, batch, seed, Augmentation(**(NOTHING | amounts)))


def epoch(data: Compositions) -> tuple[np.ndarray, np.ndarray]:
    data.on_epoch_begin()
    x, y = (np.concatenate(parts) for parts in zip(*(data[at] for at in range(len(data)))))
    data.on_epoch_end()
    return x, y


def strongest(x: np.ndarray) -> np.ndarray:
    """Return the channel in which an image has its most colourful pixel."""
    x = x.astype(int).reshape(len(x), -1, 3)
    vivid = np.ptp(x, axis=2).argmax(axis=1)
    return x[np.arange(len(x)), vivid].argmax(axis=1)


@pytest.mark.parametrize("kind", ["rendered", "cut", "photographs"])
def test_every_image_shows_what_its_label_says(scenery, kind):
    x, y = epoch(compositions(scenery, composition(**{kind: 1.0}), rotation=20.0, shift=0.1, scale=0.1))
    assert x.shape == (400, SIZE, SIZE, 3) and x.dtype == np.uint8
    shown = y != EMPTY
    # A hand that hardly any light reaches may have no colour left.
    assert np.mean(strongest(x[shown]) == y[shown]) > 0.97
    assert 0.1 < np.mean(y == EMPTY) < 0.4, "the class without a hand comes as often as the others"
    spread = np.ptp(x[~shown].astype(int), axis=(1, 2)).max()
    assert spread < 3, "nothing is set before the ground of an empty scene"
    assert np.bincount(y[shown], minlength=3).min() > 60


def test_the_shares_are_kept(scenery):
    x, y = epoch(compositions(scenery, composition(images=1500, rendered=3, cut=1)))
    shown = x[y != EMPTY].reshape(np.count_nonzero(y != EMPTY), -1, 3).astype(int)
    colours = shown[np.arange(len(shown)), np.ptp(shown, axis=2).argmax(axis=1)]
    pale = np.median(colours, axis=1) > 0.25 * colours.max(axis=1)
    assert 0.19 < pale.mean() < 0.31


def test_shares_of_what_there_is_not_go_to_the_rest(scenery):
    drawn = scenery.hands[np.arange(3)]
    without = Scenery(drawn, np.arange(3), *[getattr(scenery, name) for name in list(vars(scenery))[2:]])
    x, y = epoch(compositions(without, composition(images=50, rendered=1, cut=5)))
    assert len(x) == 50 and (strongest(x[y != EMPTY]) == y[y != EMPTY]).mean() > 0.9
    with pytest.raises(FingerspellError, match=r"composition\.shares leaves nothing"):
        compositions(without, composition(cut=1))


@pytest.mark.parametrize("kind, share", [("rendered", 0.5), ("rendered", 0.0), ("photographs", 0.5), ("rendered", 0.9)])
def test_as_many_are_mirrored_as_shall_be(scenery, kind, share):
    scenery.hands.sheets[:, :, SIDE // 2 :, :3] = 0
    scenery.photographs[:, :, SIDE // 2 :] = 0
    x, y = epoch(compositions(scenery, composition(fill=(0.8, 0.8), mirrored=share, **{kind: 1.0})))
    vividness = np.ptp(x[y != EMPTY].astype(int), axis=3)
    coloured = vividness > 0.5 * vividness.max(axis=(1, 2), keepdims=True)
    dark = x[y != EMPTY].max(axis=3) < 15
    places = np.arange(SIZE)
    known = coloured.any(axis=(1, 2)) & dark.any(axis=(1, 2))
    left, right = ((one[known] * places).sum(axis=(1, 2)) / one[known].sum(axis=(1, 2)) for one in (coloured, dark))
    assert np.mean(left > right) == pytest.approx(share, abs=0.12)


def test_hands_are_as_large_as_asked_and_anywhere(scenery):
    x, y = epoch(compositions(scenery, composition(rendered=1, fill=(0.3, 0.3))))
    coloured = np.ptp(x[y != EMPTY].astype(int), axis=3) > 40
    share = coloured.mean(axis=(1, 2))
    assert 0.06 < np.median(share) < 0.12  # 0.3² is 0.09
    places = coloured.mean(axis=0)
    assert places.min() < places.max() and (places[4:-4, 4:-4] > 0.01).all()


def test_an_epoch_is_a_function_of_the_seed_and_its_number(scenery):
    arguments = scenery, composition(rendered=1, cut=1, photographs=1, images=120)
    amounts = {"rotation": 10.0, "noise": 0.05, "blur": 1.0}
    whole = compositions(*arguments, **amounts)
    assert len(whole) == 3
    epochs = [epoch(whole) for _ in range(3)]
    assert len(epochs[0][0]) == 120, "the last batch is as long as the number of images leaves it"
    assert (epochs[0][0] != epochs[1][0]).any()
    resumed = compositions(*arguments, **amounts)
    resumed.begin(2)
    backwards = [resumed[at] for at in reversed(range(3))][::-1]
    for place in (0, 1):
        assert (np.concatenate([batch[place] for batch in backwards]) == epochs[2][place]).all()
    assert (epoch(compositions(*arguments, seed=2, **amounts))[0] != epochs[0][0]).any()


def test_grey_scenes_have_one_channel(scenery):
    grey = Scenery(scenery.hands, scenery.hand_labels, scenery.photographs[..., :1], *list(vars(scenery).values())[3:])
    x, _ = compositions(grey, composition(rendered=1, photographs=1), channels=1, noise=0.02)[0]
    assert x.shape == (50, SIZE, SIZE, 1)


def test_without_a_class_of_empty_scenes_there_are_none(scenery):
    full = Scenery(*list(vars(scenery).values())[:-2], None, 3)
    _, y = epoch(compositions(full, composition(rendered=1)))
    assert set(y) == {0, 1, 2}


def test_keypoints_go_where_the_hand_goes(scenery):
    data = compositions(
        scenery, composition(rendered=1, cut=1, keypoints=0.5, fill=(0.3, 0.5)), rotation=30.0, batch=200
    )
    x, y = data[0]
    assert y.shape == (200, 1 + 2 * KEYPOINTS) and y.dtype == np.float32
    labels, points = y[:, 0].astype(int), y[:, 1:].reshape(-1, KEYPOINTS, 2)
    known = ~np.isnan(points).any(axis=(1, 2))
    assert (known <= (labels != EMPTY)).all() and 0.2 < known.mean() < 0.6
    errors = []
    for picture, corners in zip(x[known].astype(int), points[known, :4]):
        rows, columns = np.nonzero(np.ptp(picture, axis=2) > 40)
        if len(rows) > 20:
            middle = (corners.mean(axis=0) + 1) / 2 * SIZE
            errors.append(np.abs(middle - (columns.mean() + 0.5, rows.mean() + 0.5)).max())
    assert len(errors) > 40 and np.median(errors) < 1.2


def test_what_images_are_composed_of_is_gathered_and_opened(scenery, tmp_path):
    drawn, prepared, out = (tmp_path / name for name in ("drawn", "prepared", "out"))
    for folder in (drawn, prepared, out):
        folder.mkdir()
    hands.write(drawn, SIDE, [scenery.hands[np.arange(3)], scenery.hands[np.arange(2, 3)]])
    np.save(drawn / "backgrounds.npy", scenery.backgrounds)
    np.save(prepared / "images.npy", np.zeros((3, SIZE, SIZE, 3), np.uint8))
    np.save(prepared / "photographs.npy", scenery.photographs[[1, 3]])
    rows = [Image("1", "b", "train"), Image("2", "d", "train"), Image("3", "c", "test")]
    write_table(prepared, rows, {"classes": ["b", "c", "d"], "empty": "d"})
    counts = gathering.gather(Prepared.open(prepared), drawn, 0, 1, out, print)
    assert counts == {"rendered": 3, "cut": 0, "photographs": 2, "photographs_with_a_hand": 1}
    assert json.loads((out / "composition.json").read_text()) == counts
    opened = Scenery.open(Prepared.open(out))
    assert opened.hands.labels.tolist() == ["b", "c", "c"], "the hand of a, which is no class here, is left out"
    assert opened.hand_labels.tolist() == [0, 1, 1] and opened.photograph_labels.tolist() == [0, 2]
    assert (opened.hands.sheets == scenery.hands.sheets[[1, 2, 2]]).all()
    assert opened.empty == 2 and opened.classes == 3 and len(opened.backgrounds) == 5


def test_an_experiment_that_composes_nothing_gets_no_compositions():
    assert composed(changed(None), None, 1) is None


def test_photographs_lose_their_rim():
    photographs = np.zeros((2, 100, 100, 3), np.uint8)
    photographs[:, 2:-2, 2:-2] = 9
    assert (compositing.trimmed(photographs) == 9).all()
    assert compositing.trimmed(photographs).shape == (2, 96, 96, 3)


def changed(composes: Composition | None, **amounts: float):
    """An experiment that composes its images so, or not at all, and changes them by these amounts."""
    augment = Augmentation(**NOTHING | amounts)
    return load().experiment("asl_cnn").model_copy(update={"composition": composes, "augment": augment})


def test_what_training_saw_first_is_kept_and_shown(scenery, tmp_path):
    images_of = compositions(scenery, composition(rendered=0.5, cut=0.4, photographs=0.1, keypoints=0.5))
    settings = changed(composition(rendered=0.5, photographs=0.1), rotation=5.0)
    seen.write_seen(settings, None, images_of, tmp_path / "seen.npz")
    images, targets = images_of[0]
    description = {
        "experiment": "a_cnn", "composition": settings.composition.model_dump(), "classes": list("abcd"),
    }  # fmt: skip
    axes = experiment.kept(tmp_path, description)["augmented"].axes[0]
    assert any("first: drawn hands, photographs as they are" in text.get_text() for text in axes.texts)
    assert all((shown.get_array() == image).all() for shown, image in zip(axes.get_images(), images))
    captions = [text.get_text() for text in axes.texts if len(text.get_text()) == 1]
    assert captions == ["abcd"[int(label)] for label in targets[: seen.COMPOSED, 0]]
    assert len(axes.get_images()) == seen.COMPOSED and len(set(captions)) == 4


def test_of_images_that_are_changed_some_are_kept_to_be_shown(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (30, SIZE, SIZE, 3), np.uint8)
    np.save(tmp_path / "images.npy", images)
    splits = np.array(["test", "train", "train"] * 10)
    prepared = Prepared(tmp_path, ["x"] * 30, np.arange(30), splits, tuple(range(30)), {})
    seen.write_seen(changed(None, rotation=5.0), prepared, None, tmp_path / "seen.npz")
    with np.load(tmp_path / "seen.npz") as kept:
        assert len(kept["labels"]) == seen.CHANGED and (splits[kept["labels"]] == "train").all()
        assert (kept["images"] == images[kept["labels"]]).all()
    seen.write_seen(changed(None), prepared, None, tmp_path / "none.npz")
    assert not (tmp_path / "none.npz").exists(), "plain photographs are not worth a sheet"
