"""Wide tables: one row a sequence, one column a step, as the UCR archive's ``.tsv``; or lists in the cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError, OptionError
from gatecell._core.wording import quoted, shortened
from gatecell.data.csv_file import Targets, candidates, targets_of
from gatecell.data.labelled import LabelledSequences, numbered, stacked
from gatecell.data.tabular.table import Table

VALUE = "value"
"""The one channel of a table with a column a step."""


@dataclass(frozen=True, kw_only=True)
class WideColumns:
    """What the columns of a wide table mean."""

    label: str | None = None
    """What is to be predicted. In a table without a line of names it is the first column."""
    steps: tuple[str, ...] | None = None
    """The values in the order of time; None: all others but those of text and those without a name."""
    header: bool | None = None
    """Whether the first line has the names of the columns; None: unless there are numbers in it."""

    def __post_init__(self) -> None:
        if self.label is not None and self.label in (self.steps or ()):
            raise OptionError(f"A column has one meaning, but {quoted(self.label)} is named as label and as value.")


def read_wide(table: Table, columns: WideColumns, targets: Targets = "classes") -> LabelledSequences:
    """Read sequences from a wide table.

    Empty cells at the end of a row are steps that the sequence does not have. Where cells hold lists, as those of JSON
    lines and Parquet may, each such column is a channel; a list of lists has a step a list.

    Parameters
    ----------
    table : Table
        Columns of a file without names are called ``column 1`` and so on.
    columns : WideColumns
    targets : "classes" or "numbers"
        What the labels are.

    Raises
    ------
    InputError
        Where a value is missing within a row, or is not a finite number; where a row has no values; where the lists of
        a row have unlike lengths.
    UnknownNameError
        Where the table lacks a column; suggests the nearest.
    """
    if not table.headed and columns.steps:
        columns = _by_place(table, columns, columns.steps)
    taken = [] if columns.label is None else [columns.label]
    for name in (*taken, *(columns.steps or ())):
        table.cells(name)
    names = candidates(table, columns.steps, taken)
    decimal = table.decimal([*names, *(taken if targets == "numbers" else [])])
    y = None if columns.label is None else targets_of(table, columns.label, targets, decimal)
    lists = [name for name in names if any(isinstance(cell, list) for cell in table.cells(name))]
    if lists:
        sequences, channels = _of_lists(table, lists)
        used = lists
    else:
        sequences, used = _of_cells(table, names, decimal, asked=columns.steps is not None)
        channels = (VALUE,)
    kept = {*used, *taken}
    left_out = () if columns.steps else tuple(name for name in table.shown_names() if name not in kept)
    reading = {"decimal": decimal, "label": columns.label, "steps": tuple(used), "header": columns.header}
    return LabelledSequences(stacked(sequences), y, channels, numbered("", len(table)), left_out, reading)


def _by_place(table: Table, columns: WideColumns, steps: tuple[str, ...]) -> WideColumns:
    """Return the columns of a table without names, from those of another one: the label, if it is there, is the first.

    Raises
    ------
    InputError
        Where it cannot be said whether there is a label.
    """
    first, *others = table.names
    if len(table.names) == len(steps):
        return WideColumns(steps=table.names, header=False)
    if columns.label is None and len(others) != len(steps):
        raise InputError(
            f"{table.origin} has {len(table.names):,} columns without names, but {len(steps):,} values, with or "
            "without a label before them, were fitted; so it cannot be said whether the first one is a label. Pad the "
            "rows with empty cells."
        )
    return WideColumns(label=columns.label and first, steps=tuple(others), header=False)


def _of_cells(
    table: Table, names: Sequence[str], decimal: str, *, asked: bool
) -> tuple[list[NDArray[np.float64]], list[str]]:
    found = {name: table.numbers(name, decimal) for name in names}
    # a column without a single value is padding
    used = [name for name in names if asked or not (found[name].are_text and len(found[name].wrong))]
    for name in used:
        table.check_numbers(name, found[name], decimal)
    if not used:
        raise InputError(f"{table.origin} has no columns of numbers, so there is nothing to learn from.")
    values = np.stack([found[name].values for name in used], axis=1)
    present = ~np.isnan(values)
    lengths = present.shape[1] - present[:, ::-1].argmax(axis=1)
    lengths[~present.any(axis=1)] = 0
    odd = (~present & (np.arange(values.shape[1]) < lengths[:, None])) | np.isinf(values)
    if odd.any():
        row, column = (int(index) for index in np.argwhere(odd)[0])
        what = "infinite" if np.isinf(values[row, column]) else "missing, but later ones of the row are there"
        raise InputError(f"{table.where(row)}: {shortened(used[column])} is {what}. Fill it, or remove the line.")
    if not lengths.all():
        row = int(np.flatnonzero(lengths == 0)[0])
        raise InputError(f"{table.where(row)} has no values. Remove the line.")
    sequences = [row[:length, None] for row, length in zip(values, lengths.tolist(), strict=True)]
    return sequences, used


def _of_lists(table: Table, names: Sequence[str]) -> tuple[list[NDArray[np.float64]], tuple[str, ...]]:
    columns = [[_array(table, name, row, cell) for row, cell in enumerate(table.cells(name))] for name in names]
    sequences = []
    for row, parts in enumerate(zip(*columns, strict=True)):
        lengths = [len(part) for part in parts]
        if len(set(lengths)) > 1:
            odd = next(place for place, length in enumerate(lengths) if length != lengths[0])
            raise InputError(
                f"{table.where(row)}: {shortened(names[odd])} has {lengths[odd]} steps, but {shortened(names[0])} has "
                f"{lengths[0]}; the channels of a sequence are measured at the same steps."
            )
        sequences.append(np.concatenate(parts, axis=1))
        if sequences[row].shape[1] != sequences[0].shape[1]:
            raise InputError(
                f"{table.where(row)} has {sequences[row].shape[1]} channels, but {table.place(0)} has "
                f"{sequences[0].shape[1]}."
            )
    if sequences[0].shape[1] == len(names):
        return sequences, tuple(names)
    return sequences, numbered("channel ", sequences[0].shape[1])


def _array(table: Table, name: str, row: int, cell: Any) -> NDArray[np.float64]:
    where = f"{table.where(row)}: {shortened(name)}"
    if not isinstance(cell, list) or not cell:
        raise InputError(f"{where} is {quoted(cell)}, but other rows have lists of numbers there.")
    flat = [value for step in cell for value in step] if all(isinstance(step, list) for step in cell) else cell
    odd = next((value for value in flat if isinstance(value, bool) or not isinstance(value, int | float)), None)
    try:
        if odd is None and None not in flat:
            values = np.array(cell, dtype=np.float64)
            if values.ndim in (1, 2) and values.size and np.isfinite(values).all():
                return values.reshape(len(cell), -1)
    except (ValueError, OverflowError):
        pass  # steps of unlike lengths, or numbers beyond all bounds
    raise InputError(
        f"{where} is not a list of finite numbers, or of steps with as many numbers each"
        f"{'' if odd is None else f': it has {quoted(odd)}'}."
    )
