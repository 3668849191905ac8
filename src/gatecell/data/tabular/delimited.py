"""From the text of a ``.csv`` or ``.tsv`` file to cells, and the lines that they stand on."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gatecell._core.errors import InputError, OptionError
from gatecell._core.forks import ForkSafeLock
from gatecell._core.wording import listed, quoted
from gatecell.data.tabular.dialect import separator_name
from gatecell.data.tabular.numbers import is_number

SEPARATORS = (",", ";", "\t", "|")
_LONGEST_CELL = 2**31 - 1
_EXCEL_HINT = "sep="
"""How a first line begins that tells Excel the separator."""


class Cells(NamedTuple):
    """A table as it is written: no row is left out."""

    rows: list[list[str]]
    """Each with as many cells as the first, which may be names."""
    lines: list[int]
    """Where each row begins, counted from 1 as editors do."""


def split(text: str, path: Path, sep: str | None, *, tabs: bool) -> Cells:
    """Return the cells of a text.

    Parameters
    ----------
    text : str
    path : Path
        For messages.
    sep : str or None
        The separator; None: it is found.
    tabs : bool
        Whether the file's name says that it is tab-separated: then a quote is a character like any other, unless the
        first line or the number of cells say that it is not.

    Raises
    ------
    InputError
        Where a row has too many cells or too few, or a quote does not end; the message says which line.
    OptionError
        Where two separators fit.
    """
    if "\0" in text:
        line = _line_of(text, text.index("\0"))
        raise InputError(f"{path}, line {line}: a NUL byte, which no text has. Is it UTF-16? Try --encoding utf-16-le.")
    skip, told = _told_within(text)
    sep = sep or told
    if sep is None and tabs and "\t" in _first_line(text):
        sep = "\t"
    if sep is None:
        sep = _found(text, path, skip)
    if tabs and sep == "\t":
        return _of_tabs(text, path, skip)
    return _aligned(_quoted(text, path, sep, skip), path, sep)


def _of_tabs(text: str, path: Path, skip: int) -> Cells:
    plain = list(_plain(text, skip))
    header = plain[0][1] if plain else []
    is_quoted = bool(header) and all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in header)
    if is_quoted:
        return _aligned(_quoted(text, path, "\t", skip), path, "\t")
    try:
        return _aligned(iter(plain), path, "\t", quotes=False)
    except InputError:
        if '"' not in text:
            raise
        try:
            return _aligned(_quoted(text, path, "\t", skip), path, "\t")
        except InputError:
            pass
        raise


def _first_line(text: str) -> str:
    return next((line for line in io.StringIO(text, newline="") if line.strip()), "")


def _told_within(text: str) -> tuple[int, str | None]:
    """Return how many lines to pass over, and the separator that the first one says, as Excel reads and writes it."""
    first = text[:8].splitlines()[0] if text else ""
    if first.lower().startswith(_EXCEL_HINT) and len(first) == len(_EXCEL_HINT) + 1:
        return 1, first[-1]
    return 0, None


def _plain(text: str, skip: int) -> Iterator[tuple[int, list[str]]]:
    end = "\n" if "\n" in text else "\r"
    for number, line in enumerate(text.split(end), start=1):
        cells = line.removesuffix("\r")
        if cells and number > skip:
            yield number, cells.split("\t")


def _quoted(text: str, path: Path, sep: str, skip: int) -> Iterator[tuple[int, list[str]]]:
    with _long_cells():
        before = 0
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=sep, strict=True)
        try:
            for cells in reader:
                if cells and before >= skip:
                    yield before + 1, cells
                before = reader.line_num
        except csv.Error as error:
            raise InputError(
                f"{path}, line {before + 1}: {error}. A text with a double quote has it twice, within double quotes."
            ) from error


_limit_lock = ForkSafeLock()
_limit_users: list[int] = []


@contextmanager
def _long_cells() -> Iterator[None]:
    """Lift the limit of a cell's length, which the csv module has for the whole process, while someone reads."""
    with _limit_lock:
        _limit_users.append(csv.field_size_limit(_LONGEST_CELL))
    try:
        yield
    finally:
        with _limit_lock:
            # what the first of them found is set again by the last
            before = _limit_users.pop()
            if not _limit_users:
                csv.field_size_limit(before)


def _found(text: str, path: Path, skip: int) -> str:
    """Return the separator that splits the first line, and all others in the same way."""
    splitting = [sep for sep in SEPARATORS if len(_first_row(text, path, sep, skip)) > 1]
    if len(splitting) < 2:
        return splitting[0] if splitting else SEPARATORS[0]
    fitting: dict[str, Cells] = {}
    for sep in splitting:
        try:
            fitting[sep] = _aligned(_quoted(text, path, sep, skip), path, sep)
        except InputError:
            continue
    clean = [sep for sep, cells in fitting.items() if not _holds_separators(cells, splitting)]
    for chosen in (list(fitting), clean):
        if len(chosen) == 1:
            return chosen[0]
    if not fitting:
        return splitting[0]
    shown = "; ".join(
        f"with {separator_name(sep)!r} it has the columns {listed(cells.rows[0], 4)}" for sep, cells in fitting.items()
    )
    raise OptionError(f"{path} can be read in several ways: {shown}. Say which it is: --sep CHARACTER.")


def _first_row(text: str, path: Path, sep: str, skip: int) -> list[str]:
    try:
        return next(_quoted(text, path, sep, skip), (0, []))[1]
    except InputError:
        return []


def _holds_separators(cells: Cells, separators: Sequence[str]) -> bool:
    """Return whether a cell below the first row has a separator in it that is not a decimal mark."""
    return any(
        any(sep in cell for sep in separators) and not is_number(cell.strip(), ",")
        for row in cells.rows[1:]
        for cell in row
    )


def _aligned(rows: Iterator[tuple[int, list[str]]], path: Path, sep: str, *, quotes: bool = True) -> Cells:
    """Bring all rows to the number of cells of the first.

    Separators at the end of lines, behind which nothing stands, are not cells. Where every row has one cell more than
    the first, and the last is not always empty, the first cell of each may be the name of the row, as R writes it.
    """
    lines: list[int] = []
    cells: list[list[str]] = []
    for line, row in rows:
        lines.append(line)
        cells.append(row)
    if not cells:
        raise InputError(f"{path} has nothing but empty lines.")
    header = cells[0]
    width = len(header)
    lengths = {len(row) for row in cells[1:]}
    if lengths - {width}:
        if lengths == {width + 1} and _begin_with_names(cells[1:], sep):
            cells[0] = ["", *header]
        else:
            width = _without_trailing(cells, lines, path, sep, quotes=quotes)
    if width > 1:
        while len(cells) > 1 and not any(cells[-1]):
            cells.pop()
            lines.pop()
        _drop_empty_columns(cells)
    return Cells(cells, lines)


def _begin_with_names(rows: list[list[str]], sep: str) -> bool:
    """Return whether the first cells of rows name them: all differ, and no cell looks like a part of another one."""
    if not any(row[-1].strip() for row in rows) or len({row[0] for row in rows}) < len(rows):
        return False
    if any(cell.startswith(" ") for row in rows for cell in row[1:]):
        # a text in which a comma stands
        return False
    # a number with a decimal comma
    return sep != "," or not all(row[-1].isdigit() and row[-2].lstrip("+-").isdigit() for row in rows)


def _without_trailing(cells: list[list[str]], lines: list[int], path: Path, sep: str, *, quotes: bool) -> int:
    """Cut off empty cells beyond the last name of the first row, in place, and return its width."""
    header = cells[0]
    while len(header) > 1 and not header[-1] and any(len(row) < len(header) for row in cells[1:]):
        header.pop()
    width = len(header)
    for line, row in zip(lines, cells, strict=True):
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            del row[width:]
        if len(row) != width:
            hint = ' A text with separators stands in double quotes: "one, two".' if quotes else ""
            raise InputError(
                f"{path}, line {line}: {len(row):,} value{'' if len(row) == 1 else 's'}, but there "
                f"{'is 1 column' if width == 1 else f'are {width:,} columns'} ({listed(header, 12)}), with "
                f"{quoted(separator_name(sep))} between them; --sep says another.{hint}"
            )
    return width


def _drop_empty_columns(cells: list[list[str]]) -> None:
    """Remove columns at the end that have neither a name nor a single value, in place."""
    width = len(cells[0])
    while width > 1 and not cells[0][width - 1] and not any(row[width - 1] for row in cells):
        width -= 1
    if width < len(cells[0]):
        for row in cells:
            del row[width:]


def _line_of(text: str, place: int) -> int:
    return sum(1 for _ in io.StringIO(text[:place] + ".", newline=""))
