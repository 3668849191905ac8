"""``gatecell evaluate``."""

from gatecell.cli import show
from gatecell.cli.options import Data, Encoding, Id, Json, Label, Model, Text, Time, long_columns


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
    """Measure a model on labelled sequences or texts."""
    from gatecell.recipes.own_data import evaluate_file  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.own_texts import evaluate_texts, is_text_model  # noqa: PLC0415

    if is_text_model(model):
        judgement = evaluate_texts(model, data, text=text, label=label, encoding=encoding)
    else:
        judgement = evaluate_file(model, data, long_columns(id_column, time, label))
    metrics, intervals = judgement.metrics(), judgement.named_intervals()
    if json:
        show.print_json({"model": str(model), "data": str(data), "metrics": metrics, "intervals": intervals})
    else:
        show.print_pairs(show.metric_pairs(metrics, intervals))
