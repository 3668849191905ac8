"""Long tables: one line a step, grouped into sequences by an id and put in order by a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError, OptionError
from gatecell._core.wording import listed, quoted, shortened
from gatecell.data.labelled import LabelledSequences, stacked
from gatecell.data.tabular.table import Table

Targets = Literal["classes", "numbers"]
"""What labels are: names, as they are written, or numbers."""


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
            raise OptionError(f"A column has one meaning, but one is named twice: {listed(named)}.")


def read_long(table: Table, columns: LongColumns, targets: Targets = "classes") -> LabelledSequences:
    """Read sequences from a long table.

    An id is a name, as it is written: ``01`` and ``1`` are two; so is a label. Sequences come in the order in which
    their ids first appear; the lines of each are sorted by time.

    Parameters
    ----------
    table : Table
    columns : LongColumns
    targets : "classes" or "numbers"
        What the labels are.

    Raises
    ------
    InputError
        Where two lines have the same id and time; where a label changes within a sequence; where an id, a time, a label
        or a value is missing, or a value is not a finite number; where times can be read in two ways. The message says
        which line, counted from 1 as editors do.
    UnknownNameError
        Where the table lacks a column; suggests the nearest.
    """
    for name in (columns.id, columns.time, columns.label, *(columns.channels or ())):
        if name is not None:
            table.cells(name)
    ids = table.identifiers(columns.id)
    times = table.cells(columns.time)
    if columns.label is not None:
        table.check_present(columns.label)
    known: dict[str, int] = {}
    codes = np.array([known.setdefault(id, len(known)) for id in ids], dtype=np.int64)

    def said(row: int) -> str:
        return f"{table.where(row)} ({columns.id} {shortened(ids[row])}, {columns.time} {shortened(times[row])})"

    taken = [name for name in (columns.id, columns.time, columns.label) if name is not None]
    names = candidates(table, columns.channels, taken)
    numeric = [*names, columns.time, *([columns.label] if columns.label and targets == "numbers" else [])]
    decimal = table.decimal(numeric)
    moments = table.moments(columns.time, decimal)
    values, channels, left_out = channels_of(table, names, decimal, said, asked=columns.channels is not None)
    if not channels:
        raise InputError(
            f"{table.origin} has no column of numbers beside {listed(taken)}, so there is nothing to learn from."
        )
    order = np.lexsort((moments.order, codes))
    same = (np.diff(codes[order]) == 0) & (np.diff(moments.order[order]) == 0)
    if same.any():
        first = int(np.flatnonzero(same)[0])
        early, late = sorted(int(order[index]) for index in (first, first + 1))
        raise InputError(
            f"{table.origin}: {_pair(table, early, late)} have the same {columns.id} ({shortened(ids[early])}) and "
            f"{columns.time} ({shortened(times[early])}), so their order is not known. Remove one, or join them."
        )
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sequences = np.split(values[order], starts[1:])
    y = (
        None
        if columns.label is None
        else _targets(table, columns.label, targets, decimal, codes, columns.id, list(known))
    )
    reading = {"decimal": decimal, "day_first": moments.day_first}
    return LabelledSequences(stacked(sequences), y, channels, tuple(known), left_out, reading)


def candidates(table: Table, asked: Sequence[str] | None, taken: Sequence[str]) -> list[str]:
    """Return the columns that may be channels: those ``asked`` for, else all that have a name and are not ``taken``."""
    bare = {name.strip() for name in taken}
    return list(asked) if asked else [name for name in table.names if name and name.strip() not in bare]


def channels_of(
    table: Table, names: Sequence[str], decimal: str, said: Callable[[int], str], *, asked: bool
) -> tuple[NDArray[np.float64], tuple[str, ...], tuple[str, ...]]:
    """Return the values of columns of numbers, ``(N, I)``, their names, and the names of columns that are left out.

    ``said``: where a row stands, for messages. ``asked``: each of ``names`` must be one of numbers.

    Raises
    ------
    InputError
        Where a column has numbers and something else, or a value is missing or infinite.
    """
    columns, channels, text = [], [], []
    for name in names:
        found = table.numbers(name, decimal)
        if found.are_text and not asked:
            text.append(name)
            continue
        table.check_numbers(name, found, decimal)
        columns.append(found.values)
        channels.append(name)
    values = np.stack(columns, axis=1) if columns else np.empty((len(table), 0))
    finite = np.isfinite(values)
    if not finite.all():
        row, channel = (int(index) for index in np.argwhere(~finite)[0])
        what = "missing" if np.isnan(values[row, channel]) else "infinite"
        raise InputError(f"{said(row)}: {shortened(channels[channel])} is {what}. Fill it, or remove the line.")
    without_name = [shown for shown, name in zip(table.shown_names(), table.names, strict=True) if not name]
    left_out = [] if asked else [name for name in table.shown_names() if name in text or name in without_name]
    return values, tuple(channels), tuple(left_out)


def targets_of(table: Table, name: str, targets: Targets, decimal: str) -> NDArray[Any]:
    """Return what is to be predicted of each row: classes, or numbers.

    Raises
    ------
    InputError
        Where one is missing, or not what it should be.
    """
    if targets == "classes":
        return table.labels(name)
    table.check_present(name)
    found = table.numbers(name, decimal)
    if len(found.wrong):
        row = int(found.wrong[0])
        raise InputError(
            f"{table.where(row)}: {shortened(name)} is {quoted(table.cells(name)[row])}, but regression learns "
            "numbers. Use `gatecell fit classify` for classes."
        )
    if not np.isfinite(found.values).all():
        row = int(np.flatnonzero(~np.isfinite(found.values))[0])
        what = "missing" if np.isnan(found.values[row]) else "infinite"
        raise InputError(f"{table.where(row)}: {shortened(name)} is {what}. Fill it, or remove the line.")
    return found.values


def _targets(
    table: Table, name: str, targets: Targets, decimal: str, codes: NDArray[np.int64], id_name: str, ids: list[str]
) -> NDArray[Any]:
    values = targets_of(table, name, targets, decimal)
    _, first = np.unique(codes, return_index=True)
    other = np.flatnonzero(values != values[first][codes])
    if len(other):
        row = int(other[0])
        start = int(first[codes[row]])
        raise InputError(
            f"{table.origin}: the {name} of {id_name} {shortened(ids[codes[row]])} changes from "
            f"{shortened(values[start])} in {table.place(start)} to {shortened(values[row])} in {table.place(row)}; a "
            "sequence has one. Give each stretch an id of its own, or correct the label."
        )
    one: NDArray[Any] = values[first]
    return one


def _pair(table: Table, early: int, late: int) -> str:
    return f"{table.unit}s {table.lines[early]} and {table.lines[late]}"
