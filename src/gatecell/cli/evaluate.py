"""``gatecell evaluate``."""

from gatecell.cli import show
from gatecell.cli.options import Data, Id, Json, Label, Model, Time, long_columns


def evaluate(
    model: Model, data: Data, id_column: Id = None, time: Time = None, label: Label = None, json: Json = False
) -> None:
    """Measure a model on labelled sequences."""
    from gatecell.recipes.own_data import evaluate_file  # noqa: PLC0415  heavy imports wait until a command runs

    metrics = evaluate_file(model, data, long_columns(id_column, time, label))
    if json:
        show.print_json({"model": str(model), "data": str(data), "metrics": metrics})
    else:
        show.print_pairs(show.metric_pairs(metrics))
