import numpy as np
import pandas as pd
import pytest

from gatecell.data.calendar import calendar_features, calendar_names


@pytest.mark.parametrize(
    ("frequency", "cycles"),
    [
        ("15min", ["hour", "day", "week", "year"]),
        ("h", ["day", "week", "year"]),
        ("D", ["week", "year"]),
        # a cycle of two steps cannot be told from its mirror image
        ("30min", ["day", "week", "year"]),
        ("20min", ["hour", "day", "week", "year"]),
        ("12h", ["week", "year"]),
        ("8h", ["day", "week", "year"]),
        ("4D", ["year"]),
        ("3D", ["week", "year"]),
        ("MS", ["year"]),
        ("5MS", ["year"]),
        ("7MS", []),
        ("YE", []),
        (1, []),
        ("rows", []),
    ],
)
def test_the_cycles_of_a_frequency(frequency: str | int, cycles: list[str]) -> None:
    names = calendar_names(frequency)
    assert list(names) == [f"{wave}_of_{cycle}" for cycle in cycles for wave in ("sin", "cos")]
    index = pd.RangeIndex(5) if isinstance(frequency, int) or frequency == "rows" else pd.date_range("2026", periods=5)
    assert calendar_features(index, frequency).shape == (5, len(names))


def test_the_same_place_in_a_cycle_has_the_same_features() -> None:
    hours = pd.date_range("2026-01-05", periods=24 * 14, freq="h")
    features = pd.DataFrame(calendar_features(hours, "h"), columns=list(calendar_names("h")))
    day, week = features[["sin_of_day", "cos_of_day"]], features[["sin_of_week", "cos_of_week"]]
    np.testing.assert_allclose(day[:-24], day[24:], atol=1e-12)
    np.testing.assert_allclose(week[: 24 * 7], week[24 * 7 :], atol=1e-12)
    assert len(np.unique(np.round(day, 9), axis=0)) == 24
    assert len(np.unique(np.round(week, 9), axis=0)) == 168


def test_places_by_hand() -> None:
    noon = calendar_features(pd.DatetimeIndex(["2026-01-05 12:00"]), "h")  # a Monday
    np.testing.assert_allclose(noon[0, :2], [0.0, -1.0], atol=1e-12)
    np.testing.assert_allclose(noon[0, 2:4], [np.sin(2 * np.pi / 14), np.cos(2 * np.pi / 14)])
    midyear = calendar_features(pd.DatetimeIndex(["2024-07-02"]), "D")  # day 184 of a leap year of 366
    np.testing.assert_allclose(midyear[0, 2:], [0.0, -1.0], atol=1e-12)


@pytest.mark.parametrize("year", [2024, 2025])
def test_every_part_of_a_stamp_counts(year: int) -> None:
    stamp = pd.Timestamp(year, 7, 4, 13, 24, 36)
    found = calendar_features(pd.DatetimeIndex([stamp]), "s")[0].reshape(-1, 2)
    day = stamp.floor("D")
    begins = [stamp.floor("h"), day, day - pd.Timedelta(days=stamp.day_of_week), pd.Timestamp(year, 1, 1)]
    lengths = [3600, 86400, 7 * 86400, (366 if year == 2024 else 365) * 86400]
    for (sine, cosine), begin, length in zip(found, begins, lengths, strict=True):
        angle = 2 * np.pi * (stamp - begin).total_seconds() / length
        np.testing.assert_allclose([sine, cosine], [np.sin(angle), np.cos(angle)], atol=1e-9)


def test_the_local_clock_counts() -> None:
    berlin = pd.DatetimeIndex(["2026-07-01 06:00"]).tz_localize("Europe/Berlin")
    np.testing.assert_array_equal(
        calendar_features(berlin, "h"), calendar_features(pd.DatetimeIndex(["2026-07-01 06:00"]), "h")
    )
