"""The registry of architectures, the files of `fingerspell.models`; see there what such a file declares."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from types import ModuleType
from typing import Literal

from fingerspell import models
from fingerspell.config import Experiment, Params, Protocol
from fingerspell.errors import FingerspellError


@dataclass(frozen=True)
class Architecture:
    """What there is to know about an architecture before it is built; sizes in pixels.

    `parameters` counts them all at `recommended_size`, in colour: of a network with 29 classes, of a backbone
    without its head, of a classifier in the encoder that makes its codes.
    """

    title: str
    paper: str
    kind: Literal["network", "backbone", "classifier", "reader"]
    input_range: str
    parameters: int
    recommended_size: int
    minimum_size: int
    maximum_size: int = 512
    size_multiple: int = 1
    keypoints: bool = False  # whether it has the layer that `training.keypoints` reads keypoints from


# What a file of each kind must declare; `fingerspell.models` says what it takes and returns.
FUNCTIONS = {"network": ("build",), "backbone": ("backbone", "head"), "classifier": ("search",), "reader": ("build",)}


def names() -> list[str]:
    """Return the names of all registered models, sorted."""
    found = [module.name for module in pkgutil.iter_modules(models.__path__)]
    return sorted(name for name in found if hasattr(_module(name), "ARCHITECTURE"))


def find(name: str) -> ModuleType:
    """Return the module of a registered model; raises `FingerspellError` for an unknown name."""
    if name not in names():
        raise FingerspellError(f"there is no model {name!r}; there are {', '.join(names())}")
    return _module(name)


def check(name: str, params: Params) -> ModuleType:
    """Return the module of an experiment's model, once the experiment is found to be one that can be run.

    Raises `FingerspellError` with the key of the first setting that does not fit.
    """
    experiment = params.experiment(name)
    if experiment.model not in names():
        raise FingerspellError(f"experiments.{name}.model is {experiment.model!r}; choose one of {', '.join(names())}")
    module = _module(experiment.model)
    for function in FUNCTIONS[module.ARCHITECTURE.kind]:
        if not callable(getattr(module, function, None)):
            raise FingerspellError(
                f"fingerspell/models/{experiment.model}.py has no function {function!r}, which a "
                f"{module.ARCHITECTURE.kind} needs; fingerspell/models/__init__.py says what it takes and returns"
            )
    of_kind = {"network": _of_network, "backbone": _of_backbone, "classifier": _of_classifier, "reader": _of_reader}
    model = module.ARCHITECTURE
    for fault in chain(
        _of_size(model, experiment),
        of_kind[model.kind](model, experiment),
        [] if model.kind == "classifier" else _of_training(model, experiment),
        _of_composition(name, model, params),
        _of_crops(name, model, params),
        _of_codes(name, model, params),
    ):
        raise FingerspellError(f"experiments.{name}.{fault}")
    return module


Faults = Iterator[str]  # each begins with the key, below the experiment's


def _of_size(model: Architecture, experiment: Experiment) -> Faults:
    size = experiment.image_size
    if size < model.minimum_size:
        yield f"image_size is {size}, too small for {model.title}; use at least {model.minimum_size}"
    if size > model.maximum_size:
        yield f"image_size is {size}, too large for {model.title}; use at most {model.maximum_size}"
    if size % model.size_multiple:
        yield f"image_size is {size}, but {model.title} takes multiples of {model.size_multiple} alone"


def _of_network(model: Architecture, experiment: Experiment) -> Faults:
    if experiment.weights != "none" or experiment.fine_tune:
        yield f"weights must be none and fine_tune null, because {model.title} is no backbone"
    if experiment.grid is not None:
        yield f"grid must be null for {model.title}, which is trained and not searched for"


def _of_backbone(model: Architecture, experiment: Experiment) -> Faults:
    if experiment.grid is not None:
        yield f"grid must be null for {model.title}, which is trained and not searched for"
    changes = sorted(_changes(experiment) - {"flip"})
    if changes and not experiment.fine_tune:
        yield (
            f"augment has {', '.join(changes)}, which {model.title} cannot take while it is frozen (fine_tune: null); "
            "set them to 0"
        )


def _of_classifier(model: Architecture, experiment: Experiment) -> Faults:
    if experiment.grid is None:
        yield f"grid must be set for {model.title}: the settings that its search tries"
    for key in ("epochs", "batch_size", "training", "fine_tune"):
        if getattr(experiment, key) is not None:
            yield f"{key} must be null for {model.title}; its encoder is trained under autoencoders"
    if changes := _changes(experiment):
        yield f"augment has {', '.join(sorted(changes))}, which {model.title} cannot take; set them to 0"
    if experiment.precision != "float32":
        yield f"precision must be float32 for {model.title}, whose encoder learns in it"
    if experiment.dropout:
        yield f"dropout must be 0 for {model.title}, whose encoder has none"
    if experiment.tta_scales != [1] or experiment.tta_rotations != [0]:
        yield f"tta_scales must be [1] and tta_rotations [0] for {model.title}, which reads codes"
    if experiment.seeds > 1:
        yield f"seeds must be 1 for {model.title}, whose codes come from one autoencoder"


def _of_reader(model: Architecture, experiment: Experiment) -> Faults:
    yield from _of_network(model, experiment)
    if experiment.channels != 3:
        yield f"channels must be 3 for {model.title}; grey pictures are read as coloured ones"
    if changes := _changes(experiment):
        yield f"augment has {', '.join(sorted(changes))}, but the views of {model.title} are changed as they are"
    if experiment.tta_scales != [1] or experiment.tta_rotations != [0]:
        yield f"tta_scales must be [1] and tta_rotations [0] for {model.title}, which turns hands upright"
    if experiment.precision != "float32":
        yield f"precision must be float32 for {model.title}"
    if experiment.training and experiment.training.distribution == "mirrored":
        yield (
            f"training.distribution must be none or multi_host for {model.title}, whose layers hide and turn at "
            "random, which mirrored ones would do alike"
        )


def _of_training(model: Architecture, experiment: Experiment) -> Faults:
    training, second = experiment.training, experiment.fine_tune
    for key in ("epochs", "batch_size", "training"):
        if getattr(experiment, key) is None:
            yield f"{key} must be set for {model.title}"
    if training is None or experiment.epochs is None:
        return
    phases = [experiment.epochs] + ([second.epochs] if second else [])
    if training.warmup >= min(phases) and training.warmup:
        yield f"training.warmup is {training.warmup}, no less than the epochs of a phase; lower it"
    if training.early_stopping and not experiment.split.validation:
        yield "training.early_stopping must be 0 where split.validation is 0; there is nothing to go by"
    if training.swa and training.early_stopping:
        yield "training.swa must be 0 where training.early_stopping is more; it goes back to one epoch's weights"


def _of_composition(name: str, model: Architecture, params: Params) -> Faults:
    experiment = params.experiment(name)
    composition = experiment.composition
    if (composition is not None) != (experiment.trains_on == "compositions"):
        yield "composition must be set where trains_on is compositions, and null where it is prepared"
    if composition is None:
        return
    if name not in params.compositions:
        yield f"composition is set, but compositions has no section {name}; add it there"
    if model.kind != "network":
        yield f"composition must be null for {model.title}, which does not learn from whole images alone"
    changes = _changes(experiment)
    if "flip" in changes:
        yield "augment.flip must be false where composition is set; set composition.mirrored instead"
    if "perspective" in changes:
        yield "augment.perspective must be 0 where composition is set; hands are drawn out of shape as it is"
    training = experiment.training
    if training and training.class_weights:
        yield "training.class_weights must be false where composition is set"
    if composition.shares.cut and not params.composition(name).segmenter_steps:
        yield f"composition.shares.cut is more than 0, but compositions.{name}.segmenter_steps is 0; raise it"
    if composition.keypoints and training and training.mixup:
        yield "training.mixup must be 0 where composition.keypoints is more; keypoints have no mean"
    if composition.keypoints and not model.keypoints:
        yield f"composition.keypoints must be 0 for {model.title}, which has no layer to read keypoints from"


def _of_crops(name: str, model: Architecture, params: Params) -> Faults:
    experiment = params.experiment(name)
    if (model.kind == "reader") != (experiment.trains_on == "crops"):
        yield f"trains_on must be crops for a reader, and for nothing else; {model.title} is a {model.kind}"
    if experiment.trains_on != "crops":
        return
    if name not in params.crops:
        yield f"trains_on is crops, but crops has no section {name}; add it there"
    elif params.crop(name).dataset != experiment.dataset:
        yield f"dataset differs from that of crops.{name}; set both alike"


def _of_codes(name: str, model: Architecture, params: Params) -> Faults:
    """An autoencoder is shared by experiments that agree on their images, or test images would have taught it."""
    experiment = params.experiment(name)
    named = params.autoencoders.get(experiment.weights)
    if model.kind != "classifier":
        if named:
            yield f"weights is {experiment.weights!r}, an autoencoder, whose codes {model.title} does not read"
        return
    if named is None:
        there = ", ".join(params.autoencoders) or "none"
        yield f"weights must name an autoencoder for {model.title}; autoencoders has {there}"
        return
    shared = ("image_size", "channels", "resample", "dataset")
    for key in shared:
        if getattr(experiment, key) != getattr(named, key):
            yield f"{key} differs from that of autoencoders.{experiment.weights}, which it names; set both alike"
    taught = params.experiment(named.split)
    for key in ("dataset", *Protocol.model_fields):
        if getattr(experiment, key) != getattr(taught, key):
            yield f"{key} differs from that of {named.split}, whose training images taught its autoencoder"


def _changes(experiment: Experiment) -> set[str]:
    return {change for change, amount in experiment.augment if amount}


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{models.__name__}.{name}")
