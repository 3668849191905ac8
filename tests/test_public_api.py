"""The public names: they exist, they are documented, and their parameters too."""

import importlib
import inspect
import re
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
        "GatecellError",
        "LSTMClassifier",
        "LSTMRegressor",
        "LSTMTextClassifier",
        "__version__",
        "load",
        "nn",
    }
    assert set(dir(gatecell)) == set(gatecell.__all__)
    with pytest.raises(AttributeError, match="module 'gatecell' has no attribute 'LSTMClasifier'"):
        gatecell.LSTMClasifier  # noqa: B018


def test_every_error_raised_on_purpose_is_of_the_projects_own_tree() -> None:
    errors = importlib.import_module("gatecell._core.errors")
    own = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, Exception)]
    assert all(issubclass(error, gatecell.GatecellError) for error in own)
