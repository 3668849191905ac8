"""What a fitted forecaster knows: the observations up to now, and what it forecast of them before it knew them."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatecell.data.series import Panel
from gatecell.estimators.forecasting.outcome import Outcome

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Past:
    """Forecasts made from past origins, ordered by unit and origin; the network had not learned what they forecast."""

    units: Integers
    """``(N,)``."""
    origins: Integers
    """``(N,)``: the first step that is forecast."""
    outcome: Outcome
    """Of N rows."""

    def __len__(self) -> int:
        """Return the number of forecasts."""
        return len(self.units)

    def joined(self, later: "Past") -> "Past":
        """Return the forecasts of both, which have none in common."""
        if not len(later) or not len(self):
            return self if len(self) else later
        units = np.concatenate([self.units, later.units])
        origins = np.concatenate([self.origins, later.origins])
        order = np.lexsort((origins, units))
        pairs = ((getattr(self.outcome, name), getattr(later.outcome, name)) for name in ("raw", "base", "scale"))
        return Past(units[order], origins[order], Outcome(*(np.concatenate(pair)[order] for pair in pairs)))

    def latest(self, n_forecasts: int) -> "Past":
        """Return the latest forecasts of each unit."""
        if not len(self):
            return self
        ends = np.searchsorted(self.units, self.units, side="right")
        return self.select(ends - np.arange(len(self)) <= n_forecasts)

    def select(self, rows: Any) -> "Past":
        """Return some of the forecasts."""
        return Past(self.units[rows], self.origins[rows], self.outcome.select(rows))


def panel_to_tensors(panel: Panel) -> dict[str, Tensor]:
    """Return the numbers of a panel, series after series."""
    return {
        name: torch.from_numpy(np.concatenate([np.atleast_2d(getattr(item, name)) for item in panel]))
        for name in ("target", "past", "future", "static")
    }


def panel_to_json(panel: Panel) -> dict[str, Any]:
    """Return what else there is in a panel, as JSON values."""
    return {
        "ids": panel.ids,
        "lengths": panel.lengths.tolist(),
        "starts": [_stamp_to_json(item.index[0]) for item in panel],
        "zones": [str(zone) if (zone := getattr(item.index, "tz", None)) else None for item in panel],
        "units": [getattr(item.index, "unit", None) for item in panel],
        "target_names": panel.target_names,
        "past_names": panel.past_names,
        "future_names": panel.future_names,
        "static_names": panel.static_names,
        "frequency": panel.frequency,
    }


def _stamp_to_json(stamp: Any) -> int | str:
    return int(stamp) if isinstance(stamp, int | np.integer) else stamp.isoformat()


def stamps_of(panel: Panel) -> list[Integers]:
    """Return the stamps of each series as numbers that can be compared: of one unit of time, or the steps' numbers."""
    try:
        return [_numbers_of(item.index, "ns") for item in panel]
    except pd.errors.OutOfBoundsDatetime:
        # nanoseconds reach from 1677 to 2262
        return [_numbers_of(item.index, "us") for item in panel]


def _numbers_of(index: pd.Index, unit: Literal["ns", "us"]) -> Integers:
    numbers: Integers = index.as_unit(unit).asi8 if isinstance(index, pd.DatetimeIndex) else index.to_numpy(np.int64)
    return numbers
