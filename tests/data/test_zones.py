"""Stamps on the clock of others."""

import importlib
from datetime import timedelta, timezone
from typing import Any

import pandas as pd
import pytest

from gatecell._core.errors import InputError
from gatecell.data.zones import in_plain_zone, stamps_like

dateutil: Any = importlib.import_module("dateutil.tz")
"""Has no types."""


def hours(zone: Any = None, *, unit: Any = "us", start: str = "2026-03-29") -> pd.DatetimeIndex:
    return pd.date_range(start, periods=5, freq="h", tz=zone, unit=unit)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", timezone(timedelta(hours=2)), "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_same_moments_on_the_known_clock(zone: Any, unit: Any) -> None:
    known = hours("Europe/Berlin")
    moved = stamps_like(known.tz_convert(zone).as_unit(unit), known, "x")
    assert moved.equals(known)
    assert (str(moved.tz), moved.unit) == ("Europe/Berlin", "us")


def test_stamps_finer_than_the_unit_are_not_rounded_to_others() -> None:
    fine = hours(unit="ns") + pd.Timedelta("1ms")
    assert stamps_like(fine, hours(unit="s"), "x").equals(fine)
    one = hours(unit="ns").insert(5, fine[4])
    assert stamps_like(one, hours(unit="s"), "x").equals(one)


def test_kinds_that_do_not_go_together() -> None:
    with pytest.raises(InputError) as caught:
        stamps_like(hours("UTC"), hours(), "Column 'when'")
    assert str(caught.value) == (
        "Column 'when' holds times with the time zone UTC (2026-03-29 00:00:00+00:00), but the series are known by "
        "times without one (up to 2026-03-29 04:00:00). "
        "Bring the rows to the clock of the fit and drop the zone, such as "
        "times.dt.tz_convert('Europe/Berlin').dt.tz_localize(None); or fit on times with a zone."
    )
    with pytest.raises(InputError) as caught:
        stamps_like(hours(), hours("Europe/Berlin"), "The index")
    assert str(caught.value) == (
        "The index holds times without a time zone (2026-03-29 00:00:00), but the series are known in the time zone "
        "Europe/Berlin (up to 2026-03-29 05:00:00+02:00). Say the zone of the rows: "
        "times.dt.tz_localize('Europe/Berlin', ambiguous='infer'), or write times with their distance from UTC: "
        "2026-01-31T23:59:00+01:00."
    )
    numbers = pd.RangeIndex(3)
    assert stamps_like(numbers, pd.Index([7]), "x") is numbers
    with pytest.raises(
        InputError, match=r"^x holds whole numbers \(0\), but the series are known by times \(up to 2026"
    ):
        stamps_like(numbers, hours(), "x")
    with pytest.raises(
        InputError, match=r"^x holds times \(2026-03-29 00:00:00\), but .* by whole numbers \(up to 2\)"
    ):
        stamps_like(hours(), numbers, "x")
    with pytest.raises(InputError, match=r"lie beyond those that the unit of the fit, ns, can hold"):
        stamps_like(pd.DatetimeIndex(["9999-12-31"]).as_unit("s"), hours(unit="ns"), "x")


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (dateutil.gettz("Europe/Berlin"), "Europe/Berlin"),
        (dateutil.tzutc(), "UTC"),
        (dateutil.tzoffset("X", 3600), "UTC+01:00"),
        (timezone(timedelta(hours=1)), "UTC+01:00"),
        (timezone(timedelta(hours=5, minutes=45)), "UTC+05:45"),
        (dateutil.tzoffset("X", -3.5 * 3600 - 60), "UTC-03:31"),
        # a name that the list of zones has with another meaning
        (timezone(timedelta(hours=1), "CET"), "UTC+01:00"),
        (timezone(timedelta(hours=1, seconds=20)), "UTC"),
        (None, "None"),
    ],
    ids=str,
)
def test_zones_are_those_that_a_file_can_name(zone: Any, name: str) -> None:
    stamps = hours(zone)
    plain = in_plain_zone(stamps)
    assert str(plain.tz) == name
    assert (plain == stamps).all()
    if zone is not None:
        assert (pd.Timestamp("2026-07-01", tz="UTC").tz_convert(name).tz_convert("UTC")) == pd.Timestamp(
            "2026-07-01", tz="UTC"
        )


def test_the_zone_of_the_machine_becomes_utc_or_an_offset() -> None:
    stamps = hours(dateutil.tzlocal())
    plain = in_plain_zone(stamps)
    assert str(plain.tz).startswith("UTC")
    assert (plain == stamps).all()
