"""A panel as the network reads it: transformed, scaled, and laid end to end, so that windows are gathered by index."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatecell._core.errors import InputError
from gatecell._core.stated import Stated
from gatecell.data.calendar import calendar_features, calendar_names
from gatecell.data.missing import fill_forward, handle_missing
from gatecell.data.series import Panel, TimeSeries
from gatecell.data.series_scaling import SeriesScaler
from gatecell.estimators.forecasting.options import ForecastOptions

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stretches:
    """Units end to end: a unit is what one window is cut from, a series or one target of it."""

    series: Integers
    """``(U,)``: which series of the panel each unit is."""
    target: Integers
    """``(U,)``: which target; 0 where a unit has all."""
    lengths: Integers
    """``(U,)``: the steps that are observed."""
    starts: Tensor
    """``(U,)``: where the values of each unit begin."""
    covariate_starts: Tensor
    """``(U,)``: where its covariates begin."""
    observed: Tensor
    """``(N, K)`` float64, scaled; NaN is missing, and behind the end of what is observed."""
    filled: Tensor
    """The same with the last value known for what is missing, 0 before the first."""
    past: Tensor
    """``(M, P)`` float32; 0 for what is not known."""
    future: Tensor
    """``(M, F)`` float32, of the calendar too; NaN is not known."""
    static: Tensor
    """``(U, S)`` float32."""

    @property
    def n_units(self) -> int:
        """U."""
        return len(self.series)


@dataclass(frozen=True, eq=False)
class Preparation:
    """What was fitted to the training part, and makes stretches of a panel."""

    options: ForecastOptions
    target_scaler: SeriesScaler
    past_scaler: SeriesScaler
    future_scaler: SeriesScaler
    static_scaler: SeriesScaler

    @classmethod
    def fit(cls, panel: Panel, train_ends: Integers, options: ForecastOptions) -> "Preparation":
        """Fit to the first ``train_ends`` steps of each series."""
        parts = replace(
            panel, series=tuple(item.part(None, int(end)) for item, end in zip(panel, train_ends, strict=True))
        )
        shared: dict[str, Any] = {"per_series": options.per_series, "ids": panel.ids}

        def fitted(arrays: Sequence[Array], names: Sequence[str]) -> SeriesScaler:
            if not names:
                return SeriesScaler.fit([np.zeros((1, 0))] * len(arrays), None, per_series=options.per_series)
            return SeriesScaler.fit(arrays, options.scaling, names=names, **shared)

        static = np.stack([item.static for item in panel])
        if np.isnan(static).any():
            row = int(np.argwhere(np.isnan(static))[0][0])
            raise InputError(f"A static feature of series {panel.ids[row]!r} is missing. Fill it, or leave it out.")
        return cls(
            options,
            fitted([_logged(item, panel, options) for item in parts], panel.target_names),
            fitted([item.past for item in parts], panel.past_names),
            fitted([item.future for item in parts], panel.future_names),
            SeriesScaler.fit([static], "standard" if len(panel) > 1 else None, per_series=False),
        )

    def stretches(self, panel: Panel, n_ahead: int, ahead: Sequence[Array] | None = None) -> Stretches:
        """Return a panel as the network reads it.

        Parameters
        ----------
        panel : Panel
            Of the series that were fitted, in their order.
        n_ahead : int
            Steps behind each series for which there is room.
        ahead : arrays (n_ahead, F), optional
            The covariates known ahead of these steps, without the calendar's; NaN by default.
        """
        options = self.options
        handle_missing(panel, options.missing)
        values, past, future = [], [], []
        stamps_ahead = panel.steps_after(n_ahead)
        for place, item in enumerate(panel):
            room = np.full((n_ahead, len(panel.future_names)), np.nan) if ahead is None else ahead[place]
            scaled = self.target_scaler.transform(_logged(item, panel, options), place)
            values.append(np.concatenate([scaled, np.full((n_ahead, scaled.shape[1]), np.nan)]))
            # behind the end nothing is known; a window never looks there
            seen = fill_forward(self.past_scaler.transform(item.past, place))
            past.append(np.concatenate([seen, np.zeros((n_ahead, seen.shape[1]))]))
            known = self.future_scaler.transform(np.concatenate([item.future, room]), place)
            if options.missing != "error":
                known[: len(item)] = np.nan_to_num(fill_forward(known[: len(item)]))
            if options.calendar:
                index = item.index.append(stamps_ahead[place])
                known = np.concatenate([known, calendar_features(index, panel.frequency)], axis=1)
            future.append(known)
        return _laid_out(self, panel, n_ahead, values, past, future)

    def unscaled(self, values: Array, stretches: Stretches, units: Integers) -> Array:
        """Return ``(R, H, K)`` scaled values of rows of these units in the unit of the data.

        Raises
        ------
        InputError
            Where a value is beyond float64.
        """
        shift, scale = (
            self._rows(part, stretches, units) for part in (self.target_scaler.shift, self.target_scaler.scale)
        )
        with np.errstate(over="ignore"):
            restored = values * scale[:, None] + shift[:, None]
            restored = np.exp(restored) if self.options.log else restored
        if np.isinf(restored).any():
            raise InputError(
                "A forecast is beyond float64 in the unit of the data: the values seen are too far from those that "
                "were fitted. Look for a wrong unit or for outliers in the last observations."
            )
        return restored

    def _rows(self, measures: Array, stretches: Stretches, units: Integers) -> Array:
        """Return the measures of each row's targets, ``(R, K)``."""
        rows = measures[stretches.series[units] if len(measures) > 1 else np.zeros(len(units), dtype=np.int64)]
        if self.options.multivariate:
            return rows
        return np.take_along_axis(rows, stretches.target[units][:, None], axis=1)

    def n_features(self, panel: Panel) -> tuple[int, int, int, int]:
        """Return how many targets a unit has (K), covariates of the past (P), known ahead (F), and static (S)."""
        n_calendar = len(calendar_names(panel.frequency)) if self.options.calendar else 0
        return (
            len(panel.target_names) if self.options.multivariate else 1,
            len(panel.past_names),
            len(panel.future_names) + n_calendar,
            len(panel.static_names),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        scalers = {name: getattr(self, name).to_dict() for name in _SCALERS}
        return {"options": self.options.to_dict(), **scalers}

    @classmethod
    def from_dict(cls, values: Stated) -> "Preparation":
        """Build from ``to_dict``'s result."""
        scalers = {name: SeriesScaler.from_dict(values.value(name)) for name in _SCALERS}
        return cls(ForecastOptions.from_dict(values.value("options")), **scalers)


_SCALERS = ("target_scaler", "past_scaler", "future_scaler", "static_scaler")


def _logged(item: TimeSeries, panel: Panel, options: ForecastOptions) -> Array:
    """Return a series' targets, or their logarithms; raise where one has none."""
    if not options.log:
        return item.target
    if (item.target <= 0).any():
        step, column = (int(place) for place in np.argwhere(item.target <= 0)[0])
        raise InputError(
            f"log=True is for values above 0, but {panel.target_names[column]} of series {item.id!r} is "
            f"{item.target[step, column]:g} at {item.index[step]}. Fit without log, or shift all values."
        )
    logarithms: Array = np.log(item.target)
    return logarithms


def _laid_out(
    preparation: Preparation,
    panel: Panel,
    n_ahead: int,
    values: list[Array],
    past: list[Array],
    future: list[Array],
) -> Stretches:
    n_targets = 1 if preparation.options.multivariate else len(panel.target_names)
    lengths = np.repeat(panel.lengths, n_targets)
    rooms = lengths + n_ahead
    covariate_starts = np.cumsum([0, *(panel.lengths + n_ahead)[:-1]])
    if n_targets > 1:
        values = [column[:, None] for item in values for column in item.T]
    laid = np.concatenate(values)
    filled = np.concatenate([np.nan_to_num(fill_forward(item)) for item in values])
    static = preparation.static_scaler.transform(np.stack([item.static for item in panel]))
    series = np.repeat(np.arange(len(panel)), n_targets)
    return Stretches(
        series=series,
        target=np.tile(np.arange(n_targets), len(panel)),
        lengths=lengths,
        starts=torch.from_numpy(np.cumsum([0, *rooms[:-1]])),
        covariate_starts=torch.from_numpy(covariate_starts[series]),
        observed=torch.from_numpy(laid),
        filled=torch.from_numpy(filled),
        past=torch.from_numpy(np.nan_to_num(np.concatenate(past)).astype(np.float32)),
        future=torch.from_numpy(np.concatenate(future).astype(np.float32)),
        static=torch.from_numpy(static[series].astype(np.float32)),
    )
