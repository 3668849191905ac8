"""Judging a forecaster by forecasts from past origins, with the naive forecasts beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.checks import check_choice, check_integer
from gatecell._core.errors import InputError
from gatecell.data.frames import ID
from gatecell.data.series import SeriesId
from gatecell.estimators.forecasting.advice import next_step
from gatecell.estimators.forecasting.engine import View
from gatecell.estimators.forecasting.frames import CUTOFF, TARGET_COLUMN, long_frame
from gatecell.evaluation.forecasts import seasonal_error
from gatecell.evaluation.series import ForecastJudgement, judge_forecasts

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

NAIVE = "naive"
"""The last known value, for all steps."""
SEASONAL_NAIVE = "seasonal_naive"
"""The last known value of the same place in the season."""
ACTUAL = "y"
_SHOWN = 5
"""Series that a remark names."""


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts from past origins, beside what came."""

    name: str
    """The forecaster's column."""
    predictions: pd.DataFrame
    """A row a step of each forecast: ``unique_id``, ``ds``, ``cutoff`` (the last stamp that was known), ``y``, the
    forecast with its intervals, ``naive`` and ``seasonal_naive``. Where the season is 1, the two are the same,
    and ``metrics`` has only the naive one."""
    judgement: ForecastJudgement
    """The figures; errors are scaled by those of one-step seasonal naive forecasts in the history before the first
    origin. Intervals for which too little was known to calibrate them are NaN, and left out."""
    simple: Mapping[str, Array]
    """The naive forecasts by their names, each as ``judgement.predicted``; the seasonal one where there is a season."""
    left_out: tuple[SeriesId, ...] = ()
    """The series that are not judged, since no whole forecast of them has an outcome."""
    coinciding: tuple[str, ...] = ()
    """Where intervals of two levels end alike since too little was known to calibrate both, a text each."""

    @property
    def metrics(self) -> pd.DataFrame:
        """A row a model, a column a figure of the judgement, as ``mae`` or ``coverage_80``."""
        return pd.DataFrame.from_dict({self.name: self.judgement.figures, **self.judgement.baselines}, orient="index")

    def errors(self, by: Literal["ahead", "cutoff"]) -> pd.DataFrame:
        """Return mean absolute errors, by steps ahead (from 1) or by the last stamp that was known.

        Returns
        -------
        DataFrame
            A row a step ahead, or an origin; the columns are ``model`` and the names of ``simple``.
        """
        check_choice("by", by, ("ahead", CUTOFF))
        frame = self.predictions
        series = [name for name in (ID, TARGET_COLUMN) if name in frame]
        columns = {"model": self.name, **{rule: rule for rule in self.simple}}
        wrong = pd.DataFrame({label: (frame[column] - frame[ACTUAL]).abs() for label, column in columns.items()})
        ahead = frame.groupby([*series, CUTOFF], sort=False).cumcount() + 1
        return wrong.groupby(ahead.rename("ahead") if by == "ahead" else frame[CUTOFF]).mean()

    def __repr__(self) -> str:
        figures = self.metrics.to_string(float_format=lambda number: f"{number:.4g}")
        return "\n".join([f"Backtest of {len(self.predictions):,} forecast steps", *self.remarks(), figures])

    def remarks(self) -> list[str]:
        """Say which series are not judged, and which intervals end alike: a text each, or none."""
        if not self.left_out:
            return list(self.coinciding)
        shown = [repr(id) for id in self.left_out[:_SHOWN]] + (["..."] if len(self.left_out) > _SHOWN else [])
        return [
            f"{len(self.left_out):,} series without enough later steps are not judged: {', '.join(shown)}.",
            *self.coinciding,
        ]


def backtest_origins(
    view: View, horizon: int, n_origins: int | None, step: int, starts: Integers
) -> tuple[Integers, Integers]:
    """Return units and origins: the latest of each series, ``step`` apart, from the steps ``starts`` of each on.

    Series without a whole forecast whose outcome is known are left out.

    Raises
    ------
    InputError
        Where no series has one, or some have fewer origins than are asked for.
    """
    check_integer("step", step, minimum=1)
    if n_origins is not None:
        check_integer("n_origins", n_origins, minimum=1)
    units, origins = view.origins_judged(horizon)
    from_end = view.stretches.lengths[units] - horizon - origins
    chosen = (from_end % step == 0) & (origins >= starts[view.stretches.series[units]])
    if n_origins is not None:
        chosen &= from_end // step < n_origins
    counts = np.bincount(units[chosen], minlength=view.stretches.n_units)
    needed = 1 if n_origins is None else n_origins
    short = (counts > 0) & (counts < needed)
    if short.any() or not counts.any():
        n_later = view.stretches.lengths - starts[view.stretches.series]
        unit = int(short.argmax() if short.any() else n_later.argmax())
        series = int(view.stretches.series[unit])
        raise InputError(
            f"A back-test of {needed:,} origins, {step:,} steps apart, with {horizon:,} steps to forecast takes "
            f"{horizon + (needed - 1) * step:,} steps that the network did not learn from, but series "
            f"{view.panel.ids[series]!r} has {n_later[unit]:,}. Give (more) later observations as new_rows, fit with "
            "a larger validation_fraction, or ask for fewer origins."
        )
    return units[chosen], origins[chosen]


def judged(
    view: View, name: str, units: Integers, origins: Integers, horizon: int, levels: Sequence[float], n_latest: int
) -> Backtest:
    """Return the past forecasts of these origins, beside what came and the naive forecasts."""
    past = view.past
    place = {pair: row for row, pair in enumerate(zip(past.units.tolist(), past.origins.tolist(), strict=True))}
    rows = np.array([place[pair] for pair in zip(units.tolist(), origins.tolist(), strict=True)], dtype=np.int64)
    outcome = past.outcome.select(rows)
    predicted = view.location(outcome, units)
    rules = {
        NAIVE: view.plain(view.naive(units, origins, horizon, 1), units),
        SEASONAL_NAIVE: view.plain(view.naive(units, origins, horizon, view.season), units),
    }
    # without a season the two are one rule, which is judged by once
    simple = {rule: values for rule, values in rules.items() if rule == NAIVE or view.season > 1}
    actual = view.plain(view.outcomes(units, origins, horizon), units)
    intervals = view.intervals(levels, outcome, units, origins, n_latest)
    columns = {ACTUAL: actual, name: predicted}
    for level, (low, high) in intervals.items():
        columns |= {f"{name}-lo-{level:g}": low, f"{name}-hi-{level:g}": high}
    columns |= rules
    scale = _scales(view, units, origins)
    judgement = judge_forecasts(
        actual,
        predicted,
        scale=scale,
        bounds=intervals,
        baselines=simple,
        advice=next_step(view.preparation.options, view.learned_ends),
    )
    frame = long_frame(view.panel, view.stretches, units, origins, columns, cutoff=True)
    present = set(view.stretches.series[units].tolist())
    left_out = tuple(id for place, id in enumerate(view.panel.ids) if place not in present)
    coinciding = tuple(view.coinciding(intervals, units, origins, n_latest))
    return Backtest(name, frame, judgement, simple, left_out, coinciding)


def _scales(view: View, units: Integers, origins: Integers) -> Array:
    """Return the seasonal error of each row's series before the first of its origins, ``(R, K)``."""
    firsts = {int(unit): int(origins[units == unit].min()) for unit in np.unique(units)}
    starts = view.stretches.starts.numpy()
    values = view.stretches.observed.numpy()
    scales = {}
    for unit, first in firsts.items():
        history = view.plain(values[starts[unit] : starts[unit] + first][None], np.array([unit]))[0]
        scales[unit] = seasonal_error(history, view.season)
    return np.stack([scales[unit] for unit in units.tolist()])
