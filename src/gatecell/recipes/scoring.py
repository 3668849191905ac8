"""How good a fitted estimator is on sequences whose labels are known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.classes import ClassTargets


def score(estimator: LSTMEstimator, X: Any, y: NDArray[Any], *, prefix: str = "") -> dict[str, float]:
    """Measure a fitted estimator.

    Parameters
    ----------
    estimator : LSTMEstimator
    X : array (n, T, I) or list of arrays (T_i, I)
    y : array (n,)
        What is true.
    prefix : str
        Of the names of the figures, such as ``"test_"``.

    Returns
    -------
    dict
        Of a classifier ``accuracy``, a share in 0..1, and ``log_loss``, the mean cross-entropy in nats. Of a regressor
        ``mae`` and ``rmse``, in the unit of ``y``.

    Raises
    ------
    InputError
        Where ``X`` or ``y`` cannot be used, or do not match what was fitted.
    """
    if isinstance(estimator, ClassTargets):
        figures = _classification(estimator, X, y)
    else:
        figures = errors(estimator.predict(X), _numbers(y))
    return {f"{prefix}{name}": value for name, value in figures.items()}


def errors(prediction: NDArray[Any], y: NDArray[Any]) -> dict[str, float]:
    """Return mean absolute error and root mean squared error, in the unit of ``y``."""
    difference = prediction - y
    return {"mae": float(np.abs(difference).mean()), "rmse": float(np.sqrt(np.square(difference).mean()))}


def baseline_errors(baselines: Mapping[str, NDArray[Any]], y: NDArray[Any], *, prefix: str) -> dict[str, float]:
    """Return the errors of simple rules, named as ``test_mae_last_value``."""
    return {
        f"{prefix}{figure}_{rule}": value
        for rule, prediction in baselines.items()
        for figure, value in errors(prediction, y).items()
    }


def _classification(estimator: ClassTargets, X: Any, y: NDArray[Any]) -> dict[str, float]:
    classes = estimator.classes_
    unknown = [label for label in np.unique(y).tolist() if label not in classes.tolist()]
    if unknown:
        raise InputError(
            f"The label {unknown[0]!r} is none of the classes that the model knows: {classes.tolist()}. "
            "Give the labels as they were at the fit, or fit anew with all classes."
        )
    probabilities = estimator.predict_proba(X)
    place = np.searchsorted(classes, y)
    own = np.clip(probabilities[np.arange(len(y)), place], np.finfo(np.float64).tiny, None)
    return {
        "accuracy": float((probabilities.argmax(axis=1) == place).mean()),
        "log_loss": float(-np.log(own).mean()),
    }


def _numbers(y: NDArray[Any]) -> NDArray[np.float64]:
    try:
        numbers = y.astype(np.float64)
    except ValueError as error:
        raise InputError(f"The labels are no numbers ({error}), but the model predicts numbers.") from error
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers))[0])
        raise InputError(f"The label of row {row} (counted from 0) is {numbers[row]}. Leave such rows out.")
    return numbers
