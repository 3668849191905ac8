"""No value after a forecast's origin has any part in the forecast, whatever the options are: bit for bit."""

from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecell import LSTMForecaster
from gatecell.estimators.forecasting.options import ForecastOptions
from tests.estimators.forecasting.data import COVARIATES, SMALL, hours, long, series, wide

N_KNOWN, N_LATER = 90, 30
CUTOFF = 12
"""Steps of the later rows after which everything is changed."""

EACH_OPTION: list[dict[str, Any]] = [
    {},
    {"horizon": 6},
    {"lookback": 12},
    {"output": "quantile", "quantiles": (0.1, 0.5, 0.9)},
    {"strategy": "recursive"},
    {"output": "quantile"},
    {"output": "normal"},
    {"output": "student_t"},
    {"output": "student_t", "strategy": "recursive"},
    {"loss": "mse"},
    {"loss": "huber"},
    {"season": 6},
    {"scaling": "minmax"},
    {"scaling": "robust"},
    {"scaling": None},
    {"per_series": False},
    {"window_level": "mean"},
    {"window_level": None},
    {"window_scale": False},
    {"difference": 1},
    {"difference": 6},
    {"log": True},
    {"missing": "forward"},
    {"missing": "mask"},
    {"calendar": True},
    {"multivariate": True},
    {"skip": False},
    {"patch_size": 4},
    {"stride": 3},
    {"calibration_windows": 20},
    {"bidirectional": True, "num_layers": 2, "dropout": 0.2, "recurrent_dropout": 0.2, "head_dropout": 0.2},
]


def changed(rows: Any, columns: list[str] | None, stamps: pd.Index, after: pd.Timestamp, known: list[str]) -> Any:
    """Return the rows with other values behind a stamp, but for what is known ahead."""
    result = rows.copy()
    later = stamps > after
    if columns is None:
        result[later] = result[later] * 3 + 777
        return result
    for column in columns:
        if column not in known:
            result.loc[later, column] = result.loc[later, column] * 3 + 777
    return result


def with_gaps(data: Any, options: dict[str, Any], columns: list[str]) -> Any:
    """Take out some values, where the options say what is to be done about them."""
    if options.get("missing", "error") == "error":
        return data
    result = data.copy()
    rows = np.arange(len(result)) % 11 == 7
    if isinstance(result, pd.Series):
        result[rows] = np.nan
    else:
        result.loc[rows, columns] = np.nan
    return result


def assert_blind(kind: str, options: dict[str, Any]) -> None:
    """Compare forecasts of one fitted model where what comes after a cutoff is one thing or another."""
    reading: dict[str, Any] = {}
    known: list[str] = []
    total = N_KNOWN + N_LATER
    if kind == "series":
        data: Any = with_gaps(series(total), options, [])
        stamps, columns = data.index, None
    elif kind == "wide":
        data = with_gaps(wide(total), options, ["a"])
        stamps, columns = data.index, ["a", "b"]
    else:
        data = with_gaps(long(total), options, ["y"])
        reading = dict(COVARIATES)
        if options.get("strategy") == "recursive":
            reading["past"] = []
        stamps, columns, known = pd.Index(data["ds"]), ["y", "temperature"], ["driver"]
    border = hours(N_KNOWN)[-1]
    cutoff = border + pd.Timedelta(hours=CUTOFF)
    model = LSTMForecaster(**{**SMALL, **options}).fit(data[stamps <= border], **reading)
    later, later_stamps = data[stamps > border], stamps[stamps > border]
    one = model.backtest(new_rows=later).predictions
    other = model.backtest(new_rows=changed(later, columns, later_stamps, cutoff, known)).predictions
    seen = one["cutoff"] <= cutoff
    # what is compared is there, and what was changed would show
    assert seen.sum() > 8
    assert not one.loc[~seen, "LSTMForecaster"].equals(other.loc[~seen, "LSTMForecaster"])
    pd.testing.assert_frame_equal(one[seen].drop(columns="y"), other[seen].drop(columns="y"), check_exact=True)


def test_no_option_is_left_out() -> None:
    tried = {name for options in EACH_OPTION for name in options}
    assert {field.name for field in fields(ForecastOptions)} <= tried


@pytest.mark.parametrize("options", EACH_OPTION, ids=str)
def test_each_option_of_one_series(options: dict[str, Any]) -> None:
    assert_blind("series", options)


@pytest.mark.parametrize("options", [*EACH_OPTION[:6], {"multivariate": True}, {"difference": 6}], ids=str)
def test_several_targets(options: dict[str, Any]) -> None:
    assert_blind("wide", options)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    options=st.fixed_dictionaries(
        {
            "strategy": st.sampled_from(["direct", "recursive"]),
            "output": st.sampled_from(["point", "quantile", "normal", "student_t"]),
            "scaling": st.sampled_from(["standard", "minmax", "robust", None]),
            "per_series": st.booleans(),
            "window_level": st.sampled_from(["last", "mean", None]),
            "window_scale": st.booleans(),
            "difference": st.sampled_from([None, 1, 6]),
            "missing": st.sampled_from(["error", "forward", "mask"]),
            "calendar": st.booleans(),
            "skip": st.booleans(),
            "patch_size": st.sampled_from([1, 2, 4]),
            "calibration_windows": st.sampled_from([10, 500]),
        }
    )
)
def test_any_options_of_a_panel_with_covariates(options: dict[str, Any]) -> None:
    assert_blind("long", options)


@pytest.mark.parametrize("options", [*EACH_OPTION[:14], {"missing": "mask"}, {"calendar": True}], ids=str)
def test_the_part_that_validates_has_no_part_in_scaling_and_weights(options: dict[str, Any]) -> None:
    data = series(N_KNOWN)
    first = LSTMForecaster(**{**SMALL, **options}).fit(data)
    border = round(N_KNOWN * (1 - SMALL["validation_fraction"]))
    other = LSTMForecaster(**{**SMALL, **options}).fit(pd.concat([data[:border], data[border:] * 3 + 777]))
    for one, two in zip(first.network_.parameters(), other.network_.parameters(), strict=True):
        assert one.equal(two)
    assert first.history_["train_loss"] == other.history_["train_loss"]
    assert first.history_["validation_loss"] != other.history_["validation_loss"]


def test_a_forecast_is_what_a_backtest_said_when_the_origin_was_the_end() -> None:
    data = series(N_KNOWN + N_LATER)
    model = LSTMForecaster(**SMALL).fit(data[:N_KNOWN])
    known = model.backtest(new_rows=data[N_KNOWN:]).predictions
    model.update(data[N_KNOWN : N_KNOWN + 5])
    now = model.predict()
    at_origin = known[known["cutoff"] == data.index[N_KNOWN + 4]].reset_index(drop=True)
    pd.testing.assert_frame_equal(now, at_origin[now.columns], check_exact=True)
