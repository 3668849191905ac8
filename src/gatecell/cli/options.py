"""The options that several commands share, each written once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatecell._core.errors import OptionError

if TYPE_CHECKING:
    from gatecell.data.csv_file import LongColumns

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        max=2**32 - 1,
        help="Same seed, same machine, same number of threads: same weights.",
        metavar="N",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a parameter, as max_epochs=3 or training_options.optimizer=sgd; may be given again.",
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped, from its last epoch.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a model or an unfinished run that is in the way.")]
DATA_HELP = (
    ".npz with X, y and lengths; .ts as the UCR and UEA archives; or a long .csv with --id and --time; "
    "of texts .csv, .tsv, .jsonl or .parquet, a text a row; of series .csv."
)
Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help=DATA_HELP),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A .safetensors file that Gatecell wrote.")]
ModelOutput = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The model's file, ending in .safetensors.")
]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="CSV: which sequence a line belongs to.")]
Time = Annotated[str | None, typer.Option("--time", metavar="COLUMN", help="CSV: the order of a sequence's lines.")]
Label = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="Table: what is to be predicted.")]
Text = Annotated[str | None, typer.Option("--text", metavar="COLUMN", help="Table of texts: which column has them.")]
Encoding = Annotated[
    str, typer.Option("--encoding", metavar="NAME", help="Table of texts: its encoding, as latin-1 or gb18030.")
]
SpreadsheetSafe = Annotated[
    bool,
    typer.Option(
        "--spreadsheet-safe",
        help="CSV: an apostrophe before text that a spreadsheet would take for a formula (=, +, -, @).",
    ),
]


def check_no_folder(output: Path | None, example: str) -> None:
    """Raise where a file is to be written and there is a folder of that name; ``example`` is a file's name."""
    if output is not None and output.is_dir():
        raise OptionError(f"{output} is a folder. Name a file, such as {output / example}.")


def long_columns(id_column: str | None, time: str | None, label: str | None) -> "LongColumns | None":
    """Return the columns that the options name; None where they name none.

    Raises
    ------
    OptionError
        Where a label or one of id and time is named without the rest.
    """
    if id_column is None and time is None and label is None:
        return None
    if id_column is None or time is None:
        raise OptionError("A table needs both --id and --time: which sequence a line belongs to, and its order there.")
    from gatecell.data.csv_file import LongColumns  # noqa: PLC0415

    return LongColumns(id=id_column, time=time, label=label)


def verbosity(quiet: bool) -> int:
    """Return the estimators' ``verbose``: a bar in a terminal, a line an epoch elsewhere, nothing if so asked."""
    if quiet:
        return 0
    return 1 if sys.stderr.isatty() else 2
