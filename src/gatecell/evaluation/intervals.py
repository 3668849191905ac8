"""How far a figure would move if other rows of the same kind had been drawn."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap

from gatecell._core.checks import check_level

LEVEL = 95.0
"""The share of intervals that hold the true figure, in percent."""
N_RESAMPLES = 1000
"""Enough for two digits of a 95 % bound (Efron & Tibshirani 1993, section 14.5)."""
_BATCH = 100
"""Resamples at a time: bounds memory, and does not change the result."""


def bootstrap_interval(
    values: NDArray[np.float64],
    statistic: Callable[..., Any] = np.mean,
    *,
    level: float = LEVEL,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Return the percentile interval of a statistic of rows (Efron 1979).

    Rows count as independent. Where they are not (windows of one series that overlap), the interval is too narrow.

    Parameters
    ----------
    values : (n,)
        One number a row, such as its error.
    statistic
        Takes an array and ``axis``; the mean by default.
    level : float
        Percent, in [1, 100).
    n_resamples : int
    seed : int
        Decides the draws: the same values give the same interval.

    Returns
    -------
    tuple of float or None
        Low and high; None for fewer than two rows, which have no spread.

    Raises
    ------
    OptionError
        Where the level is out of its range.
    """
    check_level(level)
    if len(values) < 2:
        return None
    found = bootstrap(
        (values,),
        statistic,
        vectorized=True,
        batch=_BATCH,
        n_resamples=n_resamples,
        confidence_level=level / 100,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def share_interval(right: NDArray[np.bool_], *, level: float = LEVEL, seed: int = 0) -> tuple[float, float] | None:
    """Return the interval of a share of rows: by bootstrap, or Wilson's (1927) where all rows are alike.

    Resampling rows that are all right shows no spread, though twenty of them prove little. Arguments as in
    ``bootstrap_interval``.
    """
    check_level(level)
    if len(right) < 2 or right.min() != right.max():
        return bootstrap_interval(right.astype(np.float64), level=level, seed=seed)
    found = binomtest(int(right.sum()), len(right)).proportion_ci(level / 100, method="wilson")
    return float(found.low), float(found.high)
