"""What a file says of the series that a forecaster knows, held together before a panel is made of it."""

import re
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatecell._core.errors import ArtifactError
from gatecell._core.stated import Stated, is_whole, shown
from gatecell.data.clock import clock_range
from gatecell.data.frequency import ROWS, to_offset, whole_step
from gatecell.data.series import Panel, TimeSeries
from gatecell.data.series_scaling import SeriesScaler
from gatecell.estimators.forecasting.options import ForecastOptions
from gatecell.estimators.forecasting.stretches import Preparation

_KINDS = ("target", "past", "future", "static")
_UNITS = ("s", "ms", "us", "ns")
_LARGEST_STAMP = 2**60
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?([+-]\d\d:\d\d(:\d\d)?)?")
_ZONE = re.compile(r"(?!dateutil|tz)[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}|UTC[+-]\d\d:\d\d")
"""A name of the time zone database, or a fixed offset: of ``dateutil/PATH`` pandas would open a file."""


def stored_panel(values: Stated, tensors: dict[str, Tensor]) -> Panel:
    """Build from what ``panel_to_json`` and ``panel_to_tensors`` returned.

    Raises
    ------
    ArtifactError
        Where the parts do not fit each other.
    """
    ids = values.listed("ids")
    n_series = len(ids)
    if not n_series or not all(isinstance(id, str) or is_whole(id, -(2**63), 2**63) for id in ids):
        raise ArtifactError("the ids of the series are not text or whole numbers")
    if len(set(ids)) < n_series:
        raise ArtifactError("two series have the same id")
    lengths = values.wholes("lengths", n_series, minimum=1)
    names = {kind: values.texts(f"{kind}_names") for kind in _KINDS}
    arrays = {
        kind: _array(tensors, kind, n_series if kind == "static" else sum(lengths), names[kind]) for kind in _KINDS
    }
    if not names["target"] or len({*names["target"], *names["past"], *names["future"]}) < sum(
        len(names[kind]) for kind in ("target", "past", "future")
    ):
        raise ArtifactError("the columns of the series do not have names of their own")
    if np.isnan(arrays["static"]).any():
        raise ArtifactError("a static feature is missing")
    frequency = _frequency(values)
    starts, zones, units = (values.listed(name, n_series) for name in ("starts", "zones", "units"))
    ends = np.cumsum(lengths)[:-1]
    parts = {kind: np.split(arrays[kind], ends) for kind in ("target", "past", "future")}
    series = tuple(
        TimeSeries(
            id=id,
            index=_index(starts[place], lengths[place], frequency, zones[place], units[place]),
            static=arrays["static"][place],
            target=parts["target"][place],
            past=parts["past"][place],
            future=parts["future"][place],
        )
        for place, id in enumerate(ids)
    )
    return Panel(series, **{f"{kind}_names": tuple(names[kind]) for kind in _KINDS}, frequency=frequency)


def check_preparation(preparation: Preparation, panel: Panel) -> None:
    """Raise where what was fitted to series does not fit these: a measure of one would be taken for all of them."""
    options = preparation.options
    if options.lookback is None or options.season is None:
        raise ArtifactError("the forecast lacks lookback or season")
    n_rows = len(panel) if options.per_series else 1
    _check_scaler(preparation.target_scaler, "target", n_rows, len(panel.target_names))
    _check_scaler(preparation.past_scaler, "past", n_rows, len(panel.past_names))
    _check_scaler(preparation.future_scaler, "future", n_rows, len(panel.future_names))
    _check_scaler(preparation.static_scaler, "static", 1, len(panel.static_names))
    short = panel.lengths.min()
    if short < options.n_before + options.block:
        raise ArtifactError(f"a series has {short} steps, but a window {options.n_before + options.block}")


def check_room(panel: Panel, options: ForecastOptions, most_bytes: int) -> None:
    """Raise where the steps ahead of all series, whose number is free under some strategies, would fill the memory."""
    n_columns = 2 * len(panel.target_names) + len(panel.past_names) + len(panel.future_names) + 8
    needed = len(panel) * options.horizon * n_columns * 8
    if needed > most_bytes:
        raise ArtifactError(f"a horizon of {options.horizon:,} steps for {len(panel):,} series takes {needed:,} bytes")


def stored_past(
    tensors: dict[str, Tensor], lengths: NDArray[np.int64], shape: tuple[int, ...], options: ForecastOptions
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return units, origins and raw outputs of past forecasts, ``shape`` each, of units of these ``lengths``.

    Raises
    ------
    ArtifactError
        Where they do not fit each other or the series.
    """
    units, origins, raw = (_tensor(tensors, f"past_{name}") for name in ("units", "origins", "raw"))
    n_rows = len(units) if units.dim() else 0
    if units.shape != (n_rows,) or origins.shape != (n_rows,) or {units.dtype, origins.dtype} != {torch.int64}:
        raise ArtifactError("the units and origins of past forecasts do not fit each other")
    if raw.shape != (n_rows, *shape) or raw.dtype != torch.float32 or not bool(raw.isfinite().all()):
        raise ArtifactError(f"past forecasts of shape {tuple(raw.shape)} for {options.horizon} steps")
    found_units, found_origins = units.numpy(), origins.numpy()
    if n_rows and (found_units.min() < 0 or found_units.max() >= len(lengths)):
        raise ArtifactError("a past forecast is of a series that is not there")
    latest = lengths[found_units] - options.horizon
    if (found_origins < options.n_before).any() or (found_origins > latest).any():
        raise ArtifactError("a past forecast is of steps that are not there")
    same = np.diff(found_units) == 0
    if (np.diff(found_units) < 0).any() or (np.diff(found_origins)[same] <= 0).any():
        raise ArtifactError("the past forecasts are not in order")
    return found_units, found_origins, raw.double().numpy()


def _tensor(tensors: dict[str, Tensor], name: str) -> Tensor:
    if name not in tensors:
        raise ArtifactError(f"the tensor {name} is missing")
    return tensors[name]


def _array(tensors: dict[str, Tensor], kind: str, n_rows: int, names: list[str]) -> NDArray[np.float64]:
    tensor = _tensor(tensors, kind)
    if tensor.dtype != torch.float64 or tensor.shape != (n_rows, len(names)):
        raise ArtifactError(f"{kind} is {tensor.dtype} of shape {tuple(tensor.shape)} for ({n_rows}, {len(names)})")
    if bool(tensor.isinf().any()):
        raise ArtifactError(f"{kind} has infinite values")
    array: NDArray[np.float64] = tensor.numpy()
    return array


def _frequency(values: Stated) -> str | int:
    frequency: Any = values.value("frequency")
    if is_whole(frequency, 1, _LARGEST_STAMP) or frequency == ROWS:
        return int(frequency) if frequency != ROWS else ROWS
    alias = values.text("frequency")
    offset = to_offset(alias)
    if len(alias) > 40 or offset.n < 1:
        raise ArtifactError(f"the frequency {shown(alias)} is not one of steps that follow each other")
    return alias


def _index(start: Any, length: int, frequency: str | int, zone: Any, unit: Any) -> pd.Index:
    if (step := whole_step(frequency)) is not None:
        if not is_whole(start, -_LARGEST_STAMP, _LARGEST_STAMP) or length * step > _LARGEST_STAMP:
            raise ArtifactError(f"a series begins at {shown(start)}, which is not a step")
        return pd.RangeIndex(start, start + length * step, step)
    if not isinstance(start, str) or not _STAMP.fullmatch(start) or unit not in _UNITS:
        raise ArtifactError(f"a series begins at {shown(start)} in units of {shown(unit)}, which is not a time")
    first = pd.Timestamp(start)
    if zone is not None:
        if not isinstance(zone, str) or not _ZONE.fullmatch(zone) or first.tzinfo is None:
            raise ArtifactError(f"a series is in the time zone {shown(zone)}, which is not one")
        first = first.tz_convert(zone)
    elif first.tzinfo is not None:
        raise ArtifactError(f"a series begins at {shown(start)}, but has no time zone")
    index = clock_range(first.as_unit(unit), str(frequency), n_steps=length)
    if index[0] != first:
        raise ArtifactError(f"a series begins at {shown(start)}, which is not a step of frequency {frequency!r}")
    return index


def _check_scaler(scaler: SeriesScaler, name: str, n_rows: int, n_columns: int) -> None:
    if scaler.shift.shape != (n_rows, n_columns):
        raise ArtifactError(f"the {name} scaler is of shape {scaler.shift.shape} instead of ({n_rows}, {n_columns})")
