"""The tables of results: what was run in another place, or again, must not touch the rest."""

import json
from pathlib import Path

import pytest
import yaml

from benchmarks import originals, study
from fingerspell import config
from fingerspell.audit import table
from fingerspell.audit.table import Finding, Row
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
        "audit": {name: {"images": seconds} for name in ("asl_alphabet", "arasl")},
        "external": {f"photos-{name}": outside(name, accuracy) for name in ("one", "two")},
    }


def only(found: dict, *names: str) -> dict:
    """Return what was found where these experiments and audits alone were asked for."""
    chosen = {
        part: {name: one for name, one in found[part].items() if name in names} for part in ("experiments", "audit")
    }
    return found | chosen


def test_a_named_experiment_or_audit_is_renewed_and_the_others_stay():
    names = ("two", "asl_alphabet")
    merged = study._merged(run(0.5, "old", 10), only(run(0.9, "new", 20), *names), names)
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
    assert merged["audit"] == {"asl_alphabet": {"images": 20}, "arasl": {"images": 10}}


def test_no_figure_of_an_older_model_stays_beside_a_newer_one():
    found = only(run(0.9, "new", 20), "two") | {"external": {}}
    assert study._merged(run(0.5, "old", 10), found, ("two",))["external"] == {"photos-one": outside("one", 0.5)}


def test_every_machine_is_named_with_what_it_ran():
    merged = study._merged(run(0.5, "old", 10), only(run(0.9, "new", 20), "two"), ("two",))
    assert originals.machine_markdown(merged).splitlines() == [
        "- old, 2 cores, 8 GiB; Linux; numpy 2: `one`",
        "- new, 2 cores, 8 GiB; Linux; numpy 2: `two`",
    ]


def test_each_external_set_has_a_table_of_its_experiments():
    found = run(0.5, "old", 10)
    found["external"]["walls-one"] = outside("one", 0.7) | {"set": "walls"}
    photos, walls = (part.splitlines() for part in originals.external_markdown(found).split("\n\n"))
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
    params["datasets"]["arasl"]["source"] = "original"
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
    for name in ("arasl", "asl_alphabet"):  # of which one is drawn
        write_json(tmp_path / f"data/audit/{name}.json", {"images": 4})
        kinds = ((64, "L", ""), (64, "L", ""), (32, "RGB", ""), (None, "", "cut short"))
        rows = [Row(f"{at}.jpg", "ain", "train", at, "", "", "JPEG", size, size, mode, error=error)
                for at, (size, mode, error) in enumerate(kinds)]  # fmt: skip
        table.write(tmp_path / f"data/audit/{name}.csv", rows)
        found = [Finding("copy", "1.jpg", "0.jpg", "2 alike"), Finding("two labels", "1.jpg", "0.jpg", "dha/ta")]
        table.write_findings(tmp_path / f"data/audit/{name}-findings.csv", found)
    write_json(tmp_path / "logs/train-asl_cnn.json", {"seconds": 1})
    return tmp_path


def test_what_a_run_left_is_collected(folder):
    found = study._collect(folder, ())
    assert list(found["experiments"]) == ["asl_cnn", "asl_autoencoder_forest"]
    assert found["experiments"]["asl_cnn"]["metrics"] == {
        "accuracy": 0.5, "source": "rendered", "accuracy_mean": 0.6, "seeds": 2,
    }  # fmt: skip
    assert found["external"] == {"photos-cnn": {"experiment": "asl_cnn", "set": "photos", "accuracy": 0.25}}
    assert found["stages"] == {"train-asl_cnn": {"seconds": 1}}
    only_cnn = study._collect(folder, ("asl_cnn",))
    assert (list(only_cnn["experiments"]), only_cnn["audit"]) == (["asl_cnn"], {})
    with pytest.raises(FingerspellError, match="no experiment 'asl_cn'"):
        study._collect(folder, ("asl_cn",))


def test_what_audits_of_originals_found_is_collected_with_what_it_counts(folder):
    told = {"images": 4, "of_size": {"64×64 L JPEG": 2, "32×32 RGB JPEG": 1}, "of_two_labels": {"dha/ta": 1}}
    assert study._collect(folder, ())["audit"] == {"arasl": told}
    named = study._collect(folder, ("arasl",))
    assert (named["audit"], named["experiments"]) == ({"arasl": told}, {})
    assert originals.sizes(told) == "2 images of 64×64 (grey JPEG), 1 image of 32×32 (colour JPEG)"
    assert originals.two_labels(told) == "1 pair of dha and ta"


def test_settings_that_differ_from_todays_are_told(folder, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = study._collect(folder, ())
    assert originals.settings_markdown(found).splitlines() == [
        "- `experiments.asl_cnn.epochs` was 3",
        "- `autoencoders.asl_autoencoder.epochs` was 7",
    ]


def test_the_record_of_the_originals_is_told_by_todays_code(monkeypatch):
    monkeypatch.chdir(ROOT)
    found = json.loads(originals.ORIGINAL.read_text(encoding="utf-8"))
    known = {key for one in config.load().experiments.values() for key in originals.flat(one.model_dump())}
    for one in found["experiments"].values():
        assert set(originals.flat(one["settings"])) - known <= {"grid." + key for key in one["settings"]["grid"] or ()}
    assert "| `arasl_resnet` |" in originals.table_markdown(found)


@pytest.mark.parametrize(
    "mean, low, said", [(0.99, 0.98, "missed"), (0.999, 0.99, "met by the mean, not"), (0.999, 0.998, "met")]
)
def test_a_target_is_met_by_the_mean_or_by_all_of_its_interval(mean, low, said):
    judged = originals._judged({"accuracy_mean": mean, "accuracy_mean_low": low}, 0.998)
    assert judged.startswith(said) and (said != "met" or judged == said)
