"""The pipeline as DVC runs it: all experiments, tiny, in a real repository."""

import csv
import json
import re
import shutil

import numpy as np
import pytest
import yaml
from conftest import ROOT

from fingerspell.evaluation.predictions import Predictions
from fingerspell.models.common import saved
from fingerspell.preparation.prepared import Prepared

EXPERIMENTS = tuple(yaml.safe_load((ROOT / "params.yaml").read_text())["experiments"])


def stages_run(output: str) -> set[str]:
    return set(re.findall(r"^Running stage '([^']+)'", output, re.MULTILINE))


def test_every_experiment_leaves_its_metrics_and_plots(study):
    for name in EXPERIMENTS:
        metrics = json.loads((study.folder / f"metrics/{name}.json").read_text())
        assert {
            "accuracy",
            "accuracy_low",
            "accuracy_high",
            "macro_f1",
            "top3_accuracy",
            "expected_calibration_error",
            "test_images",
        } <= set(metrics)
        assert metrics["accuracy_low"] <= metrics["accuracy"] <= metrics["accuracy_high"]
        with open(study.folder / f"data/predictions/{name}.csv") as file:
            assert metrics["test_images"] == sum(1 for _ in file) - 1
        for plot in ("confusion.png", "learning.png", "f1.png", "predictions.png", "mistakes.png"):
            assert (study.folder / f"plots/{name}/{plot}").read_bytes().startswith(b"\x89PNG")
    drawn = {path.relative_to(study.folder / "plots").as_posix() for path in study.folder.glob("plots/*/*.png")}
    assert {f"asl_autoencoder_{kind}/{plot}.png" for kind in ("forest", "logistic")
            for plot in ("manifold", "reconstructions")} <= drawn  # fmt: skip
    assert "asl_cnn/augmented.png" in drawn and "arasl_cnn/augmented.png" not in drawn, (
        "where there is something to see"
    )
    table = (study.folder / "plots/comparison/experiments.md").read_text()
    assert all(name in table for name in EXPERIMENTS)


def test_the_tables_hold_what_the_saved_models_say(study):
    tables = {}
    for name in EXPERIMENTS:
        seeds = json.loads((study.folder / f"models/{name}/model.json").read_text())["seeds"]
        tables[name, None] = study.folder / f"data/predictions/{name}.csv"
        tables |= {(name, seed): study.folder / f"models/{name}/predictions-{seed}.csv" for seed in seeds[1:]}
    assert any(seed for _, seed in tables), "one with further seeds is among them"
    for (name, seed), path in tables.items():
        told, prepared = Predictions.read(path), Prepared.open(study.folder / "data/prepared" / name)
        rows = prepared.rows("test")
        assert told.members == [prepared.members[row] for row in rows]
        assert (told.labels == prepared.labels[rows]).all() and told.classes == prepared.classes
        description, predict = saved.load(study.folder / "models" / name, seed)
        apart = 1e-4 if description["precision"] == "float32" else 0.02  # bfloat16 rounds by the batch
        assert np.allclose(told.probabilities, predict(prepared.array("images")[rows]), atol=apart), (name, seed)


def test_every_model_tells_what_made_it(study):
    for name in EXPERIMENTS:
        packages = json.loads((study.folder / f"models/{name}/model.json").read_text())["packages"]
        assert {"keras", "numpy", "PIL"} <= set(packages)
        assert ("sklearn" in packages) == name.startswith("asl_autoencoder")
        assert all(re.match(r"\d+\.\d+", version) for version in packages.values())


@pytest.mark.parametrize("file", ["model.json", "history.csv", "seen.npz"])
def test_a_model_that_is_not_whole_is_named_by_its_evaluation(study, file):
    path = study.folder / "models/asl_cnn" / file
    whole = path.read_bytes()
    path.unlink()  # it may be a link into DVC's cache
    try:
        if file != "history.csv":
            path.write_bytes(whole[:100])
        told = study.stage("evaluate", "asl_cnn", status=1)
        assert ("holds no whole model" if file == "history.csv" else "is damaged") in told and "models/asl_cnn" in told
        assert "run `dvc repro`" in told and "Traceback" not in told
    finally:
        path.write_bytes(whole)


def test_the_autoencoder_is_trained_once_for_both_classifiers(study):
    log = (study.folder / "first.log").read_text()
    assert "asl_autoencoder_logistic: shares the autoencoder of asl_autoencoder_forest" in log
    forest, logistic = (
        (study.folder / f"models/asl_autoencoder_{kind}/encoder.weights.h5").read_bytes()
        for kind in ("forest", "logistic")
    )
    assert forest == logistic


def test_both_phases_of_transfer_learning_take_place(study):
    rows = (study.folder / "models/asl_resnet50/history.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["1", "2"], "an epoch of the head, one of backbone and head"


def test_several_seeds_are_told_with_their_mean(study):
    for name in EXPERIMENTS:
        metrics = json.loads((study.folder / f"metrics/{name}.json").read_text())
        seeds = json.loads((study.folder / f"models/{name}/model.json").read_text())["seeds"]
        if len(seeds) == 1:
            assert "accuracy_mean" not in metrics
        else:
            with open(study.folder / f"plots/{name}/seeds.csv") as file:
                accuracies = [float(row["accuracy"]) for row in csv.DictReader(file)]
            assert metrics["seeds"] == len(accuracies) == 2
            assert metrics["accuracy"] == accuracies[0]
            assert metrics["accuracy_mean"] == pytest.approx(sum(accuracies) / 2, abs=1e-6)


def test_a_second_repro_does_nothing(study):
    output = study("dvc", "repro")
    assert "up to date" in output
    assert not stages_run(output)


@pytest.mark.parametrize(
    "name, key, value, stages",
    [
        ("arasl_cnn", "epochs", 2, {"train@arasl_cnn", "evaluate@arasl_cnn"}),
        ("arasl_cnn", "image_size", 16, {"prepare@arasl_cnn", "train@arasl_cnn", "evaluate@arasl_cnn"}),
        (  # no longer that of the logistic regression, whose codes stay as they were
            "asl_autoencoder_forest",
            "epochs",
            2,
            {"autoencode", "train@asl_autoencoder_forest", "evaluate@asl_autoencoder_forest"},
        ),
    ],
)
def test_a_changed_parameter_reruns_its_own_stages_alone(study, name, key, value, stages):
    before = (study.folder / "params.yaml").read_text()
    study.change(lambda params: params["experiments"][name].update({key: value}))
    assert stages_run(study("dvc", "repro")) == stages | {"settings", "compare"}
    (study.folder / "params.yaml").write_text(before)
    study("dvc", "repro")


@pytest.mark.parametrize(
    "change, words",
    [
        ({"model": "lenet"}, "experiments.arasl_cnn.model is 'lenet'; choose one of"),
        ({"dataset": "asl"}, "experiments.arasl_cnn.dataset is 'asl', but datasets has only"),
        ({"trains_on": "codes"}, "experiments.arasl_cnn.trains_on must be prepared"),
    ],
)
def test_a_setting_that_names_what_is_not_there_is_refused_before_dvc_misses_it(study, change, words):
    before = (study.folder / "params.yaml").read_text()
    study.change(lambda params: params["experiments"]["arasl_cnn"].update(change))
    output = study("dvc", "repro", status=255)
    assert f"settings: {words}" in " ".join(output.split()) or f"settings: params.yaml: {words}" in output
    assert stages_run(output) == {"settings"}
    assert "Errno" not in output
    (study.folder / "params.yaml").write_text(before)
    assert not stages_run(study("dvc", "repro"))


@pytest.mark.parametrize(
    "edit, key",
    [
        (lambda params: params["experiments"]["arasl_cnn"]["split"].update(test=0.3), "experiments.arasl_cnn.split"),
        (lambda params: params["experiments"].pop("arasl_cnn"), "experiments.arasl_cnn.classes"),
        (lambda params: params.update(experiments=None), "experiments.arasl_cnn.classes"),
        (lambda params: params.update(seed=7), "seed"),
    ],
)
def test_a_parameter_that_changes_while_the_study_runs_is_refused(study, edit, key):
    """DVC would file what comes of the new one under the old."""
    params, split = study.folder / "params.yaml", study.folder / "data/splits/arasl_cnn.csv"
    before, kept = params.read_text(), split.read_bytes()
    study.change(edit)
    told = " ".join(study.stage("split", "arasl_cnn", status=1).split())
    assert f"split arasl_cnn: {key} in params.yaml changed after the stage `settings` handed it over" in told
    assert split.read_bytes() == kept
    params.write_text(before)


def test_a_parameter_of_another_stage_may_change_while_the_study_runs(study):
    params, split = study.folder / "params.yaml", study.folder / "data/splits/arasl_cnn.csv"
    before, kept = params.read_text(), split.read_bytes()
    study.change(lambda params: params["experiments"]["arasl_cnn"].update(epochs=9))
    study.stage("split", "arasl_cnn")
    assert split.read_bytes() == kept
    params.write_text(before)


def test_the_run_cache_restores_a_training(study):
    lock, model = study.folder / "dvc.lock", study.folder / "models/asl_cnn"
    predictions, kept = study.folder / "data/predictions/asl_cnn.csv", lock.read_text()
    files = [*model.iterdir(), predictions]
    trained = {path: path.read_bytes() for path in files}
    lock.unlink()
    shutil.rmtree(model)
    predictions.unlink()
    output = study("dvc", "repro", "--single-item", "train@asl_cnn")
    assert "is cached - skipping run" in output
    assert {path: path.read_bytes() for path in [*model.iterdir(), predictions]} == trained
    lock.write_text(kept)


@pytest.mark.parametrize(
    "name, grid, word",
    [
        ("asl_autoencoder_forest", {"n_estimatorz": [5]}, "n_estimatorz"),
        ("asl_autoencoder_forest", {"n_estimators": [0]}, "n_estimators"),
        ("asl_autoencoder_logistic", {"C": ["x"]}, "'x'"),
    ],
)
def test_a_grid_that_cannot_be_searched_is_named(study, name, grid, word):
    before = (study.folder / "params.yaml").read_text()
    study.change(lambda params: params["experiments"][name].update(grid=grid))
    study.stage("settings")
    told = study.stage("train", name, status=1)
    assert f"experiments.{name}.grid cannot be searched" in told and word in told
    assert "mend it" in told and "Traceback" not in told
    (study.folder / "params.yaml").write_text(before)
    study.stage("settings")


def test_metrics_and_plots_are_readable_through_dvc(study):
    shown = json.loads(study("dvc", "metrics", "show", "--json"))
    assert {f"metrics/{name}.json" for name in EXPERIMENTS} <= set(shown[""]["data"])
    assert "confusion" in study("dvc", "plots", "show", "--json", "plots/asl_cnn/confusion.csv")


def test_what_is_composed_is_known(study):
    params = yaml.safe_load((study.folder / "params.yaml").read_text())
    assert [name for name, one in params["experiments"].items() if one.get("scenes")] == ["asl_robust", "arasl_robust"]


@pytest.mark.parametrize("name, signs", [("asl_robust", 27), ("arasl_robust", 32)])
def test_scenes_are_composed_of_what_was_drawn_and_cut_out(study, name, signs):
    params = yaml.safe_load((study.folder / "params.yaml").read_text())
    scenes = params["experiments"][name]["scenes"]
    folder = study.folder / "data/scenes" / name
    about = json.loads((folder / "scenes.json").read_text())
    with open(folder / "hands.csv") as file:
        hands = list(csv.DictReader(file))
    drawn = [row["label"] for row in hands if row["source"] == "rendered"]
    assert about["rendered"] == len(drawn) == signs * params["hands"][scenes["hands"]]["per_class"]
    assert about["cut"] == len(hands) - len(drawn)
    assert not {"del", "space"} & set(drawn), "they are no classes of this experiment"
    assert ("nothing" in drawn) == (name == "asl_robust"), "hands that make no letter, where there is a class for them"
    with open(folder / "table.csv") as file:
        members = {row["member"] for row in csv.DictReader(file) if row["split"] == "train"}
    assert about["photographs"] == len(members), "no image of validation or test is cut up"
    assert (study.folder / f"plots/scenes/{name}.png").read_bytes().startswith(b"\x89PNG")
    description = json.loads((study.folder / f"models/{name}/model.json").read_text())
    with np.load(study.folder / f"models/{name}/seen.npz") as seen:
        assert len(seen["images"]) == len(seen["labels"]) == 32, "a batch, though 48 at most"
    assert description["scenes"]["images"] == scenes["images"]


def test_other_shares_cut_no_hands_anew(study):
    before = (study.folder / "params.yaml").read_text()
    study.change(lambda params: params["experiments"]["asl_robust"]["scenes"]["shares"].update(photographs=1.0))
    expected = {f"{stage}@asl_robust" for stage in ("train", "export", "evaluate")} | {"settings", "compare"}
    assert stages_run(study("dvc", "repro")) == expected
    (study.folder / "params.yaml").write_text(before)
    study("dvc", "repro")
