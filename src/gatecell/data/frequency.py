"""Frequencies: how far apart the steps of a series are, found from its stamps; grids of stamps; seasons.

Stamps are times, whose frequency is one of pandas' aliases (``"h"``, ``"D"``, ``"MS"``), or whole numbers, whose
frequency is the difference of two that follow each other, or ``ROWS``, where they number rows from 0.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.errors import OptionError
from gatecell.data.clock import clock_range

ROWS = "rows"
"""The frequency of steps that are rows, whatever their stamps were."""
_MONTH_DAYS = 30.436875
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MOST_GAPS = 0.5
"""The share of the grid that may be missing; with more, the commonest distance is chance and the grid may be vast."""

_SEASONS = {"s": 3600, "min": 1440, "h": 24, "D": 7, "B": 5, "W": 52, "M": 12, "Q": 4, "Y": 1}
"""Steps of a season by what the step is: an hour of seconds, a day of minutes or hours, a week of days, a year."""


def infer_frequency(index: pd.Index) -> str | int | None:
    """Find the frequency of stamps, some of which may be missing.

    Parameters
    ----------
    index : DatetimeIndex or Index of whole numbers
        Ascending, without duplicates, of at least two stamps.

    Returns
    -------
    str, int or None
        The first grid of the commonest distance on which every stamp lies: calendar months, quarters and years (their
        start or end), weeks, business days, or a fixed distance. None: there is no such grid, or more than half of it
        is missing.
    """
    most_steps = len(index) / (1 - _MOST_GAPS)
    if (index[-1] - index[0]) / commonest_distance(index) > most_steps - 1:
        return None
    for frequency in _candidates(index):
        stamps = steps_between(index[0], index[-1], frequency)
        if bool((stamps.get_indexer(index) >= 0).all()):
            return frequency
    return None


def commonest_distance(index: pd.Index) -> Any:
    """Return the commonest distance of stamps that follow each other, a Timedelta or int; the least of several."""
    distances, counts = np.unique(distances_between(index), return_counts=True)
    distance = distances[counts.argmax()]
    return pd.Timedelta(distance) if isinstance(index, pd.DatetimeIndex) else int(distance)


def distances_between(index: pd.Index) -> NDArray[Any]:
    """Return from each stamp to the next, ``(T - 1,)`` timedelta64 or int64; with a time zone, in absolute time."""
    # NumPy knows no time zones, and would hold objects
    moments = index.tz_convert(None) if isinstance(index, pd.DatetimeIndex) and index.tz is not None else index
    distances: NDArray[Any] = np.diff(moments.to_numpy())
    return distances


def steps_between(first: Any, last: Any, frequency: str | int) -> pd.Index:
    """Return the grid of a frequency from one stamp to another, both included where they lie on it."""
    if (step := whole_step(frequency)) is not None:
        return pd.RangeIndex(first, last + 1, step)
    return clock_range(first, str(frequency), last=last)


def steps_after(last: Any, n_steps: int, frequency: str | int) -> pd.Index:
    """Return the ``n_steps`` stamps that follow the stamp ``last``."""
    if (step := whole_step(frequency)) is not None:
        return pd.RangeIndex(last + step, last + (n_steps + 1) * step, step)
    return clock_range(last, str(frequency), n_steps=n_steps + 1)[1:]


def season_length(frequency: str | int) -> int:
    """Return the steps of the natural season of a frequency.

    Seconds have a season of an hour, minutes and hours one of a day, days (and business days) one of a week, weeks,
    months and quarters one of a year. A multiple of a step, such as ``"15min"``, divides it; where it does not divide
    it, and for whole numbers and years, it is 1, which means no season. The M4 competition has the same seasons, except
    that it gives none to days and weeks.

    Raises
    ------
    OptionError
        Where pandas knows no such frequency.
    """
    if whole_step(frequency) is not None:
        return 1
    offset = to_offset(str(frequency))
    base = offset.base.freqstr.partition("-")[0]
    # MS, ME, BMS, QS, QE, YS, YE ... differ in where the step begins, not in how long it is
    unit = base if base in _SEASONS else base.removeprefix("B").rstrip("SE")
    steps, rest = divmod(_SEASONS.get(unit, 1), offset.n)
    return steps if rest == 0 else 1


def whole_step(frequency: str | int) -> int | None:
    """Return the difference of stamps that are whole numbers; None where stamps are times."""
    if frequency == ROWS:
        return 1
    return frequency if isinstance(frequency, int) else None


@cache
def approximate_distance(frequency: str) -> pd.Timedelta:
    """Return how far apart two steps of a frequency are, for months and the like as one happens to be."""
    first, second = pd.date_range("2001-01-01", periods=2, freq=frequency)
    return second - first


def count_steps(first: Any, last: Any, frequency: str | int) -> float:
    """Return about how many steps of a frequency lie between two stamps."""
    distance: float = (last - first) / (whole_step(frequency) or approximate_distance(str(frequency)))
    return distance


def to_offset(frequency: str) -> Any:
    """Return pandas' offset of an alias.

    Raises
    ------
    OptionError
        Where pandas knows no such frequency.
    """
    try:
        return pd.tseries.frequencies.to_offset(frequency)
    except (ValueError, TypeError) as error:
        raise OptionError(
            f"There is no frequency {frequency!r}. Frequencies are aliases of pandas: 'h' (hour), 'D' (day), "
            "'B' (business day), 'W' (week), 'MS' or 'ME' (start or end of the month), '15min' and so on."
        ) from error


def _candidates(index: pd.Index) -> Iterator[str | int]:
    """Yield frequencies of the commonest distance; calendar ones before fixed ones."""
    distance = commonest_distance(index)
    if isinstance(distance, int):
        yield distance
        return
    days = distance / pd.Timedelta(days=1)
    months = round(days / _MONTH_DAYS)
    if months >= 1 and abs(days - months * _MONTH_DAYS) < 3:
        kinds = {3: ("QS-{0}", "QE-{0}", "BQE-{0}"), 12: ("YS-{0}", "YE-{0}", "BYE-{0}")}
        for kind in kinds.get(months, ("{1}MS", "{1}ME", "{1}BME")):
            yield kind.format(_MONTHS[index[0].month - 1], months if months > 1 else "")
    if days == 7:
        yield f"W-{_WEEKDAYS[index[0].day_of_week]}"
    if days == 1:
        yield "B"
    if days == int(days):
        yield "D" if days == 1 else f"{int(days)}D"
    else:
        yield str(pd.tseries.frequencies.to_offset(distance).freqstr)
