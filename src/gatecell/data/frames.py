"""From pandas to panels: a series, a wide frame of one series, or a long frame of many.

What is read is checked here once, so that everything behind may rely on it: steps are regular, in order and complete,
and numbers are finite or NaN, which stands for missing. The rules for what is not as it should be:

- *Unsorted rows* are put in order of time; the order of rows carries no meaning.
- *A stamp twice* in one series is an error.
- *Gaps* (stamps left out) become steps whose values are missing; what happens to missing values is chosen later, and by
  default is an error (see ``gatecell.data.missing``).
- *Irregular stamps* are an error that says which, unless ``frequency="rows"``.
- *Time zones* are kept; hours are then counted in absolute time and days by the local calendar. Text with offsets that
  differ is read in UTC; other mixtures are an error.
- *Infinite values*, and a column without a single value in some series, are errors.
- *Constant series* are accepted; scalers leave them unscaled but for their mean (see ``gatecell.data.scaling``).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.errors import InputError, InputTypeError, unknown_name
from gatecell.data.frequency import ROWS
from gatecell.data.series import Panel, TimeSeries
from gatecell.data.stamps import check_no_duplicates, on_grid, panel_frequency, read_stamps

ID, TIME, TARGET = "unique_id", "ds", "y"
"""The columns of a long frame where no others are named: those of Nixtla's libraries."""
ONE_SERIES = "series"
"""The id of a single series without a name."""
_DATES = (np.dtypes.DateTime64DType, pd.DatetimeTZDtype, pd.PeriodDtype)


def read_panel(
    data: Any,
    *,
    time: str | None = None,
    target: str | Sequence[str] | None = None,
    id: str | None = None,
    past: Sequence[str] = (),
    future: Sequence[str] = (),
    static: "pd.DataFrame | pd.Series[Any] | Sequence[str] | None" = None,
    frequency: str | int = "infer",
) -> Panel:
    """Read series from pandas.

    Parameters
    ----------
    data : Series, DataFrame or Panel
        A Series, or a *wide* frame (one row a step), of one series: the index holds times, periods or whole numbers. Or
        a *long* frame: a column of ids and one of times, one row a step of a series. A panel comes back as it is.
    time : str, optional
        The column of times or whole numbers. Default: ``"ds"`` where the frame has it, else the index.
    target : str or sequence of str, optional
        The columns to be forecast. Default: ``"y"`` where the frame has it, else all columns of numbers that have no
        other meaning.
    id : str, optional
        The column that says which series a row is of. Default: ``"unique_id"`` where the frame has it, else the frame
        is of one series.
    past, future : sequence of str
        The columns of covariates known up to the present, and known ahead.
    static : sequence of str, DataFrame or Series, optional
        What does not change along a series: columns of ``data``, or numbers whose index, or column of ids, names the
        series.
    frequency : str or int
        ``"infer"``; an alias of pandas (``"h"``), or for whole numbers their difference; or ``"rows"``: each row is one
        step, numbered from 0, and stamps say no more than the order.

    Returns
    -------
    Panel
        Series in the order in which their ids first appear.

    Raises
    ------
    InputError
        Where the data cannot be used; the message says what, where and what to do. The rules are those of this module.
    UnknownNameError
        Where a column is not there; suggests the nearest.
    """
    if isinstance(data, Panel):
        return data
    frame, one_id = _frame(data)
    if isinstance(static, pd.Series):
        static = static.to_frame("static" if static.name is None else static.name)
    id = id or (ID if ID in frame.columns else None)
    time = time or (TIME if TIME in frame.columns else None)
    if time is None:
        _check_index_is_meant(data, frame)
    static_columns = () if static is None or isinstance(static, pd.DataFrame) else _names(static)
    past, future = _names(past), _names(future)
    _check_columns(frame, [name for name in (id, time, *_names(target), *past, *future, *static_columns) if name])
    targets = _names(target) or _default_targets(frame, {id, time, *past, *future, *static_columns})
    columns = (*targets, *past, *future, *static_columns)
    if len(set(columns)) < len(columns) or {id, time} & set(columns):
        raise InputError(f"A column has one meaning, but one is named twice: {', '.join(columns)}.")
    codes, ids = _ids(frame[id], id) if id else (np.zeros(len(frame), dtype=np.int64), [one_id])
    stamps = read_stamps(frame[time] if time else frame.index, f"Column {time!r}" if time else "The index")
    values = _numbers(frame, columns)
    order = np.lexsort((stamps.asi8 if isinstance(stamps, pd.DatetimeIndex) else stamps.to_numpy(), codes))
    codes, stamps, values = codes[order], stamps[order], values[order]
    check_no_duplicates(stamps, codes, ids, time or "The stamp")
    _check_finite(values, columns, stamps, codes, ids)

    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    ends = [*starts[1:].tolist(), len(codes)]
    _check_not_all_missing(values, starts, columns, ids)
    groups = [stamps[start:end] for start, end in zip(starts, ends, strict=True)]
    step: str | int = ROWS
    if frequency == ROWS:
        groups = [pd.RangeIndex(len(group)) for group in groups]
    else:
        step = panel_frequency(groups, ids, frequency)
    n_moving = len(columns) - len(static_columns)
    static_names = static_columns
    if isinstance(static, pd.DataFrame):
        static_names, fixed = _static_frame(static, ids)
    else:
        fixed = _static_columns(values[:, n_moving:], starts, static_columns, ids)
    bounds = np.cumsum([len(targets), len(past)])
    series = []
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        grid, rows = on_grid(groups[place], step, ids[place])
        moving = values[start:end, :n_moving]
        if rows is not None:
            known, moving = moving, np.full((len(grid), n_moving), np.nan)
            moving[rows] = known
        targeted, until_now, known_ahead = np.split(moving, bounds, axis=1)
        series.append(TimeSeries(ids[place], grid, targeted, until_now, known_ahead, fixed[place]))
    return Panel(tuple(series), targets, past, future, static_names, step)


def _frame(data: Any) -> tuple[pd.DataFrame, str]:
    """Return the data as a frame with names of columns as text, and the id of its series should it have but one."""
    if isinstance(data, pd.Series | pd.DataFrame) and not len(data):
        raise InputError("There are no rows to read series from.")
    if isinstance(data, pd.Series):
        name = TARGET if data.name is None else str(data.name)
        return data.to_frame(name), name
    if not isinstance(data, pd.DataFrame):
        raise InputTypeError(
            f"Series are read from a pandas Series or DataFrame, got {type(data).__name__}. For numbers without stamps "
            "write pandas.Series(numbers)."
        )
    if isinstance(data.columns, pd.MultiIndex):
        raise InputError(
            "The columns have names of several levels. Give each a name: frame.columns = ['_'.join(c) for c in frame]."
        )
    frame = data.rename(columns=str)
    if not frame.columns.is_unique:
        raise InputError(f"Column {frame.columns[frame.columns.duplicated()][0]!r} is there twice.")
    if isinstance(frame.index, pd.MultiIndex) or frame.index.name in (ID, TIME):
        frame = frame.reset_index()
    return frame, ONE_SERIES


def _check_index_is_meant(data: "pd.DataFrame | pd.Series[Any]", frame: pd.DataFrame) -> None:
    """Raise an ``InputError`` where stamps stand elsewhere than in the index, which only numbers the rows."""
    if isinstance(data.index, pd.MultiIndex):
        levels = ", ".join(map(repr, data.index.names))
        raise InputError(f"The index has several levels ({levels}). Name them, and say which are time= and id=.")
    dates = [name for name in frame.columns if isinstance(frame[name].dtype, _DATES)]
    if dates and pd.api.types.is_integer_dtype(frame.index.dtype):
        raise InputError(
            f"Column {dates[0]!r} holds dates, but is not named as the time of the rows. Name it: time={dates[0]!r}."
        )


def _names(names: Any) -> tuple[str, ...]:
    if names is None:
        return ()
    return tuple(map(str, names)) if isinstance(names, Iterable) and not isinstance(names, str) else (str(names),)


def _check_columns(frame: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise unknown_name("column", name, frame.columns)


def _default_targets(frame: pd.DataFrame, taken: set[str | None]) -> tuple[str, ...]:
    if TARGET in frame.columns and TARGET not in taken:
        return (TARGET,)
    targets = tuple(
        name for name in frame.columns if name not in taken and pd.api.types.is_numeric_dtype(frame[name].dtype)
    )
    if not targets:
        raise InputError(
            f"There is no column of numbers to forecast. Name it with target=; columns: {', '.join(frame.columns)}."
        )
    return targets


def _ids(column: "pd.Series[Any]", name: str) -> tuple[NDArray[np.int64], list[Any]]:
    codes, ids = pd.factorize(column)
    if (codes < 0).any():
        row = int(np.flatnonzero(codes < 0)[0])
        raise InputError(f"Column {name!r} is missing in row {row} (counted from 0), so its series is not known.")
    listed = [int(id) if isinstance(id, np.integer) else id for id in ids]
    if not all(isinstance(id, str | int) and not isinstance(id, bool) for id in listed):
        raise InputError(f"Column {name!r} holds {column.dtype}; ids are text or whole numbers.")
    return codes.astype(np.int64), listed


def _numbers(frame: pd.DataFrame, columns: tuple[str, ...]) -> NDArray[np.float64]:
    for name in columns:
        dtype = frame[name].dtype
        if pd.api.types.is_complex_dtype(dtype) or not pd.api.types.is_numeric_dtype(dtype):
            value = frame[name].dropna().iloc[0] if frame[name].notna().any() else None
            raise InputError(
                f"Column {name!r} holds {dtype}, such as {value!r}, not real numbers. Convert it with "
                "pandas.to_numeric, or names of classes with pandas.get_dummies."
            )
    numbers: NDArray[np.float64] = frame[list(columns)].to_numpy(np.float64, na_value=np.nan)
    return numbers


def _check_finite(
    values: NDArray[np.float64], columns: tuple[str, ...], stamps: pd.Index, codes: NDArray[np.int64], ids: list[Any]
) -> None:
    infinite = np.isinf(values)
    if not infinite.any():
        return
    row, column = (int(place) for place in np.argwhere(infinite)[0])
    raise InputError(
        f"{columns[column]} of series {ids[codes[row]]!r} is infinite at {stamps[row]} ({int(infinite.sum()):,} "
        "infinite value(s) in all). Correct it, or write NaN where the value is missing."
    )


def _check_not_all_missing(
    values: NDArray[np.float64], starts: NDArray[np.int64], columns: tuple[str, ...], ids: list[Any]
) -> None:
    n_known = np.add.reduceat(~np.isnan(values), starts, axis=0, dtype=np.int64)
    if n_known.all():
        return
    empty = np.argwhere(n_known == 0)
    place, column = (int(place) for place in empty[0])
    raise InputError(
        f"{columns[column]} of series {ids[place]!r} has no value at all ({len(empty):,} such column(s) of a series in "
        "all). Leave the series out, or the column."
    )


def _static_columns(
    values: NDArray[np.float64], starts: NDArray[np.int64], names: tuple[str, ...], ids: list[Any]
) -> NDArray[np.float64]:
    lowest, highest = np.minimum.reduceat(values, starts, axis=0), np.maximum.reduceat(values, starts, axis=0)
    # a NaN is not equal to itself, so that one that is missing is found as well
    changing = np.argwhere(lowest != highest)
    if len(changing):
        place, column = (int(place) for place in changing[0])
        raise InputError(
            f"{names[column]} of series {ids[place]!r} changes along the series, or is missing in a row, but is to be "
            "static. Name it in past= or future= instead, or fill it."
        )
    static: NDArray[np.float64] = lowest
    return static


def _static_frame(static: pd.DataFrame, ids: list[Any]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    frame = static.rename(columns=str)
    if ID in frame.columns:
        frame = frame.set_index(ID)
    if not frame.index.is_unique:
        raise InputError(f"static has two rows for series {frame.index[frame.index.duplicated()][0]!r}. Keep one.")
    missing = [id for id in ids if id not in frame.index]
    if missing:
        raise InputError(f"static has no row for series {missing[0]!r} ({len(missing):,} series in all).")
    names = tuple(frame.columns)
    numbers: NDArray[np.float64] = _numbers(frame, names)[frame.index.get_indexer(ids)]
    if not np.isfinite(numbers).all():
        place, column = (int(place) for place in np.argwhere(~np.isfinite(numbers))[0])
        raise InputError(f"static: {names[column]} of series {ids[place]!r} is missing or infinite. Fill it.")
    return names, numbers
