"""The pipeline as DVC runs it: all ten experiments, tiny, in a real repository."""

import json
import re
import shutil

import pytest
import yaml

EXPERIMENTS = (
    "asl_cnn",
    "asl_cnn_grouped",
    "asl_vgg16",
    "asl_resnet50",
    "asl_autoencoder_forest",
    "asl_autoencoder_logistic",
    "synthetic_vgg16",
    "arasl_cnn",
    "arasl_cnn_undersampled",
    "arasl_cnn_grouped",
)


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
    table = (study.folder / "plots/comparison/experiments.md").read_text()
    assert all(name in table for name in EXPERIMENTS)


def test_the_autoencoder_is_trained_once_for_both_classifiers(study):
    log = (study.folder / "first.log").read_text()
    assert "asl_autoencoder_logistic: shares the autoencoder of asl_autoencoder_forest" in log
    forest, logistic = (
        (study.folder / f"models/asl_autoencoder_{kind}/encoder.weights.h5").read_bytes()
        for kind in ("forest", "logistic")
    )
    assert forest == logistic


def test_a_second_repro_does_nothing(study):
    output = study("dvc", "repro")
    assert "up to date" in output
    assert not stages_run(output)


@pytest.mark.parametrize(
    "key, value, stages",
    [("epochs", 2, ("train", "evaluate")), ("image_size", 16, ("prepare", "train", "evaluate"))],
)
def test_a_changed_parameter_reruns_its_own_stages_alone(study, key, value, stages):
    before = (study.folder / "params.yaml").read_text()
    study.change(lambda params: params["experiments"]["arasl_cnn"].update({key: value}))
    expected = {f"{stage}@arasl_cnn" for stage in stages} | {"compare"}
    assert stages_run(study("dvc", "repro")) == expected
    (study.folder / "params.yaml").write_text(before)
    study("dvc", "repro")


def test_the_run_cache_restores_a_training(study):
    lock = study.folder / "dvc.lock"
    kept, weights = lock.read_text(), study.folder / "models/asl_cnn/model.weights.h5"
    trained = weights.read_bytes()
    without = yaml.safe_load(kept)
    del without["stages"]["train@asl_cnn"]
    lock.write_text(yaml.safe_dump(without))
    shutil.rmtree(weights.parent)
    output = study("dvc", "repro", "--single-item", "train@asl_cnn")
    assert "is cached - skipping run" in output
    assert weights.read_bytes() == trained
    lock.write_text(kept)


def test_metrics_and_plots_are_readable_through_dvc(study):
    shown = json.loads(study("dvc", "metrics", "show", "--json"))
    assert {f"metrics/{name}.json" for name in EXPERIMENTS} <= set(shown[""]["data"])
    assert "confusion" in study("dvc", "plots", "show", "--json", "plots/asl_cnn/confusion.csv")
