import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.data.frames import read_panel
from gatecell.data.series import Panel


def panel_of(n_steps: int = 8, *, frequency: str = "h", first: str = "2026-01-01") -> Panel:
    index = pd.date_range(first, periods=n_steps, freq=frequency)
    frames = [
        pd.DataFrame({"unique_id": id, "ds": index, "y": size * np.arange(n_steps), "wind": np.arange(n_steps) / 10})
        for id, size in (("a", 1.0), ("b", 10.0))
    ]
    return read_panel(pd.concat(frames).iloc[2:], past=["wind"], frequency=frequency)


def test_what_a_panel_says_of_itself() -> None:
    panel = panel_of()
    assert len(panel) == 2
    assert panel.ids == ["a", "b"]
    assert panel.lengths.tolist() == [6, 8]
    assert [series.id for series in panel.select(["b"])] == ["b"]
    with pytest.raises(UnknownNameError, match=r"There is no series named 'c'"):
        panel["c"]
    with pytest.raises(UnknownNameError, match=r"There is no series named 'c'"):
        panel.select(["a", "c"])


def test_parts_of_series() -> None:
    panel = panel_of()
    assert panel.drop_last(3).lengths.tolist() == [3, 5]
    np.testing.assert_array_equal(panel.drop_last(3)["b"].target[:, 0], 10.0 * np.arange(5))
    assert panel.take_last(7).lengths.tolist() == [6, 7]
    np.testing.assert_array_equal(panel.take_last(2)["b"].past[:, 0], [0.6, 0.7])
    assert panel.drop_last(0).lengths.tolist() == [6, 8]
    with pytest.raises(InputError, match=r"Series 'a' has no more than 6 steps, so nothing of it is left"):
        panel.drop_last(6)
    with pytest.raises(OptionError, match=r"n_steps must be an integer of at least 0, got -1"):
        panel.drop_last(-1)
    with pytest.raises(OptionError, match=r"n_steps must be an integer of at least 1, got 0"):
        panel.take_last(0)


def test_until_a_stamp() -> None:
    panel = panel_of().until(pd.Timestamp("2026-01-01 03:30"))
    assert panel.lengths.tolist() == [2, 4]
    assert panel["a"].index[-1] == pd.Timestamp("2026-01-01 03:00")
    assert panel.until(pd.Timestamp("2026-01-01 03:00")).lengths.tolist() == [2, 4]
    with pytest.raises(InputError, match=r"Series 'a' has no step up to 2026-01-01 01:00:00.* Leave it out"):
        panel.until(pd.Timestamp("2026-01-01 01:00"))


def test_parts_share_memory() -> None:
    panel = panel_of()
    assert np.shares_memory(panel["a"].target, panel.drop_last(1)["a"].target)


@given(st.integers(1, 7), st.sampled_from(["h", "D", "MS", "B"]))
def test_what_is_cut_off_can_be_put_back(n_steps: int, frequency: str) -> None:
    panel = panel_of(10, frequency=frequency, first="2026-03-02")
    again = panel.drop_last(n_steps).followed_by(panel.take_last(n_steps))
    for id in panel.ids:
        assert again[id].index.equals(panel[id].index)
        np.testing.assert_array_equal(again[id].target, panel[id].target)
        np.testing.assert_array_equal(again[id].past, panel[id].past)


def test_steps_left_out_in_between_are_missing() -> None:
    panel = panel_of()
    again = panel.drop_last(3).followed_by(panel.take_last(1).select(["b"]))
    np.testing.assert_array_equal(again["b"].target[:, 0], [0, 10, 20, 30, 40, np.nan, np.nan, 70])
    assert again.lengths.tolist() == [3, 8]


def test_only_what_is_later_is_new() -> None:
    panel = panel_of()
    known = panel.drop_last(3).followed_by(panel.take_last(3).select(["a"]))
    later = panel.later_than(known)
    assert later.ids == ["b"]
    np.testing.assert_array_equal(known.followed_by(later)["b"].target, panel["b"].target)
    assert len(panel.later_than(panel)) == 0
    rows = read_panel(pd.Series([1.0, 2.0]), frequency="rows")
    assert rows.later_than(rows) is rows
    with pytest.raises(UnknownNameError, match=r"There is no series named 'b'"):
        panel.later_than(panel.select(["a"]))


def test_rows_go_on_counting() -> None:
    first, later = (read_panel(pd.Series(values), frequency="rows") for values in ([1.0, 2.0], [3.0]))
    panel = first.followed_by(later)
    assert list(panel["y"].index) == [0, 1, 2]
    np.testing.assert_array_equal(panel["y"].target[:, 0], [1, 2, 3])


def test_what_cannot_follow() -> None:
    panel = panel_of()
    with pytest.raises(
        InputError, match=r"later rows of series 'a' begin at .* 04:00:00, but it is known up to .* 07:00"
    ):
        panel.followed_by(panel.take_last(4))
    with pytest.raises(InputError, match=r"The later rows have frequency 'D', but the series 'h'"):
        panel.followed_by(panel_of(frequency="D"))
    with pytest.raises(InputError, match=r"The later rows have past_names \(\), but the series \('wind',\)"):
        panel.followed_by(read_panel(pd.Series([1.0, 2], index=pd.date_range("2027", periods=2, freq="h"))))
    odd = panel_of(first="2026-01-02 00:30")
    with pytest.raises(
        InputError, match=r"begin at 2026-01-02 02:30:00, which does not lie on its steps of frequency 'h'"
    ):
        panel.followed_by(odd)
    zoned = pd.Series([1.0, 2.0], index=pd.date_range("2027", periods=2, freq="h", tz="UTC"))
    plain = pd.Series([1.0, 2.0], index=pd.date_range("2026", periods=2, freq="h"))
    with pytest.raises(InputError, match=r"The index of series 'y' holds times with the time zone UTC .* without one"):
        read_panel(plain).followed_by(read_panel(zoned))
    with pytest.raises(InputError, match=r"holds times without a time zone .* known in the time zone UTC"):
        read_panel(zoned).later_than(read_panel(plain.tz_localize("UTC")).select(["y"])).followed_by(read_panel(plain))
    far = pd.Series([1.0, 2.0], index=pd.date_range("2250", periods=2, freq="h"))
    with pytest.raises(
        InputError, match=r"end at 2250-01-01 01:00:00, some 1,963,\d+ steps of frequency 'h' after 2026"
    ):
        read_panel(plain).followed_by(read_panel(far))


def test_panels_of_other_zones_and_units() -> None:
    index = pd.date_range("2026-03-28", periods=48, freq="h", tz="Europe/Berlin", unit="ns")
    whole = pd.Series(np.arange(48.0), index=index)
    known, later = read_panel(whole[:30]), read_panel(whole[24:].tz_convert("Asia/Tokyo"))
    later = later.later_than(known)
    assert later["y"].target[:, 0].tolist() == list(range(30, 48))
    joined = known.followed_by(later)["y"].index
    assert joined.equals(index)
    assert (str(joined.tz), joined.unit) == ("Europe/Berlin", "ns")
    assert known.until(pd.Timestamp("2026-03-28T01:00Z")).lengths.tolist() == [3]
    with pytest.raises(InputError, match=r"^until holds times without a time zone"):
        known.until(pd.Timestamp("2026-03-28T01:00"))
