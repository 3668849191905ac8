"""Grids of times on a clock that is set forward and back."""

from typing import Any

import numpy as np
import pandas as pd


def clock_range(first: Any, frequency: str, *, last: Any = None, n_steps: int | None = None) -> pd.DatetimeIndex:
    """Return the steps of a frequency from one time on, to another or as many as are asked for.

    Days, weeks, months and the like are steps of the clock: their hour stays where clocks are set. Where that hour does
    not exist, as midnight in zones that set their clocks forward at midnight, the step is the first moment after it;
    where it comes twice, it is the first of the two, unless ``first`` or ``last`` is a second.

    Parameters
    ----------
    first, last : Timestamp
        Both included where they lie on the grid.
    frequency : str
        An alias of pandas.
    n_steps : int, optional
        How many, ``first`` included; instead of ``last``.
    """
    offset = pd.tseries.frequencies.to_offset(frequency)
    if first.tz is None or _is_fixed(offset):
        return pd.date_range(first, last, periods=n_steps, freq=offset, unit=first.unit)
    end = None if last is None else _wall_clock(last)
    wall = pd.date_range(_wall_clock(first), end, periods=n_steps, freq=offset, unit=first.unit)
    second = first.fold or (last is not None and last.fold)
    return wall.tz_localize(first.tz, nonexistent="shift_forward", ambiguous=np.full(len(wall), not second))


def _is_fixed(offset: Any) -> bool:
    return isinstance(offset, pd.offsets.Tick) and not isinstance(offset, pd.offsets.Day)


def _wall_clock(time: pd.Timestamp) -> pd.Timestamp:
    """Return what a clock shows at a time; midnight at the first moment of a day that has none."""
    wall = time.tz_localize(None)
    midnight = wall.normalize()
    begins = midnight.tz_localize(time.tz, nonexistent="shift_forward", ambiguous=True)
    return midnight if begins == time else wall
