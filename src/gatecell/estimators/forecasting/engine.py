"""Forecasts with calibrated intervals: what a fitted network, its preparation and the past make together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gatecell.data.series import Panel
from gatecell.data.windows import Windows
from gatecell.estimators.forecasting.calibration import ALL_STEPS, Scores, calibrated_on, ends, margins
from gatecell.estimators.forecasting.history import Past, stamps_of
from gatecell.estimators.forecasting.outcome import Outcome, forecast_windows
from gatecell.estimators.forecasting.stretches import Array, Integers, Preparation, Stretches
from gatecell.estimators.forecasting.windows import WindowRows, seasonal_places
from gatecell.nn.network import SequenceNetwork


@dataclass(frozen=True, eq=False)
class View:
    """A panel as it is known at some time, with the forecasts that were made on the way there."""

    preparation: Preparation
    panel: Panel
    stretches: Stretches
    learned_ends: Integers
    """``(n,)``: the steps of each series that the network learned from; later ones may be judged on."""
    past: Past

    def origins_judged(self, horizon: int) -> tuple[Integers, Integers]:
        """Return units and origins of the windows whose steps were not learned from, and are known."""
        stretches = self.stretches
        firsts = np.maximum(self.learned_ends[stretches.series], self.preparation.options.n_before)
        counts = np.maximum(stretches.lengths - horizon + 1 - firsts, 0)
        units = np.repeat(np.arange(stretches.n_units), counts)
        within = np.arange(len(units)) - np.repeat(counts.cumsum() - counts, counts)
        return units, np.repeat(firsts, counts) + within

    def with_past(self, network: SequenceNetwork, horizon: int, n_latest: int | None = None) -> "View":
        """Return the view with forecasts of the windows that were not learned from; those that are there stay.

        ``n_latest`` forecasts of each unit are kept; None: all.
        """
        units, origins = self.origins_judged(horizon)
        if n_latest is not None and len(units):
            latest = np.searchsorted(units, units, side="right") - np.arange(len(units)) <= n_latest
            units, origins = units[latest], origins[latest]
        known = set(zip(self.past.units.tolist(), self.past.origins.tolist(), strict=True))
        new = np.array([pair not in known for pair in zip(units.tolist(), origins.tolist(), strict=True)], dtype=bool)
        past = self.past
        if new.any():
            rows = WindowRows.of(self.stretches, self.preparation.options, units[new], origins[new])
            past = past.joined(Past(units[new], origins[new], forecast_windows(network, rows, horizon)))
        return replace(self, past=past if n_latest is None else past.latest(n_latest))

    def outcomes(self, units: Integers, origins: Integers, horizon: int) -> Array:
        """Return what came of windows, ``(R, H, K)`` in the scaled unit; NaN where it is missing or not known yet."""
        places = self.stretches.starts.numpy()[units] + origins
        values: Array = self.stretches.observed.numpy()[places[:, None] + np.arange(horizon)]
        return values

    def naive(self, units: Integers, origins: Integers, horizon: int, season: int) -> Array:
        """Return the seasonal naive forecasts, ``(R, H, K)`` in the scaled unit; with a season of 1 the naive ones.

        Where the value of a season ago is missing, it is the one known before it; where less than a season is known,
        the last value.
        """
        steps = origins[:, None] + seasonal_places(horizon, season).numpy()
        # before the first step of a unit lies another unit
        steps = np.where(origins[:, None] < season, origins[:, None] - 1, steps)
        values: Array = self.stretches.filled.numpy()[self.stretches.starts.numpy()[units][:, None] + steps]
        return values

    def scores(self, level: float) -> Scores:
        """Return the scores of a level over all that is past."""
        past = self.past
        horizon = past.outcome.raw.shape[1]
        stamps = stamps_of(self.panel)
        series = self.stretches.series[past.units]
        known_at = np.array(
            [stamps[place][origin + horizon - 1] for place, origin in zip(series, past.origins, strict=True)],
            dtype=np.int64,
        )
        output = self.preparation.options.build_output()
        outcomes = self.outcomes(past.units, past.origins, horizon)
        return Scores.of(output, level, past.units, past.origins, known_at, past.outcome, outcomes)

    def intervals(
        self, levels: Sequence[float], outcome: Outcome, units: Integers, origins: Integers, n_latest: int
    ) -> dict[float, tuple[Array, Array]]:
        """Return the calibrated ends of the intervals of forecasts by their levels, ``(R, H, K)`` in the data's unit.

        Levels ascend, and each interval holds that of the level before: levels are calibrated one by one, by other
        scores where a series has too few of its own for the higher one, so that their ends could cross. The wider one
        is widened, which costs no coverage. NaN where too little was known to calibrate.
        """
        nested: dict[float, tuple[Array, Array]] = {}
        inner: tuple[Array, Array] | None = None
        for level in sorted(levels):
            low, high = self._interval(level, outcome, units, origins, n_latest)
            if inner is not None:
                low, high = np.minimum(low, inner[0]), np.maximum(high, inner[1])
            nested[level] = inner = (low, high)
        return nested

    def coinciding(
        self, intervals: Mapping[float, tuple[Array, Array]], units: Integers, origins: Integers, n_latest: int
    ) -> list[str]:
        """Say of each two levels that follow each other where they end alike since too few scores are known.

        Ends that are alike though both levels have scores enough are those of the data, and not spoken of.
        """
        remarks = []
        now = self._now(units, origins)
        levels = sorted(intervals)
        for inner, outer in pairwise(levels):
            (low, high), (lower, higher) = intervals[inner], intervals[outer]
            alike = (low == lower) | (high == higher)
            if not alike.any():
                continue
            taken = [
                calibrated_on(self.scores(level), level, units, origins, now, n_latest) for level in (inner, outer)
            ]
            alike &= ((taken[0] != taken[1]) | (taken[1] == ALL_STEPS))[:, None, None]
            if alike.any():
                remarks.append(
                    f"Too few past forecasts are known to tell an interval of {outer:g} % from one of {inner:g} %: at "
                    f"{int(alike.sum()):,} of {alike.size:,} steps they end alike. Hold out more steps "
                    "(validation_fraction), bring later rows, or ask for one level."
                )
        return remarks

    def _now(self, units: Integers, origins: Integers) -> Integers:
        """Return the last stamps that are known to forecasts, as numbers, ``(R,)``."""
        stamps = stamps_of(self.panel)
        series = self.stretches.series[units]
        return np.array([stamps[s][o - 1] for s, o in zip(series, origins, strict=True)], dtype=np.int64)

    def _interval(
        self, level: float, outcome: Outcome, units: Integers, origins: Integers, n_latest: int
    ) -> tuple[Array, Array]:
        """Return the calibrated ends of the intervals of one level by itself."""
        output = self.preparation.options.build_output()
        horizon = outcome.raw.shape[1]
        now = self._now(units, origins)
        low, high = ends(output, outcome.raw, level)
        lower, upper = margins(self.scores(level), level, units, origins, now, n_latest)
        location = output.location(outcome.raw)
        # minimum and maximum hand NaN on
        low = np.minimum(low - lower[:, :horizon], location)
        high = np.maximum(high + upper[:, :horizon], location)
        return self.unscaled(outcome, low, units), self.unscaled(outcome, high, units)

    @property
    def season(self) -> int:
        """Steps of a season; 1: there is none."""
        season = self.preparation.options.season
        assert season is not None
        return season

    def plain(self, values: Array, units: Integers) -> Array:
        """Return scaled values, ``(R, H, K)``, in the unit of the data."""
        return self.preparation.unscaled(values, self.stretches, units)

    def location(self, outcome: Outcome, units: Integers) -> Array:
        """Return forecasts as numbers, ``(R, H, K)`` in the unit of the data."""
        return self.unscaled(outcome, self.preparation.options.build_output().location(outcome.raw), units)

    def unscaled(self, outcome: Outcome, values: Array, units: Integers) -> Array:
        """Return values relative to the windows of an outcome in the unit of the data."""
        return self.plain(outcome.base + outcome.scale * values, units)


def training_rows(stretches: Stretches, preparation: Preparation, ends_of: Integers) -> WindowRows:
    """Return the windows whose last step comes before the ``ends_of`` each series."""
    options = preparation.options
    windows = Windows(options.n_before, options.block, options.stride)
    units, origins = windows.places(ends_of[stretches.series])
    return WindowRows.of(stretches, options, units, origins)


def later_rows(stretches: Stretches, preparation: Preparation, starts: Integers, *, whole: bool) -> WindowRows:
    """Return the windows that forecast steps from ``starts`` of each series on: nothing else, or (not whole) also."""
    options = preparation.options
    windows = Windows(options.n_before, options.block, options.stride)
    units, origins = windows.places(stretches.lengths)
    first = starts[stretches.series][units]
    chosen = origins >= first if whole else origins + options.block > first
    return WindowRows.of(stretches, options, units[chosen], origins[chosen])


def no_past(horizon: int, n_targets: int, n_parameters: int) -> Past:
    """Return a past without forecasts."""
    shape = (0, horizon, n_targets)
    outcome = Outcome(np.empty((*shape, n_parameters)), np.empty(shape), np.empty((0, 1, n_targets)))
    nothing: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    return Past(nothing, nothing, outcome)
