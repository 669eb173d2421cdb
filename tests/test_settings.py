"""What each stage takes of `params.yaml`: its own file changes when that does, and only then."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fingerspell.errors import FingerspellError
from stages import SETTINGS, settings

REAL = Path(__file__).parent.parent / "params.yaml"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Run the stage on the real parameters after an edit; return the text of every file that it wrote."""
    monkeypatch.chdir(tmp_path)

    def run(edit: Callable[[dict], object] = lambda params: None) -> dict[str, str]:
        params = yaml.safe_load(REAL.read_text(encoding="utf-8"))
        edit(params)
        Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
        settings.main()
        files = (path for path in SETTINGS.rglob("*") if path.is_file())
        return {path.relative_to(SETTINGS).as_posix(): path.read_text(encoding="utf-8") for path in files}

    return run


def setting(key: str, value: object) -> Callable[[dict], None]:
    def edit(params: dict) -> None:
        *sections, last = key.split(".")
        for section in sections:
            params = params[section]
        params[last] = value

    return edit


@pytest.mark.parametrize(
    "key, value, changed",
    [
        ("experiments.asl_cnn.epochs", 2, {"train/asl_cnn"}),
        ("experiments.asl_cnn.image_size", 32, {"prepare/asl_cnn", "train/asl_cnn"}),
        ("experiments.asl_cnn.augment.flip", True, {"prepare/asl_cnn", "train/asl_cnn"}),
        ("experiments.asl_cnn.augment.blur", 1.0, {"train/asl_cnn"}),
        ("experiments.asl_cnn.split.validation", 0.1, {"split/asl_cnn", "train/asl_cnn"}),
        (
            "experiments.asl_autoencoder_forest.epochs",
            2,
            {f"{stage}/asl_autoencoder_forest" for stage in ("autoencode", "train")},
        ),
        ("experiments.asl_autoencoder_forest.grid.n_estimators", [7], {"train/asl_autoencoder_forest"}),
        ("experiments.asl_robust.scenes.shares.photographs", 0.9, {"train/asl_robust"}),
        ("experiments.asl_robust.scenes.cutter_steps", 5, {"scenes/asl_robust", "train/asl_robust"}),
        ("datasets.arasl.images_per_class", 5, {"download/arasl"}),
        ("hands.arabic.backgrounds", 5, {"hands/arabic"}),
        ("external", {"mine": {"path": "mine.zip", "dataset": "arasl"}}, set()),
    ],
)
def test_a_changed_parameter_changes_the_files_of_those_that_take_it(write, key, value, changed):
    before, after = write(), write(setting(key, value))
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == {f"{name}.json" for name in changed}


def test_the_seed_is_taken_by_all_that_draw(write):
    before, after = write(), write(setting("seed", 7))
    same = {name for name in before if before[name] == after[name]}
    assert same == {"weights/none.json"}


def test_the_values_stand_under_the_keys_of_params_yaml(write):
    params = yaml.safe_load(REAL.read_text(encoding="utf-8"))
    files = write()
    assert json.loads(files["train/asl_cnn.json"]) == {
        "seed": params["seed"],
        "experiments.asl_cnn": params["experiments"]["asl_cnn"],
    }
    flip = params["experiments"]["asl_vgg16"]["augment"]["flip"]
    assert json.loads(files["prepare/asl_vgg16.json"])["experiments.asl_vgg16.augment.flip"] is flip


def test_the_order_of_parameters_does_not_matter(write):
    def turn_round(params: dict) -> None:
        params["experiments"]["asl_cnn"] = dict(reversed(params["experiments"]["asl_cnn"].items()))

    assert write(turn_round) == write()


def test_an_experiment_that_is_gone_leaves_no_file(write):
    assert "train/asl_cnn.json" in write()
    assert "train/asl_cnn.json" not in write(lambda params: params["experiments"].pop("asl_cnn"))


def test_a_wrong_parameter_is_refused_and_the_files_stay(write):
    before = write()
    with pytest.raises(FingerspellError, match=r"experiments\.asl_cnn\.epochs"):
        write(setting("experiments.asl_cnn.epochs", "many"))
    assert before == {name: (SETTINGS / name).read_text(encoding="utf-8") for name in before}
    assert [path.name for path in SETTINGS.parent.iterdir()] == ["settings"]
