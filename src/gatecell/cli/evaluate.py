"""``gatecell evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatecell.cli import show
from gatecell.cli.forecast import check_no_columns, say_left_out
from gatecell.cli.options import (
    LABELLED,
    UNSAID,
    Data,
    Json,
    Model,
    TableOptions,
    check_no_sequences,
    check_no_texts,
    with_table,
)

if TYPE_CHECKING:
    from gatecell.estimators.base import LSTMEstimator
    from gatecell.reporting.subject import Judged


@with_table(*LABELLED)
def evaluate(
    model: Model,
    data: Data,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="MODEL", help="Another model: do the two differ by more than noise?"),
    ] = None,
    table: TableOptions = UNSAID,
    json: Json = False,
) -> None:
    """Measure a model on labelled sequences or texts, a forecaster on later steps, a language model on text."""
    judgement = look_at(model, data, table)[1].judgement
    if against is None:
        show.print_judgement(judgement, json=json, model=str(model), data=str(data))
        return
    from gatecell.evaluation.comparison import compare  # noqa: PLC0415  heavy imports wait until a command runs

    found = compare(judgement, look_at(against, data, table)[1].judgement)
    about = {"model": str(model), "against": str(against), "data": str(data)}
    if json:
        show.print_judgement(judgement, json=True, **about, comparison=found.to_json())
    else:
        show.print_judgement(judgement, json=False)
        show.print_line(str(found))


def look_at(model: Path, data: Path, table: TableOptions) -> "tuple[LSTMEstimator, Judged]":
    """Return what a model file holds, and a look at data whose answers are known.

    Raises
    ------
    ArtifactError, InputError, OptionError
        Where the model or the data cannot be used, or do not fit each other; where options do not fit the model.
    """
    from gatecell.estimators.forecasting.forecaster import LSTMForecaster  # noqa: PLC0415
    from gatecell.estimators.language import LSTMLanguageModel  # noqa: PLC0415
    from gatecell.estimators.loading import load  # noqa: PLC0415
    from gatecell.estimators.text import LSTMTextClassifier  # noqa: PLC0415
    from gatecell.recipes.own_data import look_at_file  # noqa: PLC0415
    from gatecell.recipes.own_language import look_at_text  # noqa: PLC0415
    from gatecell.recipes.own_series import look_at_series  # noqa: PLC0415
    from gatecell.recipes.own_texts import look_at_texts  # noqa: PLC0415

    estimator = load(model)
    match estimator:
        case LSTMForecaster():
            check_no_columns(table)
            judged = look_at_series(model, data, table.dialect)
            say_left_out(judged.X)
            return estimator, judged
        case LSTMTextClassifier():
            check_no_sequences(table)
            texts = look_at_texts(estimator, model, data, text=table.text, label=table.label, dialect=table.dialect)
            return estimator, texts
        case LSTMLanguageModel():
            table.check_unsaid(
                *("id", "time", "label", "channels"),
                message="A language model reads texts, so --id, --time and --label have no meaning; leave them out.",
            )
            return estimator, look_at_text(estimator, model, data, column=table.text, dialect=table.dialect)
        case _:
            check_no_texts(table)
            return estimator, look_at_file(estimator, model, data, table.columns, table.dialect)
