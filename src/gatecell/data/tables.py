"""One door to the files of sequences that users have: ``.npz``, ``.ts`` and long ``.csv``."""

from pathlib import Path

from gatecell._core.errors import InputError, OptionError
from gatecell.data.csv_file import LongColumns, read_long_csv
from gatecell.data.labelled import LabelledSequences, check_file
from gatecell.data.npz_file import read_npz
from gatecell.data.ts_file import read_ts

TABLES = (".csv", ".csv.gz")
FORMATS = (".npz", ".ts", ".ts.gz", *TABLES)
"""How the names of files end that are read."""


def is_table(path: str | Path) -> bool:
    """Return whether a file's name says that it is a table, which needs ``LongColumns`` to be read."""
    return Path(path).name.lower().endswith(TABLES)


def read_labelled(path: str | Path, columns: LongColumns | None = None) -> LabelledSequences:
    """Read sequences, and their labels where there are some, from a file; its name says its format.

    Parameters
    ----------
    path : path
        ``.npz`` with ``X``, ``y`` and ``lengths`` (see ``read_npz``); ``.ts`` or ``.ts.gz`` as the UCR and UEA
        archives write them (see ``read_ts``); a long ``.csv`` or ``.csv.gz`` (see ``read_long_csv``).
    columns : LongColumns, optional
        What the columns of a CSV file mean; only for these, and there it is needed.

    Returns
    -------
    LabelledSequences

    Raises
    ------
    InputError
        Where the file cannot be used; the message says what, where and what to do.
    OptionError
        Where ``columns`` is missing for a CSV file, or given for another.
    """
    path = Path(path).expanduser()
    check_file(path)
    ending = next((ending for ending in FORMATS if path.name.lower().endswith(ending)), None)
    if ending is None:
        raise InputError(
            f"{path} has no ending that says its format. Read are {', '.join(FORMATS)}: "
            "rename the file, or write the data as .npz with numpy.savez(path, X=X, y=y)."
        )
    if is_table(path):
        if columns is None:
            raise OptionError(
                f"{path} is a table, so say which column names the sequence and which the time: "
                "--id NAME --time NAME (in Python: LongColumns(id=..., time=...)). A table with a text a row is for "
                "`gatecell fit text`, one with a sequence a row for Python: fit(table, y)."
            )
        return read_long_csv(path, columns)
    if columns is not None:
        raise OptionError(f"{path} has no columns, so --id, --time and --label (LongColumns) have no meaning for it.")
    return read_npz(path) if ending == ".npz" else read_ts(path)
