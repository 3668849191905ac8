"""``gatecell predict``."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gatecell._core.errors import OptionError
from gatecell.cli import show
from gatecell.cli.forecast import Level, check_no_columns, predict_series
from gatecell.cli.options import (
    DATA_HELP,
    DIALECT,
    UNSAID,
    Json,
    Model,
    SpreadsheetSafe,
    TableOptions,
    check_no_sequences,
    check_no_texts,
    check_output,
    with_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatecell.recipes.own_data import Prediction


@with_table("id", "time", "text", "channels", *DIALECT)
def predict(
    model: Model,
    data: Annotated[
        Path | None,
        typer.Argument(metavar="DATA", help=f"{DATA_HELP} Of a forecaster, later lines; it needs none."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A CSV file, of texts any format; standard output if not said."
        ),
    ] = None,
    table: TableOptions = UNSAID,
    horizon: Annotated[
        int | None, typer.Option("--horizon", metavar="N", help="Forecast: how many steps; as at the fit if not said.")
    ] = None,
    level: Level = None,
    intervals: Annotated[bool, typer.Option(help="Forecast: whether to give intervals.")] = True,
    ahead: Annotated[
        Path | None, typer.Option("--ahead", metavar="FILE", help="Forecast: a table of the covariates known ahead.")
    ] = None,
    spreadsheet_safe: SpreadsheetSafe = False,
    json: Json = False,
) -> None:
    """Predict each sequence or text of a file, or what follows series.

    Of a classifier the class and the probability of each, of a regressor the number; one line a sequence. A table of
    texts keeps its columns and gets two more, label and probability. Of a forecaster one line a step to come; lines of
    DATA that it does not know yet are noted before.
    """
    check_output(output, "predictions.csv", model, data, ahead)
    from gatecell.recipes.model_info import kind_of_model  # noqa: PLC0415  heavy imports wait until a command runs

    kind = kind_of_model(model)
    if kind == "LSTMForecaster":
        check_no_columns(table)
        predict_series(
            model,
            data,
            output,
            horizon=horizon,
            level=level,
            intervals=intervals,
            ahead=ahead,
            safe=spreadsheet_safe,
            table=table,
            json=json,
        )
        return
    if horizon is not None or level or ahead is not None or not intervals:
        raise OptionError(f"--horizon, --level, --no-intervals and --ahead are for forecasters; {model} is none.")
    if kind == "LSTMLanguageModel":
        raise OptionError(
            f"{model} is a language model: `gatecell generate` writes with it, `gatecell evaluate` measures it on text."
        )
    if data is None:
        raise OptionError("DATA is missing: name the file whose sequences or texts are to be predicted.")
    if kind == "LSTMTextClassifier":
        _predict_texts(model, data, output, table, safe=spreadsheet_safe, json=json)
        return
    check_no_texts(table)
    from gatecell._core.files import atomic_path  # noqa: PLC0415
    from gatecell.recipes.own_data import predict_file  # noqa: PLC0415

    prediction = predict_file(model, data, table.columns, table.dialect)
    lines = _table(prediction)
    shown = _safe(lines) if spreadsheet_safe else lines
    if output is not None:
        with atomic_path(output) as part:
            part.write_text(_csv(shown), encoding="utf-8", newline="")
        show.say(f"{len(prediction.rows):,} predictions are in {output}.")
    if json:
        names, *values = lines
        show.print_json({"model": str(model), "predictions": [dict(zip(names, line, strict=True)) for line in values]})
    elif output is None:
        show.print_data(_csv(shown))


def _predict_texts(
    model: Path, data: Path, output: Path | None, table: TableOptions, *, safe: bool, json: bool
) -> None:
    check_no_sequences(table)
    from gatecell._core.files import atomic_path  # noqa: PLC0415
    from gatecell.data.text_table import table_text, text_format, write_text_table  # noqa: PLC0415
    from gatecell.recipes.own_texts import predict_texts  # noqa: PLC0415

    ending = None if output is None else text_format(output)
    names, rows = predict_texts(model, data, text=table.text, dialect=table.dialect)
    # the other formats say what is text
    header, *lines = _safe([names, *rows]) if safe and ending in (None, ".csv", ".tsv") else [names, *rows]
    if output is not None and ending is not None:
        with atomic_path(output) as part:
            write_text_table(part, ending, header, lines)
        show.say(f"{len(rows):,} predictions are in {output}.")
    if json:
        show.print_json({"model": str(model), "predictions": [dict(zip(names, row, strict=True)) for row in rows]})
    elif output is None:
        show.print_data(table_text(".csv", header, lines))


def _safe(table: "Iterable[Iterable[Any]]") -> list[list[Any]]:
    from gatecell._core.spreadsheet import spreadsheet_safe  # noqa: PLC0415

    return [[spreadsheet_safe(value) for value in line] for line in table]


def _table(prediction: "Prediction") -> list[list[Any]]:
    values = prediction.values.tolist()
    if prediction.probabilities is not None:
        header = ["row", "prediction", *(f"probability_{name}" for name in prediction.classes)]
        lines = [
            [row, value, *(round(p, 6) for p in probabilities)]
            for row, value, probabilities in zip(
                prediction.rows, values, prediction.probabilities.tolist(), strict=True
            )
        ]
        return [header, *lines]
    if prediction.values.ndim == 1:
        return [["row", "prediction"], *([row, value] for row, value in zip(prediction.rows, values, strict=True))]
    header = ["row", *(f"prediction_{index}" for index in range(prediction.values.shape[1]))]
    return [header, *([row, *value] for row, value in zip(prediction.rows, values, strict=True))]


def _csv(table: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue()
