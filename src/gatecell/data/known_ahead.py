"""Covariates that are known ahead, read for the steps that are to be forecast."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.data.frequency import ROWS
from gatecell.data.later import read_later
from gatecell.data.series import Panel, TimeSeries

_SHOWN = 5
"""Series that a message names."""


def read_future(
    data: Any, panel: Panel, horizon: int, *, time: str | None = None, id: str | None = None
) -> list[NDArray[np.float64]]:
    """Read what is known ahead of each series: the covariates of the steps to be forecast.

    Parameters
    ----------
    data : DataFrame or None
        With the columns ``panel.future_names``, and stamps and ids as ``read_later`` takes them. Rows of other steps
        and of other series are left out; where rows are steps (``frequency="rows"``), there are exactly ``horizon`` of
        each series. None is for panels without such covariates.
    panel : Panel
        The series up to the origin.
    horizon : int
        The steps that are forecast.

    Returns
    -------
    list of n arrays (horizon, F)
        In the panel's order.

    Raises
    ------
    InputError
        Where covariates are needed and not given, or not for every series and step; the message says which.
    """
    names = panel.future_names
    if not names:
        if data is not None:
            raise InputError("Covariates of the future are given, but the series have none. Leave them out.")
        return [np.empty((horizon, 0)) for _ in panel]
    if data is None:
        raise InputError(
            f"The series have covariates that are known ahead ({', '.join(names)}), so a forecast needs a frame with "
            f"their next {horizon:,} values: its columns are these, the stamps, and the ids of several series."
        )
    known = read_later(data, panel, time=time, id=id, target=names, others=True)
    by_id = {series.id: series for series in known}
    absent = [id for id in panel.ids if id not in by_id]
    if absent:
        given = ", ".join(map(repr, known.ids[:_SHOWN])) + (", ..." if len(known) > _SHOWN else "")
        raise InputError(
            f"There are no covariates of the future for series {absent[0]!r} ({len(absent):,} series in all). The rows "
            f"are of {given}."
        )
    ahead = [by_id[id] for id in panel.ids]
    if panel.frequency == ROWS:
        _check_no_other_rows(ahead, horizon)
        steps = [pd.RangeIndex(horizon) for _ in panel]
    else:
        steps = panel.steps_after(horizon)
    return [_rows_at(wanted, series, names) for wanted, series in zip(steps, ahead, strict=True)]


def _check_no_other_rows(ahead: list[TimeSeries], horizon: int) -> None:
    for series in ahead:
        if len(series) > horizon:
            raise InputError(
                f"Each row is a step whatever its stamp, so the covariates of series {series.id!r} begin with the step "
                f"after its last one, and {horizon:,} rows are needed; got {len(series):,}. Leave the others out."
            )


def _rows_at(wanted: pd.Index, series: TimeSeries, names: tuple[str, ...]) -> NDArray[np.float64]:
    places = series.index.get_indexer(wanted)
    values = np.where((places >= 0)[:, None], series.target[places], np.nan)
    if np.isnan(values).any():
        step, column = (int(place) for place in np.argwhere(np.isnan(values))[0])
        raise InputError(
            f"The covariate {names[column]} of series {series.id!r} is missing at {wanted[step]}, a step to be "
            f"forecast ({int(np.isnan(values).sum()):,} value(s) in all). Give what is known ahead for every step."
        )
    return values
