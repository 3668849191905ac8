"""``gatecell info``."""

from gatecell.cli import show
from gatecell.cli.options import Json, Model


def info(model: Model, json: Json = False) -> None:
    """Say what a model file holds."""
    from gatecell.recipes.model_info import describe_model  # noqa: PLC0415  heavy imports wait until a command runs

    found = describe_model(model)
    if json:
        show.print_json(found)
        return
    facts = {"model": model, "estimator": found["estimator"], **found["trained"]}
    show.print_pairs([(name.replace("_", " "), show.setting(value)) for name, value in facts.items()])
    metrics = found["notes"].pop("metrics", {})
    sections = {
        "Notes": [(key, str(value)) for key, value in found["notes"].items()],
        "Metrics": show.metric_pairs(metrics),
        "Parameters": [(key, show.setting(value)) for key, value in found["parameters"].items()],
        "Written with": list(found["versions"].items()),
    }
    for title, pairs in sections.items():
        if pairs:
            show.print_line()
            show.print_line(f"{title}:")
            show.print_pairs([(f"  {name}", value) for name, value in pairs])
    show.print_line()
    show.print_line(found["summary"])
    show.print_line()
    show.print_line(found["engines"])
