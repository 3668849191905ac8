"""What people have in pandas, and every way in which it may not be as it should."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import (
    AmbiguousInputWarning,
    GatecellError,
    InputError,
    InputTypeError,
    OptionError,
    UnknownNameError,
)
from gatecell.data.frames import read_panel


def long(n_steps: int = 6, ids: tuple[Any, ...] = ("a", "b")) -> pd.DataFrame:
    """A long frame of hours, in which every series counts on from the one before."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "unique_id": id,
                    "ds": pd.date_range("2026-01-01", periods=n_steps, freq="h"),
                    "y": 100.0 * place + np.arange(n_steps),
                }
            )
            for place, id in enumerate(ids)
        ],
        ignore_index=True,
    )


def test_a_series() -> None:
    panel = read_panel(pd.Series([1, 2, 3], index=pd.date_range("2026-01-01", periods=3), name="sales"))
    assert panel.ids == ["sales"]
    assert panel.target_names == ("sales",)
    assert panel.frequency == "D"
    np.testing.assert_array_equal(panel["sales"].target, [[1.0], [2.0], [3.0]])


def test_a_series_without_stamps_numbers_its_steps() -> None:
    panel = read_panel(pd.Series([1.0, 2.0, 3.0]))
    assert panel.ids == ["y"]
    assert panel.frequency == 1
    assert list(panel["y"].index) == [0, 1, 2]


def test_a_wide_frame_is_one_series_of_several_columns() -> None:
    frame = pd.DataFrame(
        {"load": [1.0, 2, 3], "price": [4.0, 5, 6], "wind": [7.0, 8, 9], "holiday": [True, False, True]},
        index=pd.period_range("2026-01", periods=3, freq="M"),
    )
    panel = read_panel(frame, past=["wind"], future=["holiday"])
    assert (panel.target_names, panel.past_names, panel.future_names) == (("load", "price"), ("wind",), ("holiday",))
    assert panel.frequency == "MS"
    series = panel.series[0]
    np.testing.assert_array_equal(series.target, [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(series.past, [[7], [8], [9]])
    np.testing.assert_array_equal(series.future, [[1], [0], [1]])
    assert series.static.shape == (0,)


def test_a_long_frame_of_nixtla() -> None:
    panel = read_panel(long())
    assert panel.ids == ["a", "b"]
    assert panel.frequency == "h"
    np.testing.assert_array_equal(panel["b"].target[:, 0], 100.0 + np.arange(6))


def test_columns_of_other_names() -> None:
    frame = long(ids=(7, 3)).rename(columns={"unique_id": "shop", "ds": "when", "y": "sold"}).assign(other=1.0)
    panel = read_panel(frame, id="shop", time="when", target="sold")
    assert panel.ids == [7, 3]
    assert panel.target_names == ("sold",)


def test_the_index_may_hold_ids_and_times() -> None:
    frame = long().set_index(["unique_id", "ds"])
    np.testing.assert_array_equal(read_panel(frame)["b"].target, read_panel(long())["b"].target)


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_has_no_meaning(random: Any) -> None:
    order = list(range(12))
    random.shuffle(order)
    frame = long()
    panel, expected = read_panel(frame.iloc[order]), read_panel(frame)
    for id in expected.ids:
        np.testing.assert_array_equal(panel[id].target, expected[id].target)
        assert panel[id].index.equals(expected[id].index)


def test_series_of_unlike_length() -> None:
    panel = read_panel(long().iloc[2:])
    assert panel.lengths.tolist() == [4, 6]
    assert panel["a"].index[0] == pd.Timestamp("2026-01-01 02:00")


@given(st.sets(st.integers(1, 10), max_size=5))
def test_steps_left_out_are_missing_values(left_out: set[int]) -> None:
    panel = read_panel(long(12).drop(index=sorted(left_out)))
    values = panel["a"].target[:, 0]
    assert set(np.flatnonzero(np.isnan(values)).tolist()) == left_out
    kept = [step for step in range(12) if step not in left_out]
    np.testing.assert_array_equal(values[kept], kept)
    assert not np.isnan(panel["b"].target).any()


def test_series_may_share_stamps_where_they_meet() -> None:
    frame = long().iloc[:8].copy()
    frame.loc[6:, "ds"] = pd.date_range("2026-01-01 05:00", periods=2, freq="h")
    assert read_panel(frame).lengths.tolist() == [6, 2]


def test_gaps_of_months_and_of_whole_numbers() -> None:
    months = pd.Series([1.0, 2, 4, 5], index=pd.to_datetime(["2026-01", "2026-02", "2026-04", "2026-05"]))
    np.testing.assert_array_equal(read_panel(months)["y"].target[:, 0], [1, 2, np.nan, 4, 5])
    years = pd.Series([1.0, 2, 4], index=[1950, 1951, 1953])
    np.testing.assert_array_equal(read_panel(years)["y"].target[:, 0], [1, 2, np.nan, 4])


def test_a_time_zone_is_kept_and_hours_are_absolute() -> None:
    index = pd.date_range("2026-03-29", periods=6, freq="h", tz="Europe/Berlin")
    panel = read_panel(pd.Series(range(6), index=index))
    assert panel.series[0].index.equals(index)
    assert str(panel.steps_after(1)[0][0]) == "2026-03-29 07:00:00+02:00"


def test_offsets_that_differ_are_read_in_utc() -> None:
    index = pd.date_range("2026-10-25", periods=6, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"when": [stamp.isoformat() for stamp in index], "y": 1.0})
    assert frame["when"].str[-6:].nunique() == 2
    series = read_panel(frame, time="when").series[0]
    assert str(series.index.tz) == "UTC"
    assert (series.index == index).all()


def test_text_is_read_as_dates() -> None:
    frame = pd.DataFrame({"Month": ["1949-01", "1949-02", "1949-03"], "Passengers": [112, 118, 132]})
    panel = read_panel(frame, time="Month", target="Passengers")
    assert panel.frequency == "MS"
    assert panel.series[0].index[2] == pd.Timestamp("1949-03-01")


def test_columns_may_be_numbered() -> None:
    frame = pd.DataFrame(np.arange(6.0).reshape(3, 2), index=pd.date_range("2026", periods=3))
    assert read_panel(frame).target_names == ("0", "1")
    assert read_panel(frame, target=1).target_names == ("1",)  # type: ignore[arg-type]


def test_rows_as_steps() -> None:
    frame = pd.DataFrame({"Date": ["2026-01-02", "2026-01-09", "2026-01-05"], "Close": [1.0, 3.0, 2.0]})
    panel = read_panel(frame, time="Date", target="Close", frequency="rows")
    assert panel.frequency == "rows"
    assert list(panel.series[0].index) == [0, 1, 2]
    np.testing.assert_array_equal(panel.series[0].target[:, 0], [1, 2, 3])


def test_a_frequency_that_is_named() -> None:
    one = pd.DataFrame({"unique_id": ["a"], "ds": [pd.Timestamp("2026-01-01")], "y": [1.0]})
    assert read_panel(one, frequency="h").frequency == "h"
    with pytest.raises(InputError, match=r"No frequency can be found, since no series has two stamps. Say it"):
        read_panel(one)
    with pytest.raises(InputError, match=r"The stamps are times, whose frequency is an alias .* got frequency=2"):
        read_panel(one, frequency=2)
    with pytest.raises(InputError, match=r"The stamps are whole numbers, whose frequency is one; got frequency='h'"):
        read_panel(pd.Series([1.0, 2.0]), frequency="h")


@pytest.mark.parametrize(("data", "frequency"), [(pd.Series([1.0, 2.0]), 0), (long(), "-1h"), (long(), "banana")])
def test_what_is_no_frequency(data: Any, frequency: Any) -> None:
    with pytest.raises(OptionError, match=r"A frequency leads from a stamp to a later one, got|There is no frequency"):
        read_panel(data, frequency=frequency)


def test_static_values_in_columns() -> None:
    frame = long().assign(size=lambda data: (data["unique_id"] == "b").astype(float))
    panel = read_panel(frame, static=["size"])
    assert panel.static_names == ("size",)
    assert [series.static.tolist() for series in panel] == [[0.0], [1.0]]
    frame.loc[2, "size"] = 5.0
    with pytest.raises(
        InputError, match=r"size of series 'a' changes along the series, .* Name it in past= or future="
    ):
        read_panel(frame, static=["size"])
    frame.loc[2, "size"] = np.nan
    with pytest.raises(InputError, match=r"size of series 'a' changes along the series, or is missing in a row"):
        read_panel(frame, static=["size"])


def test_static_values_in_a_frame() -> None:
    static = pd.DataFrame({"unique_id": ["b", "a"], "size": [2.0, 1.0]})
    for given_as in (static, static.set_index("unique_id"), static.set_index("unique_id")["size"]):
        panel = read_panel(long(), static=given_as)
        assert [series.static.tolist() for series in panel] == [[1.0], [2.0]]
        assert panel.static_names == ("size",)
    with pytest.raises(InputError, match=r"static has no row for series 'b' \(1 series in all\)"):
        read_panel(long(), static=static.iloc[1:])
    with pytest.raises(InputError, match=r"static: size of series 'b' is missing or infinite. Fill it"):
        read_panel(long(), static=static.assign(size=[np.nan, 1.0]))
    with pytest.raises(InputError, match=r"static has two rows for series 'b'"):
        read_panel(long(), static=pd.concat([static, static]))


def test_a_value_that_is_missing_stays_missing() -> None:
    frame = long()
    frame.loc[3, "y"] = np.nan
    assert np.isnan(read_panel(frame)["a"].target[3, 0])
    integers = frame.assign(y=frame["y"].astype("Int64"))
    assert np.isnan(read_panel(integers)["a"].target[3, 0])


def changed(row: int, column: str, value: Any) -> pd.DataFrame:
    frame = long()
    frame[column] = frame[column].astype(object) if isinstance(value, str) else frame[column]
    frame.loc[row, column] = value
    return frame


BAD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a stamp twice": (
        changed(3, "ds", pd.Timestamp("2026-01-01 02:00")),
        {},
        r"ds 2026-01-01 02:00:00 of series 'a' stands in more than one row \(1 such row in all\), so what the value "
        r"was is not known. Join the rows \(mean or sum\), give each series an id of its own",
    ),
    "stamps off the grid": (
        changed(9, "ds", pd.Timestamp("2026-01-01 03:17")),
        {},
        r"The stamps of series 'b' are not regular: 1 of 6 do not lie on the grid of frequency 'h': "
        r"2026-01-01 03:17:00. Round or resample them, or take each row as one step",
    ),
    "no grid at all": (
        pd.Series(
            [1.0, 2, 3, 4], index=pd.DatetimeIndex(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04 07:00"])
        ),
        {},
        r"The stamps are not regular: the commonest distance is 1 days 00:00:00, but 1 of 3 are others: "
        r"2026-01-03 00:00:00 to 2026-01-04 07:00:00\. Resample them, .*frequency='rows'\)",
    ),
    "a stamp missing": (changed(3, "ds", pd.NaT), {}, r"Column 'ds' is missing in row 3 \(counted from 0\)"),
    "an id missing": (changed(3, "unique_id", None), {}, r"Column 'unique_id' is missing in row 3 .* not known"),
    "ids of fractions": (
        long().assign(unique_id=0.5),
        {},
        r"Column 'unique_id' holds float64; ids are text or whole numbers",
    ),
    "an infinite value": (
        changed(8, "y", -np.inf),
        {},
        r"y of series 'b' is infinite at 2026-01-01 02:00:00 \(1 infinite value\(s\) in all\). Correct it",
    ),
    "a column without a value": (
        long().assign(y=lambda data: data["y"].where(data["unique_id"] == "b")),
        {},
        r"y of series 'a' has no value at all \(1 such column\(s\) of a series in all\). Leave the series out",
    ),
    "a covariate without a value": (
        long().assign(wind=np.nan),
        {"past": ["wind"]},
        r"wind of series 'a' has no value at all \(2 such",
    ),
    "text for numbers": (
        changed(3, "y", "many"),
        {},
        r"Column 'y' holds object, such as .*, not real numbers. Convert it with pandas.to_numeric",
    ),
    "a column of classes": (
        long().assign(weather="rain"),
        {"past": ["weather"]},
        r"Column 'weather' holds .*, such as 'rain', not real numbers. .* pandas.get_dummies",
    ),
    "complex numbers": (long().assign(y=1j), {}, r"Column 'y' holds complex128"),
    "stamps that are no dates": (
        long().assign(ds=["soon"] * 12),
        {},
        r"Column 'ds', row 0 \(counted from 0\), is 'soon', neither a number nor a date. Write dates as",
    ),
    "fractions for stamps": (
        pd.Series([1.0, 2.0], index=[0.5, 1.5]),
        {},
        r"The index holds 0.5; stamps are dates and times, or whole numbers",
    ),
    "truths for stamps": (pd.Series([1.0, 2.0], index=[False, True]), {}, r"The index holds bool; stamps are"),
    "several time zones": (
        long().assign(ds=["2026-01-01T00:00+01:00", "2026-01-01T00:00"] * 6),
        {},
        r"Column 'ds', row 1 .* differs by its time zone from '2026-01-01T00:00\+01:00' in row 0 .* an offset from",
    ),
    "no rows": (long().iloc[:0], {}, r"There are no rows to read series from"),
    "no columns of numbers": (
        pd.DataFrame({"ds": pd.date_range("2026", periods=3), "what": "x"}),
        {},
        r"There is no column of numbers to forecast. Name it with target=; columns: ds, what",
    ),
    "a column with two meanings": (
        long(),
        {"past": ["y"], "target": "y"},
        r"A column has one meaning, but one is named",
    ),
    "ids of truths": (long().assign(unique_id=[True] * 6 + [False] * 6), {}, r"'unique_id' holds bool; ids are text"),
    "an empty series": (pd.Series([], dtype=float), {}, r"There are no rows to read series from"),
    "an index of levels without names": (
        long().set_index(["unique_id", "ds"]).rename_axis([None, None]),
        {},
        r"The index has several levels \(None, None\). Name them, and say which are time= and id=",
    ),
    "dates that are not said to be the time": (
        pd.DataFrame({"when": pd.date_range("2026", periods=3), "y": 1.0}),
        {},
        r"Column 'when' holds dates, but is not named as the time of the rows. Name it: time='when'",
    ),
    "dates as text that are not said to be the time": (
        pd.DataFrame({"day": ["2026-01-01", "2026-01-02"], "y": 1.0}),
        {},
        r"Column 'day' holds dates, but is not named as the time of the rows. Name it: time='day'",
    ),
    "columns of several levels": (
        pd.DataFrame([[1.0, 2.0]] * 3, columns=pd.MultiIndex.from_product([["load"], ["a", "b"]])),
        {},
        r"The columns have names of several levels. Give each a name",
    ),
    "an infinite stamp": (pd.Series([1.0, 2.0], index=[0.0, np.inf]), {}, r"The index holds inf; stamps are"),
    "stamps beyond what numbers can count": (
        pd.Series([1.0, 2.0], index=[0, 2 * 10**18]),
        {},
        r"The index holds 2000000000000000000; stamps are dates and times, or whole numbers up to 1e\+15",
    ),
    "a frequency that would fill the memory": (
        pd.Series([1.0, 2.0], index=pd.DatetimeIndex(["2000-01-01", "2026-01-01"])),
        {"frequency": "s"},
        r"Series 'y' has 2 rows, but from 2000-01-01 00:00:00 to 2026-01-01 00:00:00 there are some 820,540,800 steps "
        r"of frequency 's'. Name the frequency that the rows have",
    ),
    "whole numbers that are not even": (
        pd.Series([1.0, 2.0, 3.0], index=[0, 1, 10**9]),
        {},
        r"are not regular: the commonest distance is 1, but 1 of 2 are others: 1 to 1000000000. Number steps evenly",
    ),
    "a column of the same name": (
        pd.DataFrame([[1, 2.0, 3.0]], columns=["ds", "y", "y"]),
        {},
        r"Column 'y' is there twice",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    data, options, message = BAD[case]
    with pytest.raises(InputError, match=message):
        read_panel(data, **options)


def test_an_unknown_column() -> None:
    with pytest.raises(UnknownNameError, match=r"There is no column named 'yy'. Did you mean 'y'"):
        read_panel(long(), target="yy")


def test_a_panel_is_a_panel() -> None:
    panel = read_panel(long())
    assert read_panel(panel) is panel


def test_something_else() -> None:
    with pytest.raises(InputTypeError, match=r"read from a pandas Series or DataFrame, got list. .* pandas.Series"):
        read_panel([1.0, 2.0])


def test_a_constant_series_is_read() -> None:
    assert set(read_panel(long().assign(y=3.0))["a"].target[:, 0]) == {3.0}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", None]),
            st.sampled_from([*pd.date_range("2026", periods=4, freq="D"), pd.Timestamp("2026-01-01 05:00"), pd.NaT]),
            st.sampled_from([0.0, 1.5, np.nan, np.inf]),
        ),
        max_size=8,
    )
)
def test_any_frame_is_read_or_refused(rows: list[tuple[Any, Any, float]]) -> None:
    """No other exception gets out, and what is read keeps what the module promises."""
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
    try:
        panel = read_panel(frame)
    except GatecellError:
        return
    for series in panel:
        assert series.index.is_monotonic_increasing
        assert series.index.is_unique
        assert series.target.shape == (len(series), 1)
        assert not np.isinf(series.target).any()
        assert np.isfinite(series.target).any()


def test_a_column_that_counts_the_rows_is_spoken_of() -> None:
    frame = pd.DataFrame({"time": range(0, 60, 10), "value": [1, 4, 2, 3, 5, 7]})
    with pytest.warns(AmbiguousInputWarning, match="'time' goes up by 10 from row to row.* time='time'; or .*'value'"):
        assert read_panel(frame).target_names == ("time", "value")
    assert read_panel(frame, time="time").frequency == 10
    for meant in (
        {"data": frame, "target": ["time", "value"]},
        {"data": frame[["time"]]},
        {"data": frame.assign(time=frame["time"] * 1.0)},
        {"data": frame.set_index(pd.date_range("2026-01-01", periods=6))},
        {"data": frame[:4]},
        {"data": frame.assign(time=pd.Series([None, 1, 2, 3, 4, 5], dtype="Int64"))},
    ):
        read_panel(**meant)


@pytest.mark.parametrize(
    ("stamps", "advice"),
    [
        (pd.date_range("2020-01-01", periods=30, freq="MS") + pd.Timedelta(days=14), "frame.resample('MS').mean()"),
        (pd.date_range("2020-01-01", periods=30, freq="D").delete(7).insert(3, pd.Timestamp("2020-01-03T05")), "'D'"),
        (pd.date_range("2020-01-01", periods=30, freq="h").insert(3, pd.Timestamp("2020-01-01T02:05")), "'h'"),
    ],
)
def test_irregular_stamps_are_to_be_resampled_to_their_own_distance(stamps: pd.DatetimeIndex, advice: str) -> None:
    series = pd.Series(np.arange(len(stamps)), index=stamps, name="y")
    with pytest.raises(InputError, match=r"are not regular.*Resample them, as with frame\.resample") as caught:
        read_panel(series)
    assert advice in str(caught.value)
    assert "time zone" not in str(caught.value)


def test_days_of_a_zone_written_with_two_offsets_are_told_to_name_the_zone() -> None:
    days = pd.date_range("2026-03-01", periods=60, freq="D", tz="Europe/Berlin")
    frame = pd.DataFrame({"ds": [stamp.isoformat() for stamp in days], "y": np.arange(60.0)})
    with pytest.raises(InputError, match=r"Bring them to their time zone first, .*tz_convert\('Europe/Berlin'\)"):
        read_panel(frame)
    frame["ds"] = pd.to_datetime(frame["ds"], utc=True).dt.tz_convert("Europe/Berlin")
    assert read_panel(frame).frequency == "D"


@pytest.mark.parametrize("kind", ["int64", "float64", "str"])
def test_whole_numbers_that_are_all_days_are_days(kind: str) -> None:
    days = pd.date_range("2026-01-20", periods=40)
    frame = pd.DataFrame({"ds": days.strftime("%Y%m%d").astype("int64").astype(kind), "y": np.arange(40.0)})
    if kind == "str":
        frame["ds"] = days.strftime("%Y%m%d")
    panel = read_panel(frame)
    assert panel.frequency == "D"
    assert list(panel.series[0].index) == list(days)
    # within a month the numbers are regular, but the 32nd of January is not a day
    january = read_panel(frame[:12])
    assert [str(stamp.date()) for stamp in january.steps_after(1)[0]] == ["2026-02-01"]


@pytest.mark.parametrize("first", [20260132, 18991201, 20260230, 2026, 1767225600])
def test_whole_numbers_of_which_one_is_not_a_day_stay_numbers(first: int) -> None:
    panel = read_panel(pd.DataFrame({"ds": range(first, first + 20), "y": np.arange(20.0)}))
    assert panel.frequency == 1
