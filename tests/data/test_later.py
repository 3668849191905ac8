"""Rows that come after those that are known: the same moments and the same series, or an error."""

from datetime import timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatecell._core.errors import GatecellError, InputError, UnknownNameError
from gatecell.data.frames import read_panel
from gatecell.data.later import read_later
from gatecell.data.series import Panel

BERLIN = pd.date_range("2026-10-23", periods=96, freq="h", tz="Europe/Berlin")
"""Over the end of summer time, which has the hour of two twice."""


def values(index: pd.Index, name: str | None = "load") -> "pd.Series[float]":
    return pd.Series(np.arange(len(index), dtype=float), index=index, name=name)


def read(data: Any, known: Panel, **options: Any) -> Panel:
    return read_later(data, known, target=known.target_names, **options)


def refused(data: Any, known: Panel, **options: Any) -> str:
    with pytest.raises(GatecellError) as caught:
        read(data, known, **options)
    assert isinstance(caught.value, InputError | UnknownNameError)
    return str(caught.value)


@pytest.mark.parametrize(
    "index_of",
    [
        lambda index: index.tz_convert("UTC"),
        lambda index: index.tz_convert("America/New_York"),
        lambda index: index.tz_convert(timezone(timedelta(hours=2))),
        lambda index: pd.Index(list(index), dtype=object),
        lambda index: pd.Index([stamp.to_pydatetime() for stamp in index], dtype=object),
        # offsets that differ before and after the change
        lambda index: pd.Index([stamp.isoformat() for stamp in index]),
        lambda index: index.as_unit("ns"),
        lambda index: index.as_unit("s"),
    ],
)
@pytest.mark.parametrize("frequency", ["h", "D"])
def test_another_clock_shows_the_same_moments(index_of: Any, frequency: str) -> None:
    index = BERLIN if frequency == "h" else pd.date_range("2026-10-20", periods=20, freq="D", tz="Europe/Berlin")
    data = values(index)
    known = read_panel(data[:10])
    later = data[10:].set_axis(index_of(index[10:])).sample(frac=1, random_state=0)
    joined = known.followed_by(read(later, known))["load"]
    assert joined.index.equals(index)
    assert str(joined.index.tz) == "Europe/Berlin"
    np.testing.assert_array_equal(joined.target[:, 0], data)


def test_times_with_and_without_a_zone_do_not_mix() -> None:
    known, plain = read_panel(values(BERLIN[:10])), read_panel(values(BERLIN[:10].tz_localize(None)))
    assert "Say the zone of the rows" in refused(values(BERLIN[10:].tz_convert(None)), known)
    assert "drop the zone" in refused(values(BERLIN[10:]), plain)


@pytest.mark.parametrize("frequency", ["D", "MS", "ME", "QE-MAR", "W-SUN", "YS-JAN", "h"])
def test_periods_stand_for_the_step_within_them(frequency: str) -> None:
    index = pd.date_range("2026-01-01", periods=12, freq=frequency)
    data = values(index)
    known = read_panel(data[:8])
    assert known.frequency == frequency
    periods = index[8:].to_period({"MS": "M", "ME": "M", "YS-JAN": "Y"}.get(frequency, frequency.replace("QE", "Q")))
    assert read(data[8:].set_axis(periods), known)["load"].index.equals(index[8:])


@pytest.mark.parametrize("kind", ["int32", "uint8", "float64", "object", "str", "Int64"])
def test_whole_numbers_of_any_kind(kind: str) -> None:
    known = read_panel(values(pd.RangeIndex(0, 50, 5)))
    frame = pd.DataFrame({"ds": pd.Series([50, 55, 60]).astype(kind), "load": 1.0})
    assert read(frame, known)["load"].index.tolist() == [50, 55, 60]
    assert "holds times" in refused(values(BERLIN), known)


def long(ids: Any, start: int, stop: int) -> pd.DataFrame:
    days = pd.date_range("2026-01-01", periods=30)
    return pd.concat([pd.DataFrame({"unique_id": id, "ds": days[start:stop], "y": 1.0}) for id in ids])


def test_rows_of_a_series_that_is_not_known_are_refused_by_name() -> None:
    one, two = read_panel(long(["a"], 0, 20)), read_panel(long(["a", "b"], 0, 20))
    assert refused(long(["b"], 20, 30), one) == "There is no series named 'b'. Known: a."
    assert refused(long(["a", "c", "b"], 20, 30), two) == "There is no series named 'c'. Known: a, b."
    assert read(long(["b"], 20, 30), two).ids == ["b"]
    nameless = long(["b"], 20, 30).drop(columns="unique_id")
    text = refused(nameless, one)
    assert text == (
        "The rows do not say which series they are of, but those that are known have ids: 'a'. Add the column of ids "
        "('unique_id' where no other was named)."
    )
    assert refused(nameless, two) == text.replace("'a'", "'a', 'b'")
    unnamed = read_panel(nameless)
    assert refused(long(["b"], 20, 30), unnamed) == (
        "There is no series named 'b': the series that is known was read without ids. Leave the column 'unique_id' out "
        "where the rows are of it."
    )
    assert "no series named 'b'" in refused(long(["b", "c"], 20, 30), unnamed)
    # a panel that was read by itself is of the series that it names
    assert "no series named 'b'" in refused(read_panel(long(["b"], 20, 30)), one)
    assert "do not say which series" in refused(read_panel(nameless), one)
    assert read(read_panel(nameless), unnamed).ids == unnamed.ids


def test_a_series_is_known_by_its_name() -> None:
    index = pd.date_range("2026-01-21", periods=3)
    load, two = read_panel(values(pd.date_range("2026-01-01", periods=20))), read_panel(long(["a", "b"], 0, 20))
    for name in ("load", None):
        assert read(values(index, name), load).ids == ["load"]
    assert refused(values(index, "price"), load) == "There is no series named 'price'. Known: load."
    assert read(values(index, "b"), two).ids == ["b"]
    assert refused(values(index, "c"), two) == "There is no series named 'c'. Known: a, b."
    assert "do not say which series" in refused(values(index, None), two)
    unnamed = read_panel(values(pd.date_range("2026-01-01", periods=20), None))
    assert read(values(index, "load"), unnamed).ids == unnamed.ids


@pytest.mark.parametrize("ids", [[1], [1, 2], ["1"], ["1", "2"]])
def test_a_number_and_its_digits_are_not_the_same_id(ids: list[Any]) -> None:
    known = read_panel(long(ids, 0, 20))
    kind, other, used = ("text", str, "str") if isinstance(ids[0], str) else ("whole numbers", int, "int")
    held = "whole numbers" if kind == "text" else "text"
    swapped = [int(id) if other is str else str(id) for id in ids]
    assert refused(long(swapped, 20, 30), known) == (
        f"There is no series named {swapped[0]!r}: column 'unique_id' holds {held}, but the ids that are known are "
        f"{kind}. Convert it: column.astype({used})."
    )


def test_the_last_word_of_a_column_that_was_named() -> None:
    shop = {"unique_id": "shop"}
    known = read_panel(long(["a", "b"], 0, 20).rename(columns=shop), id="shop")
    assert read(long(["b"], 20, 30).rename(columns=shop), known, id="shop").ids == ["b"]
    assert "There is no column named 'shop'" in refused(long(["b"], 20, 30), known, id="shop")


def test_days_written_as_whole_numbers_go_on_as_days() -> None:
    frame = pd.DataFrame({"ds": range(20260101, 20260132), "y": np.arange(31.0)})
    known = read_panel(frame)
    later = read_later(pd.DataFrame({"ds": [20260201], "y": [31.0]}), known, target=known.target_names)
    assert str(known.followed_by(later).series[0].index[-1].date()) == "2026-02-01"
