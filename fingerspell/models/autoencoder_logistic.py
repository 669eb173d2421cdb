"""Logistic regression on the standardised codes of an autoencoder."""

import numpy as np

from fingerspell.models import Architecture

ARCHITECTURE = Architecture(
    title="autoencoder and logistic regression",
    paper="Cox 1958, https://doi.org/10.1111/j.2517-6161.1958.tb00292.x",
    kind="classifier",
    input_range="0–1, scaled inside",
    minimum_size=16,
    maximum_size=176,  # beyond it a code of 512 values has less than one for every place
    size_multiple=8,
)


def search(codes: np.ndarray, labels: np.ndarray, grid: dict[str, list], seed: int):
    """Tune the regression by three-fold cross-validation over `grid` and return the fitted `GridSearchCV`.

    `codes`: float32 (n, m); `labels`: int (n,). Grid keys are parameters of `LogisticRegression`. The codes
    are standardised first, or no solver would converge; Newton's method does in a dozen steps, in a tenth of the
    time that the default takes.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cg"))
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    steps = {f"logisticregression__{key}": values for key, values in grid.items()}
    return GridSearchCV(regression, steps, cv=folds).fit(codes, labels)
