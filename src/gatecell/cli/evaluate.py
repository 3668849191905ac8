"""``gatecell evaluate``."""

from typing import TYPE_CHECKING

from gatecell._core.errors import OptionError
from gatecell.cli.forecast import check_no_columns, show_judgement
from gatecell.cli.options import Data, Encoding, Id, Json, Label, Model, Text, Time, long_columns

if TYPE_CHECKING:
    from gatecell.evaluation.judgement import Judgement


def evaluate(
    model: Model,
    data: Data,
    id_column: Id = None,
    time: Time = None,
    text: Text = None,
    label: Label = None,
    encoding: Encoding = "utf-8",
    json: Json = False,
) -> None:
    """Measure a model on labelled sequences or texts, a forecaster on later steps, a language model on text."""
    from gatecell.recipes.model_info import kind_of_model  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.own_data import evaluate_file  # noqa: PLC0415
    from gatecell.recipes.own_language import judge_text  # noqa: PLC0415
    from gatecell.recipes.own_series import backtest_series  # noqa: PLC0415
    from gatecell.recipes.own_texts import evaluate_texts  # noqa: PLC0415

    kind = kind_of_model(model)
    if kind == "LSTMForecaster":
        check_no_columns(id_column, time, text, label)
        judgement: Judgement = backtest_series(model, data).judgement
    elif kind == "LSTMTextClassifier":
        judgement = evaluate_texts(model, data, text=text, label=label, encoding=encoding)
    elif kind == "LSTMLanguageModel":
        if any((id_column, time, label)):
            raise OptionError(
                "A language model reads texts, so --id, --time and --label have no meaning; leave them out."
            )
        judgement = judge_text(model, data, column=text, encoding=encoding)
    else:
        judgement = evaluate_file(model, data, long_columns(id_column, time, label))
    show_judgement(judgement, json=json, model=str(model), data=str(data))
