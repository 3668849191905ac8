"""What Griffe, which reads docstrings for the reference pages, is told besides: types as written, defaults as they are.

Griffe reads the type ``array (n, T, I)`` as a call and shows it otherwise, gives parameters that share a line in a
docstring the type and default of the first, and shows a default such as ``LSTMConfig.hidden_size`` by its name.
"""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import griffe

_TYPED = re.compile(r"^(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*) : (?P<type>.+)$")
_UNDERLINE = re.compile(r"^-{3,}$")


class Docstrings(griffe.Extension):
    """Correct every docstring of the package once it is loaded."""

    def on_package(self, *, pkg: griffe.Module, loader: griffe.GriffeLoader, **_: Any) -> None:
        """Visit every object that has a docstring or parameters."""
        for item in _objects(pkg):
            if isinstance(item, griffe.Function):
                _show_defaults(item)
        for item in _objects(pkg):
            if item.docstring is not None:
                _correct(item)


def _objects(item: griffe.Object) -> Iterator[griffe.Object]:
    yield item
    for member in item.members.values():
        if isinstance(member, griffe.Object):
            yield from _objects(member)


def _correct(item: griffe.Object) -> None:
    assert item.docstring is not None
    written = _written_types(item.docstring.value)
    own = {parameter.name: parameter for parameter in getattr(item, "parameters", ())}
    for section in item.docstring.parsed:
        if isinstance(section, griffe.DocstringSectionParameters | griffe.DocstringSectionAttributes):
            for entry in section.value:
                signature = own.get(entry.name)
                entry.annotation = written.get(entry.name, signature.annotation if signature else entry.annotation)
                if isinstance(entry, griffe.DocstringParameter):
                    entry.value = signature.default if signature else entry.value
        elif isinstance(section, griffe.DocstringSectionReturns | griffe.DocstringSectionYields):
            types = _result_types(item.docstring.value, section.kind.value)
            for result, text in zip(section.value, types, strict=False):
                result.annotation = text


def _written_types(docstring: str) -> dict[str, str]:
    """Return the types that a docstring gives its parameters and attributes, as written there."""
    found = (match for line in docstring.splitlines() if (match := _TYPED.match(line)))
    return {name.strip(): match["type"] for match in found for name in match["names"].split(",")}


def _result_types(docstring: str, title: str) -> list[str]:
    """Return the types in the section of that title, as written there."""
    lines = docstring.splitlines()
    types = []
    for number, line in enumerate(lines[:-1]):
        if line.lower() == title and _UNDERLINE.match(lines[number + 1]):
            for text in lines[number + 2 :]:
                if _UNDERLINE.match(text):
                    return types[:-1]
                if text and not text.startswith(" "):
                    types.append(match["type"] if (match := _TYPED.match(text)) else text)
    return types


def _show_defaults(function: griffe.Function) -> None:
    """Replace defaults that are attributes of another class by their values."""
    if not any(isinstance(parameter.default, griffe.ExprAttribute) for parameter in function.parameters):
        return
    actual = import_module(function.module.path)
    for name in function.path.removeprefix(f"{function.module.path}.").split("."):
        actual = getattr(actual, name)
    signature = inspect.signature(actual)  # type: ignore[arg-type]
    for parameter in function.parameters:
        if isinstance(parameter.default, griffe.ExprAttribute):
            parameter.default = repr(signature.parameters[parameter.name].default)
