"""Checks of single values that many options share. Each returns nothing and raises ``OptionError``."""

import math
from collections.abc import Collection
from numbers import Integral, Real

from gatecell._core.errors import OptionError, OptionTypeError, unknown_name


def check_integer(name: str, value: object, *, minimum: int, maximum: int | None = None) -> None:
    """Raise unless ``value`` is an integer (no bool) of at least ``minimum`` and, where given, at most ``maximum``."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise OptionTypeError(f"{name} must be an integer of at least {minimum}, got {value!r}.")
    if value < minimum:
        raise OptionError(f"{name} must be an integer of at least {minimum}, got {value!r}.")
    if maximum is not None and int(value) > maximum:
        raise OptionError(f"{name} must be an integer of at most {maximum}, got {value!r}.")


def check_number(
    name: str,
    value: object,
    *,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    open_minimum: bool = False,
    open_maximum: bool = False,
) -> None:
    """Raise unless ``value`` is a finite real number (no bool) within the bounds; an open bound excludes itself."""
    if not isinstance(value, bool) and isinstance(value, Real):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        above = number > minimum if open_minimum else number >= minimum
        below = number < maximum if open_maximum else number <= maximum
        if math.isfinite(number) and above and below:
            return
    raise OptionError(f"{name} must be {_range_text(minimum, maximum, open_minimum, open_maximum)}, got {value!r}.")


def check_level(value: object, name: str = "level") -> None:
    """Raise unless ``value`` is the level of an interval in percent, in [1, 100).

    Less than one percent is refused, since it is nearly always a share, such as 0.8, that is meant as 80 %.
    """
    if not isinstance(value, bool) and isinstance(value, Real):
        if value < 100 and not value < 1:
            return
        if value < 1 and not value <= 0:
            percent = f"{float(value) * 100:g}"
            raise OptionError(f"{name} is in percent, in [1, 100), got {value!r}. Write {percent} for {percent} %.")
    raise OptionError(f"{name} must be a number of percent in [1, 100), got {value!r}. Write 80 for 80 %.")


def check_probability(name: str, value: object) -> None:
    """Raise unless ``value`` is a number in [0, 1): a probability of 1 would leave nothing to learn from."""
    check_number(name, value, minimum=0.0, maximum=1.0, open_maximum=True)


def check_flag(name: str, value: object) -> None:
    """Raise unless ``value`` is True or False."""
    if not isinstance(value, bool):
        raise OptionTypeError(f"{name} must be True or False, got {value!r}.")


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Raise unless ``value`` is one of the named ``choices``; suggests the nearest."""
    if not isinstance(value, str):
        raise OptionError(f"{name} must be one of {', '.join(sorted(choices))}, got {value!r}.")
    if value not in choices:
        raise unknown_name(name, value, choices)


def _range_text(minimum: float, maximum: float, open_minimum: bool, open_maximum: bool) -> str:
    low, high = math.isfinite(minimum), math.isfinite(maximum)
    if low and high:
        return f"a number in {'(' if open_minimum else '['}{minimum:g}, {maximum:g}{')' if open_maximum else ']'}"
    if low:
        return f"a finite number {'above' if open_minimum else 'of at least'} {minimum:g}"
    if high:
        return f"a finite number {'below' if open_maximum else 'of at most'} {maximum:g}"
    return "a finite number"
