"""Forecasts that need no learning, and that a learned one has to beat.

Histories are ``(..., T, C)`` and forecasts ``(..., H, C)``: whole series, or windows of many. Missing values (NaN) are
taken as the last known value before them.
"""

import numpy as np
from numpy.typing import NDArray

from gatecell._core.checks import check_integer
from gatecell._core.errors import InputError
from gatecell.data.missing import fill_forward

Values = NDArray[np.float64]

_CRITICAL = 1.645
"""Of the seasonality test: 90 %, two-sided."""


def naive(history: Values, horizon: int) -> Values:
    """Return the last value for every step to come."""
    return seasonal_naive(history, horizon, 1)


def seasonal_naive(history: Values, horizon: int, season: int) -> Values:
    """Return the value of one season before, for steps beyond a season that of the last season known.

    Parameters
    ----------
    history : (..., T, C)
        At least a season.
    horizon : int
        Steps to come, H.
    season : int
        Steps of a season; 1 gives the naive forecast.

    Returns
    -------
    (..., H, C)

    Raises
    ------
    InputError
        Where the history is shorter than a season.
    """
    check_integer("horizon", horizon, minimum=1)
    check_integer("season", season, minimum=1)
    n_steps = history.shape[-2]
    if n_steps < season:
        raise InputError(
            f"A seasonal naive forecast repeats the last season, {season:,} steps, but only {n_steps:,} are known. "
            "Give a longer history or a shorter season."
        )
    return fill_forward(history)[..., n_steps - season + np.arange(horizon) % season, :]


def naive2(history: Values, horizon: int, season: int) -> Values:
    """Return the naive 2 forecast of the M4 competition (Makridakis et al. 2020).

    Where a series is seasonal, it is divided by the seasonal indices of the classical multiplicative decomposition;
    its last value, times the index of each step to come, is the forecast. Where it is not, by the test of
    ``is_seasonal``, or where indices cannot be had since it is 0 for long, the forecast is the naive one. It is meant
    for series without negative values.

    Parameters
    ----------
    history : (T, C)
        One series, each column by itself.
    horizon, season : int
        As for ``seasonal_naive``.

    Returns
    -------
    (H, C)
    """
    check_integer("horizon", horizon, minimum=1)
    known = fill_forward(history)
    columns = [_naive2_column(known[:, column], horizon, season) for column in range(known.shape[-1])]
    return np.stack(columns, axis=-1)


def is_seasonal(values: Values, season: int) -> bool:
    """Return whether a series is seasonal, by the M4 competition's test of its autocorrelation at 90 %.

    The autocorrelation at lag m is beyond ``1.645 sqrt((1 + 2 (r_1^2 + ... + r_{m-1}^2)) / T)``, Bartlett's bound. A
    series of fewer than three seasons, and one that does not vary, is not seasonal.

    Parameters
    ----------
    values : (T,)
        Without missing values.
    season : int
        Steps of the season in question.
    """
    n_steps = len(values)
    if season < 2 or n_steps < 3 * season:
        return False
    centred = values - values.mean()
    power = centred @ centred
    if power <= 0:
        return False
    r = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, season + 1)]) / power
    bound = _CRITICAL * np.sqrt((1 + 2 * np.square(r[:-1]).sum()) / n_steps)
    return bool(abs(r[-1]) > bound)


def seasonal_indices(values: Values, season: int) -> Values:
    """Return the seasonal indices of the classical multiplicative decomposition.

    The trend is the centred moving average over a season; an index is the mean, over the seasons, of the value relative
    to the trend (Kendall & Stuart 1983, vol. 3, pp. 410-414, as R's ``decompose``). Their mean is 1.

    Parameters
    ----------
    values : (T,)
        At least two seasons, without missing values.
    season : int

    Returns
    -------
    (season,)
        That of the first step of ``values`` first; NaN where the trend is always 0.
    """
    weights = np.ones(season)
    if season % 2 == 0:
        # of an even season the two ends count half, so that the average is centred on a step
        weights = np.concatenate([[0.5], np.ones(season - 1), [0.5]])
    trend = np.convolve(values, weights / season, mode="valid")
    skipped = len(weights) // 2
    relative = np.full(-(-len(values) // season) * season, np.nan)
    np.divide(values[skipped : skipped + len(trend)], trend, out=relative[skipped:][: len(trend)], where=trend != 0)
    rounds = relative.reshape(-1, season)
    n_known = (~np.isnan(rounds)).sum(axis=0)
    indices: Values = np.nansum(rounds, axis=0) / np.where(n_known, n_known, np.nan)
    indices /= indices.mean()
    return indices


def _naive2_column(values: Values, horizon: int, season: int) -> Values:
    last: Values = np.full(horizon, values[-1])
    if not is_seasonal(values, season):
        return last
    indices = seasonal_indices(values, season)
    of_last = indices[(len(values) - 1) % season]
    if np.isnan(indices).any() or of_last == 0:
        return last
    forecast: Values = last / of_last * indices[(len(values) + np.arange(horizon)) % season]
    return forecast
