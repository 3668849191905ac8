"""Steps on clocks that are set forward and back."""

import pandas as pd
import pytest

from gatecell.data.clock import clock_range
from gatecell.data.frequency import infer_frequency, steps_after, steps_between

MIDNIGHT_ZONES = {"America/Sao_Paulo": "2017-10-15", "Africa/Cairo": "2026-04-24", "America/Santiago": "2026-09-06"}
"""Zones that set their clocks forward at midnight, and a day that begins at 1 in the morning there."""


def shown(index: pd.Index) -> list[str]:
    return [str(stamp) for stamp in index]


@pytest.mark.parametrize(("zone", "day"), MIDNIGHT_ZONES.items())
def test_a_day_without_midnight_is_a_step_as_others_are(zone: str, day: str) -> None:
    first = pd.Timestamp(day) - pd.Timedelta(days=20)
    days = pd.date_range(first, periods=40, freq="D").tz_localize(zone, nonexistent="shift_forward")
    assert days[20].hour == 1
    assert infer_frequency(days) == "D"
    for at in (0, 19, 20):
        assert steps_after(days[at], 5, "D").equals(days[at + 1 : at + 6])
        assert steps_between(days[at], days[at + 4], "D").equals(days[at : at + 5])
    assert steps_between(days[10], days[20], "D").equals(days[10:21])


def test_months_that_begin_without_midnight() -> None:
    months = pd.date_range("2017-01-01", periods=24, freq="MS").tz_localize(
        "America/Asuncion", nonexistent="shift_forward"
    )
    assert months[9].hour == 1
    assert infer_frequency(months) == "MS"
    assert steps_after(months[9], 2, "MS").equals(months[10:12])


def test_an_hour_that_comes_twice_is_the_first_unless_an_end_is_the_second() -> None:
    friday = pd.Timestamp("2026-10-23 02:30", tz="Europe/Berlin")
    assert shown(clock_range(friday, "D", n_steps=4)) == [
        "2026-10-23 02:30:00+02:00",
        "2026-10-24 02:30:00+02:00",
        "2026-10-25 02:30:00+02:00",
        "2026-10-26 02:30:00+01:00",
    ]
    second = pd.Timestamp("2026-10-25 01:30", tz="UTC").tz_convert("Europe/Berlin")
    assert shown(clock_range(second, "D", n_steps=2)) == ["2026-10-25 02:30:00+01:00", "2026-10-26 02:30:00+01:00"]
    assert clock_range(friday, "D", last=second)[-1] == second


def test_an_hour_that_does_not_exist_leaves_the_hours_after_it() -> None:
    friday = pd.Timestamp("2026-03-27 02:30", tz="Europe/Berlin")
    assert shown(clock_range(friday, "D", n_steps=4)[2:]) == ["2026-03-29 03:00:00+02:00", "2026-03-30 02:30:00+02:00"]


@pytest.mark.parametrize("frequency", ["h", "30min", "12h"])
def test_fixed_distances_are_of_absolute_time(frequency: str) -> None:
    first = pd.Timestamp("2026-03-28", tz="Europe/Berlin")
    steps = clock_range(first, frequency, n_steps=60)
    absolute = pd.date_range("2026-03-27T23:00", periods=60, freq=frequency, tz="UTC", unit=first.unit)
    assert steps.equals(absolute.tz_convert("Europe/Berlin"))
