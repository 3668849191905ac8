"""From pandas to panels: a series, a wide frame of one series, or a long frame of many.

What is read is checked here once, so that everything behind may rely on it: steps are regular, in order and complete,
and numbers are finite or NaN, which stands for missing. The rules for what is not as it should be:

- *Unsorted rows* are put in order of time; the order of rows carries no meaning.
- *A stamp twice* in one series is an error.
- *Gaps* (stamps left out) become steps whose values are missing; what happens to missing values is chosen later, and by
  default is an error (see ``gatecell.data.missing``).
- *Irregular stamps* are an error that says which, unless ``frequency="rows"``.
- *Time zones* are kept; hours are then counted in absolute time and days by the local calendar. Text with offsets that
  differ is read in UTC; other mixtures are an error. Rows that come after a fit are brought to its zone (see
  ``gatecell.data.later``).
- *Dates as text* are of one form in a column, and read as all of them allow; where that is in two ways, as 01/02/2026
  and 01/03/2026 alone, it is an error.
- *Infinite values*, and a column without a single value in some series, are errors.
- *Constant series* are accepted; scalers leave them unscaled but for their mean (see ``gatecell.data.series_scaling``).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.ambiguity import warn_ambiguous
from gatecell._core.errors import InputError, InputTypeError, unknown_name
from gatecell.data.frequency import ROWS
from gatecell.data.series import Panel, SeriesId, TimeSeries
from gatecell.data.series_values import (
    check_finite,
    check_not_all_missing,
    numbers_of,
    static_of_columns,
    static_of_frame,
)
from gatecell.data.stamps import check_no_duplicates, on_grid, panel_frequency, read_stamps
from gatecell.data.tabular.dates import is_date

ID, TIME, TARGET = "unique_id", "ds", "y"
"""The columns of a long frame where no others are named: those of Nixtla's libraries."""
ONE_SERIES = "series"
"""The id of a single series without a name."""
_FEW_ROWS = 5
"""With fewer, equal steps may be chance."""
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
    stamps_of: Callable[[Any, str], pd.Index] = read_stamps,
    ids_of: Callable[[list[SeriesId] | None, str], list[SeriesId]] | None = None,
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
    stamps_of, ids_of : callable
        How a column of stamps is read, and under which ids series come back (given None where the data have no column
        of them); ``gatecell.data.later`` reads rows of known series by its own.

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

    Warns
    -----
    AmbiguousInputWarning
        Where a column that is forecast only because no target is named counts the rows.
    """
    if isinstance(data, Panel):
        return data
    frame, one_id = _frame(data)
    if isinstance(static, pd.Series):
        static = static.to_frame("static" if static.name is None else static.name)
    columns = _Columns.of(frame, time, target, id, past, future, () if isinstance(static, pd.DataFrame) else static)
    if columns.time is None:
        _check_index_is_meant(data, frame.drop(columns=columns.id or []))
        if target is None and len(columns.target) > 1:
            _warn_of_counters(frame, columns.target)

    codes, named = _ids(frame[columns.id], columns.id) if columns.id else (np.zeros(len(frame), np.int64), None)
    ids = (named or [one_id]) if ids_of is None else ids_of(named, columns.id or ID)
    if columns.time:
        stamps = stamps_of(frame[columns.time], f"Column {columns.time!r}")
    else:
        stamps = stamps_of(frame.index, "The index")
    values = numbers_of(frame, columns.values)
    order = np.lexsort((stamps.asi8 if isinstance(stamps, pd.DatetimeIndex) else stamps.to_numpy(), codes))
    codes, stamps, values = codes[order], stamps[order], values[order]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    check_no_duplicates(stamps, codes, ids, columns.time or "The stamp")
    check_finite(values, columns.values, stamps, codes, ids)
    check_not_all_missing(values, starts, columns.values, ids)

    n_moving = len(columns.values) - len(columns.static)
    if isinstance(static, pd.DataFrame):
        static_names, fixed = static_of_frame(static, ids, columns.id or ID)
    else:
        static_names, fixed = columns.static, static_of_columns(values[:, n_moving:], starts, columns.static, ids)
    parts = [slice(start, end) for start, end in zip(starts, [*starts[1:], len(codes)], strict=True)]
    groups = [pd.RangeIndex(part.stop - part.start) if frequency == ROWS else stamps[part] for part in parts]
    step = ROWS if frequency == ROWS else panel_frequency(groups, ids, frequency)
    series = []
    for id_, group, part, fixed_values in zip(ids, groups, parts, fixed, strict=True):
        index, moving = _complete(group, values[part, :n_moving], step, id_)
        targets, until_now, ahead = np.split(moving, np.cumsum([len(columns.target), len(columns.past)]), axis=1)
        series.append(TimeSeries(id_, index, targets, until_now, ahead, fixed_values))
    return Panel(tuple(series), columns.target, columns.past, columns.future, static_names, step)


class _Columns(NamedTuple):
    """Which column means what."""

    time: str | None
    """None: the index."""
    id: str | None
    """None: there is one series."""
    target: tuple[str, ...]
    past: tuple[str, ...]
    future: tuple[str, ...]
    static: tuple[str, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """All columns of numbers: those that change along a series first."""
        return (*self.target, *self.past, *self.future, *self.static)

    @classmethod
    def of(
        cls, frame: pd.DataFrame, time: str | None, target: Any, id: str | None, past: Any, future: Any, static: Any
    ) -> "_Columns":
        """Find what is not named, and check that each column is there and has one meaning."""
        id = id or (ID if ID in frame.columns else None)
        time = time or (TIME if TIME in frame.columns else None)
        named = [name for name in (id, time, *_names(past), *_names(future), *_names(static)) if name]
        for name in (*named, *_names(target)):
            if name not in frame.columns:
                raise unknown_name("column", name, frame.columns)
        targets = _names(target) or _default_targets(frame, set(named))
        every = (*named, *targets)
        if len(set(every)) < len(every):
            raise InputError(f"A column has one meaning, but one is named twice: {', '.join(every)}.")
        return cls(time, id, targets, _names(past), _names(future), _names(static))


def _complete(
    stamps: pd.Index, moving: NDArray[np.float64], step: str | int, id: Any
) -> tuple[pd.Index, NDArray[np.float64]]:
    """Return the steps of a series without gaps, and its values; NaN in the steps that were left out."""
    grid, rows = on_grid(stamps, step, id)
    if rows is None:
        return grid, moving
    complete = np.full((len(grid), moving.shape[1]), np.nan)
    complete[rows] = moving
    return grid, complete


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
    dates = [name for name in frame.columns if _holds_dates(frame[name])]
    if dates and pd.api.types.is_integer_dtype(frame.index.dtype):
        raise InputError(
            f"Column {dates[0]!r} holds dates, but is not named as the time of the rows. Name it: time={dates[0]!r}."
        )


def _warn_of_counters(frame: pd.DataFrame, targets: tuple[str, ...]) -> None:
    """Warn of a column that goes up by the same whole number from row to row, as numbers of steps do."""
    if not pd.api.types.is_integer_dtype(frame.index.dtype) or len(frame) < _FEW_ROWS:
        return
    for name in targets:
        if pd.api.types.is_integer_dtype(frame[name].dtype) and not frame[name].isna().any():
            steps = np.diff(frame[name].to_numpy(np.int64))
            if steps[0] > 0 and (steps == steps[0]).all():
                others = ", ".join(repr(other) for other in targets if other != name)
                warn_ambiguous(
                    f"Column {name!r} goes up by {steps[0]} from row to row, as numbers of steps do, but is "
                    f"not named as the time: it is forecast itself. Name it, time={name!r}; or name what is to be "
                    f"forecast, as target=[{others}]."
                )


def _holds_dates(column: "pd.Series[Any]") -> bool:
    if isinstance(column.dtype, _DATES):
        return True
    # text, as in a file that was read without a word on its dates; a year alone may be a name
    first = column.iloc[0]
    return isinstance(first, str) and len(first) > len("2026") and is_date(first)


def _names(names: Any) -> tuple[str, ...]:
    if names is None:
        return ()
    return tuple(map(str, names)) if isinstance(names, Iterable) and not isinstance(names, str) else (str(names),)


def _default_targets(frame: pd.DataFrame, taken: set[str]) -> tuple[str, ...]:
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
