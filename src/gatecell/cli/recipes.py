"""``gatecell recipes``."""

import textwrap
from typing import Annotated, Any

import typer

from gatecell.cli import show
from gatecell.cli.options import Json


def recipes(
    name: Annotated[str | None, typer.Argument(metavar="[RECIPE]", help="Show this one in full.")] = None,
    json: Json = False,
) -> None:
    """List the recipes, or show one in full.

    In full: data, parameters, what it must reach, and where it departs from the tutorials that it is known from.
    """
    from gatecell.recipes.registry import RECIPES, get_recipe  # noqa: PLC0415

    chosen = [get_recipe(name)] if name is not None else list(RECIPES.values())
    if json:
        show.print_json({"recipes": [_as_json(recipe) for recipe in chosen]})
    elif name is None:
        show.print_pairs([(recipe.name, recipe.summary) for recipe in chosen])
        show.print_next(["gatecell", "recipes", "mnist"], ["gatecell", "run", "digits"])
    else:
        _print_one(chosen[0])


def _print_one(recipe: Any) -> None:
    from gatecell.recipes.recipe import SearchRecipe, options_of  # noqa: PLC0415

    show.print_line(f"{recipe.name}: {recipe.summary}")
    show.print_line()
    show.print_pairs(
        [("data", recipe.data), ("must reach", f"{recipe.target}, mean of 3 seeds"), ("estimator", recipe.estimator)]
    )
    show.print_line()
    show.print_line("Parameters (change with --set):")
    show.print_pairs([(f"  {key}", show.setting(value)) for key, value in recipe.parameters.items()])
    if isinstance(recipe, SearchRecipe):
        show.print_line()
        show.print_line("Searched, in every combination:")
        show.print_pairs([(f"  {key}", ", ".join(map(str, values))) for key, values in recipe.space.items()])
    show.print_line()
    show.print_line("Options (also with --set):")
    for key, (default, text) in options_of(recipe).items():
        show.print_line(_item(f"{key}={show.setting(default)}: {text}"))
    if recipe.departures:
        show.print_line()
        show.print_line("Where it departs from the tutorials, and why:")
        for text in recipe.departures:
            show.print_line(_item(text))


def _item(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="  - ", subsequent_indent="    ")


def _as_json(recipe: Any) -> dict[str, Any]:
    return {
        **{key: getattr(recipe, key) for key in ("name", "summary", "data", "target", "estimator")},
        "parameters": dict(recipe.parameters),
        **({"space": {key: list(values) for key, values in recipe.space.items()}} if hasattr(recipe, "space") else {}),
        "departures": list(recipe.departures),
    }
