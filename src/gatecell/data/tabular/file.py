"""One door to tables in files: ``.csv``, ``.tsv``, JSON lines and Parquet."""

from dataclasses import replace
from pathlib import Path

from gatecell._core.errors import InputError
from gatecell._core.wording import listed
from gatecell.data.labelled import check_file
from gatecell.data.tabular import delimited, records
from gatecell.data.tabular.dialect import PLAIN, TableDialect
from gatecell.data.tabular.encoding import read_text
from gatecell.data.tabular.numbers import is_number
from gatecell.data.tabular.table import Table, check_names

FORMATS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""How the names of files end that are read; all but the last also with ``.gz`` behind."""
PARQUET, JSON_LINES, TABS = ".parquet", (".jsonl", ".ndjson"), ".tsv"


def table_format(path: str | Path) -> str | None:
    """Return which of ``FORMATS`` a file's name ends in; None where it is none of them."""
    name = Path(path).name.lower()
    ending = next((ending for ending in FORMATS if name.removesuffix(".gz").endswith(ending)), None)
    return None if ending == PARQUET and name.endswith(".gz") else ending


def read_table(
    path: str | Path, dialect: TableDialect = PLAIN, *, header: bool | None = True, label: str | None = None
) -> Table:
    """Read a table; its name says its format.

    Of ``.csv`` and ``.tsv`` the first line names the columns and every cell is text. In ``.csv`` cells may stand in
    double quotes and then hold separators and line ends; in ``.tsv`` a quote is a character like any other, unless all
    names stand in quotes, or the lines have as many cells as there are names only so. In JSON lines each line is an
    object, all with the same names.

    Parameters
    ----------
    path : path
    dialect : TableDialect
        What is told of the file; the rest is found.
    header : bool, optional
        Whether the first line names the columns. None: unless it holds numbers, as tables with a sequence a row do.
    label : str, optional
        With ``header=None`` a name that the first line may have: then it is one of names.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        Where the file cannot be read as what its name says, has no rows, or a name twice; the message says which line,
        counted from 1 as editors do.
    OptionError
        Where there is no such encoding, or where two separators fit and none is told.
    MissingDependencyError
        For Parquet, where ``pyarrow`` is not installed.
    """
    path = Path(path).expanduser()
    check_file(path)
    ending = table_format(path)
    if ending is None:
        raise InputError(f"{path} has no ending that says its format. Tables end in {', '.join(FORMATS)}.")
    if ending == PARQUET:
        table = _typed(records.parquet(path), path, "row")
    else:
        text = read_text(path, dialect.encoding)
        if ending in JSON_LINES:
            table = _typed(records.json_lines(text, path), path, "line")
        else:
            table = _of_text(text, path, dialect, ending == TABS, header, label)
    check_names(table.names, table.origin)
    if not len(table):
        raise InputError(f"{path} has no rows under its columns ({listed(list(table.names))}).")
    return replace(table, dialect=dialect)


def _typed(found: records.Records, path: Path, unit: str) -> Table:
    return Table(tuple(found.names), tuple(found.columns), found.lines, str(path), unit)


def _of_text(text: str, path: Path, dialect: TableDialect, tabs: bool, header: bool | None, label: str | None) -> Table:
    cells = delimited.split(text, path, dialect.sep, tabs=tabs)
    first = cells.rows[0]
    named = _names_columns(first, label) if header is None else header
    names = tuple(first) if named else tuple(f"column {place}" for place in range(1, len(first) + 1))
    rows, lines = (cells.rows[1:], cells.lines[1:]) if named else cells
    columns = tuple(zip(*rows, strict=True)) if rows else tuple(() for _ in names)
    return Table(names, columns, lines, str(path), headed=named)


def _names_columns(first: list[str], label: str | None) -> bool:
    """Return whether a first line has names: one does that has the label's, or no number behind its first cell."""
    if label is not None and label in first:
        return True
    cells = [cell.strip() for cell in first]
    return not any(is_number(cell) or is_number(cell, ",") for cell in cells[1:] or cells)
