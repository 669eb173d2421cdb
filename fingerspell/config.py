"""The parameters of a study, typed; unknown or impossible values are refused by name.

`params.yaml` is described there, key by key; here stand its types and bounds.
"""

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from reprlib import Repr
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from fingerspell.errors import FingerspellError

Fraction = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
Rate = Annotated[float, Field(gt=0, le=1e3)]
# Every number has an upper bound, far above what a study needs: one digit too many must not fill memory or disk.
Images = Annotated[int, Field(ge=1, le=10**6)]
Epochs = Annotated[int, Field(ge=1, le=10**4)]
BatchSize = Annotated[int, Field(ge=1, le=8192)]
Scales = Annotated[list[Annotated[float, Field(ge=0.5, le=2)]], Field(min_length=1, max_length=20)]
Rotations = Annotated[list[Annotated[float, Field(ge=-180, le=180)]], Field(min_length=1, max_length=20)]  # degrees
# A dot would split the key where DVC reads it. File names, of at most 255 bytes, are made of it.
NAME = r"^[A-Za-z0-9_-]+$"
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=100)]

Entry = TypeVar("Entry")

SHOWN = Repr()  # of a value in a message, however long that is
SHOWN.maxstring = 80


def _bounded(value: object) -> object:
    """Tell of a number before the alternatives to numbers do, each of which would have something to say."""
    if isinstance(value, int) and abs(value) > 10**4:  # a forest of so many trees takes a gigabyte
        raise ValueError(f"is {SHOWN.repr(value)}: whole numbers should be from -10000 to 10000")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"is {value}: input should be a finite number")
    return value


GridValue = Annotated[bool | int | float | str | None, BeforeValidator(_bounded)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DatasetSettings(_Section):
    """Where the images of one dataset come from; the keys after `images_per_class` are for one of your own."""

    source: Literal["rendered", "original", "own"]
    path: str
    images_per_class: Annotated[int, Field(ge=1, le=5000)] | None = None
    alphabet: Name | None = None
    letters: dict[str, Annotated[str, StringConstraints(min_length=1, max_length=100)]] = {}  # sign -> what is written
    empty: str | None = None
    licence: str = "not stated"

    @model_validator(mode="after")
    def _of_its_source(self) -> "DatasetSettings":
        own = {"alphabet", "letters", "empty", "licence"}
        wrong = {"images_per_class"} if self.source == "own" else own
        if extra := sorted(wrong & self.model_fields_set):
            raise ValueError(f"has {extra[0]}, which is not for source: {self.source}; remove it")
        if self.source != "own" and self.images_per_class is None:
            raise ValueError("has no images_per_class; add it")
        return self


class SplitSettings(_Section):
    """How images are divided; which of `test`, `test_images`, `burst` and `gap` apply depends on `method`."""

    method: Literal["random", "official", "first", "grouped", "capture_order"]
    test: Fraction = 0.2
    test_images: Images = 100
    validation: Fraction = 0.2
    burst: Images = 50
    gap: Fraction = 0.05


class Drop(_Section):
    """The classes of the dataset except these."""

    drop: list[str]


class Clean(_Section):
    """What is left out before an experiment's images are divided."""

    copies: bool
    contradictions: bool
    unreadable: bool


class Augmentation(_Section):
    """Random changes to training images, each up to its amount; what is not named, 0 or false is left out."""

    flip: bool
    shift: Fraction = 0.0  # of the side
    scale: Fraction = 0.0
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0  # degrees
    perspective: Annotated[float, Field(ge=0, lt=0.25)] = 0.0  # of the side, by which a corner moves
    brightness: Fraction = 0.0
    contrast: Fraction = 0.0
    colour: Fraction = 0.0
    blur: Annotated[float, Field(ge=0, le=10)] = 0.0  # pixels: standard deviation
    noise: Fraction = 0.0  # of 255: standard deviation
    cutout: Fraction = 0.0  # of the side
    grey: Fraction = 0.0  # of the images
    motion_blur: Annotated[float, Field(ge=0, le=10)] = 0.0  # pixels
    compression: Fraction = 0.0  # of JPEG's quality


class Training(_Section):
    """How the weights are sought, whatever they belong to."""

    optimizer: Literal["adam", "adamw", "sgd"]
    learning_rate: Rate
    schedule: Literal["constant", "cosine"]
    warmup: Annotated[int, Field(ge=0, le=10**4)] = 0  # epochs
    early_stopping: Annotated[int, Field(ge=0, le=10**4)] = 0  # epochs without a better validation loss; 0 never stops
    label_smoothing: Fraction = 0.0
    class_weights: bool = False
    mixup: Annotated[float, Field(ge=0, le=10)] = 0.0  # of the beta distribution; 0 mixes nothing
    swa: Annotated[float, Field(ge=0, le=1)] = 0.0  # of the epochs, at the end, whose weights are averaged
    distribution: Literal["none", "mirrored", "multi_host"] = "none"  # docs/distribution.md


class FineTuning(_Section):
    """The second phase of transfer learning: layers of the backbone learn too."""

    from_layer: str
    epochs: Epochs
    learning_rate: Rate


class Shares(_Section):
    """What training images are composed of, in proportion."""

    rendered: Weight  # drawn hands before drawn backgrounds
    cut: Weight  # hands cut out of the experiment's own photographs, before the same
    photographs: Weight  # the photographs as they are

    @model_validator(mode="after")
    def _something(self) -> "Shares":
        if not any(amount for _, amount in self):
            raise ValueError("are all 0; set at least one to more")
        return self


class Composition(_Section):
    """How training images are composed, anew in every epoch: hands set into other scenes."""

    images: Images  # of an epoch
    shares: Shares
    mirrored: Annotated[float, Field(ge=0, le=1)]  # share of images that show the other hand
    fill: Annotated[list[Annotated[float, Field(gt=0, le=2)]], Field(min_length=2, max_length=2)]
    keypoints: Weight

    @field_validator("fill")
    @classmethod
    def _rises(cls, fill: list[float]) -> list[float]:
        if fill[0] > fill[1]:
            raise ValueError(f"is {fill}: the first must not be larger than the second; change their places")
        return fill


class Protocol(_Section):
    """Which images are used, and how they are divided."""

    classes: Literal["all"] | list[str] | Drop
    clean: Clean
    split: SplitSettings
    sample_size: Images | None
    undersample: bool


class Pixels(_Section):
    """What an image becomes before a network sees it."""

    image_size: Annotated[int, Field(ge=8, le=512)]
    channels: Literal[1, 3]
    resample: Literal["nearest", "box", "bilinear", "bicubic", "lanczos"]


class Experiment(Protocol, Pixels):
    """One dataset, protocol, model and way of training."""

    dataset: str
    model: str
    trains_on: Literal["prepared", "compositions", "crops"]
    weights: str
    precision: Literal["float32", "mixed_bfloat16"]
    dropout: Fraction
    epochs: Epochs | None
    batch_size: BatchSize | None
    seeds: Annotated[int, Field(ge=1, le=100)]
    training: Training | None
    fine_tune: FineTuning | None
    augment: Augmentation
    tta_scales: Scales
    tta_rotations: Rotations
    composition: Composition | None
    grid: dict[str, Annotated[list[GridValue], Field(min_length=1)]] | None


class Autoencoder(Pixels):
    """An encoder that learns without labels, from the training images of one experiment's split."""

    split: str  # an experiment
    dataset: str
    # Of 8×8 pixels each value of a code tells; a code of 512 values has less than one for every place beyond 176.
    image_size: Annotated[int, Field(ge=16, le=176, multiple_of=8)]
    epochs: Epochs
    batch_size: BatchSize
    training: Training


class Scenery(_Section):
    """What the training images of an experiment are composed of."""

    hands: str
    segmenter_steps: Annotated[int, Field(ge=0, le=10**6)]  # batches; 0 cuts no hands out of photographs

    @field_validator("hands")
    @classmethod
    def _some(cls, hands: str) -> str:
        if hands == "none":
            raise ValueError("is none, but scenes are composed of hands; name an alphabet")
        return hands


class Crops(_Section):
    """What the reader of an experiment learns from, beside the hands that are found in its dataset."""

    dataset: str
    hands: Literal["american", "arabic", "none"]
    joints: Annotated[int, Field(ge=0, le=10**4)]  # hands of each sign of which the joints alone are known
    views: Annotated[int, Field(ge=0, le=20)]  # of each hand, changed at random


class Evidence(_Section):
    """What trained models are asked beside their own test images, and which of them."""

    comparisons: list[Annotated[list[str], Field(min_length=2, max_length=2)]]  # of two experiments
    images: Annotated[int, Field(ge=1, le=100_000)]  # of each set, drawn by the seed
    robustness: list[str]  # experiments
    explanations: list[str]  # experiments whose model is a network that sees pixels


class ExternalSet(_Section):
    """Photographs that no dataset holds, in a folder or zip of class folders, and the experiment that reads them."""

    experiment: str
    path: str


class DrawnHands(_Section):
    """How many hands of each sign of an alphabet are drawn on transparent ground, and how many backgrounds."""

    per_class: Annotated[int, Field(ge=1, le=2000)]
    backgrounds: Annotated[int, Field(ge=1, le=20_000)]


class Params(_Section):
    """The whole of `params.yaml`."""

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    datasets: dict[Name, DatasetSettings]
    hands: dict[Literal["american", "arabic", "none"], DrawnHands | Literal["none"]]
    weights: dict[Name, str | list[str]]
    autoencoders: dict[Name, Autoencoder]
    compositions: dict[Name, Scenery]
    landmarks: list[str]
    crops: dict[Name, Crops]
    experiments: dict[Name, Experiment]
    exports: dict[Name, Literal["prepared", "crops"]]  # and the test images by which they are checked
    external: dict[Name, ExternalSet]
    evidence: Evidence

    @model_validator(mode="after")
    def _references_exist(self) -> "Params":
        for key, value, section in self._references():
            if value not in (there := getattr(self, section)):
                raise ValueError(
                    f"{key} is {value!r}, but {section} has only {', '.join(there) or 'none'}; "
                    "mend the name or add it there"
                )
        if both := set(self.weights) & set(self.autoencoders):
            raise ValueError(f"autoencoders.{both.pop()} is also the name of weights; give it another")
        for fault in self._faults_of_autoencoders():
            raise ValueError(fault)
        for name, chosen in self.external.items():
            if not os.path.exists(chosen.path):
                raise ValueError(
                    f"external.{name}.path is {chosen.path!r}, which is not there; mend it "
                    "(a queued or temporary run needs a path from the root)"
                )
        return self

    def _faults_of_autoencoders(self) -> Iterator[str]:
        for name, one in self.autoencoders.items():
            key, training = f"autoencoders.{name}", one.training
            for setting in ("label_smoothing", "class_weights", "mixup"):
                if getattr(training, setting):
                    yield f"{key}.training.{setting} must be left out: an autoencoder learns without labels"
            if training.distribution != "none":
                yield f"{key}.training.distribution must be left out: autoencoders are trained on one device"
            if 0 < training.warmup >= one.epochs:
                yield f"{key}.training.warmup is {training.warmup}, no less than its epochs; lower it"
            if training.swa and training.early_stopping:
                yield f"{key}.training.swa must be 0 where early_stopping is more: it goes back to one epoch's weights"
            if training.early_stopping and not self.experiments[one.split].split.validation:
                yield f"{key}.training.early_stopping must be 0: {one.split} has no validation images to go by"

    def _references(self) -> Iterator[tuple[str, str, str]]:
        """Yield every key whose value names an entry of a section, the value, and that section."""
        for name, experiment in self.experiments.items():
            yield f"experiments.{name}.dataset", experiment.dataset, "datasets"
            if experiment.weights not in self.autoencoders:
                yield f"experiments.{name}.weights", experiment.weights, "weights"
        for name, one in self.autoencoders.items():
            yield f"autoencoders.{name}.dataset", one.dataset, "datasets"
            yield f"autoencoders.{name}.split", one.split, "experiments"
        for name, scenery in self.compositions.items():
            yield f"compositions.{name}", name, "experiments"
            yield f"compositions.{name}.hands", scenery.hands, "hands"
        for name in self.landmarks:
            yield "landmarks", name, "datasets"
        for name, crop in self.crops.items():
            yield f"crops.{name}", name, "experiments"
            yield f"crops.{name}.hands", crop.hands, "hands"
            yield f"crops.{name}.dataset", crop.dataset, "landmarks"
        for name in self.exports:
            yield "exports", name, "experiments"
        for name, chosen in self.external.items():
            yield f"external.{name}.experiment", chosen.experiment, "experiments"
        evidence = self.evidence
        for key, names in {
            "comparisons": [name for pair in evidence.comparisons for name in pair],
            "robustness": evidence.robustness,
            "explanations": evidence.explanations,
        }.items():
            for name in names:
                yield f"evidence.{key}", name, "experiments"

    def dataset(self, name: str) -> DatasetSettings:
        """Return the settings of one dataset; a name that is not there is refused."""
        return _lookup(self.datasets, name, "dataset")

    def drawn_hands(self, alphabet: str) -> DrawnHands | None:
        """Return how many hands of an alphabet are drawn, None for `none`; one that is not there is refused."""
        found = _lookup(self.hands, alphabet, "entry of hands")
        return None if found == "none" else found

    def weights_source(self, name: str) -> str | list[str]:
        """Return where one set of weights comes from; a name that is not there is refused."""
        return _lookup(self.weights, name, "entry of weights")

    def autoencoder(self, name: str) -> Autoencoder:
        """Return the settings of one autoencoder; a name that is not there is refused."""
        return _lookup(self.autoencoders, name, "autoencoder")

    def composition(self, name: str) -> Scenery:
        """Return what an experiment's images are composed of; a name that is not there is refused."""
        return _lookup(self.compositions, name, "entry of compositions")

    def crop(self, name: str) -> Crops:
        """Return what an experiment's reader learns from; a name that is not there is refused."""
        return _lookup(self.crops, name, "entry of crops")

    def experiment(self, name: str) -> Experiment:
        """Return one experiment; a name that is not there is refused."""
        return _lookup(self.experiments, name, "experiment")

    def external_set(self, name: str) -> ExternalSet:
        """Return one external set; a name that is not there is refused."""
        return _lookup(self.external, name, "external set")


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check a parameter file; raises `FingerspellError` with the first fault, its key and the remedy."""
    try:
        return Params.model_validate(read(path))
    except ValidationError as error:
        raise FingerspellError(f"{path}: {_sentence(error)}") from error


def read(path: Path = Path("params.yaml")) -> object:
    """Return what a parameter file holds as it stands there, unchecked; raises `FingerspellError` if it is no YAML.

    As YAML 1.2, like DVC, which writes 0.00001 as 1e-05: to YAML 1.1, which most readers follow, that is text.
    """
    try:
        return YAML(typ="safe").load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FingerspellError(f"{path} is not here; run the command in the folder that holds it") from error
    except (YAMLError, ValueError) as error:  # ValueError: not UTF-8, or a number of thousands of digits
        message = " ".join(str(error).split())
        raise FingerspellError(f"{path} is not valid YAML ({message}); mend it there") from error


def _lookup(section: Mapping[Any, Entry], name: str, kind: str) -> Entry:
    if name not in section:
        raise FingerspellError(
            f"there is no {kind} {name!r} in the parameters; there are {', '.join(section) or 'none'}"
        )
    return section[name]


def _sentence(error: ValidationError) -> str:
    """One sentence on the first fault: the key as a user writes it, what is wrong, what is allowed."""
    fault = error.errors()[0]
    # A union adds the names of its alternatives to the place; they are no keys of the file.
    alternatives = {"bool", "literal['all']", "literal['none']", "list[str]", "Drop", "DrawnHands"}
    alternatives |= {"int", "float", "str", "constrained-int", "none"}
    key = ".".join(str(part) for part in fault["loc"] if str(part) not in alternatives)
    if fault["type"] == "extra_forbidden":
        return f"{key} is not a known parameter; remove it or mend its spelling"
    if fault["type"] == "string_pattern_mismatch":
        return f"{key.removesuffix('.[key]')} is no name; use letters, digits, _ and - alone"
    if fault["type"] == "string_too_long":
        name, most = SHOWN.repr(fault["input"]), fault["ctx"]["max_length"]
        return f"{name} is too long for the name of a file; give it at most {most} characters"
    if fault["type"] == "missing":
        return f"{key} is missing; add it"
    if fault["type"] == "value_error":
        return f"{key} {fault['ctx']['error']}".lstrip()
    if fault["type"] == "model_type":
        return f"{key or 'the file'} must hold named parameters, not {SHOWN.repr(fault['input'])}"
    return f"{key} is {SHOWN.repr(fault['input'])}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
