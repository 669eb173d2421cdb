"""The classifiers on codes: how they are tuned, and that what was chosen converged."""

import json
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from fingerspell.errors import FingerspellError
from fingerspell.models.common import registry, saved
from fingerspell.preparation.prepared import Image, Prepared, write_table
from fingerspell.training import autoencoding
from fingerspell.training.search import search
from stages import train

pytestmark = pytest.mark.slow

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
def test_what_the_search_tried_and_chose_is_told(model):
    codes, labels = some(120)
    experiment = SimpleNamespace(model=model, grid=GRIDS[model])
    estimator, told = search(experiment, {"experiment": "mine", "seeds": [1]}, codes[:100], labels[:100])
    assert (estimator.predict(codes[100:]) == labels[100:]).mean() > 0.5
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert len(told["tried"]) == 2 and all(0.5 < row["accuracy"] <= 1 for row in told["tried"])
    assert told["chosen"]["parameters"] in [row["parameters"] for row in told["tried"]]
    if model == "autoencoder_logistic":
        assert all(row["converged"] and row["steps"] > 1 for row in told["tried"])
        assert told["chosen"]["converged"] is True and told["chosen"]["steps"] > 1


def test_a_grid_that_cannot_be_searched_is_refused_by_its_key():
    experiment = SimpleNamespace(model="autoencoder_logistic", grid={"C": [-1]})
    with pytest.raises(
        FingerspellError, match=r"^experiments\.mine\.grid cannot be searched \(.*'C' parameter.*; mend"
    ):
        search(experiment, {"experiment": "mine", "seeds": [1]}, *some())


def test_the_encoder_and_codes_of_the_test_images_are_kept_with_a_classifier(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    codes, labels = some(120)
    splits = ["train", "validation", "test"]
    rows = [Image(f"{at}.jpg", "ABC"[label], splits[at // 60 + at // 100]) for at, label in enumerate(labels)]
    weights, folder, model = (tmp_path / name for name in ("data/weights/encoded", "prepared", "model"))
    for place in (weights, folder, model):
        place.mkdir(parents=True)
    np.save(folder / "embeddings.npy", codes)
    write_table(folder, rows, {"classes": ["A", "B", "C"]})
    taken = ("encoder.weights.h5", "history.csv", "reconstructions.npz")
    for file in taken:
        (weights / file).write_text(file)
    prepared = Prepared.open(folder)
    experiment = SimpleNamespace(model="autoencoder_logistic", grid=GRIDS["autoencoder_logistic"], weights="encoded")
    description = {"experiment": "mine", "seeds": [1]}
    predictions, found = train._classifier(experiment, description, prepared, model)
    test = prepared.rows("test")
    assert predictions.members == [prepared.members[row] for row in test]
    assert found["search"]["chosen"]
    assert {path.name for path in model.iterdir()} == {"classifier.skops", "codes.npz", *taken}
    assert all((model / file).read_text() == file for file in taken)
    with np.load(model / "codes.npz") as kept:
        assert (kept["codes"] == codes[test]).all(), "of test images, to be shown"
        assert (kept["labels"] == labels[test]).all()


class _Halves:
    """Stands for an autoencoder that gives back half of every value."""

    def predict_on_batch(self, images: np.ndarray) -> np.ndarray:
        return np.float32(images) / 255 / 2


def test_what_the_decoder_makes_of_images_is_kept_beside_them(tmp_path):
    images, labels = np.random.default_rng(0).integers(0, 255, (16, 8, 8, 3), np.uint8), np.arange(16)
    autoencoding.write_reconstructions(_Halves(), images, labels, tmp_path / "restored.npz")
    with np.load(tmp_path / "restored.npz") as found:
        assert (found["originals"] == images).all() and (found["labels"] == labels).all()
        assert found["restored"].dtype == np.uint8
        assert np.abs(found["restored"] - images / 2).max() <= 0.5


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
