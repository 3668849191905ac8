"""How a table file is written, as far as the user says it."""

from dataclasses import dataclass

from gatecell._core.checks import check_flag
from gatecell._core.errors import OptionError
from gatecell._core.wording import quoted

UTF_8 = "utf-8"
DECIMALS = (".", ",")
_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


@dataclass(frozen=True, kw_only=True)
class TableDialect:
    """How a table is written; what is None is found from the file, or refused where it can be read in two ways."""

    encoding: str = UTF_8
    """Of text files. A byte order mark of UTF-8, UTF-16 or UTF-32 counts more than the default."""
    sep: str | None = None
    """What stands between the cells of a line: one character, or a word such as ``tab``. Found: ``,`` ``;`` tab, |."""
    decimal: str | None = None
    """What stands before the decimals of a number, ``.`` or ``,``."""
    day_first: bool | None = None
    """Whether 01/02/2026 is the first of February, or the second of January."""
    usual_decimal: str | None = None
    """The decimal mark where a file leaves it open, as known from another one."""
    usual_day_first: bool | None = None
    """Whether days come first where a file leaves it open, as known from another one."""

    def __post_init__(self) -> None:
        if self.sep is not None:
            sep = _NAMED.get(self.sep.lower(), self.sep)
            if len(sep) != 1 or sep in '"\r\n\0' or sep.isalnum():
                raise OptionError(
                    f"A separator is one character that is not a letter, digit, quote or line end, or one of "
                    f"{', '.join(name for name in _NAMED if name.isalpha())}; got {quoted(self.sep)}."
                )
            object.__setattr__(self, "sep", sep)
        for decimal in (self.decimal, self.usual_decimal):
            if decimal is not None and decimal not in DECIMALS:
                raise OptionError(f"A decimal mark is one of {' '.join(DECIMALS)}, got {quoted(decimal)}.")
        for day_first in (self.day_first, self.usual_day_first):
            if day_first is not None:
                check_flag("day_first", day_first)


def separator_name(sep: str) -> str:
    """Return a separator as one writes it on a command line: those that cannot be seen by their names."""
    return {"\t": "tab", " ": "space"}.get(sep, sep)


PLAIN = TableDialect()
"""Nothing is told."""
