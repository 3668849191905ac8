"""``gatecell fit forecast`` and ``gatecell backtest``; what ``predict`` and ``evaluate`` do with a forecaster."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gatecell._core.errors import OptionError
from gatecell.cli import show
from gatecell.cli.options import (
    DIALECT,
    TABLES,
    UNSAID,
    Force,
    Json,
    Model,
    ModelOutput,
    Quiet,
    Resume,
    Seed,
    Settings,
    SpreadsheetSafe,
    TableOptions,
    check_output,
    verbosity,
    with_table,
)

if TYPE_CHECKING:
    import pandas as pd

    from gatecell.data.series_table import SeriesColumns
    from gatecell.estimators.forecasting.backtest import Backtest
    from gatecell.recipes.searching import SearchPlan

Table = Annotated[Path, typer.Argument(metavar="DATA", help=f"A {TABLES}, a line a step of a series.")]
Level = Annotated[
    list[float] | None,
    typer.Option(
        "--level", metavar="PERCENT", help="Of an interval, 1 to below 100; may be given again. Default: 80 and 95."
    ),
]
Past = Annotated[
    list[str] | None, typer.Option("--past", metavar="COLUMN", help="A covariate known up to the present.")
]
Future = Annotated[list[str] | None, typer.Option("--future", metavar="COLUMN", help="A covariate known ahead.")]
Static = Annotated[
    list[str] | None, typer.Option("--static", metavar="COLUMN", help="A number that does not change along a series.")
]
SeriesTime = Annotated[str, typer.Option("--time", metavar="COLUMN", help="Dates and times, or whole numbers.")]
Target = Annotated[
    list[str], typer.Option("--target", metavar="COLUMN", help="What is to be forecast; may be given again.")
]
SeriesId = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="Which series a line is of; without it there is one.")
]
Horizon = Annotated[int | None, typer.Option("--horizon", metavar="N", help="Steps to forecast, as --set horizon=N.")]
Frequency = Annotated[
    str,
    typer.Option("--frequency", metavar="ALIAS", help="h, D, MS and so on; rows: a line is a step, whatever its time."),
]


@with_table(*DIALECT)
def forecast(
    data: Table,
    output: ModelOutput,
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
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn to forecast one series or many."""
    columns = (time, target, id_column, past, future, static)
    fit_forecast(data, output, columns, table, horizon, frequency, settings, seed, resume, force, json, quiet)


Columns = tuple[str, list[str], str | None, list[str] | None, list[str] | None, list[str] | None]
"""Time, targets, id, covariates of the past, known ahead, static."""


def series_job(
    columns: Columns, horizon: int | None, frequency: str, settings: list[str] | None
) -> "tuple[SeriesColumns, dict[str, Any], str | int]":
    """Return what the options say: columns, parameters, and the frequency.

    Raises
    ------
    OptionError
        Where the horizon is set twice, or a setting cannot be read.
    """
    from gatecell.data.series_table import SeriesColumns  # noqa: PLC0415  heavy imports wait until here
    from gatecell.recipes.settings import parse_settings  # noqa: PLC0415

    changes = parse_settings(settings or [])
    if horizon is not None:
        if "horizon" in changes:
            raise OptionError("The horizon is set twice, by --horizon and by --set. Give one of them.")
        changes["horizon"] = horizon
    time, target, id_column, past, future, static = columns
    named = SeriesColumns(
        time=time,
        target=tuple(target),
        id=id_column,
        past=tuple(past or ()),
        future=tuple(future or ()),
        static=tuple(static or ()),
    )
    return named, changes, int(frequency) if frequency.isdecimal() else frequency


def fit_forecast(
    data: Path,
    output: Path,
    columns: Columns,
    table: TableOptions,
    horizon: int | None,
    frequency: str,
    settings: list[str] | None,
    seed: int,
    resume: bool,
    force: bool,
    json: bool,
    quiet: bool,
    plan: "SearchPlan | None" = None,
) -> None:
    """Fit to a table of series, after a search if there is a plan for one, and show what came of it."""
    from gatecell.recipes.own_series import fit_series  # noqa: PLC0415  heavy imports wait until here

    named, changes, steps = series_job(columns, horizon, frequency, settings)
    result = fit_series(
        data,
        named,
        output=output,
        frequency=steps,
        dialect=table.dialect,
        settings=changes,
        seed=seed,
        resume=resume,
        force=force,
        verbose=verbosity(quiet),
        plan=plan,
    )
    if json:
        show.print_json(result.to_json())
        return
    if result.search:
        show.print_search(result.search)
    shortest, longest = result.data["steps"]
    show.print_pairs(
        [
            ("series", f"{result.data['series']:,}"),
            ("steps", f"{longest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"),
            ("frequency", str(result.data["frequency"])),
            ("targets", ", ".join(result.data["targets"])),
            *show.metric_pairs(result.metrics),
            ("fit", f"{result.seconds['fit']:.1f} s"),
            *show.file_pairs(result.artifact, result.report, result.logs),
        ]
    )
    model = show.near(result.artifact)
    show.print_next(
        ["gatecell", "predict", model, "--output", "forecast.csv"],
        ["gatecell", "evaluate", model, "LATER_DATA"],
        ["gatecell", "backtest", model, "--output", "backtest.csv"],
    )


@with_table(*DIALECT)
def backtest(
    model: Model,
    data: Annotated[
        Path | None,
        typer.Argument(metavar="[DATA]", help="A table as at the fit; without it the steps held out there."),
    ] = None,
    origins: Annotated[
        int | None, typer.Option("--origins", metavar="N", help="How many, the latest; all if not said.")
    ] = None,
    step: Annotated[int, typer.Option("--step", metavar="N", help="Steps from one origin to the next.")] = 1,
    level: Level = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A CSV file for the forecasts.")
    ] = None,
    table: TableOptions = UNSAID,
    spreadsheet_safe: SpreadsheetSafe = False,
    json: Json = False,
) -> None:
    """Forecast from past origins, and compare with what came and with naive forecasts."""
    from gatecell.recipes.own_series import LEVELS, backtest_series  # noqa: PLC0415  heavy imports wait until here

    check_output(output, "forecasts.csv", model, data)
    done = backtest_series(model, data, n_origins=origins, step=step, level=level or LEVELS, dialect=table.dialect)
    if output is not None:
        _write(done.predictions, output, safe=spreadsheet_safe)
        show.say(f"{len(done.predictions):,} lines are in {output}.")
    say_left_out(done)
    show.print_judgement(done.judgement, json=json, model=str(model), data=None if data is None else str(data))


def predict_series(
    model: Path,
    data: Path | None,
    output: Path | None,
    *,
    horizon: int | None,
    level: list[float] | None,
    intervals: bool,
    ahead: Path | None,
    safe: bool,
    table: TableOptions,
    json: bool,
) -> None:
    """Forecast what follows the last step that is known."""
    from gatecell.recipes.own_series import LEVELS, forecast_series  # noqa: PLC0415

    if level and not intervals:
        raise OptionError("--level and --no-intervals do not go together. Leave one of them out.")
    levels = (level or LEVELS) if intervals else ()
    frame = forecast_series(
        model, data, horizon=horizon, level=levels, ahead=ahead, dialect=table.dialect, say=show.say
    )
    if output is not None:
        _write(frame, output, safe=safe)
        show.say(f"{len(frame):,} lines are in {output}.")
    if json:
        lines = frame.assign(ds=frame["ds"].astype(str)) if frame["ds"].dtype.kind not in "iu" else frame
        show.print_json({"model": str(model), "predictions": lines.to_dict("records")})
    elif output is None:
        show.print_data(_csv(frame, safe=safe))


def say_left_out(backtest: "Backtest") -> None:
    """Say on standard error which series are not judged."""
    for remark in backtest.remarks():
        show.say(remark)


def check_no_columns(table: TableOptions) -> None:
    """Raise unless no column is named: a forecaster reads tables as at its fit."""
    table.check_unsaid(
        *("id", "time", "text", "label", "channels"),
        message="A forecaster keeps the names of the columns that it was fitted on; leave them out.",
    )


def _csv(frame: "pd.DataFrame", *, safe: bool) -> str:
    if safe:
        from gatecell._core.spreadsheet import spreadsheet_safe  # noqa: PLC0415

        texts = [name for name in frame.columns if frame[name].dtype.kind == "O"]
        frame = frame.assign(**{name: frame[name].map(spreadsheet_safe) for name in texts})
        frame = frame.rename(columns=spreadsheet_safe)
    return str(frame.to_csv(index=False))


def _write(frame: "pd.DataFrame", output: Path, *, safe: bool) -> None:
    from gatecell._core.files import atomic_path  # noqa: PLC0415

    with atomic_path(output) as part:
        part.write_text(_csv(frame, safe=safe), encoding="utf-8", newline="")
