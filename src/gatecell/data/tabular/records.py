"""Tables whose cells have types: JSON lines and Parquet."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from gatecell._core.errors import InputError
from gatecell._core.optional import require
from gatecell._core.strict_json import bytes_needed
from gatecell._core.wording import quoted, shortened
from gatecell.data.expansion import most_bytes, too_large

_INDEX = "__index_level_"
"""How the names begin under which pandas stores the numbers of rows."""


class Records(NamedTuple):
    """A table as it is written: no row is left out."""

    names: list[str]
    columns: list[list[Any]]
    lines: list[int]
    """Where each row stands, from 1, in JSON lines; of Parquet the number of the row, from 0."""


def json_lines(text: str, path: Path) -> Records:
    """Read a text that has a JSON object a line, all with the same names.

    Raises
    ------
    InputError
        Where a line is something else, has a name twice, or has other names; the message says which line.
    """
    names: list[str] = []
    rows: list[list[Any]] = []
    lines: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        item = _object(line, where)
        names = names or list(item)
        if item.keys() != dict.fromkeys(names).keys():
            odd = sorted(set(item) ^ set(names))[0]
            raise InputError(f"{where}: {shortened(odd)} is {'new' if odd in item else 'missing'} in this line.")
        rows.append([item[name] for name in names])
        lines.append(number)
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in names]
    return Records(names, columns, lines)


def _object(line: str, where: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        item = dict(pairs)
        if len(item) < len(pairs):
            twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
            raise InputError(f"{where}: the name {quoted(twice)} stands there twice. Keep one.")
        return item

    if len(line) > _LONG_LINE and bytes_needed(line) > _MOST_TIMES * len(line):
        raise InputError(f"{where} is one long list of small values, not one row of a table.")
    try:
        item = json.loads(line, object_pairs_hook=once)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"{where} is not JSON: {why}.") from error
    if not isinstance(item, dict):
        raise InputError(f'{where} is not a JSON object, such as {{"text": "...", "label": "..."}}.')
    return item


def parquet(path: Path) -> Records:
    """Read a Parquet file; the numbers of rows that pandas stores along with a frame are left out.

    Raises
    ------
    InputError
        Where it is not a Parquet file.
    MissingDependencyError
        Where ``pyarrow`` is not installed.
    """
    require("pyarrow", extra="parquet", purpose="Reading Parquet")
    from pyarrow import parquet as files  # noqa: PLC0415

    try:
        found = files.ParquetFile(path)
        _check_size(found.metadata, path)
        table = found.read()
        names = list(table.column_names)
        columns = [column.to_pylist() for column in table.columns]
    except InputError:
        raise
    except Exception as error:  # pyarrow has a tree of errors of its own
        raise InputError(f"{path} is not a Parquet file: {shortened(str(error).splitlines()[0], 200)}") from error
    kept = [place for place, name in enumerate(names) if not name.startswith(_INDEX)]
    return Records([names[place] for place in kept], [columns[place] for place in kept], list(range(table.num_rows)))


def _check_size(metadata: Any, path: Path) -> None:
    """Raise where a table becomes larger than it may: a column of equal values takes some bytes for any rows."""
    n_compressed = path.stat().st_size
    n_bytes = sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))
    if n_bytes + metadata.num_rows * metadata.num_columns * 8 > most_bytes(n_compressed):
        raise too_large(path, n_compressed)


_LONG_LINE, _MOST_TIMES = 1_000_000, 20
"""A line of so many characters may take so many times their bytes in memory."""
