"""``gatecell report``."""

from pathlib import Path
from typing import Annotated

import typer

from gatecell.cli import show
from gatecell.cli.evaluate import look_at
from gatecell.cli.options import (
    DATA_HELP,
    LABELLED,
    UNSAID,
    Json,
    Model,
    TableOptions,
    with_table,
)


@with_table(*LABELLED)
def report(
    model: Model,
    data: Annotated[
        Path | None,
        typer.Argument(metavar="DATA", help=f"{DATA_HELP} Not needed for the model of a recipe, whose data are known."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write; beside the model if not said."),
    ] = None,
    table: TableOptions = UNSAID,
    json: Json = False,
) -> None:
    """Write a page that says what a model learnt, how sure it is, and where it fails.

    Figures beside those of simple rules, learning curves, the worst errors, what the model looks at, the network, and
    how it was made; one HTML file that needs nothing else.
    """
    from gatecell.estimators.loading import load  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.model_report import report_model  # noqa: PLC0415

    if data is not None:
        estimator, judged = look_at(model, data, table)
    else:
        table.check_unsaid(
            *("id", "time", "label", "text", "channels"),
            message="Columns are of DATA, which is missing: name the file, or leave the columns out.",
        )
        estimator, judged = load(model), None
    done = report_model(model, estimator, judged, output=output)
    if json:
        figures = {"metrics": done.metrics, "intervals": done.intervals}
        show.print_json(
            {"model": str(model), "data": None if data is None else str(data), **figures, "report": str(done.path)}
        )
        return
    if done.why_not:
        show.say(done.why_not)
    show.print_pairs([*show.metric_pairs(done.metrics, done.intervals), ("report", show.near(done.path))])
