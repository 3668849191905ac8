"""What the documentation site is made with; the site itself is built by ``make docs``."""

import re
from pathlib import Path
from typing import Any

import griffe
import pytest
import typer

from gatecell.cli.app import build_app
from gatecell.recipes.registry import RECIPES
from tests.test_scripts import script

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def hooks() -> Any:
    return script("docs_hooks")


def test_every_command_and_option_is_on_the_page(hooks: Any) -> None:
    page = hooks.on_page_markdown((ROOT / "docs" / "reference" / "command-line.md").read_text())
    app: Any = typer.main.get_command(build_app())
    fit = app.commands["fit"]
    for name, command in [*app.commands.items(), *((f"fit {inner}", item) for inner, item in fit.commands.items())]:
        section = re.search(rf"^## `gatecell {name}`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        assert section, name
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert f"`{', '.join([*parameter.opts, *parameter.secondary_opts])}" in section[1]
    assert "| `--seed N` | Same seed, same machine, same number of threads: same weights. Default: `0`. |" in page


def test_every_recipe_is_on_the_page(hooks: Any) -> None:
    page = hooks.on_page_markdown((ROOT / "docs" / "reference" / "recipes.md").read_text())
    assert re.findall(r"^### `([\w-]+)`", page, re.MULTILINE) == list(RECIPES)
    assert "<!-- generated" not in page


def test_formulas_are_drawn_without_a_script(hooks: Any) -> None:
    page = hooks.on_page_content(
        r'<p><span class="arithmatex">\(c &lt; 1\)</span></p><div class="arithmatex">\[h = o \odot \tanh c\]</div>'
    )
    assert page.count("<math") == 2
    assert 'display="block"' in page
    assert "&lt;" in page or "&#x0003C;" in page
    assert "arithmatex" not in page


def test_docstrings_are_shown_as_they_are_written() -> None:
    parser = script("griffe_docstrings")
    function = griffe.Function(
        "f",
        parameters=griffe.Parameters(
            griffe.Parameter("a", annotation="int", default="1", kind=griffe.ParameterKind.positional_or_keyword),
            griffe.Parameter("b", annotation="bool", default="False", kind=griffe.ParameterKind.positional_or_keyword),
            griffe.Parameter("x", annotation="Any", kind=griffe.ParameterKind.positional_or_keyword),
        ),
    )
    text = (
        "F.\n\nParameters\n----------\na, b\n    Both.\nx : array (n, T)\n    Rows.\n\nReturns\n-------\narray (n,)\n"
    )
    function.docstring = griffe.Docstring(text, parent=function, parser="numpy")
    parser._correct(function)
    _, parameters, returns = function.docstring.parsed
    found = [(entry.name, str(entry.annotation), entry.value) for entry in parameters.value]
    assert found == [("a", "int", "1"), ("b", "bool", "False"), ("x", "array (n, T)", None)]
    assert [entry.annotation for entry in returns.value] == ["array (n,)"]


@pytest.mark.parametrize(
    ("text", "fetches"),
    [
        ('<script src="https://elsewhere.org/a.js"></script>', 1),
        ('<link rel="stylesheet" href="//elsewhere.org/a.css">', 1),
        ('<link rel="canonical" href="https://here.org/"><a href="https://elsewhere.org">x</a><img src="a.png">', 0),
    ],
)
def test_a_page_that_fetches_from_elsewhere_is_found(
    text: str, fetches: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.html").write_text(text)
    assert script("check_site").main([str(tmp_path)]) == fetches
    assert ("elsewhere.org" in capsys.readouterr().out) == bool(fetches)


def test_a_folder_without_pages_is_no_site(tmp_path: Path) -> None:
    assert script("check_site").main([str(tmp_path)]) == 1
