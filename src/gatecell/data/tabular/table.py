"""A table in memory: columns of cells as they are written, and where each row stands."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError, UnknownNameError, unknown_name
from gatecell._core.wording import listed, quoted, shortened
from gatecell.data.tabular.dates import Dates, read_dates
from gatecell.data.tabular.dialect import PLAIN, TableDialect
from gatecell.data.tabular.numbers import (
    Numbers,
    decimal_mark,
    is_missing,
    is_missing_number,
    numbers_of,
    why_no_number,
)
from gatecell.data.text_arrays import label_array

_HALF = re.compile("[\ud800-\udfff]")
"""Half of a character beyond U+FFFF, which JSON can say and files of text cannot hold."""
REPLACEMENT = "\ufffd"
_LARGEST_INTEGER, _LARGEST_EXACT = 2**63, 2.0**53
"""Beyond those of 64 bits; and of those of which float64 has each one."""
_LONGEST_NAME = 200
_MARK = re.compile(r"[^\w\"'.-]")
_MARK_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe", " ": "space"}
"""What may stand between cells, and what the option calls it."""
Cells = Sequence[Any] | NDArray[Any]


class Moments(NamedTuple):
    """A column of times as numbers that have their order."""

    order: NDArray[Any]
    """Numbers, ranks or nanoseconds."""
    day_first: bool | None = None
    """How dates such as 01/02/2026 were read; None where there are none."""


def whole_text(text: str) -> str:
    """Return a text with U+FFFD for each half of a character."""
    return _HALF.sub(REPLACEMENT, text)


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it was read: nothing is changed, no row is left out."""

    names: tuple[str, ...]
    """The columns, as they are written; those without a name are empty."""
    columns: tuple[Cells, ...]
    """The cells of each: text where the format has no other types."""
    lines: Sequence[int]
    """Where each row stands."""
    origin: str
    """The file, for messages."""
    unit: str = "line"
    """What ``lines`` counts: lines from 1 as editors do, or rows from 0."""
    dialect: TableDialect = PLAIN
    """What is told of it; what the cells of a column mean is found when it is asked for."""
    headed: bool = True
    """Whether the file names its columns; else they are called ``column 1`` and so on."""
    _decimals: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)

    def place(self, row: int) -> str:
        """Return where a row stands, as ``"line 3"``."""
        return f"{self.unit} {self.lines[row]}"

    def where(self, row: int) -> str:
        """Return the file and where a row stands in it."""
        return f"{self.origin}, {self.place(row)}"

    @cached_property
    def _places(self) -> dict[str, int]:
        """Names and, where they are not taken, names without the spaces around them."""
        exact = {name: place for place, name in enumerate(self.names) if name}
        bare = [name.strip() for name in self.names]
        counts = Counter(bare)
        return {name: place for place, name in enumerate(bare) if name and counts[name] == 1} | exact

    def __contains__(self, name: object) -> bool:
        """Return whether there is a column of a name."""
        return name in self._places

    def cells(self, name: str) -> Cells:
        """Return the cells of a column; spaces around its name do not count.

        Raises
        ------
        UnknownNameError
            Where there is none of this name; suggests the nearest.
        """
        place = self._places.get(name, self._places.get(name.strip()))
        if place is None:
            known = [name for name in self.names if name]
            error = unknown_name(f"column in {self.origin}", name, known)
            if any(len(name) > _LONGEST_NAME for name in known):
                raise UnknownNameError(
                    f"{error} The first line is read as the names of the columns: is it one of them?"
                )
            if len(known) == 1 and (mark := _MARK.search(known[0])):
                raise UnknownNameError(
                    f"{error} That is one column: if {_MARK_NAMES.get(mark[0], mark[0])} stands between cells, say "
                    f"--sep {_MARK_NAMES.get(mark[0], repr(mark[0]))}."
                )
            raise error
        return self.columns[place]

    def shown_names(self) -> tuple[str, ...]:
        """Return the names, with ``Unnamed: 0`` and the like where there is none, as pandas has it."""
        return tuple(name or f"Unnamed: {place}" for place, name in enumerate(self.names))

    def check_present(self, name: str) -> None:
        """Raise an ``InputError`` where a cell of a column is empty."""
        for row, cell in enumerate(self.cells(name)):
            if is_missing(cell):
                raise InputError(
                    f"{self.where(row)}: {shortened(name)} is missing (the cell is empty). Fill it, or remove the line."
                )

    def decimal(self, names: Sequence[str]) -> str:
        """Return the decimal mark, found from columns that are to be numbers unless it is told; errors as of it."""
        if self.dialect.decimal is not None:
            return self.dialect.decimal
        key = tuple(names)
        if key not in self._decimals:
            columns = [(name, self.cells(name)) for name in key]
            self._decimals[key] = decimal_mark(columns, self.origin, self.place, self.dialect.usual_decimal)
        return self._decimals[key]

    def numbers(self, name: str, decimal: str = ".") -> Numbers:
        """Return a column as far as it is one of numbers."""
        return numbers_of(self.cells(name), decimal)

    def check_numbers(self, name: str, found: Numbers, decimal: str) -> None:
        """Raise an ``InputError`` where a cell of a column is not a number."""
        if not len(found.wrong):
            return
        row = int(found.wrong[0])
        cell = self.cells(name)[row]
        others = "" if found.are_text else ", but other lines have numbers there"
        hint = why_no_number(cell, decimal) or "Correct the line, or remove the column."
        raise InputError(f"{self.where(row)}: {shortened(name)} is {quoted(cell)}, not a number{others}. {hint}")

    def real_numbers(self, name: str, decimal: str = ".") -> NDArray[np.float64]:
        """Return a column of numbers; NaN where one is missing.

        Raises
        ------
        InputError
            Where a cell is not a number.
        """
        found = self.numbers(name, decimal)
        self.check_numbers(name, found, decimal)
        return found.values

    def labels(self, name: str, *, read_whole: bool = True) -> NDArray[Any]:
        """Return a column of classes: text as it is written, whole numbers, or True and False.

        ``read_whole``: text becomes whole numbers where all of it is written as Python writes them, so that 01 and 1
        stay two.

        Raises
        ------
        InputError
            Where a label is missing, is something else, or where text, numbers and truths are mixed.
        """
        cells = self.cells(name)
        self.check_present(name)
        kinds = []
        for row, cell in enumerate(cells.tolist() if isinstance(cells, np.ndarray) else cells):
            kind = _kind_of_label(cell)
            if kind is None:
                raise InputError(
                    f"{self.where(row)}: {shortened(name)} is {quoted(cell)}, neither text nor a whole number."
                )
            kinds.append(kind)
            if kind != kinds[0]:
                raise InputError(
                    f"{self.where(row)}: {shortened(name)} is {_as_json(cell)}, but {_as_json(cells[0])} in "
                    f"{self.place(0)}. Write all labels alike: as text, as numbers, or as true and false."
                )
        if kinds[0] == "text":
            texts = [whole_text(cell) for cell in cells]
            whole = _as_integers(texts) if read_whole else None
            return label_array(texts, self.where) if whole is None else whole
        return np.array([bool(cell) if kinds[0] == "truth" else int(cell) for cell in cells])

    def identifiers(self, name: str) -> list[str]:
        """Return a column of names, as they are written: 01 and 1 are two.

        Raises
        ------
        InputError
            Where one is missing, or is neither text nor a whole number, or where both are mixed.
        """
        cells = self.cells(name)
        self.check_present(name)
        if not isinstance(cells, np.ndarray) and all(isinstance(cell, str) for cell in cells):
            return [whole_text(cell) for cell in cells]
        labels = self.labels(name, read_whole=False)
        if labels.dtype == np.bool_:
            raise InputError(f"{self.origin}: {shortened(name)} holds true and false, which do not name sequences.")
        return [str(label) for label in labels.tolist()]

    def dates(self, name: str, decimal: str = ".") -> Dates | None:
        """Return a column of dates as text; None where it holds numbers, or is not text.

        Raises
        ------
        InputError
            Where a cell is missing, or is not a date; see ``read_dates``.
        """
        cells = self.cells(name)
        for row, cell in enumerate(cells):
            if is_missing_number(cell):
                raise InputError(
                    f"{self.where(row)}: {shortened(name)} is missing (empty, or a word such as NA or None). Fill it, "
                    "or remove the line."
                )
        if isinstance(cells, np.ndarray) or not any(isinstance(cell, str) for cell in cells):
            return None
        found = self.numbers(name, decimal)
        if not found.are_text:
            self.check_numbers(name, found, decimal)
            return None
        texts = [cell if isinstance(cell, str) else str(cell) for cell in cells]
        column = shortened(name)

        def where(row: int | None) -> str:
            return f"{self.origin if row is None else self.where(row)}: {column}"

        told, usual = self.dialect.day_first, self.dialect.usual_day_first
        return read_dates(texts, where, self.place, told, usual)

    def moments(self, name: str, decimal: str = ".") -> Moments:
        """Return a column of times, or of numbers in the order of time.

        Raises
        ------
        InputError
            Where a cell is missing, or neither a number nor a date.
        """
        dates = self.dates(name, decimal)
        if dates is not None:
            return Moments(_ranks(dates.nanoseconds), dates.day_first)
        cells = self.cells(name)
        if isinstance(cells, np.ndarray) and cells.dtype.kind in "iu":
            return Moments(cells)
        if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
            return Moments(cells.astype(np.int64))
        if all(isinstance(cell, dt.date) for cell in cells):
            return Moments(_ranks([self._instant(name, row, cell) for row, cell in enumerate(cells)]))
        values = self.real_numbers(name, decimal)
        try:
            # beyond 2**53 not every whole number is one of float64
            return Moments(_ranks([int(cell if isinstance(cell, str) else str(cell)) for cell in cells]))
        except ValueError:
            return Moments(values)

    def _instant(self, name: str, row: int, cell: dt.date) -> int:
        if not isinstance(cell, dt.datetime):
            cell = dt.datetime.combine(cell, dt.time())
        if (cell.tzinfo is None) != (getattr(self.cells(name)[0], "tzinfo", None) is None):
            raise InputError(
                f"{self.where(row)}: {shortened(name)} is {cell}, but {self.cells(name)[0]} in {self.place(0)}: give "
                "all a time zone, or none."
            )
        since = cell.replace(tzinfo=None) - dt.datetime(1970, 1, 1)
        offset = cell.utcoffset() or dt.timedelta()
        return (since - offset) // dt.timedelta(microseconds=1) * 1000 + int(getattr(cell, "nanosecond", 0))


def check_names(names: Sequence[str], origin: str) -> None:
    """Raise an ``InputError`` where two columns have one name; those without a name do not count."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name and name in places:
            raise InputError(
                f"{origin}: two columns have the same name, {quoted(name)}: the {_nth(places[name])} and the "
                f"{_nth(place)} of {len(names)} ({listed(list(names), 12)}). Rename one of them."
            )
        places[name] = place


def _nth(place: int) -> str:
    number = place + 1
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _kind_of_label(cell: Any) -> str | None:
    if isinstance(cell, str):
        return "text"
    if isinstance(cell, bool | np.bool_):
        return "truth"
    if isinstance(cell, int | np.integer):
        return "number" if -_LARGEST_INTEGER <= cell < _LARGEST_INTEGER else None
    number = float(cell) if isinstance(cell, float | np.floating) else np.nan
    return "number" if number.is_integer() and abs(number) < _LARGEST_EXACT else None


def _as_json(cell: Any) -> str:
    return str(cell).lower() if isinstance(cell, bool | np.bool_) else quoted(cell)


def _as_integers(texts: Sequence[str]) -> NDArray[np.int64] | None:
    """Return texts as whole numbers where each is one as Python writes it, within 64 bits."""
    try:
        numbers = [int(text) for text in texts]
    except ValueError:
        return None
    if any(str(number) != text for number, text in zip(numbers, texts, strict=True)):
        return None
    if any(not -_LARGEST_INTEGER <= number < _LARGEST_INTEGER for number in numbers):
        return None
    return np.array(numbers, dtype=np.int64)


def _ranks(values: Sequence[int]) -> NDArray[np.int64]:
    """Return numbers of any size as ones of 64 bits with the same order."""
    order = {value: rank for rank, value in enumerate(sorted(set(values)))}
    return np.array([order[value] for value in values], dtype=np.int64)
