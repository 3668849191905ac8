"""Bad input gets one clear error, or has a documented rule."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatecell import GatecellError, LSTMForecaster
from gatecell._core.errors import InputError, OptionError, UnknownNameError
from tests.estimators.forecasting.data import COVARIATES, SMALL, hours, long, series, wave, wide


def refused(data: Any, options: dict[str, Any] | None = None, **reading: Any) -> str:
    with pytest.raises(GatecellError) as caught:
        LSTMForecaster(**{**SMALL, **(options or {})}).fit(data, **reading)
    assert isinstance(caught.value, InputError | OptionError)
    return str(caught.value)


def test_series_that_are_too_short() -> None:
    data = long(40)
    short = data[(data["unique_id"] != "s1") | (data["ds"] < hours(11)[10])]
    assert refused(short, target="y") == (
        "A window takes 12 steps (lookback 8 and horizon 4), but 1 of 3 series have fewer: 's1' (10). "
        "Choose a shorter lookback or horizon, or leave such series out."
    )
    assert refused(series(15)) == (
        "validation_fraction=0.4 takes the latest part of each series, at least one horizon, and the rest is too "
        "short. A window takes 12 steps (lookback 8 and horizon 4), but the series has fewer: 'load' (9). Choose "
        "a shorter lookback or horizon, or leave such series out. Or set validation_fraction to a smaller share, or to "
        "None."
    )


def test_stamps_twice_and_gaps_and_irregular_ones() -> None:
    data = series(60)
    assert "The stamp 2026-01-01 05:00:00 stands in more than one row" in refused(pd.concat([data, data[5:6]]))
    assert "is missing at 2026-01-01 07:00:00" in refused(data.drop(data.index[7]))
    moved = data.copy()
    moved.index = data.index[:-1].append(data.index[-1:] + pd.Timedelta(minutes=7))
    assert "frequency='rows'" in refused(moved)
    by_rows = LSTMForecaster(**SMALL).fit(moved, frequency="rows").predict()
    assert by_rows["ds"].tolist() == [60, 61, 62, 63]


def test_the_order_of_rows_has_no_meaning() -> None:
    data = long(60)
    model = LSTMForecaster(**SMALL)
    one = model.fit(data, target="y").predict()
    shuffled = data.sample(frac=1, random_state=0).sort_values("unique_id", kind="stable")
    pd.testing.assert_frame_equal(model.fit(shuffled, target="y").predict(), one, check_exact=True)


def test_missing_values_by_policy() -> None:
    data = series(80)
    data.iloc[[20, 21, 70]] = np.nan
    assert "load of series 'load' is missing at 2026-01-01 20:00:00 (3 missing value(s)" in refused(data)
    for policy in ("forward", "mask"):
        assert LSTMForecaster(**SMALL, missing=policy).fit(data).predict()["LSTMForecaster"].notna().all()
    data.iloc[0] = np.nan
    assert "before its first known value" in refused(data, {"missing": "forward"})
    assert LSTMForecaster(**SMALL, missing="mask").fit(data).predict()["LSTMForecaster"].notna().all()


def test_infinite_and_all_missing_columns() -> None:
    data = wide(60)
    text = refused(data.assign(a=np.where(np.arange(60) == 3, np.inf, 1.0)))
    assert "a of series 'series' is infinite at 2026-01-01 03:00:00" in text
    assert "a of series 'series' has no value at all" in refused(data.assign(a=np.nan))


def test_a_constant_series_is_forecast_as_it_is() -> None:
    data = wide(80).assign(a=7.0)
    model = LSTMForecaster(**SMALL).fit(data)
    frame = model.predict()
    flat = frame[frame["unique_id"] == "a"]
    np.testing.assert_allclose(flat["LSTMForecaster"], 7.0, atol=0.1)
    assert "It is" in model.summary()


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
@pytest.mark.filterwarnings("ignore::gatecell.estimators.forecasting.calibration.CoincidingIntervalsWarning")
def test_a_constant_series_is_learnt_under_layer_normalisation(value: float, engine: str) -> None:
    data, options = series(80) * 0 + value, {"layer_norm": True, "engine": engine}
    model = LSTMForecaster(**SMALL, input_dropout=0.2, lstm_options=options).fit(data)
    np.testing.assert_allclose(model.predict()["LSTMForecaster"], value, atol=0.1)


def test_time_zones_over_the_change_of_the_clock() -> None:
    index = pd.date_range("2026-03-26", periods=96, freq="h", tz="Europe/Berlin")
    frame = LSTMForecaster(**SMALL, calendar=True).fit(pd.Series(wave(96), index=index)).predict()
    assert frame["ds"].iloc[0] == index[-1] + pd.Timedelta(hours=1)
    assert str(frame["ds"].dt.tz) == "Europe/Berlin"


def test_covariates_that_are_not_known() -> None:
    data = long(60)
    assert "no column named 'temprature'" in refused(data, past=["temprature"])
    holes = data.assign(size=data["size"].where(data["unique_id"] != "s1"))
    assert "size of series 's1' has no value at all" in refused(holes, target="y", static=["size"])
    recursive = refused(data, {"strategy": "recursive"}, **COVARIATES)
    assert recursive == (
        'strategy="recursive" takes its forecasts for seen, but knows no later values of the covariates temperature. '
        'Use strategy="direct", or give them as known ahead (future).'
    )


def test_logarithms_of_what_is_not_above_zero() -> None:
    data = series(60)
    data.iloc[57] = 0.0
    assert "is 0 at 2026-01-03 09:00:00" in refused(data, {"log": True})
    data.iloc[9] = 0.0
    assert refused(data, {"log": True}) == (
        "log=True is for values above 0, but load of series 'load' is 0 at 2026-01-01 09:00:00. Fit without log, or "
        "shift all values."
    )


def test_new_rows_that_cannot_be_used() -> None:
    model = LSTMForecaster(**SMALL).fit(long(60), target="y", past=["temperature"])
    with pytest.raises(UnknownNameError, match="There is no column named 'temperature'"):
        model.update(long(70).drop(columns="temperature"))
    positive = LSTMForecaster(**SMALL, log=True).fit(series(60))
    before = positive.predict()
    for method in (positive.update, positive.partial_fit):
        with pytest.raises(
            InputError,
            match=r"^log=True is for values above 0, but load of series 'load' is -1 at 2026-01-03 12:00:00. Fit "
            r"without log, or shift all values.$",
        ):
            method(pd.Series([-1.0], index=hours(61)[60:]))
    pd.testing.assert_frame_equal(positive.predict(), before)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"horizon": 0}, "horizon must be an integer of at least 1, got 0."),
        ({"lookback": 2.5}, "lookback must be an integer of at least 1, got 2.5."),
        ({"stride": 0}, "stride must be an integer of at least 1, got 0."),
        ({"strategy": "both"}, "There is no strategy named 'both'. Known: direct, recursive."),
        ({"output": "gamma"}, "There is no output named 'gamma'"),
        ({"scaling": "std"}, "There is no scaling named 'std'"),
        ({"window_level": "first"}, "There is no window_level named 'first'. Known: last, mean."),
        ({"missing": "drop"}, "There is no missing named 'drop'"),
        ({"difference": 0}, "difference must be an integer of at least 1, got 0."),
        ({"log": 1}, "log must be True or False, got 1."),
        ({"patch_size": 3}, "patch_size=3 does not divide lookback=8"),
        ({"calibration_windows": 0}, "calibration_windows must be an integer of at least 1, got 0."),
        ({"validation_fraction": 1.0}, "validation_fraction must be a number in (0, 1), got 1.0."),
        ({"validation_fraction": None, "patience": 3}, "patience=3 stops by the part that validates"),
        ({"hidden_size": 0}, "hidden_size must be an integer of at least 1, got 0."),
        ({"lstm_options": {"peepholes": True}}, "There is no option in lstm_options named 'peepholes'"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], text: str) -> None:
    assert text in refused(series(80), options)


@pytest.mark.parametrize("level", [[0], [100], ["80"], [80, -1], "80", None])
def test_levels_that_make_no_sense(level: Any) -> None:
    model = LSTMForecaster(**SMALL).fit(series(80))
    with pytest.raises(
        OptionError, match=r"^each level must be a number of percent in \[1, 100\), got .*80 for 80 %.$"
    ):
        model.predict(level=level)


@pytest.mark.parametrize("level", [0.8, [0.95, 0.8], [80, 0.8], np.float32(0.8), (0.001,)], ids=str)
def test_a_share_is_not_taken_for_percent(level: Any) -> None:
    model = LSTMForecaster(**SMALL).fit(series(80))
    for method in (model.predict, model.backtest, model.course):
        with pytest.raises(OptionError, match=r"^each level is in percent, in \[1, 100\), got .* Write .* for .* %\.$"):
            method(level=level)


def test_without_a_part_that_validates_there_are_no_intervals_until_there_is_something_to_calibrate_on() -> None:
    data = series(200)
    model = LSTMForecaster(**{**SMALL, "validation_fraction": None}).fit(data[:100])
    with pytest.raises(InputError, match="An interval of 80 % is calibrated on at least 9 outcomes"):
        model.predict()
    assert "Nothing was left to judge it by" in model.summary()
    assert len(model.update(data[100:]).predict()) == 4
    assert "It is" in model.summary()
