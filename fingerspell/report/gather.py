"""What the report tells of: the files that a run of the study left, read and checked.

A file that is not there leaves its part empty, and the report says what would make it. One that is damaged, or does not
agree with another, raises FingerspellError: a report must not tell of two different runs.
"""

import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions
from fingerspell.models.common.description import DESCRIPTION, Damaged, Trained
from fingerspell.models.common.description import read as read_description

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
T = TypeVar("T", bound="_Read")

WEIGHTS = {".h5", ".skops"}  # of what lies in a model's folder, what answers


class _Read(BaseModel):
    """What is read from a file: more may stand in it."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Metrics(_Read):
    """`metrics/<experiment>.json`."""

    accuracy: Share
    accuracy_low: Share
    accuracy_high: Share
    macro_f1: Share
    top3_accuracy: Share
    expected_calibration_error: Share
    test_images: Annotated[int, Field(ge=1)]
    leakage_pixels: Share | None = None
    leakage_hash: Share | None = None
    source: Literal["rendered", "original", "own"]


class Details(_Read):
    """`plots/<experiment>/metrics.json`: the interval that takes bursts, not images, for independent."""

    bursts: Count
    accuracy_bursts_low: Share
    accuracy_bursts_high: Share


class Audit(_Read):
    """`metrics/audit/<dataset>.json`."""

    images: Count
    classes: Count
    unreadable: Count
    copies: Count
    two_labels: Count
    near_images: Count
    near_clusters: Count
    largest_cluster: Count
    near_two_labels: Count
    unlike: Count


class Source(_Read):
    """`data/raw/<dataset>/source.json`."""

    source: Literal["rendered", "original", "own"]
    archive: str
    sha256: str
    size: Count


class Found(_Read):
    """`metrics/landmarks/<dataset>.json`: found is the share of the images in which a hand was found."""

    images: Count
    found: Share


class CrossSet(_Read):
    """How well one experiment reads one set of images; own: one that it learnt from. None where there are no images."""

    set: str
    kind: str
    own: bool
    images: Count
    classes: Count
    accuracy: Share | None
    accuracy_low: Share | None
    accuracy_high: Share | None


class Cross(_Read):
    """`metrics/cross/<experiment>.json`."""

    sets: list[CrossSet]


class Level(_Read):
    """How well disturbed images are read."""

    level: Annotated[int, Field(ge=1)]
    accuracy: Share


class Background(_Read):
    """How well the same drawn hands are read before plain grey and before drawn places."""

    images: Count
    plain: Share
    scenes: Share


class Part(_Read):
    """How well some of the test images are read; lightness: of the skins on them, CIE L*, from and to."""

    images: Count
    accuracy: Share | None
    lightness: tuple[float, float] | None = None


class Robustness(_Read):
    """`metrics/robustness/<experiment>.json`; clean: the accuracy on the same images, undisturbed."""

    images: Count
    clean: Share
    accuracy_low: Share
    accuracy_high: Share
    disturbances: dict[str, Annotated[list[Level], Field(min_length=1)]]
    mean: Share
    background: Background | None = None
    skin: Annotated[list[Part], Field(max_length=3)] | None = None
    hand: dict[str, Part] | None = None


class Before(_Read):
    """A figure before and after the temperature is set; None where no validation images set it."""

    before: float
    after: float | None


class Bin(_Read):
    """Images of about the same confidence, and how many of them are right."""

    confidence: Share
    accuracy: Share
    images: Count


class Bins(_Read):
    """The bins of a reliability diagram, before and after the temperature is set."""

    before: list[Bin]
    after: list[Bin] | None


class Withheld(_Read):
    """The accuracy where the least sure share of the images is not answered."""

    share: Share
    accuracy: Share


class Calibration(_Read):
    """`metrics/calibration/<experiment>.json`."""

    temperature: float | None
    expected_calibration_error: Before
    log_loss: Before
    withheld: list[Withheld]
    bins: Bins


class Explanation(_Read):
    """`metrics/explanations/<experiment>.json`: shares of the maps on the hand; hand_area, of the picture.

    on_hand_untrained: of the same network before training. pointing: share of maps whose hottest place is on the hand.
    """

    images: Count
    on_hand: Share
    on_hand_right: Share | None = None
    on_hand_wrong: Share | None = None
    on_hand_untrained: Share | None = None
    hand_area: Share
    pointing: Share | None = None


class Pair(_Read):
    """A row of `plots/comparison/pairs.csv`."""

    first: str
    second: str
    shared: Count
    first_accuracy: Share
    second_accuracy: Share
    only_first: Count
    only_second: Count
    p_holm: Share


@dataclass(frozen=True)
class Dataset:
    """A dataset of the study; audit, source, found and pictures are None where they were not made.

    Of one's own publisher and page are empty, and images_per_class is None.
    """

    name: str
    title: str
    publisher: str
    licence: str
    page: str
    images_per_class: int | None
    audit: Audit | None
    source: Source | None
    found: Found | None
    glance: Path | None
    near: Path | None


@dataclass(frozen=True)
class Accuracy:
    """An accuracy and its 95% interval."""

    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class Run:
    """What an experiment left.

    history: a row for every epoch, of the columns that its model has; NaN where training diverged.
    weights: file name → SHA-256 of the files that hold the model.
    archive: the zip that holds the test images.
    """

    metrics: Metrics
    details: Details | None
    predictions: Predictions
    letters: dict[str, str]
    images: dict[str, int]
    packages: dict[str, str]
    history: list[dict[str, float]]
    weights: dict[str, str]
    archive: Path

    @property
    def measured(self) -> Accuracy:
        """Its accuracy; the interval is over bursts where they are known, else over images."""
        found, over = self.metrics, self.details
        if over:
            return Accuracy(found.accuracy, over.accuracy_bursts_low, over.accuracy_bursts_high)
        return Accuracy(found.accuracy, found.accuracy_low, found.accuracy_high)

    @cached_property
    def counts(self) -> np.ndarray:
        """(k, k) int: images of each class (row) that are taken for each class (column)."""
        table = self.predictions
        width = len(table.classes)
        return np.bincount(table.labels * width + table.predicted, minlength=width**2).reshape(width, width)

    @cached_property
    def f1(self) -> dict[str, float]:
        """Class → F1, of the classes that have test images."""
        right, support, named = self.counts.diagonal(), self.counts.sum(1), self.counts.sum(0)
        both = zip(self.predictions.classes, right.tolist(), support.tolist(), named.tolist())
        return {label: 2 * hits / (images + guesses) for label, hits, images, guesses in both if images}


@dataclass(frozen=True)
class Experiment:
    """An experiment of the study; run is None where it did not run, and missing is the file that is not there.

    maps: name → picture of where its network looks.
    """

    name: str
    settings: config.Experiment
    alphabet: str
    run: Run | None
    missing: Path | None
    cross: Cross | None
    robustness: Robustness | None
    calibration: Calibration | None
    explanation: Explanation | None
    maps: dict[str, Path]

    @property
    def ran(self) -> Run:
        """What it left; of one that ran."""
        assert self.run is not None
        return self.run


@dataclass(frozen=True)
class Study:
    """The whole study. sentences, pairs: None where no comparison was made."""

    params: config.Params
    datasets: list[Dataset]
    experiments: list[Experiment]
    sentences: list[str] | None
    pairs: list[Pair] | None

    @property
    def done(self) -> list[Experiment]:
        """The experiments that ran."""
        return [one for one in self.experiments if one.run]

    @property
    def sources(self) -> set[str]:
        """Where the images of the experiments that ran come from: rendered, original, or both."""
        return {one.ran.metrics.source for one in self.done}


@dataclass(frozen=True)
class Cost:
    """What one stage took: of one experiment, dataset or the like, which `of` names."""

    stage: str
    of: str
    seconds: float
    peak_bytes: int


class Sweep(_Read):
    """A row of `docs/results/sweeps.csv`: an experiment with one value of one parameter."""

    experiment: str
    swept: str
    value: str
    accuracy: Share
    accuracy_low: Share
    accuracy_high: Share
    train_images: Count
    train_seconds: Annotated[float, Field(gt=0)]
    peak_bytes: Count
    model_bytes: Count
    ms_per_image: Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class Machine:
    """What differs from one run of the study to another: nothing that the pipeline keeps."""

    revision: str
    hardware: Mapping[str, str] = field(default_factory=dict)
    costs: list[Cost] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)


def study(root: Path = Path()) -> Study:
    """Read what a run of the study left below `root`.

    Raises FingerspellError where a file is damaged or two do not agree, and as `config.load` does.
    """
    params = config.load(root / "params.yaml")
    sentences, pairs = root / "plots/comparison/sentences.md", root / "plots/comparison/pairs.csv"
    return Study(
        params=params,
        datasets=[_dataset(root, name, one) for name, one in params.datasets.items()],
        experiments=[_experiment(root, name, params) for name in params.experiments],
        sentences=_bullets(sentences) if sentences.exists() else None,
        pairs=_table(pairs, Pair) if pairs.exists() else None,
    )


def costs(folder: Path) -> list[Cost]:
    """Read what each stage took from the JSON files of a folder of logs, sorted by name; none where there is none."""

    class Log(_Read):
        seconds: Annotated[float, Field(ge=0)]
        peak_bytes: Count

    found = {path.stem.partition("-")[::2]: _json(path, Log) for path in sorted(folder.glob("*.json"))}
    return [Cost(stage, of, log.seconds, log.peak_bytes) for (stage, of), log in found.items() if log]


def sweeps(path: Path) -> list[Sweep]:
    """Read `docs/results/sweeps.csv`; no rows where there is none."""
    return _table(path, Sweep) if path.exists() else []


def is_arabic(text: str) -> bool:
    """Say whether a text holds letters of the Arabic script."""
    return any(unicodedata.name(one, "").startswith("ARABIC") for one in text)


def _dataset(root: Path, name: str, settings: config.DatasetSettings) -> Dataset:
    published = _described(root, name, settings)
    return Dataset(
        name=name,
        title=published.title,
        publisher=published.publisher,
        licence=published.licence,
        page=published.page,
        images_per_class=settings.images_per_class,
        audit=_json(root / f"metrics/audit/{name}.json", Audit),
        source=_json(root / f"data/raw/{name}/source.json", Source),
        found=_json(root / f"metrics/landmarks/{name}.json", Found),
        glance=_there(root / f"plots/{name}.png"),
        near=_there(root / f"plots/audit/{name}/near.png"),
    )


def _described(root: Path, name: str, settings: config.DatasetSettings) -> catalogue.Dataset:
    """Return what is known of a dataset; of one's own that is not packed yet no more than its section tells."""
    folder = root / "data/raw" / name
    if settings.source == "own" and not folder.exists():
        return catalogue.own(name, settings.licence, settings.alphabet)
    return catalogue.held(folder)


def _experiment(root: Path, name: str, params: config.Params) -> Experiment:
    settings = params.experiment(name)
    dataset = _described(root, settings.dataset, params.dataset(settings.dataset))
    run, missing = None, None
    try:
        run = _run(root, name, settings, dataset)
    except FileNotFoundError as error:
        missing = Path(error.filename).relative_to(root)
    maps = root / f"plots/explanations/{name}"
    return Experiment(
        name=name,
        settings=settings,
        alphabet=dataset.alphabet,
        run=run,
        missing=missing,
        cross=_json(root / f"metrics/cross/{name}.json", Cross),
        robustness=_json(root / f"metrics/robustness/{name}.json", Robustness),
        calibration=_json(root / f"metrics/calibration/{name}.json", Calibration),
        explanation=_json(root / f"metrics/explanations/{name}.json", Explanation),
        maps={path.stem: path for path in sorted(maps.glob("*.png"))},
    )


def _run(root: Path, name: str, settings: config.Experiment, dataset: catalogue.Dataset) -> Run:
    """Read what an experiment left; raises FileNotFoundError if not all of it is there."""
    measured, model = root / f"metrics/{name}.json", root / "models" / name
    table, epochs = root / f"data/predictions/{name}.csv", root / f"plots/history/{name}.csv"
    archive = root / "data/raw" / dataset.name / dataset.archive
    for path in (model / DESCRIPTION, table, archive, measured, epochs):
        path.stat()
    try:
        description = read_description(model / DESCRIPTION, Trained)
    except Damaged as error:
        raise FingerspellError(f"{model}: {error}; delete the folder and run `dvc repro`") from error
    predictions, metrics = Predictions.read(table), _json(measured, Metrics)
    assert metrics is not None  # its file is there
    if list(predictions.classes) != description["classes"]:
        raise FingerspellError(f"{table} has other classes than {model / DESCRIPTION}; run `dvc repro`")
    told = (len(predictions), round(float(predictions.correct.mean()), 6))
    if told != (metrics.test_images, metrics.accuracy):
        raise FingerspellError(
            f"{table} holds {told[0]} images with accuracy {told[1]}, but {measured} tells of {metrics.test_images} "
            f"with {metrics.accuracy}; run `dvc repro evaluate@{name}`"
        )
    return Run(
        metrics=metrics,
        details=_json(root / f"plots/{name}/metrics.json", Details),
        predictions=predictions,
        letters=dict(zip(description["classes"], description["letters"])),
        images=description.get("images", {}),
        packages=description.get("packages", {}),
        history=_history(epochs),
        weights={path.name: files.sha256(path) for path in sorted(model.iterdir()) if path.suffix in WEIGHTS},
        archive=archive,
    )


def _history(path: Path) -> list[dict[str, float]]:
    try:
        rows = [{key: float(value) for key, value in row.items() if value} for row in files.read_csv(path)]
        if not all("epoch" in row and "loss" in row for row in rows):
            raise ValueError("epoch or loss is missing")
    except (TypeError, ValueError, csv.Error) as error:
        raise FingerspellError(f"{path} is no table of epochs ({error}); delete it and run `dvc repro`") from error
    return rows


def _json(path: Path, kind: type[T]) -> T | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise FingerspellError(_fault(path, error)) from error


def _table(path: Path, kind: type[T]) -> list[T]:
    try:
        rows: list[T] = TypeAdapter(list[kind]).validate_python(files.read_csv(path))  # type: ignore[valid-type]
        return rows
    except ValidationError as error:
        raise FingerspellError(_fault(path, error)) from error


def _fault(path: Path, error: ValidationError) -> str:
    fault = error.errors()[0]
    key = ".".join(map(str, fault["loc"])) or "the file"
    return f"{path}: {key}: {fault['msg'][0].lower()}{fault['msg'][1:]}; delete it and run `dvc repro`"


def _bullets(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("- ") for line in lines if line.startswith("- ")]


def _there(path: Path) -> Path | None:
    return path if path.exists() else None
