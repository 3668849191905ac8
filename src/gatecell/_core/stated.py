"""Values that a file states, taken out one by one, each held to its type and range before anything is made of it."""

import math
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gatecell._core.errors import ArtifactError
from gatecell._core.wording import shortened

LARGEST = 2**53
"""The largest whole number that is taken where nothing else is said; every one below has an exact float64."""
_WIDTH = 60
"""Of a value in an error."""


class Stated:
    """The values of one JSON object of a file.

    Parameters
    ----------
    values : object
        What stands in the file; anything but an object is refused.
    where : str
        How errors name it.

    Raises
    ------
    ArtifactError
        From here and from every method, where the file states something else than it must; the message names the value.
    """

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
            raise _wrong(where, "an object", values)
        self._values, self._where = values, where

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._values)

    def __contains__(self, name: str) -> bool:
        """Return whether there is a value of a name."""
        return name in self._values

    def value(self, name: str) -> Any:
        """Return a value as it stands there."""
        if name not in self._values:
            raise ArtifactError(f"{self._where} lacks {name}")
        return self._values[name]

    def has(self, name: str) -> bool:
        """Return whether there is such a value, and not None."""
        return self._values.get(name) is not None

    def flag(self, name: str) -> bool:
        """Return True or False."""
        value = self.value(name)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def whole(self, name: str, minimum: int = 0, maximum: int = LARGEST) -> int:
        """Return a whole number within bounds, both included."""
        value = self.value(name)
        if not is_whole(value, minimum, maximum):
            raise self._wrong(name, f"a whole number from {minimum} to {maximum}", value)
        return int(value)

    def number(self, name: str, minimum: float = -math.inf) -> float:
        """Return a finite number of at least ``minimum``."""
        value = self.value(name)
        if not is_number(value) or value < minimum:
            raise self._wrong(name, _a_number(minimum), value)
        return float(value)

    def text(self, name: str) -> str:
        """Return a text."""
        value = self.value(name)
        if not isinstance(value, str):
            raise self._wrong(name, "text", value)
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return a text; None where there is none."""
        return self.text(name) if self.has(name) else None

    def only(self, *names: str) -> None:
        """Raise where there is a value of another name."""
        odd = next((name for name in self._values if name not in names), None)
        if odd is not None:
            raise ArtifactError(f"{self._where} has {shown(odd)}, which is none of {', '.join(names)}")

    def choice(self, name: str, choices: Collection[str]) -> str:
        """Return one of some texts."""
        value = self.value(name)
        if not isinstance(value, str) or value not in choices:
            raise self._wrong(name, f"one of {', '.join(choices)}", value)
        return value

    def listed(self, name: str, length: int | None = None) -> list[Any]:
        """Return a list, of a length where one is given."""
        value = self.value(name)
        if not isinstance(value, list | tuple) or (length is not None and len(value) != length):
            raise self._wrong(name, "a list" if length is None else f"a list of {length}", value)
        return list(value)

    def texts(self, name: str, length: int | None = None) -> list[str]:
        """Return a list of texts."""
        values = self.listed(name, length)
        for value in values:
            if not isinstance(value, str):
                raise self._wrong(f"an item of {name}", "text", value)
        return values

    def wholes(self, name: str, length: int | None = None, *, minimum: int = 0, maximum: int = LARGEST) -> list[int]:
        """Return a list of whole numbers within bounds, both included."""
        values = self.listed(name, length)
        for value in values:
            if not is_whole(value, minimum, maximum):
                raise self._wrong(f"an item of {name}", f"a whole number from {minimum} to {maximum}", value)
        return values

    def numbers(self, name: str, length: int | None = None, minimum: float = -math.inf) -> list[float]:
        """Return a list of finite numbers of at least ``minimum``."""
        values = self.listed(name, length)
        for value in values:
            if not is_number(value) or value < minimum:
                raise self._wrong(f"an item of {name}", _a_number(minimum), value)
        return [float(value) for value in values]

    def table(self, name: str) -> list[list[float]]:
        """Return a list of at least one list of finite numbers, all of the same length."""
        rows = self.listed(name)
        table = [Stated({"a row": row}, f"{name} of {self._where}").numbers("a row") for row in rows]
        if not table or len({len(row) for row in table}) > 1:
            raise self._wrong(name, "a list of rows of one length", rows)
        return table

    def inner(self, name: str) -> "Stated":
        """Return the values of an object within this one."""
        return Stated(self.value(name), f"{name} of {self._where}")

    def _wrong(self, name: str, wanted: str, value: object) -> ArtifactError:
        return _wrong(f"{name} of {self._where}", wanted, value)


def is_whole(value: object, minimum: int = 0, maximum: int = LARGEST) -> bool:
    """Return whether a JSON value is a whole number within bounds, both included."""
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum


def is_number(value: object) -> bool:
    """Return whether a JSON value is a number that float64 can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max


def _a_number(minimum: float) -> str:
    return "a finite number" + (f" of at least {minimum:g}" if minimum > -math.inf else "")


def _wrong(what: str, wanted: str, value: object) -> ArtifactError:
    return ArtifactError(f"{what} must be {wanted}, but is {shown(value)}")


def shown(value: object) -> str:
    """Return a value as an error shows it, short."""
    text = repr(value) if not isinstance(value, list | dict) else f"{type(value).__name__} of {len(value)}"
    return shortened(text, _WIDTH)
