"""Cells as numbers: missing marks, decimal marks, and marks between thousands, which are refused."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError, OptionError
from gatecell._core.wording import shortened

MISSING = frozenset(
    {
        *("", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "<NA>"),
        *("#N/A", "#N/A N/A", "#NA", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    }
)
"""What stands for a missing number or time: the marks of pandas, with which most tables of numbers are read."""
_TRUTH = {"true": 1.0, "false": 0.0}
_NUMBER = re.compile(
    r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity|nan)", re.ASCII | re.IGNORECASE
)
_WITH_COMMAS = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?", re.ASCII)
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?", re.ASCII)
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_MAYBE_POINT_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:([., '\u2019\u00a0\u202f])\d{3})+(?:[.,]\d+)?", re.ASCII)


Place = Callable[[int], str]
"""From a row to where it stands, as ``"line 3"``."""


class Numbers(NamedTuple):
    """A column as numbers."""

    values: NDArray[np.float64]
    """NaN where a cell is missing, or not a number."""
    wrong: NDArray[np.int64]
    """The rows whose cells are there and are not numbers."""
    n_missing: int

    @property
    def are_text(self) -> bool:
        """Whether not one cell is a number: then the column holds something else."""
        return len(self.wrong) + self.n_missing == len(self.values)


def is_missing(cell: Any) -> bool:
    """Return whether a cell has no value: empty, null, or a NaN; words such as NA are left to columns of numbers."""
    if isinstance(cell, str):
        return not cell
    if isinstance(cell, float | np.floating):
        return bool(np.isnan(cell))
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def is_missing_number(cell: Any) -> bool:
    """Return whether a cell of a column of numbers or times has no value."""
    return cell.strip() in MISSING if isinstance(cell, str) else is_missing(cell)


def is_number(cell: str, decimal: str = ".") -> bool:
    """Return whether a cell without spaces around it is a number."""
    return _number(cell, decimal) is not None


def numbers_of(cells: Sequence[Any] | NDArray[Any], decimal: str = ".") -> Numbers:
    """Read a column of cells as numbers; a column of nothing but True and False is one of 1 and 0."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
        values = cells.astype(np.float64)
        return Numbers(values, np.empty(0, np.int64), int(np.isnan(values).sum()))
    if decimal == ".":
        try:
            # an underscore is Python's own mark between digits
            if not any("_" in cell for cell in cells):
                values = np.fromiter(map(float, cells), np.float64, len(cells))
                return Numbers(values, np.empty(0, np.int64), int(np.isnan(values).sum()))
        except (TypeError, ValueError):
            pass  # not all of them are plain numbers as text
    values = np.empty(len(cells))
    wrong, truths, n_missing = [], [], 0
    for row, cell in enumerate(cells):
        if is_missing_number(cell):
            values[row] = math.nan
            n_missing += 1
            continue
        number = _value(cell, decimal)
        values[row] = math.nan if number is None else number
        if number is None:
            wrong.append(row)
            if (truth := _truth(cell)) is not None:
                truths.append((row, truth))
    if truths and len(truths) + n_missing == len(cells):
        for row, truth in truths:
            values[row] = truth
        wrong = []
    return Numbers(values, np.array(wrong, dtype=np.int64), n_missing)


def _value(cell: Any, decimal: str) -> float | None:
    if isinstance(cell, str):
        return _number(cell.strip(), decimal)
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, int | float | Decimal | np.number):
        return None
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def _number(text: str, decimal: str) -> float | None:
    if decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".", 1)
    return float(text) if _NUMBER.fullmatch(text) else None


def _truth(cell: Any) -> float | None:
    if isinstance(cell, str):
        return _TRUTH.get(cell.strip().lower())
    return float(cell) if isinstance(cell, bool | np.bool_) else None


def why_no_number(cell: Any, decimal: str) -> str:
    """Return why a cell is not a number and how to read it as one, in whole sentences; empty if nothing is known."""
    text = cell.strip() if isinstance(cell, str) else ""
    other = "," if decimal == "." else "."
    or_say = f", or say --decimal {other}" if _number(text, other) is not None else ""
    if _THOUSANDS.fullmatch(text):
        return f"Numbers have no marks between thousands and {decimal!r} before decimals. Write them without{or_say}."
    if decimal == "." and _DECIMAL_COMMA.fullmatch(text):
        return "If the comma stands before decimals, say --decimal ,."
    if decimal == "," and _DECIMAL_POINT.fullmatch(text):
        return f"The file has a decimal comma elsewhere, so that a point stands between thousands. Remove it{or_say}."
    return ""


_USES = {
    "comma_maybe": _MAYBE_THOUSANDS,
    "comma": _DECIMAL_COMMA,
    "point_maybe": _MAYBE_POINT_THOUSANDS,
    "point": _DECIMAL_POINT,
}


class _Seen(NamedTuple):
    name: str
    row: int
    cell: str


def decimal_mark(
    columns: Iterable[tuple[str, Sequence[Any] | NDArray[Any]]], where: str, place: Place, usual: str | None = None
) -> str:
    """Return the decimal mark of a table, found from the cells of columns that are to be numbers.

    Parameters
    ----------
    columns : iterable of (name, cells)
    where, place
        The table, and from a row to where it stands, for messages.
    usual : str, optional
        The mark where the cells leave it open.

    Raises
    ------
    InputError
        Where both marks stand before decimals.
    OptionError
        Where 1,234 may be one thousand or one.
    """
    columns = [(name, cells) for name, cells in columns if not isinstance(cells, np.ndarray)]
    if usual != "," and not any(isinstance(cell, str) and "," in cell for _, cells in columns for cell in cells):
        return "."
    seen = _marks_of(columns)
    comma, point = seen.get("comma"), seen.get("point")
    if comma and point:
        raise InputError(
            f"{where}: {_said(comma, place)}, but {_said(point, place)}: one of the marks stands between thousands. "
            "Write the numbers without, or say --decimal , or --decimal . if the other column is not one of numbers."
        )
    comma_maybe, point_maybe = seen.get("comma_maybe"), seen.get("point_maybe")
    if comma:
        if point_maybe:
            raise InputError(
                f"{where}: {_said(comma, place)}, but {_said(point_maybe, place)}: one of the marks stands between "
                "thousands. Write the numbers without, or say --decimal , or --decimal . if the other column is not "
                "one of numbers."
            )
        return ","
    if comma_maybe and usual == "," and not (point or point_maybe):
        return ","
    open_ = comma_maybe or (point_maybe if usual == "," and not point else None)
    if open_:
        raise OptionError(
            f"{where}: {_said(open_, place)}, which may be {open_.cell.replace(',', '.')} or "
            f"{open_.cell.replace(',', '').replace('.', '')}. Say --decimal , or --decimal . for what stands before "
            "decimals; if a mark stands between thousands, write the numbers without it."
        )
    return "."


def _marks_of(columns: Iterable[tuple[str, Sequence[Any] | NDArray[Any]]]) -> dict[str, _Seen]:
    """Return the first cell with each use of the two marks, in columns that hold nothing but digits and marks."""
    seen: dict[str, _Seen] = {}
    for name, cells in columns:
        present = [
            (row, text)
            for row, text in ((row, cell.strip()) for row, cell in enumerate(cells) if isinstance(cell, str))
            if text not in MISSING
        ]
        if not all(_WITH_COMMAS.fullmatch(text) for _, text in present):
            continue
        for row, text in present:
            use = next((use for use, form in _USES.items() if form.fullmatch(text)), None)
            if use is not None and use not in seen:
                seen[use] = _Seen(name, row, text)
    return seen


def _said(seen: _Seen, place: Place) -> str:
    return f"{shortened(seen.name)} is {seen.cell!r} in {place(seen.row)}"
