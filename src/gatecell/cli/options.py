"""The options that several commands share, each written once."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gatecell._core.errors import OptionError

if TYPE_CHECKING:
    from gatecell.data.tables import Columns
    from gatecell.data.tabular.dialect import TableDialect

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
TABLES = ".csv, .tsv, .jsonl or .parquet"
DATA_HELP = (
    ".npz with X, y and lengths; .npy; .ts as the UCR and UEA archives; or a table, "
    f"{TABLES}: of sequences a line a step with --id and --time, or a line a sequence; of texts a line a text; of "
    "series a line a step."
)
Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help=DATA_HELP),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A .safetensors file that Gatecell wrote.")]
ModelOutput = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The model's file, ending in .safetensors.")
]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Table: which sequence a line belongs to.")]
Time = Annotated[str | None, typer.Option("--time", metavar="COLUMN", help="Table: the order of a sequence's lines.")]
Label = Annotated[
    str | None, typer.Option("--label", metavar="COLUMN", help="Table: what is to be predicted. Of .npy another one.")
]
Channel = Annotated[
    list[str] | None,
    typer.Option(
        "--channel",
        metavar="COLUMN",
        help="Table: measured values; may be given again. All columns of numbers if not said.",
    ),
]
Text = Annotated[str | None, typer.Option("--text", metavar="COLUMN", help="Table of texts: which column has them.")]
Encoding = Annotated[
    str, typer.Option("--encoding", metavar="NAME", help="Table: its encoding, as cp1252, latin-1 or gb18030.")
]
SpreadsheetSafe = Annotated[
    bool,
    typer.Option(
        "--spreadsheet-safe",
        help="CSV: an apostrophe before text that a spreadsheet would take for a formula (=, +, -, @).",
    ),
]
Sep = Annotated[
    str | None,
    typer.Option("--sep", metavar="CHARACTER", help="Table: what is between cells, as ';' or tab; found if not said."),
]
Decimal = Annotated[
    str | None, typer.Option("--decimal", metavar="MARK", help="Table: '.' or ',' before decimals; found if not said.")
]
DayFirst = Annotated[
    bool | None,
    typer.Option(
        "--day-first/--month-first", help="Table: whether 01/02/2026 is in February or in January; found if not said."
    ),
]


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """A table as the options of a command describe it: what its columns mean, and how it is written."""

    id: Id = None
    time: Time = None
    text: Text = None
    label: Label = None
    channels: Channel = None
    encoding: Encoding = "utf-8"
    sep: Sep = None
    decimal: Decimal = None
    day_first: DayFirst = None

    @property
    def dialect(self) -> "TableDialect":
        """How the table is written; raises an ``OptionError`` where that makes no sense."""
        from gatecell.data.tabular.dialect import TableDialect  # noqa: PLC0415

        return TableDialect(encoding=self.encoding, sep=self.sep, decimal=self.decimal, day_first=self.day_first)

    @property
    def columns(self) -> "Columns | None":
        """What the columns of a table of sequences mean; None where nothing is said.

        Raises
        ------
        OptionError
            Where one of id and time is named without the other.
        """
        from gatecell.data.csv_file import LongColumns  # noqa: PLC0415
        from gatecell.data.wide_table import WideColumns  # noqa: PLC0415

        channels = tuple(self.channels or ()) or None
        if self.id is None and self.time is None:
            return None if self.label is None and channels is None else WideColumns(label=self.label, steps=channels)
        if self.id is None or self.time is None:
            raise OptionError(
                "A table needs both --id and --time: which sequence a line belongs to, and its order there; or "
                "neither, where a line is a sequence."
            )
        return LongColumns(id=self.id, time=self.time, label=self.label, channels=channels)

    def check_unsaid(self, *fields: str, message: str) -> None:
        """Raise an ``OptionError`` with a message where one of some fields is said."""
        if any(getattr(self, field) for field in fields):
            raise OptionError(message)


UNSAID = TableOptions()
"""Of what no option says anything."""
DIALECT = ("encoding", "sep", "decimal", "day_first")
"""How a table with numbers and times is written."""
TEXT_DIALECT = ("encoding", "sep")
"""How a table of texts is written."""
SEQUENCES = ("id", "time", "label", "channels", *DIALECT)
"""A table of labelled sequences."""
LABELLED = ("id", "time", "text", "label", "channels", *DIALECT)
"""Any table whose answers are known."""


def with_table(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command options for these fields of ``TableOptions``, in place of its parameter ``table``."""
    known = {field.name: field for field in fields(TableOptions)}
    options = {name: known[name] for name in names}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            table = TableOptions(**{name: given.pop(name) for name in options})
            command(**given, table=table)

        before = signature(command)
        parameters: list[Parameter] = []
        for parameter in before.parameters.values():
            if parameter.name == "table":
                parameters += [
                    parameter.replace(name=field.name, default=field.default, annotation=field.type)
                    for field in options.values()
                ]
            else:
                parameters.append(parameter)
        # typer makes the options of a command from this
        run.__signature__ = before.replace(parameters=parameters)  # type: ignore[attr-defined]
        return run

    return decorate


def check_no_sequences(table: TableOptions) -> None:
    """Raise unless no column of sequences is named, since a model reads texts."""
    table.check_unsaid(
        *("id", "time", "channels"),
        message="The model reads texts, so --id, --time and --channel have no meaning; leave them out.",
    )


def check_no_texts(table: TableOptions) -> None:
    """Raise unless no column of texts is named, since a model reads sequences."""
    table.check_unsaid("text", message="The model reads sequences, so --text has no meaning; leave it out.")


def check_no_folder(output: Path | None, example: str) -> None:
    """Raise where a file is to be written and there is a folder of that name; ``example`` is a file's name."""
    if output is not None and output.is_dir():
        raise OptionError(f"{output} is a folder. Name a file, such as {output / example}.")


def check_output(output: Path | None, example: str, *read: Path | None) -> None:
    """Raise where a file is to be written in place of a folder, or of one that the command reads."""
    check_no_folder(output, example)
    for path in read:
        if output is not None and path is not None and output.is_file() and path.is_file() and output.samefile(path):
            raise OptionError(f"{output} is what is read, and would be lost. Name another file with --output.")


def verbosity(quiet: bool) -> int:
    """Return the estimators' ``verbose``: a bar in a terminal, a line an epoch elsewhere, nothing if so asked."""
    if quiet:
        return 0
    return 1 if sys.stderr.isatty() else 2
