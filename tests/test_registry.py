"""What suits a model, and in which words what does not is refused."""

import copy
from pathlib import Path

import pytest

from fingerspell import config
from fingerspell.errors import FingerspellError
from fingerspell.models.common import registry

REAL = Path(__file__).parent.parent / "params.yaml"
SECOND_PHASE = {"from_layer": "block5_conv1", "epochs": 1, "learning_rate": 1e-4}
COMPOSITION = {
    "images": 100,
    "shares": {"rendered": 1.0, "cut": 0.0, "photographs": 0.0},
    "mirrored": 0.0,
    "fill": [0.5, 0.9],
    "keypoints": 0.0,
}
HANDS = {"hands": "american", "segmenter_steps": 0}


@pytest.fixture(scope="module")
def real() -> dict:
    return config.read(REAL)


def edited(real: dict, edits: dict[str, object]) -> config.Params:
    """The parameters with the values at some places, given as `section.key`, set to others."""
    values = copy.deepcopy(real)
    for place, value in edits.items():
        *path, last = place.split(".")
        section = values
        for key in path:
            section = section[key]
        section[last] = copy.deepcopy(value)
    return config.Params.model_validate(values)


def of(name: str, **changes: object) -> tuple[str, dict]:
    """An experiment, and changes to its section; two underscores go into one below."""
    return name, {f"experiments.{name}.{key.replace('__', '.')}": value for key, value in changes.items()}


def composed(name: str, **changes: object) -> tuple[str, dict]:
    """The same of an experiment that trains on compositions."""
    _, edits = of(name, trains_on="compositions", composition=COMPOSITION)
    return name, {f"compositions.{name}": HANDS} | edits | of(name, **changes)[1]


def also(case: tuple[str, dict], **edits: object) -> tuple[str, dict]:
    """A case with edits elsewhere."""
    return case[0], case[1] | {key.replace("__", "."): value for key, value in edits.items()}


# The experiments below are those of params.yaml: a network, a backbone, a classifier on codes, one that trains on
# compositions, and a reader of hands.
NETWORK, BACKBONE, CODES, COMPOSED = "asl_cnn", "asl_vgg16", "asl_autoencoder_forest", "asl_robust"
READER = "asl_reader"

REFUSED = [
    (of(NETWORK, model="lenet"), "model is 'lenet'; choose one of ", "small_resnet"),
    # sizes
    (of(NETWORK, image_size=8), "image_size is 8, too small for ", "use at least 16"),
    (of(BACKBONE, image_size=31), "image_size is 31, too small for VGG16; use at least 32"),
    (of(CODES, image_size=184), "image_size is 184, too large for ", "use at most 176"),
    (of(CODES, image_size=50), "image_size is 50, but ", "takes multiples of 8 alone"),
    # networks and backbones
    (
        also(of(NETWORK, weights="imagenet"), weights__imagenet=["vgg16"]),
        "weights must be none and fine_tune null, because ",
        "is no backbone",
    ),
    (of(NETWORK, fine_tune=SECOND_PHASE), "weights must be none and fine_tune null, because ", "is no backbone"),
    (of(NETWORK, grid={"C": [1]}), "grid must be null for ", "which is trained and not searched for"),
    (of(BACKBONE, grid={"C": [1]}), "grid must be null for VGG16, which is trained and not searched for"),
    (
        of(BACKBONE, augment={"flip": True, "noise": 0.1, "rotation": 5}),
        "augment has noise, rotation, which VGG16 cannot take while it is frozen (fine_tune: null); set them to 0",
    ),
    # classifiers
    (of(CODES, grid=None), "grid must be set for ", "the settings that its search tries"),
    (of(CODES, epochs=3), "epochs must be null for ", "its encoder is trained under autoencoders"),
    (of(CODES, batch_size=3), "batch_size must be null for "),
    (
        of(CODES, training={"optimizer": "adam", "learning_rate": 0.001, "schedule": "constant"}),
        "training must be null for ",
    ),
    (of(CODES, fine_tune=SECOND_PHASE), "fine_tune must be null for "),
    (of(CODES, augment__flip=True), "augment has flip, which ", "cannot take; set them to 0"),
    (of(CODES, precision="mixed_bfloat16"), "precision must be float32 for "),
    (of(CODES, dropout=0.3), "dropout must be 0 for "),
    (of(CODES, tta_scales=[1, 1.1]), "tta_scales must be [1] and tta_rotations [0] for ", "which reads codes"),
    (of(CODES, tta_rotations=[10]), "tta_scales must be [1] and tta_rotations [0] for ", "which reads codes"),
    (of(CODES, seeds=2), "seeds must be 1 for ", "one autoencoder"),
    # training
    (of(NETWORK, epochs=None), "epochs must be set for "),
    (of(NETWORK, batch_size=None), "batch_size must be set for "),
    (of(BACKBONE, training=None), "training must be set for VGG16"),
    (
        of(NETWORK, epochs=2, training__warmup=2),
        "training.warmup is 2, no less than the epochs of a phase; lower it",
    ),
    (
        of(BACKBONE, fine_tune=SECOND_PHASE, training__warmup=1),
        "training.warmup is 1, no less than the epochs of a phase; lower it",
    ),
    (
        of(BACKBONE, split__validation=0, training__early_stopping=3),
        "training.early_stopping must be 0 where split.validation is 0; there is nothing to go by",
    ),
    (
        of(NETWORK, training__swa=0.5, training__early_stopping=3),
        "training.swa must be 0 where training.early_stopping is more",
    ),
    # compositions
    (of(NETWORK, trains_on="compositions"), "composition must be set where trains_on is compositions, and null where"),
    (of(NETWORK, composition=COMPOSITION), "composition must be set where trains_on is compositions, and null where"),
    (
        of(NETWORK, trains_on="compositions", composition=COMPOSITION),
        "composition is set, but compositions has no section asl_cnn; add it there",
    ),
    (composed(BACKBONE), "composition must be null for VGG16, which does not learn from whole images alone"),
    (composed(CODES), "composition must be null for "),
    (
        composed(NETWORK, augment={"flip": True}),
        "augment.flip must be false where composition is set; set composition.mirrored instead",
    ),
    (composed(NETWORK, augment={"flip": False, "perspective": 0.1}), "augment.perspective must be 0 where composition"),
    (composed(NETWORK, training__class_weights=True), "training.class_weights must be false where composition is set"),
    (
        composed(NETWORK, composition__shares={"rendered": 1, "cut": 0.1, "photographs": 0}),
        "composition.shares.cut is more than 0, but compositions.asl_cnn.segmenter_steps is 0; raise it",
    ),
    (
        of(COMPOSED, composition__keypoints=0.5, training__mixup=0.2),
        "training.mixup must be 0 where composition.keypoints is more; keypoints have no mean",
    ),
    (
        composed(NETWORK, composition__keypoints=0.5),
        "composition.keypoints must be 0 for ",
        "which has no layer to read keypoints from",
    ),
    # readers
    (of(READER, image_size=96), "image_size is 96, too small for the hand reader; use at least 224"),
    (of(READER, channels=1), "channels must be 3 for the hand reader; grey pictures are read as coloured ones"),
    (
        of(READER, augment={"flip": False, "rotation": 5, "blur": 1}),
        "augment has blur, rotation, but the views of the hand reader are changed as they are",
    ),
    (of(READER, tta_scales=[1, 1.1]), "tta_scales must be [1] and tta_rotations [0] for the hand reader, which turns"),
    (of(READER, tta_rotations=[-5, 5]), "tta_scales must be [1] and tta_rotations [0] for the hand reader"),
    (of(READER, precision="mixed_bfloat16"), "precision must be float32 for the hand reader"),
    (of(READER, grid={"C": [1]}), "grid must be null for the hand reader"),
    (of(READER, fine_tune=SECOND_PHASE), "weights must be none and fine_tune null, because the hand reader is no"),
    (of(READER, batch_size=None), "batch_size must be set for the hand reader"),
    (of(READER, trains_on="prepared"), "trains_on must be crops for a reader, and for nothing else; the hand reader"),
    (of(NETWORK, trains_on="crops"), "trains_on must be crops for a reader, and for nothing else; ", "is a network"),
    (
        also(of(READER), crops={"arasl_reader": {"dataset": "arasl", "hands": "arabic", "joints": 1, "views": 1}}),
        "trains_on is crops, but crops has no section asl_reader; add it there",
    ),
    (of(READER, dataset="asl_alphabet"), "dataset differs from that of crops.asl_reader; set both alike"),
    (also(of(READER), crops__asl_reader__dataset="arasl"), "dataset differs from that of crops.asl_reader"),
    # codes
    (
        of(BACKBONE, weights="asl_autoencoder"),
        "weights is 'asl_autoencoder', an autoencoder, whose codes VGG16 does not read",
    ),
    (of(CODES, weights="none"), "weights must name an autoencoder for ", "autoencoders has asl_autoencoder"),
    (of(CODES, image_size=56), "image_size differs from that of autoencoders.asl_autoencoder, which it names"),
    (of(CODES, channels=1), "channels differs from that of autoencoders.asl_autoencoder"),
    (of(CODES, resample="box"), "resample differs from that of autoencoders.asl_autoencoder"),
    (of(CODES, dataset="synthetic_asl"), "dataset differs from that of autoencoders.asl_autoencoder"),
    *[
        (
            of("asl_autoencoder_logistic", **{key: value}),
            f"{key.partition('__')[0]} differs from that of asl_autoencoder_forest, whose training images taught",
        )
        for key, value in {
            "classes": ["A", "B"],
            "clean__copies": True,
            "split__test": 0.3,
            "sample_size": 5,
            "undersample": True,
        }.items()
    ],
    (
        also(of(CODES), autoencoders__asl_autoencoder__split="asl_cnn_grouped"),
        "clean differs from that of asl_cnn_grouped, whose training images taught its autoencoder",
    ),
    (
        also(
            of(CODES),
            experiments__arasl_cnn__split={"method": "random", "test": 0.2, "validation": 0.2},
            autoencoders__asl_autoencoder__split="arasl_cnn",
        ),
        "dataset differs from that of arasl_cnn, whose training images taught its autoencoder",
    ),
]


@pytest.mark.parametrize("case, words", [(case, words) for case, *words in REFUSED])
def test_what_does_not_suit_is_refused_by_its_key(real, case, words):
    name, edits = case
    with pytest.raises(FingerspellError) as raised:
        registry.check(name, edited(real, edits))
    sentence = str(raised.value)
    assert sentence.startswith(f"experiments.{name}.{words[0]}") and "\n" not in sentence
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize(
    "name, edits",
    [
        of(BACKBONE, augment={"flip": True}),
        of(BACKBONE, fine_tune=SECOND_PHASE, augment={"flip": False, "rotation": 5, "noise": 0.1}),
        also(of(BACKBONE, weights="imagenet", seeds=3, training__class_weights=True), weights__imagenet=["vgg16"]),
        of(NETWORK, augment={"flip": False, "rotation": 5}, seeds=3, training__label_smoothing=0.1),
        of(NETWORK, training__mixup=0.2, split__validation=0),
        composed(NETWORK, training__mixup=0.2),
        also(
            composed(NETWORK, composition__shares={"rendered": 1, "cut": 0.1, "photographs": 0}),
            compositions__asl_cnn__segmenter_steps=5,
        ),
        of("asl_autoencoder_logistic", grid={"class_weight": ["balanced"]}),
        of(CODES, model="autoencoder_logistic", grid={"C": [1]}, augment={"flip": False}),
        of(READER, seeds=3, dropout=0.2, training__class_weights=True),
    ],
)
def test_what_suits_is_accepted(real, name, edits):
    params = edited(real, edits)
    assert registry.check(name, params) is registry.find(params.experiment(name).model)


def test_the_real_parameters_suit_their_models(real):
    params = edited(real, {})
    for name in params.experiments:
        registry.check(name, params)


def test_an_experiment_that_is_not_there_is_told():
    with pytest.raises(FingerspellError, match=r"there is no experiment 'asl'.*asl_cnn"):
        registry.check("asl", config.load(REAL))


def test_a_model_that_is_not_there_is_told():
    with pytest.raises(FingerspellError, match=r"there is no model 'lenet'; there are .*vgg16"):
        registry.find("lenet")


@pytest.mark.parametrize("name", registry.names())
def test_what_an_architecture_states_fits_together(name):
    stated = registry.find(name).ARCHITECTURE
    assert stated.title and "https://" in stated.paper
    assert stated.minimum_size <= stated.recommended_size <= stated.maximum_size
    assert stated.recommended_size % stated.size_multiple == 0


@pytest.mark.parametrize("experiment, function", [("asl_cnn", "build"), ("asl_vgg16", "head"), ("asl_reader", "build")])
def test_a_model_file_that_lacks_a_function_is_named(monkeypatch, experiment, function):
    params = config.load(REAL)
    module = registry.find(params.experiment(experiment).model)
    monkeypatch.delattr(module, function)
    with pytest.raises(FingerspellError, match=rf"fingerspell/models/\w+\.py has no function '{function}'"):
        registry.check(experiment, params)
