"""``gatecell predict``."""

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gatecell.cli import show
from gatecell.cli.options import Data, Id, Json, Model, Time, long_columns

if TYPE_CHECKING:
    from gatecell.recipes.own_data import Prediction


def predict(
    model: Model,
    data: Data,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A CSV file; standard output if not said.")
    ] = None,
    id_column: Id = None,
    time: Time = None,
    json: Json = False,
) -> None:
    """Predict each sequence of a file.

    Of a classifier the class and the probability of each, of a regressor the number; one line a sequence.
    """
    from gatecell._core.files import atomic_path  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.own_data import predict_file  # noqa: PLC0415

    prediction = predict_file(model, data, long_columns(id_column, time, None))
    table = _table(prediction)
    if output is not None:
        with atomic_path(output) as part:
            part.write_text(_csv(table), encoding="utf-8", newline="")
        show.say(f"{len(prediction.rows):,} predictions are in {output}.")
    if json:
        names, *lines = table
        show.print_json({"model": str(model), "predictions": [dict(zip(names, line, strict=True)) for line in lines]})
    elif output is None:
        sys.stdout.write(_csv(table))


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
