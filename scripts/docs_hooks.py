"""What MkDocs calls while it builds the documentation: formulas, and pages made from the program itself.

A page says ``<!-- generated: NAME -->`` where a part of ``GENERATED`` is to stand, so that it cannot go stale.
"""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import typer
from latex2mathml.converter import convert

from gatecell.cli.app import build_app
from gatecell.recipes.recipe import OPTIONS
from gatecell.recipes.registry import RECIPES

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
_MARK = re.compile(r"<!-- generated: ([\w-]+) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the generated parts of a page in their places."""
    return _MARK.sub(lambda mark: GENERATED[mark[1]](), markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Turn the formulas of a page into MathML, which browsers draw without a script."""
    return _FORMULA.sub(_mathml, html)


def _mathml(formula: re.Match[str]) -> str:
    return convert(html.unescape(formula[3]), display="inline" if formula[2] == "(" else "block")


def command_line() -> str:
    """Return every command with its help, arguments and options, as Markdown."""
    return "\n".join(_of_command("gatecell", typer.main.get_command(build_app()), level=2))


def _of_command(name: str, command: Any, level: int) -> Iterator[str]:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    commands = getattr(command, "commands", {})
    usage = " ".join(
        [name, *(_metavar(argument) for argument in arguments), *(["COMMAND"] if commands else []), "[OPTIONS]"]
    )
    yield from (f"{'#' * level} `{name}`", "", f"```text\n{usage}\n```", "", _plain(command.help), "")
    rows = [*((_metavar(argument), argument) for argument in arguments), *((_spelled(each), each) for each in options)]
    if rows:
        yield from ("| argument or option | |", "|---|---|")
        for spelled, parameter in rows:
            yield f"| `{spelled}` | {_described(parameter)} |"
        yield ""
    for inner, item in commands.items():
        yield from _of_command(f"{name} {inner}", item, level=level if level == 2 else 3)


def _metavar(argument: Any) -> str:
    shown = argument.metavar or argument.name.upper()
    return shown if argument.required or shown.startswith("[") else f"[{shown}]"


def _spelled(option: Any) -> str:
    spelled = ", ".join([*option.opts, *option.secondary_opts])
    takes_value = not option.is_flag and not option.count
    return f"{spelled} {option.metavar or option.type.name.upper()}" if takes_value else spelled


def _described(parameter: Any) -> str:
    text = _plain(getattr(parameter, "help", None)).replace("|", r"\|").replace("\n", " ")
    if parameter.required and parameter.param_type_name == "option":
        return f"{text} Required."
    shown = (
        parameter.default is not None and not isinstance(parameter.default, bool) and not callable(parameter.default)
    )
    if shown and not parameter.required:
        return f"{text} Default: `{parameter.default}`."
    return text


def _plain(text: str | None) -> str:
    return (text or "").replace("\b", "").replace("\f", "").strip()


def recipes() -> str:
    """Return a section for each recipe: data, parameters, target, and where it departs from its tutorial."""
    return "\n".join(line for recipe in RECIPES.values() for line in _of_recipe(recipe))


def _of_recipe(recipe: Any) -> Iterator[str]:
    yield from (f"### `{recipe.name}`", "", f"{recipe.summary}.", "", "| | value |", "|---|---|")
    yield f"| data | {recipe.data} |"
    yield f"| must reach | `{recipe.target}`, mean of 3 seeds |"
    yield f"| estimator | `{recipe.estimator}` |"
    for name, value in recipe.parameters.items():
        yield f"| `{name}` | `{value!r}` |"
    yield ""
    if recipe.departures:
        yield from ("Where it departs from the tutorials that it is known from:", "")
        yield from (f"- {text}" for text in recipe.departures)
        yield ""


def recipe_options() -> str:
    """Return the options of every recipe, as a table."""
    rows = (f"| `{name}` | `{default!r}` | {text} |" for name, (default, text) in OPTIONS.items())
    return "\n".join(("| option | default | |", "|---|---|---|", *rows))


GENERATED: dict[str, Callable[[], str]] = {
    "command-line": command_line,
    "recipes": recipes,
    "recipe-options": recipe_options,
}
"""What a page may ask for."""
