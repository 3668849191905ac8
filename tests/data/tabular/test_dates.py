"""Dates as text: one convention a column, and none that is guessed."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError
from gatecell.data.tabular.dates import Dates, read_dates


def read(*cells: str, day_first: bool | None = None, usual: bool | None = None) -> Dates:
    def where(row: int | None) -> str:
        return "d.csv: t" if row is None else f"d.csv, line {row + 2}: t"

    return read_dates(cells, where, lambda row: f"line {row + 2}", day_first, usual)


def nanoseconds(*parts: int) -> int:
    since = datetime(*parts).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)  # type: ignore[arg-type]
    return since // timedelta(microseconds=1) * 1000


@pytest.mark.parametrize(
    ("cells", "expected", "day_first"),
    [
        (("11/02/2026", "13/02/2026"), [(2026, 2, 11), (2026, 2, 13)], True),
        (("02/11/2026", "02/13/2026"), [(2026, 2, 11), (2026, 2, 13)], False),
        (("01.02.2026", "01.03.2026"), [(2026, 2, 1), (2026, 3, 1)], True),
        (("05/05/2026", "06/06/2026"), [(2026, 5, 5), (2026, 6, 6)], True),
        (("1/31/26 1:05 PM", "12/1/99 12:00 AM"), [(2026, 1, 31, 13, 5), (1999, 12, 1)], False),
        (("2026-01-01", "9999-12-31", "0001-01-01"), [(2026, 1, 1), (9999, 12, 31), (1, 1, 1)], None),
        (("2026/1/2", "2026/01/03 04:05"), [(2026, 1, 2), (2026, 1, 3, 4, 5)], None),
        (("31-Jan-2026", "1 February 2026"), [(2026, 1, 31), (2026, 2, 1)], None),
        (("Jan 31, 2026", "Sun, 1 Feb 2026"), [(2026, 1, 31), (2026, 2, 1)], None),
        (("1949-01", "1949-02"), [(1949, 1, 1), (1949, 2, 1)], None),
        (("2026Q1", "2026-Q4"), [(2026, 1, 1), (2026, 10, 1)], None),
        (("2026-01-01T10:00+02:00", "2026-01-01T09:00Z"), [(2026, 1, 1, 8), (2026, 1, 1, 9)], None),
        (("31.12.2026 14:05:06,5",), [(2026, 12, 31, 14, 5, 6, 500_000)], True),
    ],
)
def test_forms(cells: tuple[str, ...], expected: list[tuple[int, ...]], day_first: bool | None) -> None:
    found = read(*cells)
    assert found.nanoseconds == [nanoseconds(*parts) for parts in expected]
    assert found.day_first is day_first


def test_what_is_told_decides() -> None:
    assert read("01/02/2026", day_first=True).nanoseconds == [nanoseconds(2026, 2, 1)]
    assert read("01/02/2026", day_first=False).nanoseconds == [nanoseconds(2026, 1, 2)]
    assert read("01.02.2026", day_first=False).nanoseconds == [nanoseconds(2026, 1, 2)]


def test_what_is_usual_decides_where_the_cells_leave_it_open() -> None:
    assert read("01/02/2026", usual=True).nanoseconds == [nanoseconds(2026, 2, 1)]
    assert read("01/02/2026", usual=False).nanoseconds == [nanoseconds(2026, 1, 2)]
    assert read("01/13/2026", usual=True).nanoseconds == [nanoseconds(2026, 1, 13)]
    assert read("01/02/2026", day_first=False, usual=True).nanoseconds == [nanoseconds(2026, 1, 2)]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ("01/02/2026", "01/03/2026"),
            r"d\.csv: t can be read in two ways: '01/02/2026' \(line 2\) and '01/03/2026' \(line 3\) is 2026-02-01 and "
            r"2026-03-01 with the day first, 2026-01-02 and 2026-01-03 with the month first\. Say --day-first or",
        ),
        (
            ("13/02/2026", "02/13/2026"),
            r"line 2: t is '13/02/2026', which cannot have the month first, and '02/13/2026'",
        ),
        (("2026-01-01", "01/02/2026"), r"line 3: t is '01/02/2026', which is written in another way than '2026-01-01'"),
        (("2026-01-01", "2026-01-01Z"), r"line 3: t is '2026-01-01Z', neither a number nor a date"),
        (("2026-01-01T00:00", "2026-01-01T00:00Z"), r"line 3: .* differs by its time zone from"),
        (("2026-02-30",), r"line 2: t is '2026-02-30', a day that does not exist"),
        (("31/31/2026",), r"cannot have the month first, and '31/31/2026' in line 2, which cannot have the day first"),
        (("soon",), r"line 2: t is 'soon', neither a number nor a date\. Write dates as 2026-01-31"),
        (("2026-01-01T24:00",), r"neither a number nor a date"),
        (("1/1/2026 13:00 PM",), r"neither a number nor a date"),
        (("12 Foo 2026",), r"neither a number nor a date"),
        (("Jan" + "-" * 10**6 + "x",), r"is 'Jan-{34}\.\.\.', neither a number nor a date"),
    ],
)
def test_refused(cells: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(*cells)


def test_told_against_what_stands_there() -> None:
    with pytest.raises(InputError, match=r"is not a date with the day first, as it is to be read. Say --month-first"):
        read("01/13/2026", day_first=True)


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.lists(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), min_size=1, max_size=5),
    st.one_of(st.none(), OFFSETS),
    st.sampled_from(["T", " "]),
)
def test_iso_as_python_writes_it(times: list[datetime], zone: timezone | None, between: str) -> None:
    times = [time.replace(tzinfo=zone) for time in times]
    found = read(*(time.isoformat(between) for time in times))
    origin = datetime(1970, 1, 1, tzinfo=None if zone is None else UTC)
    assert found.nanoseconds == [(time - origin) // timedelta(microseconds=1) * 1000 for time in times]
    assert (found.offsets is None) == (zone is None)


@given(
    st.lists(st.dates(datetime(1000, 1, 1).date()), min_size=1, max_size=20),
    st.booleans(),
    st.sampled_from(["/", "-", "."]),
)
def test_days_and_months_are_never_exchanged(days: list[object], day_first: bool, mark: str) -> None:
    form = mark.join(["%d", "%m", "%Y"] if day_first else ["%m", "%d", "%Y"])
    cells = [f"{day:{form}}" for day in days]
    expected = [nanoseconds(day.year, day.month, day.day) for day in days]  # type: ignore[attr-defined]
    assert read(*cells, day_first=day_first).nanoseconds == expected
    with suppress(InputError):
        # a dot is a sign of its own
        assert read(*cells).nanoseconds == expected or (mark == "." and not day_first)
