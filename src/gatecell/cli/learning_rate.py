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
    DIALECT,
    SEQUENCES,
    TEXT_DIALECT,
    UNSAID,
    Data,
    Json,
    Seed,
    Settings,
    TableOptions,
    check_no_folder,
    with_table,
)

if TYPE_CHECKING:
    from gatecell.recipes.own_rate import RateResult

HELP = "Find a learning rate: train a little under one that rises, and look at the loss."
PictureFile = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The picture of the curve, .png, .svg or .pdf.")
]
PICTURE = Path("learning-rate.png")


@with_table(*SEQUENCES)
def classify(
    data: Data,
    table: TableOptions,
    settings: Settings = None,
    seed: Seed = 0,
    output: PictureFile = PICTURE,
    json: Json = False,
) -> None:
    """Find a learning rate for a classifier of sequences."""
    _rows("classify", data, table, settings, seed, output, json)


@with_table(*SEQUENCES)
def regress(
    data: Data,
    table: TableOptions,
    settings: Settings = None,
    seed: Seed = 0,
    output: PictureFile = PICTURE,
    json: Json = False,
) -> None:
    """Find a learning rate for a model of a number of each sequence."""
    _rows("regress", data, table, settings, seed, output, json)


@with_table(*TEXT_DIALECT)
def text(
    data: TextTable,
    text_column: TextColumn,
    label: TextLabel,
    table: TableOptions,
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
    texts, labels, _ = read_labelled_texts(data, TextColumns(text=text_column, label=label), table.dialect)
    _show(rate_of("text", texts, labels, settings=_parsed(settings), seed=seed, output=output), json)


@with_table(*DIALECT)
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
    table: TableOptions = UNSAID,
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
    series, reading = reading_of(data, columns, steps, table.dialect)
    _show(rate_of("forecast", series.frame, settings=changes, seed=seed, output=output, reading=reading), json)


@with_table("text", *TEXT_DIALECT)
def language(
    data: LongText,
    table: TableOptions,
    settings: Settings = None,
    seed: Seed = 0,
    output: PictureFile = PICTURE,
    json: Json = False,
) -> None:
    """Find a learning rate for a language model."""
    from gatecell.recipes.own_language import read_language  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.own_rate import rate_of  # noqa: PLC0415

    check_no_folder(output, PICTURE.name)
    text = read_language(data, column=table.text, dialect=table.dialect)
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
