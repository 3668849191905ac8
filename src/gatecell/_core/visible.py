"""Text as it is shown: what would steer a terminal, or turn the order of what is read, is made visible."""

import re

_STEERING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line end, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, overrides and isolates of the direction of writing
    "\u2028\u2029\ufeff"  # line and paragraph separators; a mark that has no width
    "\ufff9-\ufffb\U000e0000-\U000e007f"  # annotations and tags, which are not shown at all
    "\ud800-\udfff"  # halves of characters
)
_TO_ESCAPE = re.compile(f"[{_STEERING}]")
_TO_ESCAPE_IN_A_LINE = re.compile(f"[\t\n{_STEERING}]")
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str, *, line: bool = False) -> str:
    """Return text with escapes, as Python writes them, in place of what is not to reach a terminal as it is.

    Names, labels and texts come from files of others: an escape sequence in one may colour, move, erase or retitle
    what a terminal shows, and a character that turns the direction of writing makes one name look like another.

    Parameters
    ----------
    text : str
        Anything.
    line : bool
        Whether it is one line, so that tabs and line ends are escaped as well.
    """
    return (_TO_ESCAPE_IN_A_LINE if line else _TO_ESCAPE).sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
