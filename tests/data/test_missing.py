from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gatecell._core.errors import InputError, UnknownNameError
from gatecell.data.frames import read_panel
from gatecell.data.missing import fill_forward, handle_missing
from gatecell.data.series import Panel, Values

holed = hnp.arrays(np.float64, (12, 3), elements=st.sampled_from([1.0, 2.0, 3.0, np.nan]))


def panel_of(*values: float) -> Panel:
    return read_panel(pd.Series(values, index=pd.date_range("2026-01-01", periods=len(values)), name="sales"))


@given(holed)
def test_forward_against_pandas(values: Values) -> None:
    np.testing.assert_array_equal(fill_forward(values), pd.DataFrame(values).ffill().to_numpy())


@given(holed, st.integers(0, 12))
def test_filling_does_not_look_ahead(values: Values, cut: int) -> None:
    changed = values.copy()
    changed[cut:] = 9.0
    np.testing.assert_array_equal(fill_forward(values)[:cut], fill_forward(changed)[:cut])


def test_policies() -> None:
    panel = panel_of(1.0, np.nan, 3.0)
    np.testing.assert_array_equal(handle_missing(panel, "forward")["sales"].target[:, 0], [1, 1, 3])
    assert handle_missing(panel, "mask") is panel
    with pytest.raises(
        InputError,
        match=r"sales of series 'sales' is missing at 2026-01-02 00:00:00 \(1 missing value\(s\) in this series, "
        r"steps that the data leave out included\). Fill it, or choose missing='forward', .* frequency='rows'",
    ):
        handle_missing(panel, "error")
    complete = panel_of(1.0, 2.0)
    for policy in ("error", "forward"):
        np.testing.assert_array_equal(handle_missing(complete, policy)["sales"].target, complete["sales"].target)


def test_nothing_to_fill_with() -> None:
    with pytest.raises(
        InputError, match=r"before its first known value, so there is nothing to fill it with \(1 missing"
    ):
        handle_missing(panel_of(np.nan, 2.0, np.nan), "forward")


def test_covariates_count_as_well() -> None:
    frame = pd.DataFrame({"ds": pd.date_range("2026", periods=3), "y": 1.0, "wind": [1.0, np.nan, 2.0]})
    for role in ("past", "future"):
        options: dict[str, Any] = {role: ["wind"]}
        panel = read_panel(frame, **options)
        with pytest.raises(InputError, match=r"wind of series 'series' is missing at 2026-01-02"):
            handle_missing(panel, "error")
        assert getattr(handle_missing(panel, "forward").series[0], role)[:, 0].tolist() == [1.0, 1.0, 2.0]


def test_an_unknown_policy() -> None:
    with pytest.raises(UnknownNameError, match=r"There is no missing named 'forwrad'. Did you mean 'forward'"):
        handle_missing(panel_of(1.0, 2.0), "forwrad")
