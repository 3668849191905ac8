"""Time stamps as users have them, read into sorted, regular steps."""

from datetime import date, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.errors import InputError, OptionError
from gatecell.data.frequency import (
    ROWS,
    commonest_distance,
    count_steps,
    distances_between,
    infer_frequency,
    steps_between,
    to_offset,
)
from gatecell.data.tabular.dates import Dates, read_dates
from gatecell.data.zones import in_plain_zone

_ONE_ZONE = "Bring them to one time zone first: pandas.to_datetime(column, utc=True)."
_WRITE = "Write dates as 2026-01-31 or 2026-01-31T23:59:00, all in one form."
_OF_NANOSECONDS = int(pd.__version__.split(".")[0]) < 3
"""Whether pandas reads text as times of nanoseconds; later versions choose microseconds, as is done here."""
_FIRST_DAY, _LAST_DAY = 19000101, 20991231
"""Of days that are written as whole numbers."""
_SHOWN = 3
_RESAMPLED = {"YS": 365.0, "QS": 90.0, "MS": 28.0, "W": 7.0, "D": 1.0, "h": 1 / 24, "min": 1 / 1440, "s": 0.0}
"""Frequencies to bring stamps to, by the least distance in days of which they are."""
_LARGEST = 10**15
"""Of whole numbers as stamps: beyond it not every one is a floating-point number."""
MOST_STEPS_A_ROW = 1000
"""With more steps than that for each row of a series its frequency is a mistake, and would fill the memory."""


def read_stamps(column: Any, name: str) -> pd.Index:
    """Return stamps as a ``DatetimeIndex``, which keeps its time zone, or an index of whole numbers.

    Periods stand for their start. Whole numbers that are all days written as 20260131, from 1900 to 2099, are those
    days: as numbers they would have a step of 70 between two months. Text is read as ``gatecell.data.tabular.dates``
    has it: all in one form, and where a day and a month could each be the other, not at all. Text with offsets that
    differ, as where clocks are set forward and back, is read in UTC.

    Raises
    ------
    InputError
        Where a stamp is missing or cannot be read, or stamps are of several time zones.
    """
    index = pd.Index(column)
    if index.dtype == object:
        # whole numbers and times are read by their type, however they are held
        index = index.infer_objects()
    if index.hasnans:
        row = int(np.flatnonzero(index.isna())[0])
        raise InputError(f"{name} is missing in row {row} (counted from 0). Fill it, or remove the row.")
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        return in_plain_zone(index)
    if pd.api.types.is_bool_dtype(index.dtype) or pd.api.types.is_timedelta64_dtype(index.dtype):
        raise InputError(f"{name} holds {index.dtype}; stamps are dates and times, or whole numbers.")
    if pd.api.types.is_numeric_dtype(index.dtype):
        numbers = index.to_numpy()
        odd = (np.abs(numbers) > _LARGEST) | (numbers != np.round(numbers))
        if odd.any():
            raise InputError(
                f"{name} holds {numbers[odd][0]}; stamps are dates and times, or whole numbers up to {_LARGEST:.0e}. "
                "Number the steps, or write dates."
            )
        whole = numbers.astype(np.int64)
        days = _compact_days(whole)
        return pd.Index(whole) if days is None else days
    others = [stamp for stamp in index if not isinstance(stamp, str | date | pd.Period)]
    if others:
        raise InputError(
            f"{name} holds {others[0]!r} among others; stamps are dates and times, or whole numbers, all of one kind."
        )
    return _parsed(index, name)


def _compact_days(numbers: NDArray[np.int64]) -> pd.DatetimeIndex | None:
    """Return whole numbers as days if each of them is one, such as 20260131."""
    if not len(numbers) or numbers.min() < _FIRST_DAY or numbers.max() > _LAST_DAY:
        return None
    days = pd.to_datetime(pd.Series(numbers.astype(str)), format="%Y%m%d", errors="coerce")
    return None if days.isna().any() else pd.DatetimeIndex(days).as_unit("ns" if _OF_NANOSECONDS else "us")


def _parsed(index: pd.Index, name: str) -> pd.DatetimeIndex:
    if all(isinstance(stamp, str) for stamp in index):

        def where(row: int | None) -> str:
            return name if row is None else f"{name}, {_place(row)},"

        return stamps_of(read_dates(list(index), where, _place))
    try:
        times = pd.to_datetime(index, format="ISO8601")
    except (ValueError, TypeError, OverflowError) as error:
        reason = str(error).split(". ")[0].split("\n")[0]
        raise InputError(f"{name} cannot be read as dates and times ({reason}). {_WRITE}") from error
    if not isinstance(times, pd.DatetimeIndex):
        raise InputError(f"{name} holds times of several time zones. {_ONE_ZONE}")
    return times


def _place(row: int) -> str:
    return f"row {row} (counted from 0)"


def stamps_of(dates: Dates) -> pd.DatetimeIndex:
    """Return dates as stamps, which keep an offset from UTC that all have; where offsets differ they are in UTC."""
    parts = np.array([divmod(moment, 1000) for moment in dates.nanoseconds], dtype=np.int64).reshape(-1, 2)
    micro = pd.DatetimeIndex(parts[:, 0].view("datetime64[us]"))
    within = len(micro) == 0 or (pd.Timestamp.min < micro.min() and micro.max() < pd.Timestamp.max)
    if parts[:, 1].any():
        if not within:
            raise InputError("Times finer than microseconds can only be of the years 1678 to 2261. Round them.")
        micro = micro.as_unit("ns") + pd.to_timedelta(parts[:, 1], unit="ns")
    elif _OF_NANOSECONDS and within:
        micro = micro.as_unit("ns")
    if dates.offsets is None:
        return micro
    in_utc = micro.tz_localize("UTC")
    first = dates.offsets[0]
    if first == 0 or any(offset != first for offset in dates.offsets):
        return in_utc
    return in_utc.tz_convert(timezone(timedelta(seconds=first)))


def check_no_duplicates(stamps: pd.Index, codes: NDArray[np.int64], ids: list[Any], name: str) -> None:
    """Raise an ``InputError`` where a series, whose rows are sorted, has a stamp twice."""
    same = np.flatnonzero((stamps[1:] == stamps[:-1]) & (codes[1:] == codes[:-1]))
    if not len(same):
        return
    first = int(same[0])
    which = f" of series {ids[codes[first]]!r}" if len(ids) > 1 else ""
    raise InputError(
        f"{name} {stamps[first]}{which} stands in more than one row ({len(same):,} such row"
        f"{'s' if len(same) > 1 else ''} in all), so what the value was is not known. Join the rows (mean or sum), "
        "give each series an id of its own, or, where clocks were set back, use times with a time zone."
    )


def panel_frequency(groups: list[pd.Index], ids: list[Any], frequency: str | int) -> str | int:
    """Return the frequency of all series: the one that is asked for, or that of the longest series.

    Raises
    ------
    InputError
        Where none can be found, or what is asked for is not of the kind of the stamps.
    """
    times = isinstance(groups[0], pd.DatetimeIndex)
    if frequency != "infer":
        if isinstance(frequency, bool) or not isinstance(frequency, str if times else int):
            kind = (
                "times, whose frequency is an alias such as 'h'" if times else "whole numbers, whose frequency is one"
            )
            raise InputError(f"The stamps are {kind}; got frequency={frequency!r}.")
        n_steps = to_offset(frequency).n if isinstance(frequency, str) else frequency
        if n_steps < 1:
            raise OptionError(f"A frequency leads from a stamp to a later one, got {frequency!r}.")
        return to_offset(frequency).freqstr if isinstance(frequency, str) else frequency
    longest = max(range(len(groups)), key=lambda place: len(groups[place]))
    stamps = groups[longest]
    if len(stamps) < 2:
        if not times:
            return 1
        raise InputError("No frequency can be found, since no series has two stamps. Say it, such as frequency='h'.")
    found = infer_frequency(stamps)
    if found is None:
        raise _irregular(stamps, ids[longest] if len(ids) > 1 else None)
    return found


def _irregular(stamps: pd.Index, id: Any) -> InputError:
    distance = commonest_distance(stamps)
    to_next = distances_between(stamps)
    odd = np.flatnonzero(to_next != (distance.to_timedelta64() if isinstance(distance, pd.Timedelta) else distance))
    shown = ", ".join(f"{stamps[place]} to {stamps[place + 1]}" for place in odd[:_SHOWN])
    return InputError(
        f"The stamps{'' if id is None else f' of series {id!r}'} are not regular: the commonest distance is "
        f"{distance}, but {len(odd):,} of {len(to_next):,} are others: {shown}{', ...' if len(odd) > _SHOWN else ''}. "
        f"{_way_to_regular(stamps, distance)}, name their frequency, or take each row as one step whatever its stamp "
        f"is (frequency={ROWS!r})."
    )


def _way_to_regular(stamps: pd.Index, distance: Any) -> str:
    if not isinstance(stamps, pd.DatetimeIndex):
        return "Number steps evenly"
    days = distance / pd.Timedelta(days=1)
    alias = next(alias for alias, least in _RESAMPLED.items() if days >= least)
    # steps of the clock have other hours in UTC before and after clocks are set
    hours_differ = stamps.tz is not None and len(set(stamps.hour)) > 1
    zone = "Bring them to their time zone first, such as times.dt.tz_convert('Europe/Berlin'). "
    return f"{zone if days >= 1 and hours_differ else ''}Resample them, as with frame.resample('{alias}').mean()"


def on_grid(stamps: pd.Index, frequency: str | int, id: Any) -> tuple[pd.Index, NDArray[np.int64] | None]:
    """Return the complete steps of a series, and where its rows lie on them; None: each is there.

    Raises
    ------
    InputError
        Where a stamp does not lie on the grid; the message says which.
    """
    if (n_steps := count_steps(stamps[0], stamps[-1], frequency)) > MOST_STEPS_A_ROW * len(stamps):
        raise InputError(
            f"Series {id!r} has {len(stamps):,} rows, but from {stamps[0]} to {stamps[-1]} there are some "
            f"{n_steps:,.0f} steps of frequency {frequency!r}. Name the frequency that the rows have, or "
            f"take each row as one step whatever its stamp is (frequency={ROWS!r})."
        )
    grid = steps_between(stamps[0], stamps[-1], frequency)
    places = grid.get_indexer(stamps)
    off = np.flatnonzero(places < 0)
    if len(off):
        shown = ", ".join(str(stamps[place]) for place in off[:_SHOWN])
        raise InputError(
            f"The stamps of series {id!r} are not regular: {len(off):,} of {len(stamps):,} do not lie on the grid of "
            f"frequency {frequency!r}: {shown}{', ...' if len(off) > _SHOWN else ''}. Round or resample them, or take "
            f"each row as one step whatever its stamp is (frequency={ROWS!r})."
        )
    return grid, None if len(grid) == len(stamps) else places
