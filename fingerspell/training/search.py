"""The grid search of a classifier of scikit-learn on codes, and what it tried."""

from typing import Any

import numpy as np

from fingerspell.config import Experiment
from fingerspell.errors import FingerspellError
from fingerspell.models.common import registry


def search(
    experiment: Experiment, description: dict[str, Any], codes: np.ndarray, labels: np.ndarray
) -> tuple[Any, dict[str, Any]]:
    """Tune an experiment's classifier over its grid, on codes float32 (n, m) and labels int (n,).

    description: its `model.json`, which names the experiment and its seed.

    Returns the fitted estimator, and for JSON: `tried`, for every candidate its parameters, mean accuracy over the
    folds and spread, and where it is solved in steps whether it converged; `chosen`, the same of the estimator.
    Raises `FingerspellError` with the experiment's key if the grid cannot be searched.
    """
    try:
        found = registry.find(experiment.model).search(codes, labels, experiment.grid, description["seeds"][0])
    except ValueError as error:  # scikit-learn names the parameter and what it may be
        reason = " ".join(str(error).split())[:300]
        key = f"experiments.{description['experiment']}.grid"
        raise FingerspellError(f"{key} cannot be searched ({reason}); mend it") from error
    tried, steps = found.cv_results_, found.cv_results_.get("mean_test_steps")
    candidates = [
        {"parameters": parameters, "accuracy": _number(accuracy), "spread": _number(spread)}
        | ({} if steps is None else {"converged": bool(np.isfinite(steps[at])), "steps": _number(steps[at])})
        for at, (parameters, accuracy, spread) in enumerate(
            zip(tried["params"], tried["mean_test_accuracy"], tried["std_test_accuracy"])
        )
    ]
    chosen = {"parameters": found.best_params_}
    if steps is not None:
        final = found.best_estimator_[-1]
        taken = int(final.n_iter_.max())
        chosen |= {"converged": taken < final.max_iter, "steps": taken}
    return found.best_estimator_, {"tried": candidates, "chosen": chosen}


def _number(value: float) -> float | None:
    """Return it with six places, or None for the NaN of a fit that did not converge, which JSON does not know."""
    return round(float(value), 6) if np.isfinite(value) else None
