"""Numbers as answers, one or several a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import median_absolute_error, r2_score

from gatecell._core.errors import InputError
from gatecell.evaluation.intervals import bootstrap_interval
from gatecell.evaluation.judgement import Judgement


@dataclass(frozen=True, kw_only=True, eq=False)
class NumberJudgement(Judgement):
    """Of rows with one number each, or several."""

    loss: ClassVar[str] = "mae"

    true: NDArray[np.float64]
    """``(n, ...)``."""
    predicted: NDArray[np.float64]
    """``(n, ...)``."""

    @property
    def row_losses(self) -> NDArray[np.float64]:
        """Absolute error of each row, the mean over its numbers."""
        return _row_means(np.abs(self.predicted - self.true))


def judge_numbers(
    y: NDArray[Any], predicted: NDArray[np.float64], baselines: Mapping[str, NDArray[Any]] | None = None
) -> NumberJudgement:
    """Judge predicted numbers.

    Parameters
    ----------
    y : (n, ...)
        What is true.
    predicted : (n, ...)
        In the unit of ``y``.
    baselines : mapping of str to array, optional
        The predictions of simple rules, each as ``predicted``, or what broadcasts to it.

    Returns
    -------
    NumberJudgement
        ``mae``, ``rmse`` and ``median_absolute_error``, in the unit of ``y``; ``r2``, the share of the variance that is
        explained, where there is any.

    Raises
    ------
    InputError
        Where there is no row, or ``y`` holds what is no finite number or has another shape.
    """
    if not len(y):
        raise InputError("There are no rows to judge by: the data are empty.")
    true = _numbers(y)
    if true.shape != predicted.shape:
        raise InputError(
            f"The labels have the shape {true.shape}, but the model predicts {predicted.shape}. "
            "Give one label for each number that it predicts."
        )
    figures = errors(predicted, true)
    rows = true.reshape(len(true), -1), predicted.reshape(len(true), -1)
    figures["median_absolute_error"] = float(median_absolute_error(*rows))
    if np.ptp(rows[0], axis=0).all():
        figures["r2"] = float(r2_score(*rows))
    absolute = _row_means(np.abs(predicted - true))
    squared = _row_means(np.square(predicted - true))
    intervals = {"mae": bootstrap_interval(absolute), "rmse": bootstrap_interval(squared, _root_mean)}
    return NumberJudgement(
        headline="mae",
        figures=figures,
        intervals={name: bounds for name, bounds in intervals.items() if bounds is not None},
        baselines={rule: errors(values, true) for rule, values in (baselines or {}).items()},
        true=true,
        predicted=predicted,
    )


def errors(prediction: NDArray[Any], y: NDArray[Any]) -> dict[str, float]:
    """Return mean absolute error and root mean squared error, in the unit of ``y``."""
    difference = prediction - y
    return {"mae": float(np.abs(difference).mean()), "rmse": float(np.sqrt(np.square(difference).mean()))}


def _root_mean(values: NDArray[np.float64], axis: int) -> Any:
    return np.sqrt(values.mean(axis=axis))


def _row_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = values.reshape(len(values), -1).mean(axis=1)
    return means


def _numbers(y: NDArray[Any]) -> NDArray[np.float64]:
    try:
        numbers = y.astype(np.float64)
    except ValueError as error:
        raise InputError(f"The labels are no numbers ({error}), but the model predicts numbers.") from error
    finite = np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise InputError(f"The label of row {row} (counted from 0) is {numbers[row]}. Leave such rows out.")
    return numbers
