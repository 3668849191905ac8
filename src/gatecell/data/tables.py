"""One door to the files of sequences that users have: arrays, ``.ts``, and tables, long or wide."""

from dataclasses import replace
from pathlib import Path

from gatecell._core.errors import InputError, OptionError
from gatecell.data.csv_file import LongColumns, Targets, read_long
from gatecell.data.labelled import LabelledSequences, check_file
from gatecell.data.npy_file import read_npy
from gatecell.data.npz_file import read_npz
from gatecell.data.tabular.dialect import PLAIN, TableDialect
from gatecell.data.tabular.file import FORMATS as TABLES
from gatecell.data.tabular.file import read_table, table_format
from gatecell.data.ts_file import read_ts
from gatecell.data.wide_table import WideColumns, read_wide

FORMATS = (".npz", ".npy", ".ts", ".ts.gz", *TABLES)
"""How the names of files end that are read; tables also with ``.gz`` behind, but for Parquet."""
Columns = LongColumns | WideColumns


def is_table(path: str | Path) -> bool:
    """Return whether a file's name says that it is a table, whose columns have meanings."""
    return table_format(path) is not None


def read_labelled(
    path: str | Path,
    columns: Columns | None = None,
    *,
    dialect: TableDialect = PLAIN,
    targets: Targets = "classes",
) -> LabelledSequences:
    """Read sequences, and their labels where there are some, from a file; its name says its format.

    Parameters
    ----------
    path : path
        ``.npz`` with ``X``, ``y`` and ``lengths`` (see ``read_npz``); ``.npy`` with ``X`` alone (see ``read_npy``);
        ``.ts`` or ``.ts.gz`` as the UCR and UEA archives write them (see ``read_ts``); a table as ``.csv``, ``.tsv``,
        JSON lines or Parquet (see ``read_table``).
    columns : LongColumns or WideColumns, optional
        What the columns of a table mean: ``LongColumns`` where a line is a step, ``WideColumns`` where it is a
        sequence. Needed but for a wide table without names, whose first column is the label, as the UCR archive has it.
        Of a ``.npy`` file ``WideColumns(label=...)`` names another one, with the labels.
    dialect : TableDialect
        What is told of how a table is written.
    targets : "classes" or "numbers"
        What the labels of a table are: names, kept as they are written, or numbers.

    Returns
    -------
    LabelledSequences

    Raises
    ------
    InputError
        Where the file cannot be used; the message says what, where and what to do.
    OptionError
        Where ``columns`` is missing for a table, or given for a file that has none.
    """
    path = Path(path).expanduser()
    check_file(path)
    if is_table(path):
        return _of_table(path, columns, dialect, targets)
    ending = next((ending for ending in FORMATS if path.name.lower().endswith(ending)), None)
    if ending is None:
        raise InputError(
            f"{path} has no ending that says its format. Read are {', '.join(FORMATS)}: "
            "rename the file, or write the data as .npz with numpy.savez(path, X=X, y=y)."
        )
    if ending == ".npy" and not isinstance(columns, LongColumns):
        return read_npy(path, None if columns is None else columns.label)
    if columns is not None:
        raise OptionError(f"{path} has no columns, so --id, --time and --label (LongColumns) have no meaning for it.")
    return read_npz(path) if ending == ".npz" else read_ts(path)


def _of_table(path: Path, columns: Columns | None, dialect: TableDialect, targets: Targets) -> LabelledSequences:
    if isinstance(columns, LongColumns):
        return read_long(read_table(path, dialect), columns, targets)
    wide = columns or WideColumns()
    table = read_table(path, dialect, header=wide.header, label=wide.label)
    if table.headed:
        if wide.label is None and wide.steps is None:
            raise OptionError(
                f"{path} is a table, so say which column names the sequence and which the time: --id NAME --time "
                "NAME (in Python: LongColumns(id=..., time=...)); or, where a row is a sequence, which column has its "
                "label: --label NAME (WideColumns(label=...)). A table with a text a row is for `gatecell fit text`."
            )
    elif wide.label is None and wide.steps is None:
        wide = replace(wide, label=table.names[0])
    return read_wide(table, replace(wide, header=table.headed), targets)
