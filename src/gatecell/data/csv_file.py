"""Long tables: one line a step, grouped into sequences by an id and put in order by a time."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError, OptionError, unknown_name
from gatecell._core.quiet import WarningRule, warning_rules
from gatecell.data.labelled import LabelledSequences, opened, stacked

if TYPE_CHECKING:
    import pandas as pd

_FIRST_LINE = 2
"""The line of a file, counted from 1, that the first row of its table stands on."""
_NAMELESS = "Unnamed: "
"""What pandas calls a column without a name, which is mostly an index that was written along with a table."""


@dataclass(frozen=True, kw_only=True)
class LongColumns:
    """What the columns of a long table mean."""

    id: str
    """Which sequence a line belongs to."""
    time: str
    """The order of the lines of a sequence: numbers, or dates and times."""
    label: str | None = None
    """What is to be predicted: the same in all lines of a sequence."""
    channels: tuple[str, ...] | None = None
    """The measured values, in this order; None: all others but those of text and those without a name."""

    def __post_init__(self) -> None:
        named = [name for name in (self.id, self.time, self.label, *(self.channels or ())) if name is not None]
        if len(set(named)) < len(named):
            raise OptionError(f"A column has one meaning, but one is named twice: {', '.join(named)}.")


def read_long_csv(path: Path, columns: LongColumns) -> LabelledSequences:
    """Read a long CSV file, plain or ``.csv.gz``, with a line of column names.

    An id is text, as it is written: ``01`` and ``1`` are two. Sequences come in the order in which their ids first
    appear; the lines of each are sorted by time.

    Raises
    ------
    InputError
        Where the file is unreadable or no table; where two lines have the same id and time; where a label changes
        within a sequence; where an id, a time, a label or a value is missing or a value is no finite number. The
        message says which line, counted from 1 as editors do.
    UnknownNameError
        Where the table lacks a column; suggests the nearest.
    """
    frame = read_table(path, columns.id)
    for name in (columns.id, columns.time, columns.label, *(columns.channels or ())):
        if name is not None and name not in frame.columns:
            raise unknown_name(f"column in {path}", name, map(str, frame.columns))
    _check_present(frame, [name for name in (columns.id, columns.time, columns.label) if name is not None], path)
    channels, left_out = _channels(frame, columns, path)
    values = frame[channels].to_numpy(np.float64)
    _check_values(values, frame, columns, channels, path)

    codes, ids = _factorised(frame[columns.id])
    moments = _moments(frame[columns.time], columns.time, path)
    order = np.lexsort((moments, codes))
    same = (np.diff(codes[order]) == 0) & (np.diff(moments[order]) == 0)
    if same.any():
        first = int(np.flatnonzero(same)[0])
        lines = sorted(int(order[index]) + _FIRST_LINE for index in (first, first + 1))
        where = frame.iloc[int(order[first])]
        raise InputError(
            f"{path}: lines {lines[0]} and {lines[1]} have the same {columns.id} ({where[columns.id]}) and "
            f"{columns.time} ({where[columns.time]}), so their order is not known. Remove one, or join them."
        )
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sequences = np.split(values[order], starts[1:])
    y = _labels(frame[columns.label], codes, ids, columns, path) if columns.label else None
    return LabelledSequences(stacked(sequences), y, tuple(channels), tuple(ids), tuple(left_out))


def read_table(path: Path, id_column: str | None) -> "pd.DataFrame":
    """Read a CSV file, plain or ``.csv.gz``, with a line of column names; an id is text, as it is written.

    Raises
    ------
    InputError
        Where the file is unreadable, no table, or has no lines.
    """
    import pandas as pd  # noqa: PLC0415  half a second that the other formats do not need

    with opened(path) as stream:
        try:
            # low_memory=False: the type of a column is judged by all of it. An id is a name: 01 is not 1.
            frame = pd.read_csv(stream, low_memory=False, dtype={id_column: str} if id_column else None)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is no table of comma-separated values in UTF-8: {str(error).strip()}.") from error
        except (ValueError, OverflowError) as error:
            raise InputError(f"{path} cannot be read as a table: {error}.") from error
    if frame.empty:
        raise InputError(f"{path} has no lines under its column names ({', '.join(map(str, frame.columns))}).")
    return frame


def _check_present(frame: "pd.DataFrame", names: list[str], path: Path) -> None:
    for name in names:
        missing = np.flatnonzero(frame[name].isna().to_numpy())
        if len(missing):
            raise InputError(
                f"{path}, line {int(missing[0]) + _FIRST_LINE}: {name} is missing (empty, "
                "or a word such as NA or None). Fill it, or remove the line."
            )


def _channels(frame: "pd.DataFrame", columns: LongColumns, path: Path) -> tuple[list[str], list[str]]:
    import pandas as pd  # noqa: PLC0415

    taken = {columns.id, columns.time, columns.label}
    asked = list(columns.channels) if columns.channels else [name for name in frame.columns if name not in taken]
    channels, left_out = [], []
    for name in asked:
        column = frame[name]
        if not columns.channels and str(name).startswith(_NAMELESS):
            left_out.append(name)
            continue
        if not pd.api.types.is_numeric_dtype(column):
            text = column.notna() & pd.to_numeric(column, errors="coerce").isna()
            if not columns.channels and text.sum() == column.notna().sum():
                left_out.append(name)
                continue
            line = int(np.flatnonzero(text.to_numpy())[0])
            raise InputError(
                f"{path}, line {line + _FIRST_LINE}: {name} is {str(column.iloc[line])[:40]!r}, but other lines have "
                "numbers there. Correct the line, or remove the column."
            )
        channels.append(name)
    if not channels:
        raise InputError(
            f"{path} has no column of numbers beside {', '.join(name for name in taken if name)}, "
            "so there is nothing to learn from."
        )
    return channels, left_out


def _check_values(
    values: NDArray[np.float64], frame: "pd.DataFrame", columns: LongColumns, channels: list[str], path: Path
) -> None:
    finite = np.isfinite(values)
    if finite.all():
        return
    line, channel = (int(index) for index in np.argwhere(~finite)[0])
    what = "missing" if np.isnan(values[line, channel]) else "infinite"
    raise InputError(
        f"{path}, line {line + _FIRST_LINE} ({columns.id} {frame[columns.id].iloc[line]}, {columns.time} "
        f"{frame[columns.time].iloc[line]}): {channels[channel]} is {what}. Fill it, or remove the line."
    )


def _factorised(column: "pd.Series[Any]") -> tuple[NDArray[np.int64], list[str]]:
    import pandas as pd  # noqa: PLC0415

    codes, ids = pd.factorize(column)
    return codes.astype(np.int64), list(ids)


def _moments(column: "pd.Series[Any]", name: str, path: Path) -> NDArray[Any]:
    """Return what the lines are sorted by: the numbers, or the times in UTC."""
    import pandas as pd  # noqa: PLC0415

    if pd.api.types.is_numeric_dtype(column):
        numbers: NDArray[Any] = column.to_numpy()
        return numbers
    # pandas warns that it reads dates one by one, which only takes longer
    with warning_rules(WarningRule("ignore", UserWarning)):
        times = pd.to_datetime(column, errors="coerce", utc=True, format="mixed")
    wrong = np.flatnonzero(times.isna().to_numpy())
    if len(wrong):
        line = int(wrong[0])
        raise InputError(
            f"{path}, line {line + _FIRST_LINE}: {name} is {str(column.iloc[line])[:40]!r}, neither a number nor a "
            "date. Write dates as 2026-01-31 or 2026-01-31T23:59:00."
        )
    nanoseconds: NDArray[np.int64] = times.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    return nanoseconds


def _labels(
    column: "pd.Series[Any]", codes: NDArray[np.int64], ids: list[str], columns: LongColumns, path: Path
) -> NDArray[Any]:
    values = column.to_numpy()
    _, first = np.unique(codes, return_index=True)
    other = np.flatnonzero(values != values[first][codes])
    if len(other):
        line = int(other[0])
        start = int(first[codes[line]])
        raise InputError(
            f"{path}: the {columns.label} of {columns.id} {ids[codes[line]]} changes from {values[start]!s} in line "
            f"{start + _FIRST_LINE} to {values[line]!s} in line {line + _FIRST_LINE}; a sequence has one. "
            "Give each stretch an id of its own, or correct the label."
        )
    labels: NDArray[Any] = values[first]
    return labels.astype(np.str_) if labels.dtype == object else labels
