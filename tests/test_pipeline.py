"""The pipeline as DVC runs it: one experiment of each kind, tiny, in a real repository."""

import csv
import json
import re
import shutil

import numpy as np
import pytest
from conftest import KINDS

from fingerspell import config
from fingerspell.evaluation.predictions import Predictions
from fingerspell.models.common import saved
from fingerspell.preparation.prepared import PLAIN, Prepared

pytestmark = pytest.mark.slow


def stages_run(output: str) -> set[str]:
    return set(re.findall(r"^Running stage '([^']+)'", output, re.MULTILINE))


def test_every_experiment_leaves_its_metrics_and_plots(study):
    for name in KINDS:
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
        assert metrics["source"] == "rendered" and "leakage_pixels" in metrics
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
    assert all(name in table for name in KINDS)


def test_the_tables_hold_what_the_saved_models_say(study):
    tables = {}
    for name in KINDS:
        seeds = json.loads((study.folder / f"models/{name}/model.json").read_text())["seeds"]
        tables[name, None] = study.folder / f"data/predictions/{name}.csv"
        tables |= {(name, seed): study.folder / f"models/{name}/predictions-{seed}.csv" for seed in seeds[1:]}
    assert any(seed for _, seed in tables), "one with further seeds is among them"
    for (name, seed), path in tables.items():
        told, reads = Predictions.read(path), name == "asl_reader"
        prepared = Prepared.open(study.folder / "data" / ("crops" if reads else "prepared") / name)
        rows = prepared.rows("test")
        assert told.members == [prepared.members[row] for row in rows]
        assert (told.labels == prepared.labels[rows]).all() and told.classes == prepared.classes
        description, predict = saved.load(study.folder / "models" / name, seed)
        if description["precision"] != "float32":
            continue  # oneDNN, which this process holds to AVX2, gives up on bfloat16 where the processor has it
        views = PLAIN if reads else ("images",)
        said = sum(predict(prepared.array(view)[rows]) for view in views) / len(views)
        assert np.allclose(told.probabilities, said, atol=1e-4), (name, seed)


def test_every_model_tells_what_made_it(study):
    for name in KINDS:
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
    assert log.count("stages.autoencode ") == 1
    forest, logistic = (
        (study.folder / f"models/asl_autoencoder_{kind}/encoder.weights.h5").read_bytes()
        for kind in ("forest", "logistic")
    )
    assert forest == logistic


def test_both_phases_of_transfer_learning_take_place(study):
    rows = (study.folder / "models/asl_resnet50/history.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["1", "2"], "an epoch of the head, one of backbone and head"


def test_several_seeds_are_told_with_their_mean(study):
    for name in KINDS:
        metrics = json.loads((study.folder / f"plots/{name}/metrics.json").read_text())
        seeds = json.loads((study.folder / f"models/{name}/model.json").read_text())["seeds"]
        if len(seeds) == 1:
            assert "accuracy_mean" not in metrics
        else:
            with open(study.folder / f"plots/{name}/seeds.csv") as file:
                accuracies = [float(row["accuracy"]) for row in csv.DictReader(file)]
            assert metrics["seeds"] == len(accuracies) == 2
            assert json.loads((study.folder / f"metrics/{name}.json").read_text())["accuracy"] == accuracies[0]
            assert metrics["accuracy_mean"] == pytest.approx(sum(accuracies) / 2, abs=1e-6)


def test_a_second_repro_does_nothing(study):
    output = study("dvc", "repro")
    assert "up to date" in output
    assert not stages_run(output)


def changed(study) -> dict[str, set[str]]:
    """Return the stages that `dvc status` names, each with the parameters that it says are modified."""
    found: dict[str, set[str]] = {}
    for stage, changes in json.loads(study("dvc", "status", "--json")).items():
        parts = [change["changed deps"] for change in changes if "changed deps" in change]
        found[stage] = {key for part in parts for key in part.get("params.yaml", {}).get("modified", ())} | {
            key for part in parts for key, what in part.get("params.yaml", {}).items() if what == "modified"
        }
    return found


@pytest.mark.parametrize(
    "section, name, key, value, stages",
    [
        ("experiments", "arasl_cnn", "epochs", 2, {"train@arasl_cnn"}),
        ("experiments", "arasl_cnn", "image_size", 16, {"prepare@arasl_cnn"}),
        ("experiments", "asl_cnn", "augment", {"flip": True}, {"train@asl_cnn", "prepare@asl_cnn"}),
        ("experiments", "asl_cnn", "sample_size", 5, {"split@asl_cnn"}),
        ("experiments", "asl_robust", "tta_scales", [1, 2], {"train@asl_robust"}),
        ("autoencoders", "asl_autoencoder", "epochs", 2, {"autoencode@asl_autoencoder"}),
        ("compositions", "asl_robust", "segmenter_steps", 3, {"compose@asl_robust"}),
        ("datasets", "arasl", "images_per_class", 19, {"download@arasl"}),
        ("hands", "american", "backgrounds", 21, {"hands@american"}),
    ],
)
def test_status_names_the_stages_that_a_changed_parameter_reruns(study, section, name, key, value, stages):
    before = (study.folder / "params.yaml").read_text()
    study.change(lambda params: params[section][name].update({key: value}))
    try:
        found = changed(study)
        if section == "experiments":  # which all are compared
            assert "compare" in found
            found.pop("compare")
        if section in ("experiments", "datasets"):  # and told of
            assert "report" in found
            found.pop("report")
        assert set(found) == stages
        assert all(any(one.startswith(f"{section}.{name}") for one in keys) for keys in found.values()), found
    finally:
        (study.folder / "params.yaml").write_text(before)


def test_dry_runs_tell_the_truth(study):
    before = (study.folder / "params.yaml").read_text()
    study.change(lambda params: params["experiments"]["arasl_cnn"].update(epochs=2))
    try:
        assert stages_run(study("dvc", "repro", "--dry", "train@arasl_cnn")) == {"train@arasl_cnn"}
    finally:
        (study.folder / "params.yaml").write_text(before)


def test_an_added_section_is_a_new_experiment(study):
    """Nothing else is touched: split, training, evaluation, metrics and plots follow from it."""
    before = (study.folder / "params.yaml").read_text()
    study.change(
        lambda params: params["experiments"].update(mine=params["experiments"]["arasl_cnn"] | {"dropout": 0.1})
    )
    try:
        ran = stages_run(study("dvc", "repro", "evaluate@mine"))
        assert ran == {f"{stage}@mine" for stage in ("check", "split", "prepare", "train", "evaluate")}
        assert "accuracy" in json.loads((study.folder / "metrics/mine.json").read_text())
        shown = study("dvc", "plots", "show", "--json", "plots/history", "plots/confusion")
        assert "plots/history/mine.csv" in shown or "mine.csv" in shown
    finally:
        (study.folder / "params.yaml").write_text(before)
        for path in (*study.folder.glob("metrics/mine.json"), *study.folder.glob("plots/*/mine.csv")):
            path.unlink()
        study("dvc", "checkout")


@pytest.mark.parametrize(
    "change, words",
    [
        ({"model": "lenet"}, "experiments.arasl_cnn.model is 'lenet'; choose one of"),
        ({"dataset": "asl"}, "experiments.arasl_cnn.dataset is 'asl', but datasets has only"),
        ({"trains_on": "compositions"}, "experiments.arasl_cnn.composition must be set"),
        ({"weights": "imagenet"}, "experiments.arasl_cnn.weights is 'imagenet', but weights has only"),
    ],
)
def test_a_name_that_is_not_there_is_refused_by_the_first_stage_that_runs(study, change, words):
    before = (study.folder / "params.yaml").read_text()
    study.change(lambda params: params["experiments"]["arasl_cnn"].update(change))
    try:
        output = study("dvc", "repro", status=255)
        assert words in " ".join(output.split())
        assert stages_run(output) == {"check@arasl_cnn"}
        assert "Errno" not in output
    finally:
        (study.folder / "params.yaml").write_text(before)
        study("dvc", "checkout")


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
    told = study.stage("train", name, status=1)
    assert f"experiments.{name}.grid cannot be searched" in told and word in told
    assert "mend it" in told and "Traceback" not in told
    (study.folder / "params.yaml").write_text(before)


def test_metrics_and_plots_are_readable_through_dvc(study):
    shown = json.loads(study("dvc", "metrics", "show", "--json"))
    assert {f"metrics/{name}.json" for name in KINDS} <= set(shown[""]["data"])
    shown = study("dvc", "plots", "show", "--json")
    assert all(f"plots/{kind}" in shown for kind in ("confusion", "history", "f1")) and "failed" not in shown


def test_scenes_are_composed_of_what_was_drawn_and_cut_out(study):
    params = config.load(study.folder / "params.yaml")
    folder = study.folder / "data/compositions/asl_robust"
    counts = json.loads((folder / "composition.json").read_text())
    with open(folder / "hands.csv") as file:
        hands = list(csv.DictReader(file))
    drawn = [row["label"] for row in hands if row["source"] == "rendered"]
    assert counts["rendered"] == len(drawn) == 27 * params.hands["american"].per_class
    assert counts["cut"] == len(hands) - len(drawn)
    assert not {"del", "space"} & set(drawn), "they are no classes of this experiment"
    assert "nothing" in drawn, "hands that make no letter, where there is a class for them"
    with open(folder / "table.csv") as file:
        members = {row["member"] for row in csv.DictReader(file) if row["split"] == "train"}
    assert counts["photographs"] == len(members), "no image of validation or test is cut up"
    assert (study.folder / "plots/compositions/asl_robust.png").read_bytes().startswith(b"\x89PNG")
    with np.load(study.folder / "models/asl_robust/seen.npz") as seen:
        assert len(seen["images"]) == len(seen["labels"]) == 32, "a batch, though 48 at most"


def test_other_shares_cut_no_hands_anew(study):
    before = (study.folder / "params.yaml").read_text()
    study.change(lambda params: params["experiments"]["asl_robust"]["composition"]["shares"].update(photographs=1.0))
    try:
        assert set(changed(study)) == {"train@asl_robust", "compare", "report"}
    finally:
        (study.folder / "params.yaml").write_text(before)
