"""Time series in memory: stamps, targets and covariates of one series, and a panel of several."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.checks import check_integer
from gatecell._core.errors import InputError, unknown_name
from gatecell.data.frequency import ROWS, count_steps, steps_after, steps_between
from gatecell.data.stamps import MOST_STEPS_A_ROW
from gatecell.data.zones import stamps_like

Values = NDArray[np.float64]
SeriesId = str | int


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """One series of ``T`` steps at regular stamps; NaN is a value that is missing."""

    id: SeriesId
    """Its name within the panel."""
    index: pd.Index
    """``(T,)``: a ``DatetimeIndex`` of the panel's frequency, or a ``RangeIndex``; no step is left out."""
    target: Values
    """``(T, K)``: what is to be forecast."""
    past: Values
    """``(T, P)``: covariates that are known up to the present."""
    future: Values
    """``(T, F)``: covariates that are known ahead, such as holidays and prices set."""
    static: Values
    """``(S,)``: what does not change along the series."""

    def __len__(self) -> int:
        """Return the number of steps, T."""
        return len(self.index)

    def part(self, start: int | None, stop: int | None) -> "TimeSeries":
        """Return the steps ``start:stop``, counted as Python's slices are; no value is copied."""
        steps = slice(start, stop)
        return replace(
            self,
            index=self.index[steps],
            target=self.target[steps],
            past=self.past[steps],
            future=self.future[steps],
        )

    def on_clock_of(self, known: "TimeSeries") -> "TimeSeries":
        """Return the series with stamps in the time zone and unit of another; errors as those of ``stamps_like``."""
        return replace(self, index=stamps_like(self.index, known.index, f"The index of series {self.id!r}"))


@dataclass(frozen=True, eq=False)
class Panel:
    """One series or several, of the same columns and frequency, each of its own length."""

    series: tuple[TimeSeries, ...]
    target_names: tuple[str, ...]
    """The names of the K targets."""
    past_names: tuple[str, ...] = ()
    future_names: tuple[str, ...] = ()
    static_names: tuple[str, ...] = ()
    frequency: str | int = 1
    """The distance of two steps: pandas' alias (``"h"``); for whole numbers their difference, or ``"rows"``."""

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.series)

    def __iter__(self) -> Iterator[TimeSeries]:
        """Go through the series."""
        return iter(self.series)

    def __getitem__(self, id: SeriesId) -> TimeSeries:
        """Return the series of an id.

        Raises
        ------
        UnknownNameError
            Where there is none; suggests the nearest.
        """
        if id not in self._by_id:
            raise unknown_name("series", str(id), map(str, self.ids))
        return self._by_id[id]

    @cached_property
    def _by_id(self) -> dict[SeriesId, TimeSeries]:
        return {series.id: series for series in self.series}

    @property
    def ids(self) -> list[SeriesId]:
        """The names of the series, in order."""
        return [series.id for series in self.series]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The steps of each series, ``(n,)``."""
        return np.array([len(series) for series in self.series], dtype=np.int64)

    def select(self, ids: Iterable[SeriesId]) -> "Panel":
        """Return the panel of some series, in the order of ``ids``."""
        return replace(self, series=tuple(self[id] for id in ids))

    def until(self, stamp: Any) -> "Panel":
        """Return each series up to and with ``stamp``, which is a time or a step as the index has.

        Raises
        ------
        InputError
            Where a series begins after it, or it is of another kind than the index, as without a time zone.
        """
        at = pd.Index([stamp])
        parts = tuple(
            series.part(None, int(series.index.searchsorted(stamps_like(at, series.index, "until")[0], side="right")))
            for series in self.series
        )
        self._check_not_empty(parts, f"has no step up to {stamp}")
        return replace(self, series=parts)

    def drop_last(self, n_steps: int) -> "Panel":
        """Return each series without its last ``n_steps`` steps, at least 0.

        Raises
        ------
        InputError
            Where nothing is left of a series.
        """
        check_integer("n_steps", n_steps, minimum=0)
        parts = tuple(series.part(None, max(len(series) - n_steps, 0)) for series in self.series)
        self._check_not_empty(parts, f"has no more than {n_steps:,} steps")
        return replace(self, series=parts)

    def take_last(self, n_steps: int) -> "Panel":
        """Return the last ``n_steps`` steps, at least 1, of each series; all of a shorter one."""
        check_integer("n_steps", n_steps, minimum=1)
        return replace(self, series=tuple(series.part(-n_steps, None) for series in self.series))

    def steps_after(self, n_steps: int) -> list[pd.Index]:
        """Return the ``n_steps`` stamps that follow each series."""
        return [steps_after(series.index[-1], n_steps, self.frequency) for series in self.series]

    def later_than(self, known: "Panel") -> "Panel":
        """Return of each series the steps after the last one of ``known``; series of which there are none are left out.

        Where steps number rows, all of them count as later.

        Parameters
        ----------
        known : Panel
            Of the same frequency.

        Raises
        ------
        InputError
            Where stamps are of another kind than those of ``known``, as times without a time zone.
        UnknownNameError
            Where ``known`` does not have a series; suggests the nearest.
        """
        if self.frequency == ROWS:
            return self
        later = [series.on_clock_of(known[series.id]) for series in self]
        starts = [series.index.searchsorted(known[series.id].index[-1], side="right") for series in later]
        parts = [series.part(int(start), None) for series, start in zip(later, starts, strict=True)]
        return replace(self, series=tuple(part for part in parts if len(part)))

    def followed_by(self, later: "Panel") -> "Panel":
        """Return the panel with the steps of ``later`` behind its own.

        Steps left out in between are missing values. Series that ``later`` does not have stay as they are, and so do
        static values.

        Parameters
        ----------
        later : Panel
            Of the same columns and frequency, in any time zone where this one has one; rows that number steps go on
            counting.

        Raises
        ------
        InputError
            Where columns, frequency or the kind of the stamps are others, or steps are already known.
        UnknownNameError
            Where ``later`` has a series that is not here; suggests the nearest.
        """
        for what in ("target_names", "past_names", "future_names", "frequency"):
            if getattr(self, what) != getattr(later, what):
                raise InputError(
                    f"The later rows have {what} {getattr(later, what)!r}, but the series {getattr(self, what)!r}."
                )
        followers = {self[series.id].id: series for series in later}
        return replace(
            self,
            series=tuple(
                _joined(series, followers[series.id], self.frequency) if series.id in followers else series
                for series in self
            ),
        )

    def _check_not_empty(self, parts: tuple[TimeSeries, ...], why: str) -> None:
        for series in parts:
            if not len(series):
                raise InputError(
                    f"Series {series.id!r} {why}, so nothing of it is left. Leave it out, or cut elsewhere."
                )


def _joined(series: TimeSeries, later: TimeSeries, frequency: str | int) -> TimeSeries:
    """Return a series with later steps behind it, and missing values in between."""
    last = series.index[-1]
    if frequency == ROWS:
        following, n_between = steps_after(last, len(later), frequency), 0
    else:
        later = later.on_clock_of(series)
        if later.index[0] <= last:
            raise InputError(
                f"The later rows of series {series.id!r} begin at {later.index[0]}, but it is known up to {last}. Give "
                "only what is new; to correct what is known, fit again."
            )
        n_steps = count_steps(last, later.index[-1], frequency)
        if n_steps > MOST_STEPS_A_ROW * (len(series) + len(later)):
            raise InputError(
                f"The later rows of series {series.id!r} end at {later.index[-1]}, some {n_steps:,.0f} steps of "
                f"frequency {frequency!r} after {last}, the last one that is known. Correct the stamps, or fit again."
            )
        following = steps_between(last, later.index[-1], frequency)[1:]
        n_between = len(following) - len(later)
        if n_between < 0 or not following[n_between:].equals(later.index):
            raise InputError(
                f"The later rows of series {series.id!r} begin at {later.index[0]}, which does not lie on its steps of "
                f"frequency {frequency!r} after {last}. Round or resample them."
            )

    def joined(known: Values, new: Values) -> Values:
        return np.concatenate([known, np.full((n_between, new.shape[1]), np.nan), new])

    return replace(
        series,
        index=series.index.append(following) if frequency != ROWS else pd.RangeIndex(len(series) + len(later)),
        target=joined(series.target, later.target),
        past=joined(series.past, later.past),
        future=joined(series.future, later.future),
    )
