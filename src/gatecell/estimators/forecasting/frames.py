"""Forecasts as frames in the long layout of Nixtla's libraries: ``unique_id, ds, MODEL, MODEL-lo-80, MODEL-hi-80``."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell.data.frames import ID, TIME
from gatecell.data.series import Panel
from gatecell.estimators.forecasting.stretches import Stretches

TARGET_COLUMN = "target"
"""Says which target a row is of, where there are several series of several targets."""
CUTOFF = "cutoff"
"""The last stamp that was known to a forecast."""

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


def long_frame(
    panel: Panel,
    stretches: Stretches,
    units: Integers,
    origins: Integers,
    columns: Mapping[str, Array],
    *,
    cutoff: bool = False,
) -> pd.DataFrame:
    """Return a frame with a row a step of each forecast, in order of unit, origin and step.

    Parameters
    ----------
    panel : Panel
    stretches : Stretches
        Of the panel.
    units, origins : (R,)
        Of the forecasts.
    columns : mapping of str to array (R, H, K)
        What the frame has.
    cutoff : bool
        Whether to say what was known to each forecast.
    """
    horizon, n_targets = next(iter(columns.values())).shape[1:]
    several = len(panel.target_names) > 1
    first_stamps = []
    ahead = panel.steps_after(horizon)
    grids = [item.index.append(later) for item, later in zip(panel, ahead, strict=True)]
    series = stretches.series[units]
    for row, origin in zip(series.tolist(), origins.tolist(), strict=True):
        first_stamps.append(grids[row][origin : origin + horizon])
    repeats = horizon * n_targets
    ids = np.array(panel.ids, dtype=object)[series]
    targets = np.array(panel.target_names, dtype=object)
    if n_targets > 1:
        named = np.tile(np.repeat(targets, horizon), len(units))
    else:
        named = np.repeat(targets[stretches.target[units]], horizon)
    ids = np.repeat(ids, repeats)
    frame: dict[str, object] = {ID: named if several and len(panel) == 1 else ids}
    if several and len(panel) > 1:
        frame[TARGET_COLUMN] = named
    frame[TIME] = _joined([stamps for stamps in first_stamps for _ in range(n_targets)])
    if cutoff:
        lasts = [grids[row][origin - 1 : origin] for row, origin in zip(series.tolist(), origins.tolist(), strict=True)]
        frame[CUTOFF] = _joined(lasts).repeat(repeats)
    # (R, H, K) to rows of (R, K, H)
    frame |= {name: values.transpose(0, 2, 1).reshape(-1) for name, values in columns.items()}
    return pd.DataFrame(frame)


def _joined(parts: list[pd.Index]) -> pd.Index:
    return parts[0].append(parts[1:]) if len(parts) > 1 else parts[0]
