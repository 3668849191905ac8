"""Tables of texts that users have: ``.csv``, ``.tsv``, JSON lines and Parquet, one text a row."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatecell._core.errors import InputError, OptionError, unknown_name
from gatecell._core.optional import require
from gatecell.data.labelled import check_file, opened

FORMATS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""How the names of files end that are read and written; all but the last also with ``.gz`` behind, to be read."""
DEFAULT_ENCODING = "utf-8"
_LONGEST_FIELD = 2**31 - 1
_MISSING = (None, "")


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

    names: tuple[str, ...]
    """The columns."""
    rows: list[tuple[Any, ...]]
    """The values of each row, text where the format has no other types."""
    places: list[str]
    """Where each row stands, as ``"line 3"``."""
    path: Path
    """The file."""

    def column(self, name: str) -> list[Any]:
        """Return the values of a column.

        Raises
        ------
        UnknownNameError
            Where there is none of this name; suggests the nearest.
        """
        if name not in self.names:
            raise unknown_name(f"column in {self.path}", name, self.names)
        place = self.names.index(name)
        return [row[place] for row in self.rows]

    def texts(self, name: str) -> list[str]:
        """Return the column of the texts; an empty text stays one.

        Raises
        ------
        InputError
            Where a value is no text.
        UnknownNameError
            As ``column``.
        """
        texts = self.column(name)
        for place, text in zip(self.places, texts, strict=True):
            if not isinstance(text, str):
                what = "missing" if _is_missing(text) else f"no text but {type(text).__name__} ({str(text)[:40]})"
                raise InputError(f"{self.path}, {place}: {name} is {what}. Each row has one text, which may be empty.")
        return texts

    def labels(self, name: str) -> list[Any]:
        """Return the column of the labels.

        Raises
        ------
        InputError
            Where a label is missing, or no text or whole number; or where text and numbers are mixed.
        UnknownNameError
            As ``column``.
        """
        labels = self.column(name)
        for place, label in zip(self.places, labels, strict=True):
            if _is_missing(label):
                raise InputError(f"{self.path}, {place}: {name} is missing. Fill it, or remove the row.")
            if not isinstance(label, str | int):
                raise InputError(
                    f"{self.path}, {place}: {name} is {str(label)[:40]!r}, neither text nor a whole number."
                )
            if isinstance(label, str) != isinstance(labels[0], str):
                raise InputError(f"{self.path}, {place}: {name} is {label!r}, but {labels[0]!r} in {self.places[0]}.")
        return labels


def read_text_table(path: str | Path, *, encoding: str = DEFAULT_ENCODING) -> TextTable:
    """Read a table; its name says its format.

    Of ``.csv`` and ``.tsv`` the first line names the columns and every value is text, ``NA`` too. In ``.csv`` values
    may stand in double quotes and then hold commas and line ends; in ``.tsv`` a quote is a character like any other.
    In ``.jsonl`` each line is an object, all with the same names.

    Parameters
    ----------
    path : path
    encoding : str
        Of all formats but Parquet; UTF-8 may have a byte order mark.

    Raises
    ------
    InputError
        Where the file cannot be read as what its name says; the message says which line, counted from 1, and for a
        wrong encoding which bytes.
    OptionError
        Where there is no such encoding.
    MissingDependencyError
        For Parquet, where ``pyarrow`` is not installed.
    """
    path = Path(path).expanduser()
    check_file(path)
    ending = text_format(path)
    if ending == ".parquet":
        names, rows, places = _parquet(path)
    else:
        text = _decoded(path, encoding)
        if ending in (".jsonl", ".ndjson"):
            names, rows, places = _json_lines(text, path)
        else:
            names, rows, places = _delimited(text, path, tabs=ending == ".tsv")
    if not rows:
        raise InputError(f"{path} has no rows under its columns ({', '.join(names)}).")
    return TextTable(names, rows, places, path)


def read_plain_text(path: str | Path, *, encoding: str = DEFAULT_ENCODING) -> str:
    """Read a file that is one text, with the line ends of Unix; parameters and errors as of ``read_text_table``."""
    path = Path(path).expanduser()
    check_file(path)
    return _decoded(path, encoding).replace("\r\n", "\n").replace("\r", "\n")


def write_text_table(path: Path, ending: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table in the format of an ending of ``FORMATS``, in UTF-8."""
    if ending == ".parquet":
        import pandas as pd  # noqa: PLC0415  what the other formats do without

        require("pyarrow", extra="parquet", purpose="Writing Parquet")
        pd.DataFrame(list(rows), columns=list(names)).to_parquet(path, index=False)
        return
    path.write_text(table_text(ending, names, rows), encoding="utf-8", newline="")


def table_text(ending: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as text in the format of an ending of ``FORMATS``, all but Parquet.

    In ``.tsv``, which has no way to write them, tabs and line ends within a value become spaces.
    """
    if ending in (".jsonl", ".ndjson"):
        lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=str) for row in rows)
        return "".join(f"{line}\n" for line in lines)
    stream = io.StringIO()
    if ending == ".tsv":
        spaces = str.maketrans("\t\r\n", "   ")
        for row in (names, *rows):
            stream.write("\t".join(str(value).translate(spaces) for value in row) + "\n")
    else:
        csv.writer(stream, lineterminator="\n").writerows((names, *rows))
    return stream.getvalue()


def text_format(path: Path) -> str:
    """Return which of ``FORMATS`` a file's name ends in.

    Raises
    ------
    InputError
        Where it is none.
    """
    name = path.name.lower().removesuffix(".gz")
    ending = next((ending for ending in FORMATS if name.endswith(ending)), None)
    if ending is None:
        raise InputError(f"{path} has no ending that says its format. Tables of texts end in {', '.join(FORMATS)}.")
    return ending


def _decoded(path: Path, encoding: str) -> str:
    with opened(path) as stream:
        content = stream.read()
    try:
        return content.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding)
    except LookupError as error:
        raise OptionError(f"There is no encoding named {encoding!r}. Known are utf-8, latin-1, gb18030, ...") from error
    except UnicodeDecodeError as error:
        before = content[: error.start].split(b"\n")
        raise InputError(
            f"{path}, line {len(before)}: not in {encoding}, at byte {len(before[-1]) + 1} of the line stands "
            f"{content[error.start : error.start + 4].hex(' ')}. "
            "Say which encoding the file is in, as --encoding latin-1 or --encoding gb18030."
        ) from error


Parts = tuple[tuple[str, ...], list[tuple[Any, ...]], list[str]]


def _delimited(text: str, path: Path, *, tabs: bool) -> Parts:
    names: tuple[str, ...] = ()
    rows, places = [], []
    for number, fields in _split_lines(text) if tabs else _split_csv(text, path):
        if not names:
            names = tuple(fields)
            if len(set(names)) < len(names):
                raise InputError(f"{path}: two columns have the same name: {', '.join(names)}.")
            continue
        if len(fields) != len(names):
            quotes = "" if tabs else ' A text with commas stands in double quotes: "one, two".'
            raise InputError(
                f"{path}, line {number}: {len(fields)} values, but there are {len(names)} columns "
                f"({', '.join(names)}).{quotes}"
            )
        rows.append(tuple(fields))
        places.append(f"line {number}")
    return names, rows, places


def _split_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if line:
            yield number, line.split("\t")


def _split_csv(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    limit = csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        before = 0
        for fields in reader:
            if fields:
                yield before + 1, fields
            before = reader.line_num
    except csv.Error as error:
        raise InputError(
            f"{path}, line {before + 1}: {error}. A text with a double quote has it twice, within double quotes."
        ) from error
    finally:
        csv.field_size_limit(limit)


def _json_lines(text: str, path: Path) -> Parts:
    names: tuple[str, ...] = ()
    rows, places = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number} is no JSON: {error}.") from error
        if not isinstance(item, dict):
            raise InputError(f'{path}, line {number} is no JSON object, such as {{"text": "...", "label": "..."}}.')
        names = names or tuple(item)
        if set(item) != set(names):
            odd = sorted(set(item) ^ set(names))[0]
            raise InputError(f"{path}, line {number}: {odd} is {'new' if odd in item else 'missing'} in this line.")
        rows.append(tuple(item[name] for name in names))
        places.append(f"line {number}")
    return names, rows, places


def _parquet(path: Path) -> Parts:
    require("pyarrow", extra="parquet", purpose="Reading Parquet")
    import pandas as pd  # noqa: PLC0415  half a second that the other formats do not need

    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # pyarrow has a tree of errors of its own
        raise InputError(f"{path} is no Parquet file: {str(error).splitlines()[0]}") from error
    columns = [frame[name].astype(object).tolist() for name in frame.columns]
    rows = list(zip(*columns, strict=True))
    return tuple(map(str, frame.columns)), rows, [f"row {number}" for number in range(len(rows))]


def _is_missing(value: object) -> bool:
    return value in _MISSING or value != value or str(value) == "<NA>"  # noqa: PLR0124  NaN is not itself
