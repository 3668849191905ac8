from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import OptionError
from gatecell.data.frequency import ROWS, count_steps, infer_frequency, season_length, steps_after, steps_between

ALIASES = ["s", "15min", "h", "6h", "D", "3D", "B", "W-WED", "MS", "ME", "2MS", "QS-FEB", "QE-MAR", "YS-APR", "YE-DEC"]


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_frequency_is_found_again(alias: str, zone: str | None) -> None:
    index = pd.date_range("2019-03-20", periods=40, freq=alias, tz=zone)
    found = infer_frequency(index)
    assert isinstance(found, str)
    assert steps_between(index[0], index[-1], found).equals(index)


@pytest.mark.parametrize("alias", ALIASES)
def test_it_has_the_name_that_people_give_it(alias: str) -> None:
    # the same quarters, named by the one that comes first
    expected = {"QS-FEB": "QS-MAY"}.get(alias, alias)
    assert infer_frequency(pd.date_range("2019-03-20", periods=40, freq=alias)) == expected


@pytest.mark.parametrize(
    ("first", "last", "frequency", "n_steps"),
    [
        ("2026-01-01", "2026-01-03", "h", 48),
        ("2026-01-01", "2027-01-01", "MS", 365 / 31),
        (3, 13, 5, 2),
        (3, 13, ROWS, 10),
    ],
)
def test_about_how_many_steps_lie_between(first: Any, last: Any, frequency: str | int, n_steps: float) -> None:
    if isinstance(first, str):
        first, last = pd.Timestamp(first), pd.Timestamp(last)
    assert count_steps(first, last, frequency) == pytest.approx(n_steps)


@given(st.sampled_from(ALIASES), st.sets(st.integers(1, 38), max_size=6))
def test_gaps_do_not_hide_it(alias: str, left_out: set[int]) -> None:
    index = pd.date_range("2019-03-20", periods=40, freq=alias)
    found = infer_frequency(index.delete(sorted(left_out)))
    assert found is not None
    assert steps_between(index[0], index[-1], found).equals(index)


def test_whole_numbers() -> None:
    assert infer_frequency(pd.Index([3, 4, 5, 9, 10])) == 1
    assert infer_frequency(pd.Index([1950, 1955, 1960])) == 5
    assert infer_frequency(pd.Index([1, 3, 5, 6])) is None
    # half of the grid may be missing, and no more
    assert infer_frequency(pd.Index([0, 1, 2, 7])) == 1
    assert infer_frequency(pd.Index([0, 1, 2, 8])) is None


def test_irregular_stamps_have_none() -> None:
    assert infer_frequency(pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04 07:00"])) is None
    # one second is the commonest distance, but the grid of a year of seconds is empty
    assert infer_frequency(pd.DatetimeIndex(["2020-01-01 00:00:00", "2020-01-01 00:00:01", "2021-01-01"])) is None
    # the 15th of each month is no start and no end
    assert infer_frequency(pd.DatetimeIndex(["2020-01-15", "2020-02-15", "2020-03-15", "2020-04-15"])) is None


@pytest.mark.parametrize("alias", ALIASES)
def test_steps_go_on(alias: str) -> None:
    index = pd.date_range("2019-03-20", periods=20, freq=alias)
    assert steps_after(index[12], 7, alias).equals(index[13:])


def test_steps_go_on_by_the_local_calendar() -> None:
    midnight = pd.Timestamp("2026-03-28", tz="Europe/Berlin")  # clocks are set forward on the 29th
    assert [str(stamp) for stamp in steps_after(midnight, 2, "D")] == [
        "2026-03-29 00:00:00+01:00",
        "2026-03-30 00:00:00+02:00",
    ]


def test_whole_numbers_go_on() -> None:
    assert list(steps_after(10, 3, 5)) == [15, 20, 25]
    assert list(steps_after(10, 2, ROWS)) == [11, 12]
    assert list(steps_between(10, 20, 5)) == [10, 15, 20]
    assert list(steps_between(10, 12, 1)) == [10, 11, 12]


@pytest.mark.parametrize(
    ("frequency", "season"),
    [
        ("s", 3600),
        ("min", 1440),
        ("15min", 96),
        ("h", 24),
        ("2h", 12),
        ("7h", 1),
        ("D", 7),
        ("B", 5),
        ("W-SUN", 52),
        ("MS", 12),
        ("ME", 12),
        ("BME", 12),
        ("2MS", 6),
        ("QS-OCT", 4),
        ("BQE-DEC", 4),
        ("YE-DEC", 1),
        ("12MS", 1),
        ("24MS", 1),
        ("ms", 1),
        (1, 1),
        (ROWS, 1),
    ],
)
def test_seasons(frequency: str | int, season: int) -> None:
    assert season_length(frequency) == season


def test_an_unknown_frequency() -> None:
    with pytest.raises(OptionError, match=r"There is no frequency 'hourly'\. Frequencies are aliases of pandas: 'h'"):
        season_length("hourly")


def test_the_unit_of_stamps_is_kept() -> None:
    index = pd.date_range("2020-01-01", periods=3, freq="D", unit="s")
    assert steps_after(index[-1], 2, "D").dtype == index.dtype
    assert np.array_equal(steps_between(index[0], index[-1], "D").asi8, index.asi8)
