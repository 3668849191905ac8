"""What a forecaster learns, returns, keeps and refuses."""

from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import gatecell
from gatecell import LSTMForecaster
from gatecell._core.errors import InputError, NonFiniteLossError, OptionError, TrainingError, UnknownNameError
from tests.estimators.forecasting.data import COVARIATES, SMALL, hours, long, series, wave, wide
from tests.recipes.conftest import stopped_after

NAME = "LSTMForecaster"


def test_it_learns_a_wave_and_says_that_it_beats_the_naive_forecast() -> None:
    data = series(600, period=24, noise=0.2)
    options: dict[str, Any] = {
        "horizon": 12,
        "hidden_size": 16,
        "max_epochs": 20,
        "learning_rate": 0.01,
        "random_state": 0,
    }
    model = LSTMForecaster(**options).fit(data)
    figures = model.backtest().metrics["mae"]
    assert figures[NAME] < 0.5 * figures["naive"]
    text = model.summary()
    assert "lstm.0 (LSTM)" in text
    assert "It is better than the naive forecast: mase" in text
    assert "the seasonal naive forecast (season 24)" in text


def test_it_says_that_it_does_not_beat_them() -> None:
    walk = pd.Series(np.random.default_rng(0).normal(size=300).cumsum(), index=hours(300))
    text = LSTMForecaster(**{**SMALL, "window_level": None, "skip": False}).fit(walk).summary()
    assert "It is NOT better than the naive forecast" in text


def test_a_driver_known_ahead_is_used() -> None:
    data = long(300, n_series=2)
    options = {**SMALL, "max_epochs": 20, "learning_rate": 0.01, "season": 6}
    known = LSTMForecaster(**options).fit(data, **COVARIATES).backtest(level=()).judgement.figures["mase"]
    unknown = LSTMForecaster(**options).fit(data, target="y").backtest(level=()).judgement.figures["mase"]
    assert known < 0.7 * unknown


def test_the_calendar_is_used() -> None:
    # a single value of a wave does not say whether it rises or falls
    data = series(600, period=24)
    options = {**SMALL, "lookback": 1, "max_epochs": 20, "learning_rate": 0.01, "window_scale": False}
    errors = [
        LSTMForecaster(**options, calendar=calendar).fit(data).backtest(level=()).judgement.figures["mae"]
        for calendar in (True, False)
    ]
    assert errors[0] < 0.7 * errors[1]


@pytest.mark.parametrize(
    "option",
    [
        {"window_level": "mean"},
        {"window_scale": False},
        {"difference": 6},
        {"log": True},
        {"skip": False},
        {"patch_size": 2},
        {"scaling": "robust", "window_scale": False},
        {"calendar": True},
        {"strategy": "recursive"},
        {"output": "quantile"},
        {"output": "normal"},
        {"output": "student_t"},
        {"loss": "mse"},
        {"loss": "huber"},
        {"stride": 2},
        {"lookback": 6},
        {"head_dropout": 0.5},
        {"num_layers": 2},
    ],
    ids=str,
)
def test_every_option_changes_the_forecast(option: dict[str, Any]) -> None:
    plain = LSTMForecaster(**SMALL).fit(series()).predict(level=())[NAME]
    other = LSTMForecaster(**{**SMALL, **option}).fit(series()).predict(level=())[NAME]
    assert not np.allclose(plain, other, rtol=1e-6)


def test_forecasts_of_one_series() -> None:
    data = series(120)
    frame = LSTMForecaster(**SMALL).fit(data).predict(level=[80])
    assert frame.columns.tolist() == ["unique_id", "ds", NAME, f"{NAME}-lo-80", f"{NAME}-hi-80"]
    assert frame["unique_id"].unique().tolist() == ["load"]
    assert frame["ds"].tolist() == hours(124)[120:].tolist()


def test_forecasts_of_several_targets_and_of_several_series() -> None:
    both = LSTMForecaster(**SMALL).fit(wide()).predict(2)
    assert both["unique_id"].tolist() == ["a", "a", "b", "b"]
    together = LSTMForecaster(**SMALL, multivariate=True).fit(wide()).predict(2)
    assert together["unique_id"].tolist() == ["a", "a", "b", "b"]
    assert (together[NAME] > 50).tolist() == [False, False, True, True]
    panel = LSTMForecaster(**SMALL).fit(long(), target="y").predict(3)
    assert panel["unique_id"].tolist() == ["s0"] * 3 + ["s1"] * 3 + ["s2"] * 3
    assert panel.groupby("unique_id")["ds"].min().tolist() == hours(123)[120:].tolist()
    two = LSTMForecaster(**SMALL, multivariate=True).fit(long(), target=["y", "temperature"]).predict(1)
    assert two["target"].tolist() == ["y", "temperature"] * 3
    assert two["unique_id"].tolist() == ["s0", "s0", "s1", "s1", "s2", "s2"]


def test_months_and_whole_numbers() -> None:
    months = pd.date_range("2000-01-31", periods=80, freq="ME")
    frame = LSTMForecaster(**SMALL).fit(pd.Series(wave(80), index=months)).predict()
    assert frame["ds"].tolist() == pd.date_range("2006-09-30", periods=4, freq="ME").tolist()
    frame = LSTMForecaster(**SMALL).fit(pd.Series(wave(80), index=np.arange(80) * 5)).predict()
    assert frame["ds"].tolist() == [400, 405, 410, 415]


def test_a_shorter_and_a_longer_horizon() -> None:
    model = LSTMForecaster(**SMALL).fit(series(200))
    whole = model.predict()
    pd.testing.assert_frame_equal(model.predict(2), whole[:2])
    with pytest.raises(OptionError, match=r"horizon=5 is more than the 4 steps that this network forecasts at once"):
        model.predict(5)
    stepwise = LSTMForecaster(**SMALL, strategy="recursive").fit(series(200))
    longer = stepwise.predict(9, level=())
    assert len(longer) == 9
    np.testing.assert_array_equal(longer[NAME][:4], stepwise.predict()[NAME])
    levels: list[Any] = [[80], 95]
    for level in levels:
        with pytest.raises(OptionError, match=r"horizon=9 is more than the 4 steps that intervals are calibrated for"):
            stepwise.predict(9, level)


def test_one_step_after_the_other_is_the_direct_forecast_of_one_step() -> None:
    data = series(120)
    model = LSTMForecaster(**{**SMALL, "strategy": "recursive"}).fit(data)
    first = model.predict(3, level=())
    for step in range(2):
        stamp = hours(123)[120 + step : 121 + step]
        model.update(pd.Series(first[NAME][step : step + 1].to_numpy(), index=stamp))
        np.testing.assert_allclose(model.predict(1, level=())[NAME], first[NAME][step + 1 : step + 2], rtol=1e-6)


def test_covariates_of_the_future_at_predict() -> None:
    data = long(120)
    model = LSTMForecaster(**SMALL).fit(data, **COVARIATES)
    with pytest.raises(InputError, match=r"covariates that are known ahead \(driver\), so a forecast needs a frame"):
        model.predict()
    ahead = pd.DataFrame(
        [(f"s{n}", stamp, 0.0) for n in range(3) for stamp in hours(126)[120 + n : 124 + n]],
        columns=["unique_id", "ds", "driver"],
    )
    low = model.predict(future=ahead)
    assert not np.allclose(low[NAME], model.predict(future=ahead.assign(driver=1.0))[NAME])
    # fewer steps are the first of all, and take what is known of all
    fewer = low.groupby("unique_id").head(2).reset_index(drop=True)
    pd.testing.assert_frame_equal(model.predict(2, future=ahead), fewer)
    stepwise = LSTMForecaster(**SMALL, strategy="recursive").fit(data, future=["driver"])
    first = stepwise.predict(level=(), future=ahead).groupby("unique_id").head(2).reset_index(drop=True)
    two_ahead = ahead.groupby("unique_id").head(2)
    pd.testing.assert_frame_equal(stepwise.predict(2, level=(), future=two_ahead), first)
    with pytest.raises(InputError, match=r"The covariate driver of series 's2' is missing at 2026-01-06 05:00:00"):
        model.predict(future=ahead[:-1])
    with pytest.raises(InputError, match="Covariates of the future are given, but the series have none"):
        LSTMForecaster(**SMALL).fit(series()).predict(future=ahead)


def test_where_less_than_a_season_is_known_the_seasonal_naive_forecast_is_the_naive_one() -> None:
    data = long(40)[["unique_id", "ds", "y"]]
    frame = LSTMForecaster(**{**SMALL, "season": 30}).fit(data).backtest(level=()).predictions
    n_known = (
        frame.groupby("unique_id")["cutoff"].transform(lambda stamps: stamps.sub(hours(1)[0]) / pd.Timedelta("1h")) + 1
    )
    few = n_known < 30
    assert 0 < few.sum() < len(frame)
    np.testing.assert_array_equal(frame["seasonal_naive"][few], frame["naive"][few])
    values = data.set_index(["unique_id", "ds"])["y"]
    before = list(zip(frame["unique_id"][~few], frame["ds"][~few] - pd.Timedelta("30h"), strict=True))
    np.testing.assert_allclose(frame["seasonal_naive"][~few], values.loc[before])


def test_update_is_the_same_as_knowing_the_whole_history() -> None:
    data = long(150)
    early, late = data[data["ds"] < hours(140)[-1]], data[data["ds"] >= hours(140)[-1]]
    model = LSTMForecaster(**SMALL).fit(early, target="y", past=["temperature"])
    weights = {name: tensor.clone() for name, tensor in model.network_.state_dict().items()}
    at_once = clone(model).fit(early, target="y", past=["temperature"])
    at_once.update(late)
    for stamp in sorted(late["ds"].unique()):
        model.update(late[late["ds"] == stamp])
    pd.testing.assert_frame_equal(model.predict(), at_once.predict(), check_exact=True)
    assert all(tensor.equal(weights[name]) for name, tensor in model.network_.state_dict().items())
    assert model.panel_.lengths.tolist() == [150, 151, 152]


def test_partial_fit_learns_and_keeps_what_was_forecast_before() -> None:
    data = series(200)
    model = LSTMForecaster(**SMALL).fit(data[:150])
    before, past = model.network_, model._view.past
    model.partial_fit(data[150:170])
    assert any(not a.equal(b) for a, b in zip(before.parameters(), model.network_.parameters(), strict=True))
    assert len(model.history_) == SMALL["max_epochs"] + 1
    now = model._view.past
    assert len(now) == len(past) + 20
    np.testing.assert_array_equal(now.outcome.raw[: len(past)], past.outcome.raw)
    with pytest.raises(InputError, match="did not learn from, but series 'load' has 0"):
        model.backtest()
    assert set(model.fitted_values()["part"]) == {"train"}
    assert len(model.backtest(3, new_rows=data[170:]).predictions) == 12


def test_partial_fit_takes_no_other_options_than_those_of_the_fit() -> None:
    data = series(170)
    model = LSTMForecaster(**SMALL).fit(data[:150])
    before = model.predict()
    with pytest.raises(
        OptionError,
        match="which parameters no longer describe: lookback was 8 and is 16; horizon was 4 and is 6. Set them back",
    ):
        model.set_params(horizon=6, lookback=16).partial_fit(data[150:])
    with pytest.raises(OptionError, match="loss was 'mae' and is 'mse'"):
        model.set_params(horizon=4, lookback=8, loss="mse").partial_fit(data[150:])
    pd.testing.assert_frame_equal(model.predict(), before, check_exact=True)
    # what the fit chose by the frequency is not another option
    chosen = LSTMForecaster(**{**SMALL, "lookback": None}, output="quantile", quantiles=[0.1, 0.5, 0.9])
    assert len(chosen.fit(data[:150]).partial_fit(data[150:]).history_) == SMALL["max_epochs"] + 1


def test_a_single_new_row_is_learned_from() -> None:
    data = series(151)
    model = LSTMForecaster(**SMALL).fit(data[:150])
    before = model.network_
    model.partial_fit(data[150:])
    assert any(not a.equal(b) for a, b in zip(before.parameters(), model.network_.parameters(), strict=True))


def test_new_rows_that_are_known_or_foreign() -> None:
    data = series(130)
    model = LSTMForecaster(**SMALL).fit(data[:120])
    with pytest.raises(InputError, match="begin at 2026-01-05 22:00:00, but it is known up to 2026-01-05 23:00:00"):
        model.update(data[118:])
    panel = LSTMForecaster(**SMALL).fit(long(), target="y")
    foreign = long(130).query("unique_id == 's0'").assign(unique_id="s7")
    with pytest.raises(UnknownNameError, match="There is no series named 's7'"):
        panel.update(foreign[["unique_id", "ds", "y"]][120:])
    assert len(panel.predict()) == 12


def test_new_rows_of_a_series_that_was_not_fitted() -> None:
    data = long(140, n_series=2)[["unique_id", "ds", "y"]]
    known, later = data[data["ds"] < hours(121)[-1]], data[data["ds"] >= hours(121)[-1]]
    one = LSTMForecaster(**SMALL).fit(known.query("unique_id == 's0'"))
    before = one.predict()
    for method in (one.update, one.partial_fit, lambda rows: one.backtest(new_rows=rows), one.course):
        for rows in (later, later.query("unique_id == 's1'")):
            with pytest.raises(UnknownNameError, match=r"^There is no series named 's1'. Known: s0.$"):
                method(rows)
        with pytest.raises(InputError, match=r"^The rows do not say which series they are of"):
            method(later.query("unique_id == 's0'").drop(columns="unique_id"))
    pd.testing.assert_frame_equal(one.predict(), before, check_exact=True)
    assert one.update(later.query("unique_id == 's0'")).panel_.lengths.tolist() == [140]


@pytest.mark.parametrize("start", ["1500-01-01", "9990-01-01"])
def test_years_that_nanoseconds_do_not_reach(start: str, tmp_path: Path) -> None:
    def dated(first: str) -> "pd.Series[float]":
        return pd.Series(wave(64), index=pd.date_range(first, periods=64, freq="D", unit="us"))

    old = LSTMForecaster(**SMALL).fit(dated(start)[:60])
    near = LSTMForecaster(**SMALL).fit(dated("2026-01-01")[:60])
    numbers = near.predict().columns[2:]
    pd.testing.assert_frame_equal(old.predict()[numbers], near.predict()[numbers])
    loaded = LSTMForecaster.load(old.save(tmp_path / "model.safetensors"))
    for forecaster, first in ((old, start), (loaded, start), (near, "2026-01-01")):
        forecaster.update(dated(first)[60:])
    pd.testing.assert_frame_equal(loaded.predict(), old.predict())
    pd.testing.assert_frame_equal(old.predict()[numbers], near.predict()[numbers])


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_later_rows_on_another_clock(zone: str, tmp_path: Path) -> None:
    # summer time ends among the later rows
    index = pd.date_range("2026-10-21", periods=130, freq="h", tz="Europe/Berlin")
    data = pd.DataFrame({"ds": index, "y": wave(130), "driver": np.arange(130.0)})
    known, later, ahead = data[:100], data[100:120], data[["ds", "driver"]][120:]
    moved = later.assign(ds=later["ds"].dt.tz_convert(zone).dt.as_unit("s"))
    model = LSTMForecaster(**SMALL, calendar=True).fit(known, future=["driver"])
    judged = model.backtest(new_rows=later).predictions
    pd.testing.assert_frame_equal(model.backtest(new_rows=moved).predictions, judged, check_exact=True)
    copy = gatecell.load(model.save(tmp_path / "model.safetensors"))
    assert isinstance(copy, LSTMForecaster)
    expected = model.update(later).predict(future=ahead)
    other = ahead.assign(ds=ahead["ds"].dt.tz_convert(zone))
    pd.testing.assert_frame_equal(copy.update(moved).predict(future=other), expected, check_exact=True)
    assert expected["ds"].tolist() == index[120:124].tolist()
    learned = [
        clone(model).fit(known, future=["driver"]).partial_fit(rows).predict(future=ahead) for rows in (later, moved)
    ]
    pd.testing.assert_frame_equal(*learned, check_exact=True)


def test_backtest_frames() -> None:
    data = wide(140)
    model = LSTMForecaster(**SMALL, season=6).fit(data[:120])
    result = model.backtest(3, step=2, new_rows=data[120:])
    frame = result.predictions
    assert frame.columns[:5].tolist() == ["unique_id", "ds", "cutoff", "y", NAME]
    assert frame.columns[-2:].tolist() == ["naive", "seasonal_naive"]
    assert len(frame) == 2 * 3 * 4
    first = frame[frame["unique_id"] == "b"].iloc[:4]
    known = data["b"]
    assert first["cutoff"].unique().tolist() == [hours(140)[131]]
    np.testing.assert_allclose(first["y"], known[132:136])
    np.testing.assert_allclose(first["naive"], np.repeat(known.iloc[131], 4))
    np.testing.assert_allclose(first["seasonal_naive"], known[126:130])
    errors = (frame["y"] - frame[NAME]).abs()
    assert result.judgement.figures["mae"] == pytest.approx(errors.mean())
    assert result.metrics.loc["naive", "mae"] == pytest.approx((frame["y"] - frame["naive"]).abs().mean())
    assert "seasonal_naive" in repr(result)
    with pytest.raises(InputError, match=r"A back-test of 9 origins, 3 steps apart, .* takes 28 steps"):
        model.backtest(9, step=3, new_rows=data[120:])


def test_series_without_later_rows_are_left_out_of_a_backtest() -> None:
    data = long(140)[["unique_id", "ds", "y"]]
    model = LSTMForecaster(**SMALL).fit(data[data["ds"] < hours(121)[-1]])
    later = data[data["ds"] >= hours(121)[-1]]
    some = later.query("unique_id != 's1'")
    result = model.backtest(3, new_rows=some)
    assert result.left_out == ("s1",)
    assert "1 series without enough later steps are not judged: 's1'." in repr(result)
    whole = model.backtest(3, new_rows=later, level=())
    assert whole.left_out == ()
    assert "not judged" not in repr(whole)
    kept = whole.predictions.query("unique_id != 's1'").reset_index(drop=True)
    pd.testing.assert_frame_equal(model.backtest(3, new_rows=some, level=()).predictions, kept)
    few = later.groupby("unique_id").head(2)
    with pytest.raises(InputError, match=r"takes 4 steps .* but series 's0' has 2\."):
        model.backtest(new_rows=few)
    # what can be judged, but not from so many origins, is not left out
    with pytest.raises(InputError, match=r"of 3 origins.* takes 6 steps .* but series 's1' has 5\."):
        model.backtest(3, new_rows=pd.concat([some, later.query("unique_id == 's1'")[:5]]))


def test_without_a_season_the_naive_forecast_is_judged_by_once() -> None:
    result = LSTMForecaster(**SMALL, season=1).fit(series()).backtest()
    assert result.metrics.index.tolist() == [NAME, "naive"]
    assert list(result.simple) == ["naive"]
    assert len(result.judgement.verdicts()) == 1
    assert not any("seasonal" in name for name in result.judgement.metrics())
    frame = result.predictions
    np.testing.assert_array_equal(frame["seasonal_naive"], frame["naive"])


@pytest.mark.parametrize("multivariate", [True, False])
def test_fitted_values(multivariate: bool) -> None:
    data = wide(122)
    model = LSTMForecaster(**SMALL, multivariate=multivariate).fit(data)
    frame = model.fitted_values()
    own = frame[frame["unique_id"] == "b"]
    # 122 steps, of which a window sees 8, in forecasts of 4 that end with the last step
    assert own["ds"].tolist() == data.index[10:].tolist()
    np.testing.assert_allclose(own["y"], data["b"][10:])
    border = data.index[122 - round(0.4 * 122)]
    assert own.loc[own["part"] == "validation", "ds"].tolist() == data.index[data.index >= border].tolist()
    judged = model.backtest(1).predictions
    last = frame.groupby("unique_id").tail(4).reset_index(drop=True)
    pd.testing.assert_frame_equal(last[["ds", NAME]], judged[["ds", NAME]], check_exact=True)


@pytest.mark.parametrize("options", [{}, {"strategy": "recursive"}, {"output": "student_t", "difference": 6}], ids=str)
def test_saved_and_loaded(options: dict[str, Any], tmp_path: Path) -> None:
    data = long(150)
    reading = {**COVARIATES, "past": []} if options.get("strategy") else COVARIATES
    early, late = data[data["ds"] < hours(140)[-1]], data[data["ds"] >= hours(140)[-1]]
    model = LSTMForecaster(**{**SMALL, **options}).fit(early, **reading)
    copy = gatecell.load(model.save(tmp_path / "model.safetensors"))
    assert isinstance(copy, LSTMForecaster)
    for each in (model, copy):
        each.partial_fit(late)
    one, two = (each.backtest(2, new_rows=_later(data)).predictions for each in (model, copy))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert copy.summary() == model.summary()


def _later(data: pd.DataFrame) -> pd.DataFrame:
    rows = long(170)
    return rows.merge(data[["unique_id", "ds"]], how="left", indicator=True).query("_merge == 'left_only'")[
        data.columns
    ]


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "dateutil/Europe/Berlin", timezone(timedelta(hours=1), "CET")], ids=str
)
def test_time_zones_are_kept_in_the_file(zone: Any, tmp_path: Path) -> None:
    data = pd.Series(wave(100), index=pd.date_range("2026-03-27", periods=100, freq="h", tz=zone))
    model = LSTMForecaster(**SMALL, calendar=True).fit(data)
    copy = gatecell.load(model.save(tmp_path / "model.safetensors"))
    pd.testing.assert_frame_equal(copy.predict(level=[80]), model.predict(level=[80]), check_exact=True)


def test_a_stopped_fit_goes_on_and_another_is_refused(tmp_path: Path) -> None:
    options = {**SMALL, "max_epochs": 4, "checkpoint_dir": tmp_path}
    with stopped_after(2):
        LSTMForecaster(**options).fit(series())
    with pytest.raises(TrainingError, match=r"run\.forecast\.loss was 'mae' and is 'mse'"):
        LSTMForecaster(**options, loss="mse").fit(series())
    with pytest.raises(TrainingError, match=r"run\.data"):
        LSTMForecaster(**options).fit(series() + 1)
    resumed = LSTMForecaster(**options).fit(series())
    whole = LSTMForecaster(**{**options, "checkpoint_dir": None}).fit(series())
    pd.testing.assert_frame_equal(resumed.predict(), whole.predict(), check_exact=True)


def test_clone_parameters_and_seeds() -> None:
    model = LSTMForecaster(**SMALL, lstm_options={"layer_norm": True}).fit(series())
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "network_")
    pd.testing.assert_frame_equal(copy.fit(series()).predict(), model.predict(), check_exact=True)
    other = copy.set_params(random_state=1).fit(series()).predict()
    assert not np.allclose(other[NAME], model.predict()[NAME])
    assert "native" in model.explain()


def test_a_loss_that_is_not_finite() -> None:
    options = {**SMALL, "loss": "mse", "learning_rate": 1e30, "max_epochs": 3}
    model = LSTMForecaster(**options)
    with pytest.raises(NonFiniteLossError, match="Lower learning_rate"):
        model.fit(series())
    if hasattr(model, "network_"):
        # the epochs before that are there to be used
        assert len(model.predict(level=())) == 4
    else:
        with pytest.raises(NotFittedError):
            model.predict()


def test_a_failed_fit_leaves_the_forecaster_as_it_was() -> None:
    model = LSTMForecaster(**SMALL).fit(series())
    before = model.predict()
    with pytest.raises(InputError):
        model.fit(series(9))
    with pytest.raises(InputError):
        model.update(series())
    pd.testing.assert_frame_equal(model.predict(), before, check_exact=True)
