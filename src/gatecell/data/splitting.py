"""Splitting series by time: what is learned from comes before what is judged on.

Parts are ranges of steps *that are forecast*. What a window sees may reach back into the part before, as it does in
use; a gap keeps forecasts of one part away from those of the next::

    step      0 ...........................................................  T
              [ train              ] gap [ validation    ] gap [ test       ]
    window               [ seen   ][fc]                                          last of train
    window                    [ seen    ][fc]                                    first of validation
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gatecell._core.checks import check_integer, check_number
from gatecell._core.errors import InputError, OptionError

Steps = NDArray[np.int64]


@dataclass(frozen=True)
class TimeParts:
    """Parts of a series, as ranges of steps."""

    train: range
    validation: range
    """Empty where nothing validates."""
    test: range
    """Empty where nothing is judged on."""


def time_parts(
    n_steps: int, *, train: int | float | None = None, validation: int | float = 0, test: int | float = 0, gap: int = 0
) -> TimeParts:
    """Divide a series by time.

    Parameters
    ----------
    n_steps : int
        The steps of the series.
    train : int or float, optional
        Steps to learn from, the first ones; a float is a share of all. Default: all that the other parts leave. Where
        it is given, steps behind the test part are left over, as with data sets whose parts are fixed.
    validation, test : int or float
        Steps of these parts, or their share of all.
    gap : int
        Steps between two parts that belong to neither.

    Returns
    -------
    TimeParts

    Raises
    ------
    OptionError
        Where a size makes no sense, or the parts are longer than the series.
    """
    check_integer("gap", gap, minimum=0)
    n_validation, n_test = _size("validation", validation, n_steps), _size("test", test, n_steps)
    behind = sum(size + gap for size in (n_validation, n_test) if size)
    n_train = n_steps - behind if train is None else _size("train", train, n_steps)
    if n_train < 1 or n_train + behind > n_steps:
        raise OptionError(
            f"A series of {n_steps:,} steps cannot be divided: training {max(n_train, 1):,}, validation "
            f"{n_validation:,} and test part {n_test:,} with gaps of {gap:,} take {max(n_train, 1) + behind:,}."
        )
    at = n_train + gap if n_validation else n_train
    held = range(at, at + n_validation)
    at = held.stop + gap if n_test else held.stop
    return TimeParts(range(n_train), held, range(at, at + n_test))


def origins_within(origins: Steps, horizon: int, part: range) -> Steps:
    """Return the origins whose ``horizon`` steps all lie in a part."""
    return origins[(origins >= part.start) & (origins + horizon <= part.stop)]


def rolling_origins(n_steps: int, *, horizon: int, n_origins: int, step: int | None = None, least: int = 1) -> Steps:
    """Return origins to judge a forecaster from, one after the other, as time goes on: a back-test.

    ::

        origin 1   [ known               ][ horizon ]
        origin 2   [ known                 step ][ horizon ]
        origin 3   [ known                 step   step ][ horizon ]   ends with the series

    Parameters
    ----------
    n_steps : int
        The steps of the series.
    horizon : int
        Steps that are forecast from each origin.
    n_origins : int
        How many.
    step : int, optional
        Steps from one origin to the next. Default: ``horizon``, so that each step is forecast once.
    least : int
        Steps that must be known at the first origin.

    Returns
    -------
    (n_origins,) int64
        Ascending.

    Raises
    ------
    InputError
        Where the series is too short.
    """
    step = horizon if step is None else step
    for name, value in (("horizon", horizon), ("n_origins", n_origins), ("step", step)):
        check_integer(name, value, minimum=1)
    needed = least + horizon + (n_origins - 1) * step
    if n_steps < needed:
        raise InputError(
            f"{n_origins:,} origins, {step:,} steps apart, each with {horizon:,} steps to forecast and {least:,} known "
            f"before, take {needed:,} steps; the series has {n_steps:,}. Choose fewer origins or a shorter horizon."
        )
    return n_steps - horizon - step * np.arange(n_origins - 1, -1, -1, dtype=np.int64)


def _size(name: str, size: int | float, n_steps: int) -> int:
    if isinstance(size, float):
        check_number(name, size, minimum=0.0, maximum=1.0, open_maximum=True)
        return round(size * n_steps)
    check_integer(name, size, minimum=0)
    return int(size)
