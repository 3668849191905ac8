"""The public names: they exist, they are documented, and their parameters too."""

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import gatecell
import gatecell.nn

PUBLIC = [
    (module.__name__, name) for module in (gatecell, gatecell.nn) for name in module.__all__ if not name.startswith("_")
]


def documented(thing: Any) -> str:
    return "\n".join(filter(None, (inspect.getdoc(thing), inspect.getdoc(getattr(thing, "__init__", None)))))


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_a_public_name_exists_and_is_documented(module: str, name: str) -> None:
    thing = getattr(importlib.import_module(module), name)
    assert len(documented(thing)) > 40


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_every_public_method_is_documented(module: str, name: str) -> None:
    thing = getattr(importlib.import_module(module), name)
    if not inspect.isclass(thing):
        return
    for attribute in vars(thing):
        if not attribute.startswith("_") and callable(getattr(thing, attribute)):
            assert inspect.getdoc(getattr(thing, attribute)), f"{name}.{attribute}"


@pytest.mark.parametrize(
    "cls",
    [
        gatecell.LSTMClassifier,
        gatecell.LSTMRegressor,
        gatecell.LSTMTextClassifier,
        gatecell.LSTMForecaster,
        gatecell.LSTMLanguageModel,
        gatecell.nn.LSTM,
        gatecell.nn.LSTMCell,
    ],
)
def test_the_documentation_names_every_parameter_of_the_constructor(cls: type) -> None:
    text = inspect.getdoc(cls) or ""
    missing = [name for name in inspect.signature(cls).parameters if not re.search(rf"\b{name}\b", text)]
    assert not missing


def test_the_names_are_those_promised() -> None:
    assert set(gatecell.__all__) == {
        "AmbiguousInputWarning",
        "GatecellError",
        "LSTMClassifier",
        "LSTMForecaster",
        "LSTMLanguageModel",
        "LSTMRegressor",
        "LSTMTextClassifier",
        "__version__",
        "from_long",
        "load",
        "nn",
    }
    assert set(dir(gatecell)) == set(gatecell.__all__)
    with pytest.raises(AttributeError, match="module 'gatecell' has no attribute 'LSTMClasifier'"):
        gatecell.LSTMClasifier  # noqa: B018


OF_PYTHON = {
    "gatecell/__init__.py": {"AttributeError"},  # what a module's __getattr__ must raise
    "gatecell/_core/files.py": {"IsADirectoryError", "OSError"},  # as the system says it, with the user's own path
    "gatecell/_core/installing.py": {"KeyError"},  # an extra that is not declared, which a test would find
    "gatecell/_core/locks.py": {"OSError"},  # as the system says it, with the user's own path
    "gatecell/_core/strict_json.py": {"ValueError"},  # for callers, who say of which file
    "gatecell/artifact/format.py": {"ValueError"},  # for json.loads, whose caller says what it means
    "gatecell/artifact/tensors.py": {"ValueError"},  # for the caller, which says of which file
    "gatecell/cli/app.py": {"Exit"},
    "gatecell/cli/main.py": {"KeyboardInterrupt"},
    "gatecell/cli/signals.py": {"KeyboardInterrupt"},
    "gatecell/data/ts_file.py": {"AssertionError"},  # cannot happen
    "gatecell/training/signals.py": {"SystemExit"},  # where Lightning's had no code
}
"""Exceptions that are not of the project's tree, and where they are raised."""


def raised_names(path: Path) -> set[str]:
    """Return the names of the exception classes that a module raises."""
    raised = [node.exc for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Raise) and node.exc]
    called = [node.func if isinstance(node, ast.Call) else node for node in raised]
    names = {node.attr if isinstance(node, ast.Attribute) else ast.unparse(node) for node in called}
    return {name for name in names if name[0].isupper()}


def test_every_error_raised_on_purpose_is_of_the_projects_own_tree() -> None:
    errors = vars(importlib.import_module("gatecell._core.errors"))
    own = {name for name, item in errors.items() if inspect.isclass(item) and issubclass(item, gatecell.GatecellError)}
    source = Path(gatecell.__file__).parent
    raised = {path.relative_to(source.parent).as_posix(): raised_names(path) for path in source.rglob("*.py")}
    foreign = {path: names - own - OF_PYTHON.get(path, set()) for path, names in raised.items()}
    assert not {path: names for path, names in foreign.items() if names}
