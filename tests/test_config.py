"""Parameters: the real file is accepted, every fault is refused in one sentence that names its key."""

import copy
import re
from pathlib import Path

import pytest
import yaml

from fingerspell import config
from fingerspell.errors import FingerspellError
from fingerspell.files import write_text

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
        (
            "experiments.asl_robust.composition.fill",
            [0.9, 0.2],
            ("asl_robust.composition.fill is [0.9, 0.2]: the first must not be larger than the second; change their",),
        ),
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
            ("crops.asl_cnn.hands", "'american', 'arabic' or 'none'"),
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
        ("hands.british", {"per_class": 1, "backgrounds": 1}, ("hands.british", "'american', 'arabic' or 'none'")),
        ("datasets.arasl.source", "web", ("datasets.arasl.source ", "'rendered', 'original' or 'own'")),
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


def numbers(value: object, place: tuple = ()):
    """Yield the place and the value of every number of the parameters."""
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(one, (*place, key))
    elif not isinstance(value, bool) and isinstance(value, int | float):
        yield place, value


def changed(values: dict, place: tuple, value: object) -> dict:
    section = values = copy.deepcopy(values)
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = value
    return values


def complete(values: dict) -> dict:
    """Set what the real file leaves out, so that every number that there may be is there, and drop what is alike."""
    kept = ("asl_robust", "asl_resnet50", "asl_autoencoder_forest")
    values["experiments"] = {name: values["experiments"][name] for name in kept}
    first, second = values["experiments"]["asl_robust"], values["experiments"]["asl_resnet50"]
    first |= {"sample_size": 5, "grid": {"C": [1.5, 2]}}
    first["split"] |= {"test_images": 5, "burst": 5, "gap": 0.1}
    first["training"] |= {"early_stopping": 0, "warmup": 1, "mixup": 0.1, "swa": 0.0}
    first["augment"] |= {"motion_blur": 1.0, "compression": 0.1, "perspective": 0.1}
    second["fine_tune"] = {"from_layer": "a", "epochs": 1, "learning_rate": 0.1}
    return values


def test_no_number_is_without_bounds(tmp_path, values):
    places = dict(numbers(complete(values)))
    keys = {place[-1] for place in places} | {place[-2] for place in places if len(place) > 1}
    assert keys >= {
        "images_per_class", "per_class", "backgrounds", "epochs", "batch_size", "seeds", "sample_size", "test_images",
        "burst", "early_stopping", "warmup", "segmenter_steps", "images", "joints", "views", "fill", "n_estimators",
    }  # fmt: skip
    for place in places:
        for one in (float("inf"), float("nan"), 10**30, -(10**30), 2**31):
            with pytest.raises(config.ValidationError) as raised:
                config.Params.model_validate(changed(values, place, one))
            sentence = config._sentence(raised.value)
            assert sentence.startswith(".".join(map(str, place)) + " is ") and len(sentence) < 200, sentence
            assert isinstance(one, int) or re.search("finite number|valid integer|1 or 3", sentence), sentence


@pytest.mark.parametrize(
    ("place", "most"),
    [
        ("datasets.asl_alphabet.images_per_class", 5000),
        ("hands.american.per_class", 2000),
        ("hands.american.backgrounds", 20_000),
        ("experiments.asl_cnn.seeds", 100),
        ("experiments.asl_cnn.epochs", 10_000),
        ("experiments.asl_cnn.batch_size", 8192),
        ("experiments.asl_robust.composition.images", 1_000_000),
        ("experiments.asl_autoencoder_forest.grid.n_estimators.0", 10_000),
    ],
)
def test_the_bound_is_told_and_is_itself_allowed(tmp_path, values, place, most):
    *path, last = (int(key) if key.isdigit() else key for key in place.split("."))
    for too_much in (most + 1, 10**9):
        message = refusal(tmp_path, changed(values, (*path, last), too_much))
        assert f"{place} is {too_much}: " in message and str(most) in message
    config.Params.model_validate(changed(values, (*path, last), most))


@pytest.mark.parametrize("section", ["experiments", "datasets", "autoencoders", "external"])
def test_a_name_that_is_too_long_for_a_file_is_refused(tmp_path, values, section):
    one = {"experiment": "asl_cnn", "path": "."} if section == "external" else next(iter(values[section].values()))
    values[section] = dict(values[section] or {}) | {"a" * 100: one}
    config.Params.model_validate(values)
    write_text(tmp_path / f"autoencode-{'a' * 100}-findings.json", "")
    values[section]["a" * 300] = one
    message = refusal(tmp_path, values)
    assert "is too long for the name of a file; give it at most 100 characters" in message
    assert "aaaa" in message and len(message) < 200 + len(str(tmp_path))


def test_a_path_that_no_file_can_have_is_not_there(tmp_path, values):
    values["external"] = {"mine": {"experiment": "asl_cnn", "path": "a" * 5000}}
    assert "which is not there; mend it" in refusal(tmp_path, values)


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
    for text in ("seed: " + "9" * 5000, "seed: \xff"):
        (tmp_path / "params.yaml").write_bytes(text.encode("latin-1"))
        with pytest.raises(FingerspellError, match="not valid YAML"):
            config.load(tmp_path / "params.yaml")
    with pytest.raises(FingerspellError, match="is not here"):
        config.load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    "look, words",
    [
        (config.Params.experiment, r"no experiment 'x' .*asl_cnn"),
        (config.Params.dataset, r"no dataset 'x' .*asl_alphabet"),
        (config.Params.drawn_hands, r"no entry of hands 'x' .*there are none, american, arabic"),
        (config.Params.weights_source, r"no entry of weights 'x' .*there are none"),
        (config.Params.autoencoder, r"no autoencoder 'x' .*asl_autoencoder"),
        (config.Params.composition, r"no entry of compositions 'x' .*asl_robust"),
        (config.Params.external_set, r"no external set 'x' .*there are none"),
    ],
)
def test_unknown_names_are_told_with_the_known_ones(look, words):
    with pytest.raises(FingerspellError, match=words):
        look(config.load(REAL), "x")
