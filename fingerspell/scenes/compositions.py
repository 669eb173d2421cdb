"""Training images that are composed anew in every epoch: hands set into scenes, and photographs as they are."""

from dataclasses import dataclass

import cv2
import numpy as np

from fingerspell.config import Augmentation, Composition, Experiment
from fingerspell.datasets.hands import KEYPOINTS, Hands
from fingerspell.errors import FingerspellError
from fingerspell.preparation.prepared import Prepared
from fingerspell.scenes import compositing
from fingerspell.training.augmentation import augment
from fingerspell.training.batches import Epochs

COUNTS = "composition.json"  # how many hands and photographs there are
BEYOND = 0.06  # of the side, by which a hand may leave the picture
DARK = 0.04  # share of hands that hardly any light reaches
GEOMETRY = dict(flip=False, shift=0.0, scale=0.0, rotation=0.0)  # composing takes care of these
UNKNOWN = np.full((KEYPOINTS, 2), np.nan, np.float32)


@dataclass(frozen=True)
class Scenery:
    """What images are composed of; the large arrays stay on disk. Labels are indices into the classes.

    hands and their labels; photographs, uint8 (n, side, side, channels), and theirs; backgrounds, uint8
    (n, side, side, 3); empty: the class without a sign, None where there is none; classes: how many there are.
    """

    hands: Hands
    hand_labels: np.ndarray
    photographs: np.ndarray
    photograph_labels: np.ndarray
    backgrounds: np.ndarray
    empty: int | None
    classes: int

    @classmethod
    def open(cls, prepared: Prepared) -> "Scenery":
        """Open the folder that the stage `compose` wrote, which is a prepared one as well."""
        classes = {label: at for at, label in enumerate(prepared.classes)}
        hands = Hands.open(prepared.folder)
        return cls(
            hands,
            np.array([classes[label] for label in hands.labels], int),
            compositing.trimmed(prepared.array("photographs")),
            prepared.labels[prepared.rows("train")],
            prepared.array("backgrounds"),
            classes.get(prepared.settings["empty"]),
            len(classes),
        )


class Compositions(Epochs):
    """Batches of images that are drawn anew in every epoch, of which each has `settings.images`.

    An image shows a hand by the shares of `settings.shares`: drawn, or cut out of a photograph, and set before a
    background; or in a photograph as it was taken. The class without a sign comes as often as the others: as a
    background, or as a photograph, as often as photographs come with hands. Drawn hands that make no letter add to it.

    `settings.mirrored` of the images show the other hand. Of `augment`, `rotation` turns hands and photographs, `shift`
    and `scale` move photographs alone (hands go by `settings.fill`, and anywhere); all else comes after composing.
    An epoch's images are a function of the seed and the epoch alone.

    Gives x uint8 (batch, size, size, channels) and y int (batch,); with `settings.keypoints` y is float32
    (batch, 1 + 42): the label, then x and y of the 21 keypoints, -1–1 from one rim to the other, NaN where nobody
    knows them.
    """

    def __init__(
        self,
        scenery: Scenery,
        settings: Composition,
        size: int,
        channels: int,
        batch: int,
        seed: int,
        augment: Augmentation,
    ) -> None:
        super().__init__()
        self.targets = scenery.photograph_labels
        self._scenery, self._settings, self._size, self._channels = scenery, settings, size, channels
        self._batch, self.seed = batch, seed
        self._turning, self._finish = augment, augment.model_copy(update=GEOMETRY)
        self._empty = np.flatnonzero(scenery.photograph_labels == scenery.empty)
        self._empty_share = 0.0 if scenery.empty is None else 1 / scenery.classes
        self._rows = {
            "rendered": np.flatnonzero(scenery.hands.sources == "rendered"),
            "cut": np.flatnonzero(scenery.hands.sources == "cut"),
            "photographs": np.flatnonzero(scenery.photograph_labels != scenery.empty),
        }
        shares = np.array([getattr(settings.shares, kind) * bool(len(rows)) for kind, rows in self._rows.items()])
        if not shares.any():
            raise FingerspellError(
                "composition.shares leaves nothing to compose images of; set one that there is to more than 0"
            )
        self._shares = shares / shares.sum()

    def __len__(self) -> int:
        return -(-self._settings.images // self._batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return batch `index` of the present epoch."""
        epoch = self.epoch  # read once: threads may ask
        assert self.seed is not None  # it was given one
        random = np.random.default_rng([self.seed, epoch, index + 1])
        count = min(self._batch, self._settings.images - index * self._batch)
        kinds = random.choice(list(self._rows), count, p=self._shares)
        empty = random.random(count) < self._empty_share
        drawn = [self._draw(kind, none, random) for kind, none in zip(kinds.tolist(), empty.tolist())]
        pictures, labels, keypoints = zip(*drawn)
        x, y = np.stack(pictures), np.array(labels)
        if self._channels == 1:
            x = np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None] for picture in x])
        x = augment(x, self._finish, random)
        if self._settings.keypoints:
            y = np.concatenate([y[:, None], np.reshape(keypoints, (count, -1))], axis=1).astype(np.float32)
        self.passed(index)
        return x, y

    def _draw(self, kind: str, empty: bool, random: np.random.Generator) -> tuple[np.ndarray, int, np.ndarray]:
        """Return a picture, its label, and its keypoints (21, 2)."""
        scenery, size = self._scenery, self._size
        if empty and (kind != "photographs" or not len(self._empty)):
            assert scenery.empty is not None  # else its share is 0
            return self._ground(random), scenery.empty, UNKNOWN
        rows = self._empty if empty else self._rows[kind]
        row = rows[random.integers(len(rows))]
        mirror = random.random() < self._settings.mirrored
        if kind == "photographs":
            return self._photograph(scenery.photographs[row], mirror, random), scenery.photograph_labels[row], UNKNOWN
        hands, (least, most) = scenery.hands, self._settings.fill
        matrix = compositing.placement(
            hands.boxes[row], size, (least, most), self._turning.rotation, mirror, BEYOND, random
        )
        picture, _ = compositing.set_before(self._ground(random), hands.sheets[row], matrix, random, DARK)
        keypoints = hands.keypoints[row] @ matrix[:, :2].T + matrix[:, 2]
        return picture, scenery.hand_labels[row], keypoints * (2 / size) - 1

    def _ground(self, random: np.random.Generator) -> np.ndarray:
        backgrounds = self._scenery.backgrounds
        return compositing.ground(backgrounds[random.integers(len(backgrounds))], self._size, random)

    def _photograph(self, picture: np.ndarray, mirror: bool, random: np.random.Generator) -> np.ndarray:
        if picture.shape[2] == 1:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
        amounts = self._turning
        scale = 1 + random.uniform(-amounts.scale, amounts.scale)
        rotation = random.uniform(-amounts.rotation, amounts.rotation)
        shift = random.uniform(-amounts.shift, amounts.shift, 2)
        picture = compositing.moved(picture, self._size, scale, rotation, shift, mirror)
        return compositing.recolour(picture, random, 0.4, 0.2, 0.08)


def composed(experiment: Experiment, prepared: Prepared, seed: int) -> Compositions | None:
    """Return the images that each epoch of an experiment's training sees; None where they are the prepared ones."""
    if experiment.composition is None:
        return None
    assert experiment.batch_size is not None  # the registry refuses a network without one
    scenery, size = Scenery.open(prepared), experiment.image_size
    return Compositions(
        scenery, experiment.composition, size, experiment.channels, experiment.batch_size, seed, experiment.augment
    )
