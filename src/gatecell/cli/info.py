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
    show.print_pairs([("model", str(model)), ("estimator", found["estimator"])])
    show.print_pairs([(key, str(value)) for key, value in found["trained"].items()])
    for title in ("parameters", "notes", "versions"):
        if found[title]:
            show.print_line()
            show.print_line(f"{title.capitalize()}:")
            show.print_pairs([(f"  {key}", str(value)) for key, value in found[title].items()])
    show.print_line()
    show.print_line(found["summary"])
    show.print_line()
    show.print_line(found["engines"])
