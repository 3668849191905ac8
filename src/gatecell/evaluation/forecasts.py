"""Errors of forecasts, by the definitions of the forecasting literature.

Arrays are of any shape, the same for all of one call; a step whose true value is missing (NaN) counts in no figure.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, root_mean_squared_error

from gatecell._core.checks import check_integer, check_number
from gatecell._core.errors import InputError

Values = NDArray[np.float64]


def mae(true: Values, predicted: Values) -> float:
    """Return the mean absolute error, in the unit of the values."""
    return float(mean_absolute_error(*_known(true, predicted)))


def rmse(true: Values, predicted: Values) -> float:
    """Return the root of the mean squared error, in the unit of the values."""
    return float(root_mean_squared_error(*_known(true, predicted)))


def smape(true: Values, predicted: Values) -> float:
    """Return the symmetric mean absolute percentage error in percent, 0 to 200, as the M4 competition defines it.

    ``200 |y - f| / (|y| + |f|)``, averaged over all steps (Makridakis et al. 2020); a step where both are 0 is without
    error.
    """
    y, f = _known(true, predicted)
    size = np.abs(y) + np.abs(f)
    return float((200 * np.abs(y - f) / np.where(size > 0, size, 1.0)).mean())


def mase(true: Values, predicted: Values, scale: Any) -> float:
    """Return the mean absolute scaled error (Hyndman & Koehler 2006, section 3).

    Parameters
    ----------
    true, predicted : (n, H, ...)
    scale : (n, ...), or what broadcasts to it
        Of each series and column, from ``seasonal_error`` of what came before. NaN, or 0, leaves it out: its history
        never changes, so that no error can be measured by it.

    Returns
    -------
    float
        Below 1 where forecasts are better than one-step (seasonal) naive forecasts were in the history; NaN where
        every series is left out.
    """
    measure = np.broadcast_to(np.expand_dims(np.asarray(scale, dtype=np.float64), 1), true.shape)
    usable = measure > 0
    if not (usable & ~np.isnan(true)).any():
        return float("nan")
    y, f, size = _known(np.where(usable, true, np.nan), predicted, measure)
    return float((np.abs(y - f) / size).mean())


def seasonal_error(history: Values, season: int = 1) -> Values:
    """Return the mean absolute change over a season of a series, the scale of ``mase``.

    Parameters
    ----------
    history : (..., T, C)
        The steps that the forecast was made from; NaN is missing.
    season : int
        Steps of a season, at least 1, which is the change from one step to the next.

    Returns
    -------
    (..., C)
        NaN where the history has no two known steps a season apart.
    """
    check_integer("season", season, minimum=1)
    changes = np.abs(history[..., season:, :] - history[..., : max(history.shape[-2] - season, 0), :])
    n_known = (~np.isnan(changes)).sum(axis=-2)
    total = np.nansum(changes, axis=-2)
    return np.where(n_known > 0, total / np.maximum(n_known, 1), np.nan)


def quantile_loss(true: Values, predicted: Values, quantile: float) -> float:
    """Return the mean quantile (pinball) loss of one quantile, in the unit of the values (Koenker & Bassett 1978)."""
    check_number("quantile", quantile, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
    return float(mean_pinball_loss(*_known(true, predicted), alpha=quantile))


def coverage(true: Values, low: Values, high: Values) -> float:
    """Return the share of true values that lie in their interval, its bounds included: in 0..1."""
    y, lower, upper = _known(true, low, high)
    return float(((lower <= y) & (y <= upper)).mean())


def interval_width(true: Values, low: Values, high: Values) -> float:
    """Return the mean width of intervals, in the unit of the values."""
    _, lower, upper = _known(true, low, high)
    return float((upper - lower).mean())


def owa(smape_figure: float, mase_figure: float, naive2_smape: float, naive2_mase: float) -> float:
    """Return the M4 competition's overall weighted average: the mean of both figures relative to those of naive 2."""
    return (smape_figure / naive2_smape + mase_figure / naive2_mase) / 2


def _known(true: Values, *others: Values) -> tuple[Values, ...]:
    """Return the steps whose true value is known, each array as ``(m,)``."""
    for other in others:
        if other.shape != true.shape:
            raise InputError(
                f"The forecasts have shape {other.shape}, the true values {true.shape}; they are compared step by step."
            )
    known = ~np.isnan(true)
    if not known.any():
        raise InputError("No true value is known, so there is nothing to measure forecasts by.")
    return (true[known], *(other[known] for other in others))
