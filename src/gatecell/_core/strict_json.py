"""JSON from elsewhere, read strictly and within a bound on memory.

Python's own reader takes NaN, takes the last of two equal keys, and makes up to fifty bytes of objects of one byte of
text. What is read here has none of that, and nothing in it that a later step could stumble over: no number beyond
64 bits, and no nesting so deep that recursion ends.
"""

import json
import math
from collections import Counter
from typing import Any

from gatecell._core.wording import quoted

DEEPEST = 64
"""Lists and objects within each other; what Gatecell writes has fewer than ten."""
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1

_BYTES_OF_MARK = {"{": 280, "[": 150, ",": 70, ":": 160}
"""What an object, a list, an item and a key take at most in CPython, by the mark in the text that comes with each."""


def parse(text: str, *, most_bytes: int | None = None) -> Any:
    """Return the value of a JSON text.

    Parameters
    ----------
    text : str
    most_bytes : int, optional
        How much memory the value may take, by an upper bound that is found before anything is built.

    Raises
    ------
    ValueError
        Where the text is not JSON, or has what this module's head rules out; the message says what.
    """
    if most_bytes is not None and (needed := bytes_needed(text)) > most_bytes:
        raise ValueError(f"it may take {needed:,} bytes of memory, of which {most_bytes:,} are allowed")
    try:
        value = json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check(value)
    return value


def bytes_needed(text: str) -> int:
    """Return an upper bound on the memory that the value of a JSON text takes."""
    # one character outside Latin-1 makes all of a string four times as wide, beside the parts it is put together from
    width = 1 if text.isascii() and "\\u" not in text else 7
    return width * len(text) + sum(text.count(mark) * size for mark, size in _BYTES_OF_MARK.items())


def _check(value: Any) -> None:
    level = [value]
    depth = 0
    while level:
        if depth > DEEPEST:
            raise ValueError("it is nested too deeply")
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
            elif _beyond_64_bits(item):
                raise ValueError("it has a number beyond 64 bits")
        level = inner
        depth += 1


def _beyond_64_bits(item: Any) -> bool:
    if isinstance(item, float):
        return not math.isfinite(item)
    return isinstance(item, int) and not SMALLEST_INTEGER <= item <= LARGEST_INTEGER


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        double = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"it has {quoted(double)} twice")
    return values


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
