"""Tables that people open in a spreadsheet: a cell of text is text there, not a formula."""

from typing import Any

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also in their full width, which a spreadsheet in Chinese or Japanese takes alike."""


def spreadsheet_safe(value: Any) -> Any:
    """Return a cell with an apostrophe before it where a spreadsheet would take it for a formula.

    Numbers stay as they are, also as text: ``-3.2`` is not a formula.
    """
    if not isinstance(value, str) or not value.startswith(_BEGINS_A_FORMULA) or _is_number(value):
        return value
    return f"'{value}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and text == text.strip()
