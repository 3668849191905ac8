"""Later rows of series that are known: brought to their time zone, unit and names, here and nowhere else.

Everything that comes after a fit is read by ``read_later``: observations, and covariates that are known ahead.

- *Another time zone*, or another offset from UTC, is the same moment: it is shown on the clock of what is known.
- *Times without a zone* after times with one, and the reverse, are an error: which clock they are of cannot be told.
- *Another unit* (seconds, nanoseconds) is the same moment. *Periods* stand for the step that lies in them.
- *A series that is not known* is an error that names it, also where only one series is known; so are rows without ids
  where the series that are known have some.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from gatecell._core.errors import InputError, UnknownNameError, unknown_name
from gatecell.data.frames import ID, ONE_SERIES, TARGET, read_panel
from gatecell.data.frequency import ROWS, to_offset
from gatecell.data.series import Panel, SeriesId
from gatecell.data.stamps import read_stamps
from gatecell.data.zones import stamps_like

_SHOWN = 5
"""Names that a message has."""


def read_later(
    data: Any,
    known: Panel,
    *,
    time: str | None = None,
    id: str | None = None,
    target: Sequence[str],
    past: Sequence[str] = (),
    future: Sequence[str] = (),
    others: bool = False,
) -> Panel:
    """Read rows of series that are known, as ``read_panel`` has them.

    Parameters
    ----------
    data : Series, DataFrame or Panel
        A Series without a name, or with that of the target or the series, is of the series that is known.
    known : Panel
        The rows come back in its frequency, time zone and unit, and under its ids.
    time, id
        The columns of times and ids, as for ``read_panel``; those of a Series are its index and its name.
    target, past, future
        The columns of numbers.
    others : bool
        Whether rows of other series are let through, for the caller to leave out.

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        Where rows cannot be read, do not say which series they are of, or have times of another kind than ``known``.
    UnknownNameError
        Where they are of a series that is not known.
    """
    if isinstance(data, Panel):
        return _panel_like(data, known)
    if isinstance(data, pd.Series) and len(target) == 1:
        data, id = _frame_of(data, known, target[0])
        time = None
    return read_panel(
        data,
        time=time,
        id=id,
        target=target,
        past=past,
        future=future,
        frequency=known.frequency,
        stamps_of=lambda column, name: read_later_stamps(column, known, name),
        ids_of=lambda ids, column: _ids_like(ids, known, column, others=others),
    )


def read_later_stamps(column: Any, known: Panel, name: str) -> pd.Index:
    """Read stamps as ``read_stamps`` does, in the time zone and unit of what is known; errors are those of both.

    Where rows are steps, what is known keeps no stamps, and they are read as they are.
    """
    index = pd.Index(column)
    if known.frequency == ROWS:
        return read_stamps(index, name)
    stamps = known.series[0].index
    if isinstance(known.frequency, str):
        if isinstance(index, pd.PeriodIndex) and not index.hasnans:
            index = _steps_within(index, known.frequency)
    elif index.inferred_type == "string":
        # a column that also held other text is read as text
        numbers = pd.to_numeric(index, errors="coerce")
        index = index if numbers.hasnans else pd.Index(numbers)
    return stamps_like(read_stamps(index, name), stamps, name)


def _steps_within(periods: pd.PeriodIndex, frequency: str) -> pd.DatetimeIndex:
    """Return the day within each period that lies on a frequency, which may be that of its end."""
    first, last = periods.to_timestamp(), periods.to_timestamp(how="end").normalize()
    offset = to_offset(frequency)
    at_end = not all(map(offset.is_on_offset, first)) and all(map(offset.is_on_offset, last))
    return last.as_unit(first.unit) if at_end else first


def _is_named(known: Panel) -> bool:
    """Return whether an id says which series is which; a single one that was read without ids has none."""
    return len(known) > 1 or known.ids[0] not in (ONE_SERIES, known.target_names[0])


def _frame_of(data: "pd.Series[Any]", known: Panel, target: str) -> tuple[pd.DataFrame, str | None]:
    """Return a Series as a frame, and the column of its id, which is its name where series are told apart by one."""
    name = None if data.name is None else str(data.name)
    frame = data.to_frame(target)
    if name is None or name == target:
        return frame, None
    if target not in known.target_names:
        raise unknown_name("column", name, [target])
    if name in map(str, known.ids):
        return frame.assign(**{ID: known.ids[list(map(str, known.ids)).index(name)]}), ID
    if _is_named(known) or target != TARGET:
        raise unknown_name("series", name, map(str, known.ids) if _is_named(known) else [target])
    return frame, None


def _ids_like(ids: list[SeriesId] | None, known: Panel, column: str, *, others: bool) -> list[SeriesId]:
    """Return the ids of rows, of which None is without a column of them, and raise unless they are known."""
    if ids is None:
        if _is_named(known):
            shown = ", ".join(map(repr, known.ids[:_SHOWN])) + (", ..." if len(known) > _SHOWN else "")
            raise InputError(
                f"The rows do not say which series they are of, but those that are known have ids: {shown}. Add the "
                f"column of ids ({column!r} where no other was named)."
            )
        return known.ids
    unknown = [id for id in ids if id not in known.ids]
    if unknown and not others:
        raise _unknown_series(unknown[0], known, column)
    return ids


def _unknown_series(id: SeriesId, known: Panel, column: str) -> UnknownNameError:
    if not _is_named(known):
        return UnknownNameError(
            f"There is no series named {id!r}: the series that is known was read without ids. Leave the column "
            f"{column!r} out where the rows are of it."
        )
    if str(id) in map(str, known.ids):
        kinds = ("text", "whole numbers") if isinstance(id, str) else ("whole numbers", "text")
        return UnknownNameError(
            f"There is no series named {id!r}: column {column!r} holds {kinds[0]}, but the ids that are known are "
            f"{kinds[1]}. Convert it: column.astype({'int' if isinstance(id, str) else 'str'})."
        )
    return unknown_name("series", str(id), map(str, known.ids))


def _panel_like(panel: Panel, known: Panel) -> Panel:
    """Return a panel that was read by itself in the time zone and unit of another, under its ids."""
    if len(panel) == 1 and not _is_named(panel):
        ids = _ids_like(None, known, ID, others=False)
    else:
        ids = _ids_like(panel.ids, known, ID, others=False)
    return replace(panel, series=tuple(replace(series, id=id) for id, series in zip(ids, panel, strict=True)))
