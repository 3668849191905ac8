"""A space as one types it: ``hidden_size=32,64`` and ``learning_rate=1e-4..1e-2:log``."""

import json
from collections.abc import Iterable
from typing import Any

from gatecell._core.errors import OptionError
from gatecell._core.records import plain
from gatecell.recipes.settings import read_value
from gatecell.tuning.space import Range, Space, label

_DOTS = ".."
_LOG = ":log"


def parse_space(texts: Iterable[str]) -> Space | None:
    """Read what is to be searched; None where nothing is said.

    A value is a list of choices with commas between them, or in JSON (``[32, [64, 32]]``); or a range, ``LOW..HIGH``,
    of whole numbers where both are whole, with ``:log`` behind it on a logarithmic scale.

    Raises
    ------
    OptionError
        Where a text is none of these, or a name is there twice.
    """
    space: dict[str, Any] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not equals or not name or not values.strip():
            raise OptionError(
                f"{text!r} is nothing to search. Write key=values, as in --search hidden_size=32,64 or "
                "--search learning_rate=1e-4..1e-2:log."
            )
        if name in space:
            raise OptionError(f"{name} is to be searched twice. Give it once, with all its values.")
        space[name] = _values(name, values.strip())
    return space or None


def typed(name: str, item: Any) -> str:
    """Return what is searched of a parameter as one types it; ``parse_space`` reads it back."""
    if isinstance(item, Range):
        return f"{name}={item}"
    labels = [label(plain(value)) for value in item]
    short = f"{name}=" + ",".join(text.strip('"') for text in labels)
    try:
        read = [label(value) for value in (parse_space([short]) or {})[name]]
    except (OptionError, TypeError):
        read = []
    return short if read == labels else f"{name}=[{', '.join(labels)}]"


def _values(name: str, text: str) -> Any:
    if _DOTS in text and not text.startswith("["):
        bounds, is_log = text.removesuffix(_LOG), text.endswith(_LOG)
        low, high = (read_value(bound.strip()) for bound in bounds.split(_DOTS, 1))
        if not all(isinstance(bound, int | float) and not isinstance(bound, bool) for bound in (low, high)):
            raise OptionError(f"{name}={text} is no range of numbers. Write LOW..HIGH, as in {name}=1e-4..1e-2:log.")
        return Range(low, high, log=is_log)
    if text.startswith("["):
        try:
            return json.loads(text)
        except ValueError as error:
            raise OptionError(f"{name}={text} is no list in JSON: {error}.") from error
    return [read_value(value.strip()) for value in text.split(",")]
