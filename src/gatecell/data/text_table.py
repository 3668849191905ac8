"""Tables of texts that users have: ``.csv``, ``.tsv``, JSON lines and Parquet, one text a row."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gatecell._core.errors import InputError, OptionError
from gatecell._core.optional import require
from gatecell._core.wording import shortened
from gatecell.data.tabular.dialect import UTF_8, TableDialect
from gatecell.data.tabular.encoding import read_text
from gatecell.data.tabular.file import FORMATS, JSON_LINES, PARQUET, TABS, read_table, table_format
from gatecell.data.tabular.numbers import is_missing
from gatecell.data.tabular.table import Table, whole_text

DEFAULT_ENCODING = UTF_8


@dataclass(frozen=True, kw_only=True)
class TextColumns:
    """What the columns of a table of texts mean."""

    text: str
    """The texts."""
    label: str | None = None
    """What is to be predicted."""

    def __post_init__(self) -> None:
        if self.text == self.label:
            raise OptionError(f"A column has one meaning, but {self.text!r} is named for text and label.")


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table as it was read: nothing is changed, no row is left out."""

    table: Table
    """Its columns."""
    path: Path
    """The file."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.table.names

    @cached_property
    def rows(self) -> list[tuple[Any, ...]]:
        """The values of each row, text where the format has no other types."""
        return list(zip(*self.table.columns, strict=True))

    @cached_property
    def places(self) -> list[str]:
        """Where each row stands, as ``"line 3"``."""
        return [self.table.place(row) for row in range(len(self.table))]

    def column(self, name: str) -> list[Any]:
        """Return the values of a column.

        Raises
        ------
        UnknownNameError
            Where there is none of this name; suggests the nearest.
        """
        return list(self.table.cells(name))

    def texts(self, name: str) -> list[str]:
        """Return the column of the texts; an empty text stays one, half a character becomes U+FFFD.

        Raises
        ------
        InputError
            Where a value is not text.
        UnknownNameError
            As ``column``.
        """
        texts = self.table.cells(name)
        for row, text in enumerate(texts):
            if not isinstance(text, str):
                what = "missing" if is_missing(text) else f"not text but {type(text).__name__} ({shortened(text)})"
                raise InputError(
                    f"{self.table.where(row)}: {shortened(name)} is {what}. Each row has one text, which may be empty."
                )
        return [whole_text(text) for text in texts]

    def labels(self, name: str) -> list[Any]:
        """Return the column of the labels: all text, all whole numbers, or all true and false.

        Raises
        ------
        InputError
            Where a label is missing or something else, or where kinds are mixed.
        UnknownNameError
            As ``column``.
        """
        labels: list[Any] = self.table.labels(name, read_whole=False).tolist()
        return labels


def read_text_table(
    path: str | Path, *, encoding: str = DEFAULT_ENCODING, dialect: TableDialect | None = None
) -> TextTable:
    """Read a table of texts; its name says its format.

    Parameters
    ----------
    path : path
        See ``gatecell.data.tabular.file.read_table``, whose errors it has. ``NA`` is a text as any other.
    encoding : str
        Of all formats but Parquet; only where no dialect is given.
    dialect : TableDialect, optional
        What is told of how the table is written.
    """
    path = Path(path).expanduser()
    return TextTable(read_table(path, dialect or TableDialect(encoding=encoding)), path)


def read_plain_text(path: str | Path, *, encoding: str = DEFAULT_ENCODING) -> str:
    """Read a file that is one text, with the line ends of Unix; parameters and errors as of ``read_text_table``."""
    text = read_text(Path(path).expanduser(), encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def write_text_table(path: Path, ending: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table in the format of an ending of ``FORMATS``, in UTF-8.

    Raises
    ------
    InputError
        Where a column of a Parquet file would have values of several kinds.
    """
    if ending == PARQUET:
        _write_parquet(path, _with_names(names), rows)
        return
    path.write_text(table_text(ending, names, rows), encoding="utf-8", newline="")


def table_text(ending: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as text in the format of an ending of ``FORMATS``, all but Parquet.

    In ``.tsv``, which has no way to write them, tabs and line ends within a value become spaces. Half of a character
    beyond U+FFFF stays what it is in JSON lines, and becomes U+FFFD elsewhere.
    """
    if ending in JSON_LINES:
        names = _with_names(names)
        lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=str) for row in rows)
        return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", "".join(f"{line}\n" for line in lines))
    stream = io.StringIO()
    if ending == TABS:
        spaces = str.maketrans("\t\r\n", "   ")
        for row in (names, *rows):
            stream.write("\t".join(str(value).translate(spaces) for value in row) + "\n")
    else:
        csv.writer(stream, lineterminator="\n").writerows((names, *rows))
    return whole_text(stream.getvalue())


_HALF = re.compile("[\ud800-\udfff]")


def text_format(path: Path) -> str:
    """Return which of ``FORMATS`` a file's name ends in.

    Raises
    ------
    InputError
        Where it is none of them.
    """
    ending = table_format(path)
    if ending is None:
        raise InputError(f"{path} has no ending that says its format. Tables of texts end in {', '.join(FORMATS)}.")
    return ending


def _with_names(names: Sequence[str]) -> list[str]:
    return [name or f"Unnamed: {place}" for place, name in enumerate(names)]


def _write_parquet(path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    require("pyarrow", extra="parquet", purpose="Writing Parquet")
    import pyarrow  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    columns = {}
    for name, cells in zip(names, zip(*rows, strict=True), strict=True):
        try:
            columns[name] = pyarrow.array([_whole(cell) for cell in cells])
        except (pyarrow.ArrowException, OverflowError, UnicodeError) as error:
            raise InputError(
                f"The column {shortened(name)} cannot be written to Parquet, in which a column has values of one kind "
                f"({shortened(error, 100)}). Write .jsonl, or leave the column out."
            ) from error
    parquet.write_table(pyarrow.table(columns), path)


def _whole(cell: Any) -> Any:
    if isinstance(cell, str):
        return whole_text(cell)
    if isinstance(cell, list):
        return [_whole(item) for item in cell]
    if isinstance(cell, dict):
        return {whole_text(key): _whole(item) for key, item in cell.items()}
    return cell
