"""From a long pandas frame to X and y for the estimators of sequences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError, InputTypeError
from gatecell.data.csv_file import LongColumns, read_long
from gatecell.data.tabular.table import Cells, Table, check_names

if TYPE_CHECKING:
    import pandas as pd


class LongData(NamedTuple):
    """Sequences, and what is to be predicted of each."""

    X: NDArray[np.float64] | list[NDArray[np.float64]]
    """``(n, T, I)``; a list of arrays ``(T_i, I)`` where the lengths differ."""
    y: NDArray[Any] | None
    """``(n,)``, or ``(n, k)`` for k labels; None where no label is named."""


def from_long(
    frame: "pd.DataFrame",
    *,
    id: str,
    time: str,
    label: str | Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
) -> LongData:
    """Turn a long frame, one row a step, into sequences and their labels.

    Parameters
    ----------
    frame : DataFrame
    id : str
        The column that says which sequence a row belongs to.
    time : str
        The column that the rows of a sequence are sorted by: numbers, or dates and times.
    label : str or sequence of str, optional
        What is to be predicted, the same in all rows of a sequence: classes, or numbers for ``LSTMRegressor``, of which
        there may be several columns.
    channels : sequence of str, optional
        The measured values, in this order. Default: all other columns of numbers; a number that does not change along a
        sequence is one, too.

    Returns
    -------
    LongData
        ``X, y``: sequences in the order in which their ids first appear, which is that of ``frame[id].unique()``.

    Raises
    ------
    InputError
        Where an id, a time, a label or a value is missing, or a value is not a finite number; where two rows have the
        same id and time; where a label changes within a sequence. The message says which row, counted from 0.
    UnknownNameError
        Where a column is not there; suggests the nearest.

    Examples
    --------
    >>> import pandas as pd
    >>> from gatecell import from_long
    >>> frame = pd.DataFrame(
    ...     {
    ...         "machine": ["a", "a", "b", "b"],
    ...         "hour": [1, 0, 0, 1],
    ...         "heat": [2.0, 1.0, 5.0, 6.0],
    ...         "state": ["good", "good", "worn", "worn"],
    ...     }
    ... )
    >>> X, y = from_long(frame, id="machine", time="hour", label="state")
    >>> X.shape, X[0, :, 0].tolist(), y.tolist()
    ((2, 2, 1), [1.0, 2.0], ['good', 'worn'])
    """
    table = _table_of(frame)
    labels = [] if label is None else [label] if isinstance(label, str) else list(label)
    if channels is None and len(labels) > 1:
        taken = {id, time, *labels}
        channels = [name for name in table.names if name not in taken and name and not table.numbers(name).are_text]
    chosen = None if channels is None else tuple(channels)
    reads = [
        read_long(table, LongColumns(id=id, time=time, label=name, channels=chosen), _targets(table, name))
        for name in (labels or (None,))
    ]
    if len(reads) == 1:
        return LongData(reads[0].X, reads[0].y)
    return LongData(reads[0].X, np.stack([read.y for read in reads if read.y is not None], axis=1))


def _targets(table: Table, name: str | None) -> Any:
    cells = table.cells(name) if name is not None else ()
    return "numbers" if isinstance(cells, np.ndarray) and cells.dtype.kind == "f" else "classes"


def _table_of(frame: Any) -> Table:
    import pandas as pd  # noqa: PLC0415  half a second that other data do not need

    if not isinstance(frame, pd.DataFrame):
        raise InputTypeError(f"from_long takes a pandas DataFrame, got {type(frame).__name__}.")
    if isinstance(frame.columns, pd.MultiIndex):
        raise InputError("The columns have names of several levels. Join them: frame.columns.map('_'.join).")
    if not len(frame):
        raise InputError("The frame has no rows.")
    names = tuple(map(str, frame.columns))
    check_names(names, "The frame")
    columns = tuple(_cells(frame.iloc[:, place]) for place in range(len(names)))
    return Table(names, columns, range(len(frame)), "The frame", "row")


def _cells(column: "pd.Series[Any]") -> Cells:
    """Return a column as plain numbers or times where it has no missing ones, else as the values that it holds."""
    import pandas as pd  # noqa: PLC0415

    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return np.asarray(column)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(column.dtype) and column.notna().all():
        return np.asarray(column)
    return list(column.astype(object))
