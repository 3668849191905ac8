"""``gatecell learning-rate``: the loss under a rising learning rate, and the rate that it suggests."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gatecell.cli import show
from gatecell.cli.fit import TextColumn, TextLabel, TextTable
from gatecell.cli.forecast import (
    Frequency,
    Future,
    Horizon,
    Past,
    SeriesId,
    SeriesTime,
    Static,
    Table,
    Target,
    series_job,
)
from gatecell.cli.language import LongText
from gatecell.cli.options import (
    Channel,
    Data,
    DayFirst,
    Decimal,
    Encoding,
    Id,
    Json,
    Label,
    Seed,
    Sep,
    Settings,
    TableOptions,
    Text,
    Time,
    check_no_folder,
)

if TYPE_CHECKING:
    from gatecell.recipes.own_rate import RateResult

HELP = "Find a learning rate: train a little under one that rises, and look at the loss."
PictureFile = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The picture of the curve, .png, .svg or .pdf.")
]
PICTURE = Path("learning-rate.png")


def classify(
    data: Data,
    id_column: Id = None,
    time: Time = None,
    label: Label = None,
    channels: Channel = None,
    encoding: Encoding = "utf-8",
    sep: Sep = None,
    decimal: Decimal = None,
    day_first: DayFirst = None,
    settings: Settings = None,
    seed: Seed = 0,
    output: PictureFile = PICTURE,
    json: Json = False,
) -> None:
    """Find a learning rate for a classifier of sequences."""
    table = TableOptions(
        id=id_column,
        time=time,
        label=label,
        channels=channels,
        encoding=encoding,
        sep=sep,
        decimal=decimal,
        day_first=day_first,
    )
    _rows("classify", data, table, settings, seed, output, json)


def regress(
    data: Data,
    id_column: Id = None,
    time: Time = None,
    label: Label = None,
    channels: Channel = None,
    encoding: Encoding = "utf-8",
    sep: Sep = None,
    decimal: Decimal = None,
    day_first: DayFirst = None,
    settings: Settings = None,
    seed: Seed = 0,
    output: PictureFile = PICTURE,
    json: Json = False,
) -> None:
    """Find a learning rate for a model of a number of each sequence."""
    table = TableOptions(
        id=id_column,
        time=time,
        label=label,
        channels=channels,
        encoding=encoding,
        sep=sep,
        decimal=decimal,
        day_first=day_first,
    )
    _rows("regress", data, table, settings, seed, output, json)


def text(
    data: TextTable,
    text_column: TextColumn,
    label: TextLabel,
    encoding: Encoding = "utf-8",
    sep: Sep = None,
    settings: Settings = None,
    seed: Seed = 0,
    output: PictureFile = PICTURE,
    json: Json = False,
) -> None:
    """Find a learning rate for a classifier of texts."""
    from gatecell.data.text_table import TextColumns  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.own_rate import rate_of  # noqa: PLC0415
    from gatecell.recipes.own_texts import read_labelled_texts  # noqa: PLC0415

    check_no_folder(output, PICTURE.name)
    table = TableOptions(encoding=encoding, sep=sep)
    texts, labels, _ = read_labelled_texts(data, TextColumns(text=text_column, label=label), table.dialect)
    _show(rate_of("text", texts, labels, settings=_parsed(settings), seed=seed, output=output), json)


def forecast(
    data: Table,
    time: SeriesTime,
    target: Target,
    id_column: SeriesId = None,
    horizon: Horizon = None,
    past: Past = None,
    future: Future = None,
    static: Static = None,
    frequency: Frequency = "infer",
    encoding: Encoding = "utf-8",
    sep: Sep = None,
    decimal: Decimal = None,
    day_first: DayFirst = None,
    settings: Settings = None,
    seed: Seed = 0,
    output: PictureFile = PICTURE,
    json: Json = False,
) -> None:
    """Find a learning rate for a forecaster."""
    from gatecell.recipes.own_rate import rate_of  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.own_series import reading_of  # noqa: PLC0415

    check_no_folder(output, PICTURE.name)
    columns, changes, steps = series_job((time, target, id_column, past, future, static), horizon, frequency, settings)
    options = TableOptions(encoding=encoding, sep=sep, decimal=decimal, day_first=day_first)
    table, reading = reading_of(data, columns, steps, options.dialect)
    _show(rate_of("forecast", table.frame, settings=changes, seed=seed, output=output, reading=reading), json)


def language(
    data: LongText,
    text_column: Text = None,
    encoding: Encoding = "utf-8",
    sep: Sep = None,
    settings: Settings = None,
    seed: Seed = 0,
    output: PictureFile = PICTURE,
    json: Json = False,
) -> None:
    """Find a learning rate for a language model."""
    from gatecell.recipes.own_language import read_language  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.own_rate import rate_of  # noqa: PLC0415

    check_no_folder(output, PICTURE.name)
    text = read_language(data, column=text_column, dialect=TableOptions(encoding=encoding, sep=sep).dialect)
    _show(rate_of("language", text, settings=_parsed(settings), seed=seed, output=output), json)


def _rows(
    task: Any,
    data: Path,
    table: TableOptions,
    settings: list[str] | None,
    seed: int,
    output: Path,
    json: bool,
) -> None:
    from gatecell.recipes.own_data import read_rows  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.own_rate import rate_of  # noqa: PLC0415

    check_no_folder(output, PICTURE.name)
    rows, y = read_rows(task, data, table.columns, table.dialect)
    _show(rate_of(task, rows.X, y, settings=_parsed(settings), seed=seed, output=output), json)


def _parsed(settings: list[str] | None) -> dict[str, Any]:
    from gatecell.recipes.settings import parse_settings  # noqa: PLC0415

    return parse_settings(settings or [])


def _show(result: "RateResult", json: bool) -> None:
    if json:
        show.print_json(result.to_json())
        return
    suggestion = "none: the loss hardly falls" if result.suggestion is None else f"{result.suggestion:.2g}"
    show.print_pairs(
        [
            ("suggestion", suggestion),
            ("steps", f"{len(result.rates)}, from {result.rates[0]:.2g} to {result.rates[-1]:.2g}"),
            ("picture", show.near(result.picture)),
        ]
    )
    if result.suggestion is not None:
        show.print_line(f"Use it with: --set learning_rate={result.suggestion:.2g}")
