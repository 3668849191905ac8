"""``gatecell info``."""

from collections.abc import Mapping
from typing import Any

from gatecell.cli import show
from gatecell.cli.options import Json, Model


def _facts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and values as text: of a mapping each fact by itself, of a list its members."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        plain = name.replace("_", " ")
        if isinstance(value, Mapping):
            pairs += [(f"{plain}: {inner}", text) for inner, text in _facts(value)]
        elif value is not None:
            pairs.append((plain, show.listed(value)))
    return pairs


def info(model: Model, json: Json = False) -> None:
    """Say what a model file holds."""
    from gatecell.recipes.model_info import describe_model  # noqa: PLC0415  heavy imports wait until a command runs

    found = describe_model(model)
    if json:
        show.print_json(found)
        return
    facts = {"model": model, "estimator": found["estimator"], **found["trained"]}
    show.print_pairs(_facts(facts))
    metrics = found["notes"].pop("metrics", {})
    parameters = found["parameters"].items()
    sections = {
        "Notes": _facts(found["notes"]),
        "Metrics": show.metric_pairs(metrics),
        "Parameters": [(key, show.listed(value)) for key, value in parameters],
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
