"""A random forest on the codes of an autoencoder."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fingerspell.models.common.registry import Architecture

if TYPE_CHECKING:
    from sklearn.model_selection import GridSearchCV

ARCHITECTURE = Architecture(
    title="autoencoder and random forest",
    paper="Breiman 2001, https://doi.org/10.1023/A:1010933404324",
    kind="classifier",
    input_range="0–1, scaled inside",
    parameters=78_190,
    recommended_size=48,
    minimum_size=16,
    maximum_size=176,  # beyond it a code of 512 values has less than one for every place
    size_multiple=8,
)


def search(codes: np.ndarray, labels: np.ndarray, grid: dict[str, list[Any]], seed: int) -> "GridSearchCV":
    """Tune a forest by three-fold cross-validation over `grid` and return the fitted `GridSearchCV`.

    `codes`: float32 (n, m); `labels`: int (n,). Grid keys are parameters of `RandomForestClassifier`. Raises
    `ValueError` for one that it does not know, or a value that it cannot take.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    forest = RandomForestClassifier(random_state=seed, n_jobs=-1)  # its trees in threads, which share the codes
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    found = GridSearchCV(
        forest, grid, cv=folds, scoring={"accuracy": "accuracy"}, refit="accuracy", error_score="raise"
    )
    found.fit(codes, labels)
    found.best_estimator_.n_jobs = None  # several threads add up the votes in any order, and the last bits differ
    return found
