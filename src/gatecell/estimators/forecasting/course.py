"""The course of a series: what was measured, what was predicted of each part of it, and where the parts meet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.errors import unknown_name
from gatecell.data.frames import ID, TIME
from gatecell.data.series import Panel
from gatecell.estimators.forecasting.backtest import ACTUAL, Backtest
from gatecell.estimators.forecasting.frames import CUTOFF, TARGET_COLUMN

Array = NDArray[np.float64]

LABEL = "label"
"""Names a series and, where there are several, its target."""
_BOUND = "-lo-"


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """One series and its forecasts, as ``gatecell.plotting.ForecastDisplay`` draws them."""

    times: NDArray[Any]
    """``(n,)``, stamps."""
    measured: Array
    """``(n,)``; NaN where it is not known."""
    predictions: Mapping[str, tuple[NDArray[Any], Array]]
    """Part (``train``, ``validation``, ``test``) to when and what was predicted."""
    intervals: Mapping[float, tuple[NDArray[Any], Array, Array]]
    """Level in percent to its stamps and bounds."""
    splits: Mapping[str, Any]
    """Where a part begins; the first has no mark."""
    judged: str
    """The part that the back-test is of: ``test``, or ``validation`` where it is of the steps that were held out."""

    def around(self, n_before: int, n_after: int) -> Self:
        """Return the steps around the beginning of the part that is judged."""
        place = int(np.searchsorted(self.times, self.predictions[self.judged][0][0]))
        first, last = max(0, place - n_before), min(len(self.times), place + n_after) - 1
        start, end = self.times[first], self.times[last]

        def cut(at: NDArray[Any], *columns: Array) -> Any:
            kept = (at >= start) & (at <= end)
            return at[kept], *(column[kept] for column in columns)

        predictions = {part: cut(*of) for part, of in self.predictions.items()}
        return replace(
            self,
            times=self.times[first : last + 1],
            measured=self.measured[first : last + 1],
            predictions={part: of for part, of in predictions.items() if len(of[0])},
            intervals={level: cut(*of) for level, of in self.intervals.items()},
            splits={part: max(at, start) for part, at in self.splits.items() if part in predictions and at <= end},
        )


def labelled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the name of their series and target as a column."""
    names = frame[ID].astype(str)
    return frame.assign(**{LABEL: names + ", " + frame[TARGET_COLUMN].astype(str) if TARGET_COLUMN in frame else names})


def course_of(panel: Panel, fitted: pd.DataFrame, backtest: Backtest, series: str | None = None) -> Course:
    """Return the course of one series.

    Parameters
    ----------
    panel : Panel
        What the forecaster knows.
    fitted : DataFrame
        Its ``fitted_values``.
    backtest : Backtest
        Forecasts of what came later, or of the steps that were held out. Of those that overlap, one is taken where
        the one before it ends.
    series : str, optional
        As ``labelled`` names it; by default the first.

    Raises
    ------
    UnknownNameError
        Where the back-test has no such series.
    """
    rows = labelled(backtest.predictions)
    names = rows[LABEL].unique()
    if series is None:
        series = names[0]
    if series not in names:
        raise unknown_name("series", series, names)
    rows, fitted = rows[rows[LABEL] == series], labelled(fitted)
    known_at, known, last = _history(panel, rows)
    chosen = side_by_side(rows)
    fitted = fitted[(fitted[LABEL] == series) & fitted[TIME].isin(known_at)]
    at = chosen[TIME].to_numpy()
    judged = "validation" if chosen[TIME].iloc[0] <= last else "test"
    parts = {str(part): (of[TIME].to_numpy(), of[backtest.name].to_numpy()) for part, of in fitted.groupby("part")}
    splits = {part: stamps[0] for part, (stamps, _) in parts.items() if part != "train"}
    levels = [column.rsplit("-", 1)[1] for column in chosen if f"{backtest.name}{_BOUND}" in str(column)]
    bounds = {
        float(level): (at, *(chosen[f"{backtest.name}-{end}-{level}"].to_numpy() for end in ("lo", "hi")))
        for level in levels
    }
    return Course(
        times=np.concatenate([known_at, at]),
        measured=np.concatenate([known, chosen[ACTUAL].to_numpy(dtype=np.float64)]),
        predictions={**parts, judged: (at, chosen[backtest.name].to_numpy(dtype=np.float64))},
        intervals=bounds,
        splits={**splits, **({judged: at[0]} if len(known) else {})},
        judged=judged,
    )


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts that do not overlap: each begins behind the last step of the one before."""
    kept, end = [], None
    for _, forecast in rows.groupby(CUTOFF, sort=True):
        if end is None or forecast[CUTOFF].iloc[0] >= end:
            kept.append(forecast)
            end = forecast[TIME].iloc[-1]
    return pd.concat(kept)


def _history(panel: Panel, rows: pd.DataFrame) -> tuple[NDArray[Any], Array, Any]:
    """Return the stamps and values of a series before the first forecast, and the last stamp that is known of it."""
    first, targets = rows.iloc[0], list(panel.target_names)
    if TARGET_COLUMN in rows:
        series, target = panel[first[ID]], targets.index(first[TARGET_COLUMN])
    elif len(targets) > 1:
        series, target = panel.series[0], targets.index(first[ID])
    else:
        series, target = panel[first[ID]], 0
    known = np.flatnonzero(series.index <= rows[CUTOFF].min())
    return series.index[known].to_numpy(), series.target[known, target], series.index[-1]
