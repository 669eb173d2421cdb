"""The registry of architectures, the files of `fingerspell.models`; see there what such a file declares."""

import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from fingerspell import models
from fingerspell.config import Experiment
from fingerspell.errors import FingerspellError


@dataclass(frozen=True)
class Architecture:
    """What there is to know about an architecture before it is built; sizes in pixels.

    `parameters` counts them all at `recommended_size`, in colour: of a network with 29 classes, of a backbone
    without its head, of a classifier in the encoder that makes its codes.
    """

    title: str
    paper: str
    kind: Literal["network", "backbone", "classifier"]
    input_range: str
    parameters: int
    recommended_size: int
    minimum_size: int
    maximum_size: int = 512
    size_multiple: int = 1
    joints: bool = False  # whether it has the layer that `training.keypoints` reads joints from


def names() -> list[str]:
    """Return the names of all registered models, sorted."""
    found = [module.name for module in pkgutil.iter_modules(models.__path__)]
    return sorted(name for name in found if hasattr(_module(name), "ARCHITECTURE"))


def find(name: str) -> ModuleType:
    """Return the module of a registered model; raises `FingerspellError` for an unknown name."""
    if name not in names():
        raise FingerspellError(f"there is no model {name!r}; there are {', '.join(names())}")
    return _module(name)


def check(name: str, experiment: Experiment) -> ModuleType:
    """Return the module of an experiment's model, once its settings are found to suit the model.

    Raises `FingerspellError` with the key of the first setting that does not; `name` is the experiment's.
    """
    if experiment.model not in names():
        raise FingerspellError(f"experiments.{name}.model is {experiment.model!r}; choose one of {', '.join(names())}")
    module = _module(experiment.model)
    model, second = module.ARCHITECTURE, experiment.fine_tune
    frozen = second is None
    backbone, classifier = model.kind == "backbone", model.kind == "classifier"
    changes = {change for change, amount in experiment.augment if amount} - ({"flip"} if backbone else set())
    size, scenes = experiment.image_size, experiment.scenes is not None
    faults = {
        f"image_size is {size}, too small for {model.title}; use at least {model.minimum_size}": (
            size < model.minimum_size
        ),
        f"image_size is {size}, too large for {model.title}; use at most {model.maximum_size}": (
            size > model.maximum_size
        ),
        f"image_size is {size}, but {model.title} takes multiples of {model.size_multiple} alone": (
            size % model.size_multiple != 0
        ),
        f"weights must be none and fine_tune null, because {model.title} is no backbone": (
            not backbone and (experiment.weights != "none" or not frozen)
        ),
        f"scenes must be null for {model.title}, which does not learn from whole images alone": (
            scenes and model.kind != "network"
        ),
        f"trains_on must be {'codes' if classifier else 'scenes' if scenes else 'prepared'} for {model.title}"
        f"{'' if classifier else ' where scenes is set' if scenes else ' where scenes is null'}": (
            experiment.trains_on != ("codes" if classifier else "scenes" if scenes else "prepared")
        ),
        "augment.flip must be false where scenes is set; set scenes.mirrored instead": scenes and "flip" in changes,
        "augment.perspective must be 0 where scenes is set; hands are drawn out of shape as it is": (
            scenes and "perspective" in changes
        ),
        "training.class_weights must be false where scenes is set": scenes and experiment.training.class_weights,
        "training.mixup must be 0 where scenes.keypoints is more; joints have no mean": (
            scenes and experiment.scenes.keypoints > 0 and experiment.training.mixup > 0
        ),
        f"grid must {'be set' if classifier else 'be removed'} for {model.title}": (
            (experiment.grid is None) == classifier
        ),
        f"augment has {', '.join(sorted(changes))}, which {model.title} cannot take"
        f"{' while it is frozen (fine_tune: null)' if backbone else ''}; set them to 0": (
            bool(changes) and frozen and model.kind != "network"
        ),
        f"training.class_weights must be false for {model.title}; put class_weight: [balanced] into its grid": (
            classifier and experiment.training.class_weights
        ),
        f"training.label_smoothing must be 0 for {model.title}, which fits the labels as they are": (
            classifier and experiment.training.label_smoothing > 0
        ),
        f"training.mixup must be 0 for {model.title}, whose encoder learns without labels": (
            classifier and experiment.training.mixup > 0
        ),
        f"precision must be float32 for {model.title}, whose encoder learns in it": (
            classifier and experiment.precision != "float32"
        ),
        f"dropout must be 0 for {model.title}, whose encoder has none": classifier and experiment.dropout > 0,
        f"scenes.keypoints must be 0 for {model.title}, which has no layer to read joints from": (
            scenes and experiment.scenes.keypoints > 0 and not model.joints
        ),
        f"training.warmup is {experiment.training.warmup}, no less than the epochs of a phase; lower it": (
            0 < experiment.training.warmup >= min([experiment.epochs] if frozen else [experiment.epochs, second.epochs])
        ),
        "training.early_stopping must be 0 where split.validation is 0; there is nothing to go by": (
            experiment.training.early_stopping > 0 and not experiment.split.validation
        ),
        "training.average must be 0 where training.early_stopping is more; it goes back to one epoch's weights": (
            experiment.training.average > 0 and experiment.training.early_stopping > 0
        ),
        f"zooms must be [1] for {model.title}, which reads codes": classifier and experiment.zooms != [1],
        f"turns must be [0] for {model.title}, which reads codes": classifier and experiment.turns != [0],
        f"seeds must be 1 for {model.title}, whose codes come from one autoencoder": (
            classifier and experiment.seeds > 1
        ),
    }
    for fault, present in faults.items():
        if present:
            raise FingerspellError(f"experiments.{name}.{fault}")
    return module


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{models.__name__}.{name}")
