"""Logistic regression on the standardised codes of an autoencoder."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from fingerspell.errors import FingerspellError
from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline

ARCHITECTURE = Architecture(
    title="autoencoder and logistic regression",
    paper="Cox 1958, https://doi.org/10.1111/j.2517-6161.1958.tb00292.x",
    kind="classifier",
    input_range="0–1, scaled inside",
    parameters=78_190,
    recommended_size=48,
    minimum_size=16,
    maximum_size=176,  # beyond it a code of 512 values has less than one for every place
    size_multiple=8,
)


def search(codes: np.ndarray, labels: np.ndarray, grid: dict[str, list[Any]], seed: int) -> "GridSearchCV":
    """Tune the regression by three-fold cross-validation over `grid` and return the fitted `GridSearchCV`.

    `codes`: float32 (n, m); `labels`: int (n,). Grid keys are parameters of `LogisticRegression`. The codes
    are standardised first; docs/decisions/codes.md says why, and why it is Newton's method. A candidate that does
    not converge in every fold has no accuracy (NaN) and cannot be chosen; `mean_test_steps` are those it took.

    Raises `FingerspellError` if the chosen candidate does not converge on all codes, `ValueError` for an unknown
    parameter or a value that it cannot take.
    """
    from joblib import parallel_config
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    regression = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cg"))
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    steps = {f"logisticregression__{key}": values for key, values in grid.items()}
    found = GridSearchCV(regression, steps, cv=folds, scoring=_judge, refit="accuracy", n_jobs=-1, error_score="raise")
    # Threads: processes would wait for more to do when the stage has ended, and whoever reads its output with them.
    # Sums on one core each: on several, their number would be in the last bits.
    with parallel_config("threading"), threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # judged by the steps
        warnings.filterwarnings("ignore", "One or more of the test scores are non-finite", UserWarning)
        found.fit(codes, labels)
    if not _converged(found.best_estimator_[-1]):
        raise FingerspellError(
            f"the logistic regression does not converge with any of {grid}; set a lower C or a higher max_iter"
        )
    return found


def _converged(regression: "LogisticRegression") -> bool:
    return int(regression.n_iter_.max()) < int(regression.max_iter)


def _judge(regression: "Pipeline", codes: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the accuracy on a fold, and in how many steps the regression converged; NaN if it did not."""
    last = regression[-1]
    if not _converged(last):
        return {"accuracy": np.nan, "steps": np.nan}
    return {"accuracy": regression.score(codes, labels), "steps": int(last.n_iter_.max())}
