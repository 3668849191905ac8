"""The commands, put together."""

import os
import sys
from typing import Annotated, Literal

import typer

from gatecell._core.locks import one_writer
from gatecell.cli import (
    doctor,
    evaluate,
    fit,
    forecast,
    info,
    language,
    learning_rate,
    predict,
    quickstart,
    recipes,
    report,
    run,
    tune,
)


def build_app() -> typer.Typer:
    """Return the application; its help is in colour and frames where it goes to a terminal, and plain elsewhere."""
    rich = sys.stdout.isatty() and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    markup: Literal["rich"] | None = "rich" if rich else None
    app = typer.Typer(
        name="gatecell",
        help="LSTM networks from raw sequences to a judged and saved model.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=markup,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_common)
    app.command()(quickstart.quickstart)
    app.command()(recipes.recipes)
    app.command()(run.run)
    tasks = typer.Typer(no_args_is_help=True, rich_markup_mode=markup, help=fit.HELP)
    tasks.command()(fit.classify)
    tasks.command()(fit.regress)
    tasks.command()(fit.text)
    tasks.command()(forecast.forecast)
    tasks.command()(language.language)
    app.add_typer(tasks, name="fit")
    searches = typer.Typer(no_args_is_help=True, rich_markup_mode=markup, help=tune.HELP)
    searches.command()(tune.classify)
    searches.command()(tune.regress)
    searches.command()(tune.text)
    searches.command()(tune.forecast)
    searches.command()(tune.language)
    app.add_typer(searches, name="tune")
    rates = typer.Typer(no_args_is_help=True, rich_markup_mode=markup, help=learning_rate.HELP)
    rates.command()(one_writer(learning_rate.classify))
    rates.command()(one_writer(learning_rate.regress))
    rates.command()(one_writer(learning_rate.text))
    rates.command()(one_writer(learning_rate.forecast))
    rates.command()(one_writer(learning_rate.language))
    app.add_typer(rates, name="learning-rate")
    app.command()(one_writer(predict.predict))
    app.command()(evaluate.evaluate)
    app.command()(one_writer(forecast.backtest))
    app.command()(one_writer(report.report))
    app.command()(language.generate)
    app.command()(info.info)
    app.command()(doctor.doctor)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"gatecell {version('gatecell')}")
        raise typer.Exit


def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which version this is."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from; may stand anywhere.")] = False,
) -> None:
    """LSTM networks from raw sequences to a judged and saved model.

    Begin with `gatecell quickstart`; `gatecell recipes` lists the jobs that are ready to run.
    """
