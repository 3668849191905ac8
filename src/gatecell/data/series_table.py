"""Series from a table in a file: its columns as numbers, names and times, in a frame for ``read_panel``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from gatecell.data.stamps import stamps_of
from gatecell.data.tabular.table import Table


@dataclass(frozen=True, kw_only=True)
class SeriesColumns:
    """What the columns of a table of series mean; see ``gatecell.data.frames.read_panel``."""

    time: str
    """Dates and times, or whole numbers."""
    target: tuple[str, ...]
    """What is to be forecast."""
    id: str | None = None
    """Which series a line is of; None: there is one."""
    past: tuple[str, ...] = ()
    """Covariates known up to the present."""
    future: tuple[str, ...] = ()
    """Covariates known ahead."""
    static: tuple[str, ...] = ()
    """What does not change along a series."""

    @property
    def values(self) -> tuple[str, ...]:
        """All columns of numbers."""
        return (*self.target, *self.past, *self.future, *self.static)


class SeriesFrame(NamedTuple):
    """A table of series."""

    frame: pd.DataFrame
    """The columns that were asked for, rows in their order."""
    reading: dict[str, Any]
    """How numbers and dates were read: ``decimal`` and ``day_first``."""


def read_series_frame(table: Table, *, time: str, id: str | None, values: Sequence[str]) -> SeriesFrame:
    """Read the columns of a table of series.

    Parameters
    ----------
    table : Table
    time : str
        Times or whole numbers.
    id : str or None
        Which series a row is of, by names that are kept as they are written.
    values : sequence of str
        Numbers; NaN where a cell is missing.

    Raises
    ------
    InputError
        Where a cell is not what its column holds; the message says in which line.
    UnknownNameError
        Where a column is not there; suggests the nearest.
    """
    for name in (time, *([id] if id else []), *values):
        table.cells(name)
    decimal = table.decimal([*values, time])
    dates = table.dates(time, decimal)
    columns: dict[str, Any] = {}
    if dates is not None:
        columns[time] = stamps_of(dates)
    elif all(hasattr(cell, "year") for cell in table.cells(time)):
        columns[time] = list(table.cells(time))
    else:
        columns[time] = table.real_numbers(time, decimal)
    if id is not None:
        columns[id] = table.identifiers(id)
    columns |= {name: table.real_numbers(name, decimal) for name in values}
    return SeriesFrame(pd.DataFrame(columns), {"decimal": decimal, "day_first": dates.day_first if dates else None})
