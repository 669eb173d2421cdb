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
    return copy.deepcopy(yaml.safe_load(REAL.read_text(encoding="utf-8")))


def refusal(tmp_path: Path, values: object) -> str:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(FingerspellError) as raised:
        config.load(path)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_the_real_file_holds_the_ten_experiments():
    params = config.load(REAL)
    assert len(params.experiments) >= 10
    assert params.experiment("arasl_cnn_undersampled").undersample
    assert params.experiment("asl_cnn_grouped").split.method == "grouped"


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
        ("experiments.asl_robust.scenes.hands", "british", ("asl_robust.scenes.hands is 'british'", "american")),
        ("experiments.asl_robust.scenes.fill", [0.5], ("asl_robust.scenes.fill ", "at least 2")),
        ("experiments.asl_robust.scenes.shares.cut", -1.0, ("scenes.shares.cut ", "greater than or equal to 0")),
        (
            "experiments.asl_robust.scenes.shares",
            {"rendered": 0, "cut": 0, "photographs": 0},
            ("scenes.shares are all 0",),
        ),
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


def test_unknown_names_are_told_with_the_known_ones():
    params = config.load(REAL)
    with pytest.raises(FingerspellError, match=r"no experiment 'asl'.*asl_cnn"):
        params.experiment("asl")
    with pytest.raises(FingerspellError, match=r"no dataset 'asl'.*asl_alphabet"):
        params.dataset("asl")
