"""Dates as text: one convention a column, found from all of its cells, for any year from 1 to 9999."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from gatecell._core.errors import InputError
from gatecell._core.wording import quoted

Place = Callable[[int], str]
"""From a row to where it stands, as ``"line 3"``."""
Where = Callable[[int | None], str]
"""From a row to how a message of it begins, as ``"d.csv, line 3: t"``; from None to the column: ``"d.csv: t"``."""

NANOSECONDS = 10**9
_DAY = 24 * 60 * 60 * NANOSECONDS
_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_LONG_MONTHS = {
    *("january", "february", "march", "april", "june", "july", "august", "september", "october", "november"),
    *("december", "sept"),
}
_LONGEST = 80
"""Of a date as text; far longer than any, and short enough to be looked at in every way."""
_CENTURY = 69
"""Years of two digits from here on are of the 20th century, others of the 21st, as POSIX has it."""

_TIME = (
    r"(?:(?:[T ]\s*|, )(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d+))?)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
)
_ISO = re.compile(
    r"(?P<year>\d{4})(?:(?P<mark>[-/.])(?P<month>\d{1,2})(?:(?P=mark)(?P<day>\d{1,2}))?"
    r"|(?P<cmonth>\d\d)(?P<cday>\d\d))?" + _TIME,
    re.ASCII,
)
_NUMERIC = re.compile(
    r"(?P<first>\d{1,2})(?P<mark>[-/. ])(?P<second_part>\d{1,2})(?P=mark)(?P<year>\d{4}|\d\d)" + _TIME, re.ASCII
)
_NAMED = re.compile(
    r"(?:[A-Za-z]{3,9},? )?(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?[-/. ]*)?(?P<name>[A-Za-z]{3,9})\.?[-/ ]*"
    r"(?:(?P<late_day>\d{1,2})(?:st|nd|rd|th)?,? )?[-,/ ]*(?P<year>\d{4}|(?<=-)\d\d)" + _TIME,
    re.ASCII,
)
_QUARTER = re.compile(r"(?P<year>\d{4})[- ]?[Qq](?P<quarter>[1-4])", re.ASCII)


class Dates(NamedTuple):
    """A column of dates and times."""

    nanoseconds: list[int]
    """Since 1970, of any size; in UTC where the cells have offsets, else by the clock that they were written by."""
    offsets: list[int] | None
    """Seconds from UTC of each cell; None where the cells have none."""
    day_first: bool | None
    """How dates such as 01/02/2026 were read; None where there are none."""


class _Read(NamedTuple):
    kind: str
    """What is alike in all cells of a column."""
    parts: tuple[int, int, int] | None
    """Year, month and day; None where two parts may each be the day."""
    unsure: tuple[int, int, int]
    """Year, first and second part."""
    nanoseconds: int
    """Since midnight."""
    offset: int | None


def read_dates(
    cells: Sequence[str], where: Where, place: Place, day_first: bool | None = None, usual: bool | None = None
) -> Dates:
    """Read a column.

    Understood are ISO 8601 (2026-01-31T23:59:00Z), the same with ``/`` or ``.``; day, month and year in digits, or
    month, day and year; and English names of months. All cells have the same form.

    Parameters
    ----------
    cells : sequence of str
        None is empty.
    where, place : callable
        What messages say of a row.
    day_first : bool, optional
        Whether the day stands before the month where both are digits. None: as all cells allow; where they allow both,
        what is ``usual``, else the day where dots stand between, as no country writes a month first there, and
        otherwise an error.
    usual : bool, optional
        As ``day_first``, where the cells leave it open.

    Raises
    ------
    InputError
        Where a cell is not a date, has another form than the others, or where dates can be read in two ways.
    """
    known: dict[str, _Read | None] = {}
    reads: list[_Read] = []
    for row, cell in enumerate(cells):
        if cell not in known:
            known[cell] = _read(cell.strip())
        read = known[cell]
        if read is None:
            raise InputError(
                f"{where(row)} is {quoted(cell)}, neither a number nor a date. Write dates as 2026-01-31 or "
                "2026-01-31T23:59:00."
            )
        if reads and (read.kind != reads[0].kind or (read.offset is None) != (reads[0].offset is None)):
            what = "is written in another way than" if read.kind != reads[0].kind else "differs by its time zone from"
            raise InputError(
                f"{where(row)} is {quoted(cell)}, which {what} {quoted(cells[0])} in {place(0)}. Write all "
                "in one form, best as 2026-01-31T23:59:00, all with an offset from UTC or none."
            )
        reads.append(read)
    order = None
    if reads and reads[0].parts is None:
        order = _order(reads, cells, where, place, day_first, usual)
    moments = []
    for row, read in enumerate(reads):
        days = _days(_parts(read, order))
        if days is None:
            raise InputError(f"{where(row)} is {quoted(cells[row])}, a day that does not exist. Correct it.")
        moments.append(days * _DAY + read.nanoseconds - (read.offset or 0) * NANOSECONDS)
    offsets = [read.offset for read in reads if read.offset is not None]
    return Dates(moments, offsets or None, order)


def is_date(text: str) -> bool:
    """Return whether a text is a date in a form that ``read_dates`` understands."""
    return _read(text.strip()) is not None


def _order(
    reads: list[_Read], cells: Sequence[str], where: Where, place: Place, told: bool | None, usual: bool | None
) -> bool:
    """Return whether the day stands first."""
    wrong = {
        order: next((row for row, read in enumerate(reads) if _days(_parts(read, order)) is None), None)
        for order in (True, False)
    }
    if told is not None:
        if (row := wrong[told]) is not None:
            raise InputError(
                f"{where(row)} is {quoted(cells[row])}, which is not a date with the "
                f"{'day' if told else 'month'} first, as it is to be read. Say "
                f"{'--month-first' if told else '--day-first'}, or correct it."
            )
        return told
    possible = [order for order, row in wrong.items() if row is None]
    if len(possible) == 1:
        return possible[0]
    if not possible:
        first, second = (wrong[order] for order in (False, True))
        assert first is not None
        assert second is not None
        raise InputError(
            f"{where(first)} is {quoted(cells[first])}, which cannot have the month first, and "
            f"{quoted(cells[second])} in {place(second)}, which cannot have the day first. Write all dates alike, best "
            "as 2026-01-31."
        )
    if usual is not None:
        return usual
    unlike = [row for row, read in enumerate(reads) if _parts(read, True) != _parts(read, False)]
    if not unlike or reads[0].kind == ".":
        return True
    rows = [unlike[0], *([unlike[-1]] if len(unlike) > 1 else [])]
    shown = " and ".join(f"{quoted(cells[row])} ({place(row)})" for row in rows)
    readings = [" and ".join(_iso(_parts(reads[row], order)) for row in rows) for order in (True, False)]
    raise InputError(
        f"{where(None)} can be read in two ways: {shown} is {readings[0]} with the day first, {readings[1]} with the "
        "month first. Say --day-first or --month-first, or write dates as 2026-01-31 (with pandas: "
        "to_datetime(column, dayfirst=True))."
    )


def _parts(read: _Read, day_first: bool | None) -> tuple[int, int, int]:
    if read.parts is not None:
        return read.parts
    year, first, second = read.unsure
    return (year, second, first) if day_first else (year, first, second)


def _days(parts: tuple[int, int, int]) -> int | None:
    try:
        return date(*parts).toordinal() - _EPOCH
    except ValueError:
        return None


def _iso(parts: tuple[int, int, int]) -> str:
    return "{:04}-{:02}-{:02}".format(*parts)


def _read(text: str) -> _Read | None:
    """Return what a cell says; None where it is not a date in a form that is known."""
    if len(text) > _LONGEST:
        return None
    return _read_digits(text) or _read_named(text)


def _read_digits(text: str) -> _Read | None:
    if match := _ISO.fullmatch(text):
        parts = (
            int(match["year"]),
            int(match["month"] or match["cmonth"] or 1),
            int(match["day"] or match["cday"] or 1),
        )
        return _timed("ISO", parts, match)
    if match := _NUMERIC.fullmatch(text):
        unsure = (_year(match["year"]), int(match["first"]), int(match["second_part"]))
        return _timed(match["mark"], None, match, unsure)
    if match := _QUARTER.fullmatch(text):
        return _Read("quarter", (int(match["year"]), 3 * int(match["quarter"]) - 2, 1), (0, 0, 0), 0, None)
    return None


def _read_named(text: str) -> _Read | None:
    if match := _NAMED.fullmatch(text):
        name, day = match["name"].lower(), match["day"] or match["late_day"] or "1"
        if name[:3] not in _MONTHS or (len(name) > 3 and name not in _LONG_MONTHS):
            return None
        return _timed("named", (_year(match["year"]), _MONTHS.index(name[:3]) + 1, int(day)), match)
    return None


def _timed(
    kind: str, parts: tuple[int, int, int] | None, match: re.Match[str], unsure: tuple[int, int, int] = (0, 0, 0)
) -> _Read | None:
    if match["zone"] and match["hour"] is None:
        return None
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (match["half"] in "Pp")
    if hour > 23 or minute > 59 or second > 59:
        return None
    part = int((match["part"] or "0")[:9].ljust(9, "0"))
    return _Read(kind, parts, unsure, ((hour * 60 + minute) * 60 + second) * NANOSECONDS + part, _offset(match["zone"]))


def _offset(zone: str | None) -> int | None:
    if zone is None or zone in ("Z", "UTC", "GMT"):
        return None if zone is None else 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (-1 if zone[0] == "-" else 1) * (int(digits[:2]) * 60 + int(digits[2:])) * 60


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (1900 if year >= _CENTURY else 2000)
