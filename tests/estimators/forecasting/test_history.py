"""What is kept of the past."""

import numpy as np
import pandas as pd
import pytest

from gatecell._core.stated import Stated
from gatecell.data.frames import read_panel
from gatecell.estimators.forecasting.history import Past, panel_to_json, panel_to_tensors
from gatecell.estimators.forecasting.outcome import Outcome
from gatecell.estimators.forecasting.stored import stored_panel
from tests.estimators.forecasting.data import COVARIATES, long, series, wave


def past_of(units: list[int], origins: list[int]) -> Past:
    """Forecasts whose raw output says which they are."""
    raw = np.array([100.0 * unit + origin for unit, origin in zip(units, origins, strict=True)]).reshape(-1, 1, 1, 1)
    ones = np.ones((len(units), 1, 1))
    return Past(np.array(units), np.array(origins), Outcome(raw, ones, ones))


def test_later_forecasts_are_put_in_order_of_unit_and_origin() -> None:
    joined = past_of([0, 0, 1], [5, 6, 9]).joined(past_of([0, 1, 1], [7, 10, 11]))
    assert joined.units.tolist() == [0, 0, 0, 1, 1, 1]
    assert joined.origins.tolist() == [5, 6, 7, 9, 10, 11]
    assert joined.outcome.raw.ravel().tolist() == [5, 6, 7, 109, 110, 111]
    nothing = past_of([], [])
    assert len(nothing.joined(joined)) == len(joined.joined(nothing)) == 6


def test_the_latest_of_each_unit() -> None:
    latest = past_of([0, 0, 0, 1, 2, 2], [5, 6, 7, 9, 3, 4]).latest(2)
    assert latest.outcome.raw.ravel().tolist() == [6, 7, 109, 203, 204]


@pytest.mark.parametrize(
    "data",
    [
        series(30),
        pd.Series(wave(30), index=pd.date_range("2026-03-28", periods=30, freq="h", tz="Europe/Berlin")),
        pd.Series(wave(30), index=pd.date_range("2020-01-31", periods=30, freq="ME")),
        pd.Series(wave(30), index=np.arange(3, 93, 3)),
    ],
    ids=["hours", "over a change of clocks", "months", "numbers"],
)
def test_a_panel_comes_back_as_it_was(data: "pd.Series[float]") -> None:
    panel = read_panel(data)
    back = stored_panel(Stated(panel_to_json(panel), "the panel"), panel_to_tensors(panel))
    pd.testing.assert_index_equal(back.series[0].index, panel.series[0].index, exact="equiv")
    np.testing.assert_array_equal(back.series[0].target, panel.series[0].target)
    assert (back.ids, back.frequency, back.target_names) == (panel.ids, panel.frequency, panel.target_names)


def test_a_panel_of_many_comes_back() -> None:
    panel = read_panel(long(20), **COVARIATES)
    back = stored_panel(Stated(panel_to_json(panel), "the panel"), panel_to_tensors(panel))
    for one, other in zip(panel, back, strict=True):
        for name in ("target", "past", "future", "static"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert back.future_names == ("driver",)
