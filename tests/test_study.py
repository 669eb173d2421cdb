"""The tables of results: what was run in another place, or again, must not touch the rest."""

import json
from pathlib import Path

import pytest
import yaml

from benchmarks import study
from fingerspell import config
from fingerspell.errors import FingerspellError
from fingerspell.files import write_json

ROOT = Path(__file__).parent.parent


def experiment(accuracy: float, processor: str) -> dict:
    machine = {"processor": processor, "cores": 2, "memory_bytes": 2**33, "system": "Linux", "packages": {"numpy": "2"}}
    sections = {"autoencoders.codes": {"epochs": 1}}
    return {"metrics": {"accuracy": accuracy}, "sections": sections, "machine": machine}


def outside(name: str, accuracy: float) -> dict:
    return {"experiment": name, "set": "photos", "accuracy": accuracy, "accuracy_low": accuracy - 0.1,
            "accuracy_high": accuracy + 0.1, "test_images": 2900}  # fmt: skip


def run(accuracy: float, processor: str, seconds: int) -> dict:
    return {
        "stages": {
            f"{stage}-{name}": {"seconds": seconds} for stage in ("train", "evaluate") for name in ("one", "two")
        }
        | {stage: {"seconds": seconds} for stage in ("autoencode-codes", "external-photos-one", "external-photos-two")},
        "experiments": {name: experiment(accuracy, processor) for name in ("one", "two")},
        "audit": {"asl_alphabet": {"images": seconds}},
        "external": {f"photos-{name}": outside(name, accuracy) for name in ("one", "two")},
    }


def test_a_named_experiment_is_renewed_and_the_others_stay():
    merged = study._merged(run(0.5, "old", 10), run(0.9, "new", 20), ("two",))
    assert {name: one["metrics"]["accuracy"] for name, one in merged["experiments"].items()} == {"one": 0.5, "two": 0.9}
    assert {stage: cost["seconds"] for stage, cost in merged["stages"].items()} == {
        "train-one": 10,
        "train-two": 20,
        "evaluate-one": 10,
        "evaluate-two": 20,
        "autoencode-codes": 20,
        "external-photos-one": 10,
        "external-photos-two": 20,
    }
    assert merged["external"] == {"photos-one": outside("one", 0.5), "photos-two": outside("two", 0.9)}
    assert merged["audit"] == {"asl_alphabet": {"images": 10}}


def test_no_figure_of_an_older_model_stays_beside_a_newer_one():
    found = run(0.9, "new", 20) | {"external": {}}
    assert study._merged(run(0.5, "old", 10), found, ("two",))["external"] == {"photos-one": outside("one", 0.5)}


def test_every_machine_is_named_with_what_it_ran():
    merged = study._merged(run(0.5, "old", 10), run(0.9, "new", 20), ("two",))
    assert study._machine_markdown(merged).splitlines() == [
        "- old, 2 cores, 8 GiB; Linux; numpy 2: `one`",
        "- new, 2 cores, 8 GiB; Linux; numpy 2: `two`",
    ]


def test_each_external_set_has_a_table_of_its_experiments():
    found = run(0.5, "old", 10)
    found["external"]["walls-one"] = outside("one", 0.7) | {"set": "walls"}
    photos, walls = (part.splitlines() for part in study._external_markdown(found).split("\n\n"))
    assert photos[0] == "| experiment | its own test | `photos` (95% interval) | images |"
    assert photos[2:] == [f"| `{name}` | 0.500 | **0.500** (0.400–0.600) | 2,900 |" for name in ("one", "two")]
    assert walls[0].startswith("| experiment | its own test | `walls`")
    assert walls[2:] == ["| `one` | 0.500 | **0.700** (0.600–0.800) | 2,900 |"]


@pytest.fixture
def folder(tmp_path) -> Path:
    """A repository in which two experiments were run, one of them on codes, and one external set was read."""
    params = config.read(ROOT / "params.yaml")
    params["experiments"]["asl_cnn"]["epochs"] = 3
    params["autoencoders"]["asl_autoencoder"]["epochs"] = 7
    params["external"] = {"photos-cnn": {"experiment": "asl_cnn", "path": "mine/photos.zip"}}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/photos.zip").write_bytes(b"")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    for name in ("asl_cnn", "asl_autoencoder_forest"):
        write_json(tmp_path / f"models/{name}/model.json", {"images": {"train": 8}, "packages": {"numpy": "2"}})
        write_json(tmp_path / f"metrics/{name}.json", {"accuracy": 0.5, "source": "rendered"})
        write_json(tmp_path / f"plots/{name}/metrics.json", {"accuracy_mean": 0.6, "seeds": 2})
    write_json(tmp_path / "metrics/external/photos-cnn.json", {"accuracy": 0.25})
    write_json(tmp_path / "metrics/external/forgotten.json", {"accuracy": 0.75})
    write_json(tmp_path / "metrics/audit/arasl.json", {"images": 9})
    write_json(tmp_path / "logs/train-asl_cnn.json", {"seconds": 1})
    return tmp_path


def test_what_a_run_left_is_collected(folder):
    found = study._collect(folder, ())
    assert list(found["experiments"]) == ["asl_cnn", "asl_autoencoder_forest"]
    assert found["experiments"]["asl_cnn"]["metrics"] == {
        "accuracy": 0.5, "source": "rendered", "accuracy_mean": 0.6, "seeds": 2,
    }  # fmt: skip
    assert found["external"] == {"photos-cnn": {"experiment": "asl_cnn", "set": "photos", "accuracy": 0.25}}
    assert (found["stages"], found["audit"]) == ({"train-asl_cnn": {"seconds": 1}}, {"arasl": {"images": 9}})
    assert list(study._collect(folder, ("asl_cnn",))["experiments"]) == ["asl_cnn"]
    with pytest.raises(FingerspellError, match="no experiment 'asl_cn'"):
        study._collect(folder, ("asl_cn",))


def test_settings_that_differ_from_todays_are_told(folder, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = study._collect(folder, ())
    assert study._settings_markdown(found).splitlines() == [
        "- `experiments.asl_cnn.epochs` was 3",
        "- `autoencoders.asl_autoencoder.epochs` was 7",
    ]


def test_the_record_of_the_originals_is_told_by_todays_code(monkeypatch):
    monkeypatch.chdir(ROOT)
    found = json.loads(study.ORIGINAL.read_text(encoding="utf-8"))
    known = {key for one in config.load().experiments.values() for key in study._flat(one.model_dump())}
    for one in found["experiments"].values():
        assert set(study._flat(one["settings"])) - known <= {"grid." + key for key in one["settings"]["grid"] or ()}
    assert "| `arasl_resnet` |" in study._table_markdown(found)
