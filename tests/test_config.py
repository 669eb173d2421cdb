"""Parameters: the real file is accepted, every fault is refused in one sentence that names its key."""

import copy
from pathlib import Path

import pytest
import yaml

from fingerspell import config
from fingerspell.errors import FingerspellError

REAL = Path(__file__).parent.parent / "params.yaml"


@pytest.fixture
def values() -> dict:
    return copy.deepcopy(config.read(REAL))


def refusal(tmp_path: Path, values: object) -> str:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(FingerspellError) as raised:
        config.load(path)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_the_real_file_is_read():
    params = config.load(REAL)
    assert params.experiment("arasl_cnn_undersampled").undersample
    assert params.experiment("asl_cnn_grouped").split.method == "grouped"


def test_numbers_are_read_as_dvc_writes_them(tmp_path):
    """To YAML 1.1 they would be text, and `yes` true."""
    path = tmp_path / "params.yaml"
    path.write_text("rate: 1e-05\nletter: yes\nempty:\ntuple: [on, 1.5e3]\n")
    assert config.read(path) == {"rate": 0.00001, "letter": "yes", "empty": None, "tuple": ["on", 1500.0]}
    text = REAL.read_text(encoding="utf-8")
    assert "learning_rate: 0.004" in text
    path.write_text(text.replace("learning_rate: 0.004", "learning_rate: 4e-03"), encoding="utf-8")
    assert config.load(path) == config.load(REAL)


@pytest.mark.parametrize(
    "place, value, words",
    [
        ("experiments.asl_cnn.epoch", 3, ("experiments.asl_cnn.epoch ", "not a known parameter")),
        ("experiments.asl_cnn.epochs", "many", ("experiments.asl_cnn.epochs ", "'many'", "integer")),
        ("experiments.asl_cnn.epochs", 0, ("experiments.asl_cnn.epochs ", "greater than or equal to 1")),
        ("experiments.asl_cnn.channels", 2, ("experiments.asl_cnn.channels ", "1 or 3")),
        ("experiments.asl_cnn.image_size", 50.5, ("experiments.asl_cnn.image_size ", "integer")),
        ("experiments.asl_cnn.classes", "some", ("experiments.asl_cnn.classes ", "'some'")),
        ("experiments.asl_cnn.split.method", "fair", ("experiments.asl_cnn.split.method ", "'random'")),
        ("experiments.asl_cnn.split.test", 1.0, ("experiments.asl_cnn.split.test ", "less than 1")),
        ("experiments.asl_cnn.dataset", "bsl", ("experiments.asl_cnn.dataset ", "'bsl'", "arasl")),
        ("experiments.asl_cnn.weights", "imagenet", ("asl_cnn.weights is 'imagenet', but weights has only none",)),
        ("experiments.asl_robust.composition.fill", [0.5], ("asl_robust.composition.fill ", "at least 2")),
        ("experiments.asl_robust.composition.shares.cut", -1.0, ("composition.shares.cut ", "greater than or equal")),
        (
            "experiments.asl_robust.composition.shares",
            {"rendered": 0, "cut": 0, "photographs": 0},
            ("composition.shares are all 0; set at least one to more",),
        ),
        ("experiments.asl_cnn.classes", {"drops": ["A"]}, ("experiments.asl_cnn.classes",)),
        ("experiments.asl_cnn.grid", {"C": []}, ("experiments.asl_cnn.grid.C ", "at least 1")),
        ("experiments.asl_cnn.tta_scales", [3], ("experiments.asl_cnn.tta_scales.0 is 3", "less than or equal to 2")),
        ("experiments.asl_cnn.training.swa", 2, ("experiments.asl_cnn.training.swa is 2", "less than or equal to 1")),
        ("autoencoders.asl_autoencoder.split", "asl", ("asl_autoencoder.split is 'asl', but experiments has only ",)),
        ("autoencoders.asl_autoencoder.dataset", "bsl", ("asl_autoencoder.dataset is 'bsl', but datasets has only",)),
        ("autoencoders.asl_autoencoder.epochs", None, ("autoencoders.asl_autoencoder.epochs is None", "integer")),
        ("autoencoders.asl_autoencoder.image_size", 50, ("asl_autoencoder.image_size is 50", "multiple of 8")),
        ("autoencoders.asl_autoencoder.image_size", 184, ("asl_autoencoder.image_size is 184", "equal to 176")),
        *[
            (f"autoencoders.asl_autoencoder.training.{key}", value, (f"asl_autoencoder.training.{key} {words}",))
            for key, value, words in (
                ("label_smoothing", 0.1, "must be left out: an autoencoder learns without labels"),
                ("class_weights", True, "must be left out: an autoencoder learns without labels"),
                ("mixup", 0.2, "must be left out: an autoencoder learns without labels"),
                ("warmup", 100, "is 100, no less than its epochs; lower it"),
                ("swa", 0.5, "must be 0 where early_stopping is more"),
            )
        ],
        (
            "experiments.asl_autoencoder_forest.split",
            {"method": "random", "validation": 0},
            ("early_stopping must be 0: asl_autoencoder_forest has no validation images to go by",),
        ),
        ("weights.asl_autoencoder", "none", ("autoencoders.asl_autoencoder is also the name of weights",)),
        ("compositions.asl_robust.hands", "british", ("asl_robust.hands is 'british', but hands has only american",)),
        ("compositions.asl", {"hands": "american", "segmenter_steps": 0}, ("compositions.asl is 'asl', but exper",)),
        ("compositions.asl_robust.segmenter_steps", -1, ("asl_robust.segmenter_steps is -1", "greater than or")),
        ("exports", {"asl_robusst": "prepared"}, ("exports is 'asl_robusst', but experiments has only ",)),
        ("landmarks", ["asl"], ("landmarks is 'asl', but datasets has only ",)),
        (
            "crops.asl_cnn",
            {"dataset": "arasl", "hands": "british", "joints": 1, "views": 0},
            ("crops.asl_cnn.hands", "'american' or 'arabic'"),
        ),
        (
            "crops.asl_cnn",
            {"dataset": "synthetic_asl", "hands": "american", "joints": 1, "views": 0},
            ("crops.asl_cnn.dataset is 'synthetic_asl', but landmarks has only ",),
        ),
        ("external.mine", {"experiment": "asl", "path": "."}, ("external.mine.experiment is 'asl', but experiments",)),
        (
            "external.mine",
            {"experiment": "asl_robust", "path": "no/such.zip"},
            ("external.mine.path is 'no/such.zip', which is not there; mend it",),
        ),
        ("hands.british", {"per_class": 1, "backgrounds": 1}, ("hands.british", "'american' or 'arabic'")),
        ("datasets.arasl.source", "web", ("datasets.arasl.source ", "'rendered' or 'original'")),
        ("seed", True, ("seed ", "integer")),
    ],
)
def test_a_fault_is_named(tmp_path, values, place, value, words):
    *path, last = place.split(".")
    section = values
    for key in path:
        section = section[key]
    section[last] = value
    message = refusal(tmp_path, values)
    assert all(word in message for word in words), message


def test_a_missing_key_is_named(tmp_path, values):
    del values["experiments"]["asl_cnn"]["batch_size"]
    assert "experiments.asl_cnn.batch_size is missing" in refusal(tmp_path, values)


def test_a_name_that_dvc_cannot_handle_is_refused(tmp_path, values):
    values["experiments"]["my.cnn"] = values["experiments"]["asl_cnn"]
    assert "my.cnn" in refusal(tmp_path, values)


def test_other_files_are_refused(tmp_path):
    assert "params.yaml" in refusal(tmp_path, ["seed"])
    (tmp_path / "params.yaml").write_text("seed: [1")
    with pytest.raises(FingerspellError, match="not valid YAML"):
        config.load(tmp_path / "params.yaml")
    with pytest.raises(FingerspellError, match="is not here"):
        config.load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    "look, words",
    [
        (config.Params.experiment, r"no experiment 'x' .*asl_cnn"),
        (config.Params.dataset, r"no dataset 'x' .*asl_alphabet"),
        (config.Params.drawn_hands, r"no entry of hands 'x' .*there are american, arabic"),
        (config.Params.weights_source, r"no entry of weights 'x' .*there are none"),
        (config.Params.autoencoder, r"no autoencoder 'x' .*asl_autoencoder"),
        (config.Params.composition, r"no entry of compositions 'x' .*asl_robust"),
        (config.Params.external_set, r"no external set 'x' .*there are none"),
    ],
)
def test_unknown_names_are_told_with_the_known_ones(look, words):
    with pytest.raises(FingerspellError, match=words):
        look(config.load(REAL), "x")
