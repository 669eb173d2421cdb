"""The classifiers on codes: how they are tuned, and that what was chosen converged."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from fingerspell import preparation
from fingerspell.config import load
from fingerspell.errors import FingerspellError
from fingerspell.models.common import registry, saved
from stages import autoencode, train

GRIDS = {
    "autoencoder_forest": {"n_estimators": [5], "max_depth": [None, 2]},
    "autoencoder_logistic": {"C": [0.1, 1]},
}


def some(count: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Codes of three kinds whose values are of very unequal sizes, as those of an autoencoder are."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 3
    codes = (random.normal(size=(count, 12)) + 2 * np.eye(12)[labels]) * np.logspace(-2, 3, 12)
    return codes.astype(np.float32), labels


def test_the_logistic_regression_converges_and_says_so():
    search = registry.find("autoencoder_logistic").search(*some(), {"C": [0.1, 1, 10]}, seed=1)
    regression = search.best_estimator_[-1]
    assert regression.n_iter_.max() < regression.max_iter
    assert np.isfinite(search.cv_results_["mean_test_steps"]).all()
    assert search.best_score_ > 0.8


def test_on_codes_as_they_are_it_would_not():
    with pytest.warns(ConvergenceWarning):
        LogisticRegression().fit(*some())


def test_a_candidate_that_does_not_converge_cannot_be_chosen():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search = registry.find("autoencoder_logistic").search(*some(), {"C": [1e-3, 1e9], "max_iter": [8]}, seed=1)
    assert np.isnan(search.cv_results_["mean_test_accuracy"]).tolist() == [False, True]
    assert search.best_params_["logisticregression__C"] == 1e-3


def test_where_nothing_converges_a_sentence_says_so():
    with pytest.raises(FingerspellError, match=r"does not converge with any of .*'max_iter'.*; set a lower C"):
        registry.find("autoencoder_logistic").search(*some(), {"C": [1], "max_iter": [1]}, seed=1)


def test_another_fault_is_not_taken_for_it():
    with pytest.raises(ValueError, match="'C' parameter"):
        registry.find("autoencoder_logistic").search(*some(), {"C": [-1]}, seed=1)


@pytest.mark.parametrize("model", GRIDS)
def test_workers_change_nothing(model, tmp_path, monkeypatch):
    found = []
    for name in ("all", "one"):
        if name == "one":
            monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
        search = registry.find(model).search(*some(), GRIDS[model], seed=1)
        saved.save_classifier(search.best_estimator_, tmp_path / name)
        found.append(((tmp_path / name).read_bytes(), search.cv_results_["mean_test_accuracy"].tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("model", GRIDS)
def test_the_cores_that_sums_may_use_change_nothing(model, tmp_path):
    """With so many codes a matrix product of OpenBLAS differs in its last bits from one core to two."""
    random = np.random.default_rng(0)
    labels = np.arange(600) % 20
    codes = (random.normal(size=(600, 512)) + 3 * np.eye(512)[labels]).astype(np.float32)
    found = []
    for cores in (1, 2):
        with threadpool_limits(cores):
            search = registry.find(model).search(codes, labels, GRIDS[model], seed=1)
        saved.save_classifier(search.best_estimator_, tmp_path / str(cores))
        found.append((tmp_path / str(cores)).read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("model", GRIDS)
def test_what_the_search_tried_and_chose_is_kept_with_the_model(model, tmp_path):
    codes, labels = some(120)
    np.save(tmp_path / "codes.npy", codes)
    parts = ["train", "validation", "test"]
    rows = [(f"{at}.jpg", "ABC"[label], parts[at // 60 + at // 100]) for at, label in enumerate(labels)]
    preparation.write_table(tmp_path, rows, {"classes": ["A", "B", "C"]})
    for file in ("encoder.weights.h5", "history.csv", "reconstructions.npz"):
        (tmp_path / file).write_text(file)
    (tmp_path / "model").mkdir()
    prepared = preparation.Prepared.open(tmp_path)
    changes = {"model": model, "grid": GRIDS[model]}
    experiment = load().experiment("asl_autoencoder_logistic").model_copy(update=changes)
    _, told = train._classifier("asl_autoencoder_logistic", experiment, prepared, tmp_path / "model", seed=1)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert len(told["tried"]) == 2 and all(0.5 < row["accuracy"] <= 1 for row in told["tried"])
    assert told["chosen"]["parameters"] in [row["parameters"] for row in told["tried"]]
    if model == "autoencoder_logistic":
        assert all(row["converged"] and row["steps"] > 1 for row in told["tried"])
        assert told["chosen"]["converged"] is True and told["chosen"]["steps"] > 1
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {"classifier.skops", "codes.npz", "encoder.weights.h5", "history.csv", "reconstructions.npz"}
    with np.load(tmp_path / "model/codes.npz") as kept:
        assert (kept["codes"] == codes[prepared.rows("test")]).all(), "of test images, to be shown"
        assert (kept["labels"] == labels[prepared.rows("test")]).all()


class _Halves:
    """Stands for an autoencoder that gives back half of every value."""

    def predict_on_batch(self, images: np.ndarray) -> np.ndarray:
        return np.float32(images) / 255 / 2


def test_some_test_images_of_all_the_alphabet_are_restored(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (80, 8, 8, 3), np.uint8)
    np.save(tmp_path / "images.npy", images)
    rows = [(f"{at}.jpg", chr(65 + at // 4), "test" if at % 2 else "train") for at in range(80)]
    preparation.write_table(tmp_path, rows, {"classes": [chr(65 + at) for at in range(20)]})
    prepared = preparation.Prepared.open(tmp_path)
    autoencode._restore(_Halves(), prepared, tmp_path / "restored.npz")
    found = np.load(tmp_path / "restored.npz")
    assert len(set(found["labels"])) == len(found["originals"]) == 16
    testing = prepared.rows("test")
    for original, label in zip(found["originals"], found["labels"]):
        assert any((original == images[row]).all() for row in testing[prepared.labels[testing] == label])
    assert found["restored"].dtype == np.uint8
    assert np.abs(found["restored"] - found["originals"] / 2).max() <= 0.5


ENDS_AT_ONCE = """
import os
import numpy as np
from fingerspell.models.common import registry

codes = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
registry.find("autoencoder_logistic").search(codes, np.arange(60) % 3, {"C": [0.1, 1.0]}, seed=1)
os._exit(0)  # as stages do
"""


def test_no_process_outlives_the_search():
    """The processes of the folds wait minutes for more to do, and whoever reads what the stage says waits with them."""
    done = subprocess.run([sys.executable, "-c", ENDS_AT_ONCE], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
