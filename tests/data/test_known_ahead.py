from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatecell._core.errors import InputError
from gatecell.data.frames import read_panel
from gatecell.data.known_ahead import read_future
from gatecell.data.series import Panel


def frame_of(first: str, n_steps: int, ids: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    index = pd.date_range(first, periods=n_steps, freq="D")
    return pd.concat(
        [pd.DataFrame({"unique_id": id, "ds": index, "price": place + index.day / 100}) for place, id in enumerate(ids)]
    )


@pytest.fixture
def panel() -> Panel:
    return read_panel(frame_of("2026-01-01", 5).assign(y=1.0), future=["price"])


def test_the_rows_ahead(panel: Panel) -> None:
    # rows of other steps and another order of series change nothing
    ahead = read_future(frame_of("2026-01-03", 9, ("b", "a"))[::-1], panel, 2)
    np.testing.assert_allclose(ahead[0], [[1.06], [1.07]])
    np.testing.assert_allclose(ahead[1], [[0.06], [0.07]])


def test_a_single_series_needs_no_id() -> None:
    index = pd.date_range("2026-01-01", periods=5)
    panel = read_panel(pd.DataFrame({"sales": 1.0, "price": 2.0}, index=index[:3]), future=["price"])
    np.testing.assert_array_equal(
        read_future(pd.DataFrame({"price": [3.0, 4.0]}, index=index[3:]), panel, 2)[0], [[3], [4]]
    )


def test_rows_as_steps() -> None:
    panel = read_panel(pd.DataFrame({"y": [1.0, 2.0], "price": 2.0}), future=["price"], frequency="rows")
    np.testing.assert_array_equal(read_future(pd.DataFrame({"price": [3.0, 4.0]}), panel, 2)[0], [[3], [4]])
    # which of three rows is the next step cannot be told
    with pytest.raises(InputError, match=r"begin with the step after its last one, and 2 rows are needed; got 3"):
        read_future(pd.DataFrame({"price": [2.0, 3.0, 4.0]}), panel, 2)


def test_none_is_for_series_without_covariates(panel: Panel) -> None:
    plain = read_panel(frame_of("2026-01-01", 5).assign(y=1.0))
    assert [values.shape for values in read_future(None, plain, 4)] == [(4, 0), (4, 0)]
    with pytest.raises(InputError, match=r"Covariates of the future are given, but the series have none"):
        read_future(frame_of("2026-01-06", 3), plain, 2)
    with pytest.raises(
        InputError, match=r"known ahead \(price\), so a forecast needs a frame with their next 2 values"
    ):
        read_future(None, panel, 2)


def without_price(row: int) -> pd.DataFrame:
    frame = frame_of("2026-01-06", 3).reset_index(drop=True)
    frame.loc[row, "price"] = np.nan
    return frame


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            frame_of("2026-01-06", 2),
            r"The covariate price of series 'a' is missing at 2026-01-08 00:00:00, a step to be forecast \(1 value",
        ),
        (frame_of("2026-01-07", 3), r"series 'a' is missing at 2026-01-06"),
        (frame_of("2026-01-06", 3, ("a",)), r"no covariates of the future for series 'b' \(1 series in all\)"),
        (without_price(4), r"The covariate price of series 'b' is missing at 2026-01-07"),
    ],
)
def test_what_is_missing_ahead(panel: Panel, data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_future(data, panel, 3)


def test_what_is_ahead_of_another_series_or_on_another_clock() -> None:
    index = pd.date_range("2026-10-24", periods=60, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"unique_id": "a", "ds": index, "price": np.arange(60.0), "y": 1.0})
    panel, ahead = read_panel(frame[:20], future=["price"]), frame[["unique_id", "ds", "price"]]
    utc = ahead.assign(ds=ahead["ds"].dt.tz_convert("UTC").dt.as_unit("s"))
    np.testing.assert_array_equal(read_future(utc, panel, 12)[0][:, 0], np.arange(20.0, 32.0))
    with pytest.raises(InputError, match=r"known in the time zone Europe/Berlin .* Say the zone of the rows"):
        read_future(ahead.assign(ds=ahead["ds"].dt.tz_localize(None))[24:40], panel, 12)
    with pytest.raises(InputError, match=r"no covariates of the future for series 'a' .* The rows are of 'b'\.$"):
        read_future(ahead.assign(unique_id="b"), panel, 12)
    with pytest.raises(InputError, match=r"The rows do not say which series they are of"):
        read_future(ahead.drop(columns="unique_id"), panel, 12)
