"""``gatecell evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatecell._core.errors import OptionError
from gatecell.cli import show
from gatecell.cli.forecast import check_no_columns, say_left_out
from gatecell.cli.options import Data, Encoding, Id, Json, Label, Model, Text, Time, long_columns

if TYPE_CHECKING:
    from gatecell.estimators.base import LSTMEstimator
    from gatecell.reporting.subject import Judged


def evaluate(
    model: Model,
    data: Data,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="MODEL", help="Another model: do the two differ by more than noise?"),
    ] = None,
    id_column: Id = None,
    time: Time = None,
    text: Text = None,
    label: Label = None,
    encoding: Encoding = "utf-8",
    json: Json = False,
) -> None:
    """Measure a model on labelled sequences or texts, a forecaster on later steps, a language model on text."""
    columns = (id_column, time, text, label)
    judgement = look_at(model, data, *columns, encoding)[1].judgement
    if against is None:
        show.print_judgement(judgement, json=json, model=str(model), data=str(data))
        return
    from gatecell.evaluation.comparison import compare  # noqa: PLC0415  heavy imports wait until a command runs

    found = compare(judgement, look_at(against, data, *columns, encoding)[1].judgement)
    about = {"model": str(model), "against": str(against), "data": str(data)}
    if json:
        show.print_judgement(judgement, json=True, **about, comparison=found.to_json())
    else:
        show.print_judgement(judgement, json=False)
        show.print_line(str(found))


def look_at(
    model: Path,
    data: Path,
    id_column: str | None,
    time: str | None,
    text: str | None,
    label: str | None,
    encoding: str,
) -> "tuple[LSTMEstimator, Judged]":
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
            check_no_columns(id_column, time, text, label)
            judged = look_at_series(model, data)
            say_left_out(judged.X)
            return estimator, judged
        case LSTMTextClassifier():
            return estimator, look_at_texts(estimator, model, data, text=text, label=label, encoding=encoding)
        case LSTMLanguageModel():
            if any((id_column, time, label)):
                raise OptionError(
                    "A language model reads texts, so --id, --time and --label have no meaning; leave them out."
                )
            return estimator, look_at_text(estimator, model, data, column=text, encoding=encoding)
        case _:
            return estimator, look_at_file(estimator, model, data, long_columns(id_column, time, label))
