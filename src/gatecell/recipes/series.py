"""Forecasts of series: a price, passengers, electricity, and the hourly series of the M4 competition."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from gatecell.recipes.recipe import Recipe, SeriesData

if TYPE_CHECKING:
    import pandas as pd

    from gatecell.estimators.forecasting.backtest import Backtest

_PRICE_TEST_SHARE = 0.1
_PASSENGER_TEST_MONTHS = 24


def _price(download: bool) -> SeriesData:
    from gatecell.datasets.stocks import load_stocks  # noqa: PLC0415  listing recipes loads no arrays

    series = load_stocks("AAPL")["Close"]
    place = round(len(series) * (1 - _PRICE_TEST_SHARE))
    # the exchange is closed on some days, so that steps are counted in trading days
    return SeriesData(series.iloc[:place], series.iloc[place:], {"frequency": "rows"})


def _passengers(download: bool) -> SeriesData:
    from gatecell.datasets.airline import load_airline  # noqa: PLC0415

    series = load_airline(download=download)
    return SeriesData(series.iloc[:-_PASSENGER_TEST_MONTHS], series.iloc[-_PASSENGER_TEST_MONTHS:])


def _electricity(download: bool) -> SeriesData:
    from gatecell.datasets.ett import TEST, TRAIN, VALIDATION, load_ett  # noqa: PLC0415

    frame = load_ett(download=download)
    place = TRAIN + VALIDATION
    measures = frame.iloc[:TRAIN].agg(["mean", "std"])

    def scaled(backtest: "Backtest") -> Mapping[str, float]:
        """Return errors in units of each column's standard deviation in the training part, as papers have them."""
        return _scaled_errors(backtest, measures) | _errors_of(backtest, "OT")

    return SeriesData(frame.iloc[:place], frame.iloc[place : place + TEST], measure=scaled)


def _scaled_errors(backtest: "Backtest", measures: "pd.DataFrame") -> dict[str, float]:
    frame = backtest.predictions
    errors = (frame[backtest.name] - frame["y"]) / frame["unique_id"].map(measures.loc["std"])
    oil = errors[frame["unique_id"] == "OT"]
    return {
        "test_mae_scaled": float(errors.abs().mean()),
        "test_mse_scaled": float((errors**2).mean()),
        "test_mae_scaled_OT": float(oil.abs().mean()),
        "test_mse_scaled_OT": float((oil**2).mean()),
    }


def _errors_of(backtest: "Backtest", series: str) -> dict[str, float]:
    """Return the mean absolute errors of one series."""
    frame = backtest.predictions[backtest.predictions["unique_id"] == series]
    models = {"test": backtest.name, "baseline_naive": "naive", "baseline_seasonal_naive": "seasonal_naive"}
    return {f"{name}_mae_{series}": float((frame[column] - frame["y"]).abs().mean()) for name, column in models.items()}


def _hourly(download: bool) -> SeriesData:
    from gatecell.datasets.m4 import load_m4_hourly  # noqa: PLC0415

    data = load_m4_hourly(download=download)

    def competition(backtest: "Backtest") -> Mapping[str, float]:
        """Return the competition's third simple forecast, and the average relative to it."""
        return _beside_naive2(backtest, data.train)

    return SeriesData(data.train, data.test, measure=competition)


def _beside_naive2(backtest: "Backtest", train: "pd.DataFrame") -> dict[str, float]:
    import numpy as np  # noqa: PLC0415

    from gatecell.datasets.m4 import HORIZON, SEASON  # noqa: PLC0415
    from gatecell.evaluation.forecasts import mae, mase, owa, seasonal_error, smape  # noqa: PLC0415
    from gatecell.evaluation.naive import naive2  # noqa: PLC0415

    histories = {id: rows.to_numpy(np.float64)[:, None] for id, rows in train.groupby("unique_id", sort=False)["y"]}
    outcomes = {id: rows.to_numpy(np.float64) for id, rows in backtest.predictions.groupby("unique_id")["y"]}
    true = np.stack([values[:, None] for values in outcomes.values()])
    simple = np.stack([naive2(histories[id], HORIZON, SEASON) for id in outcomes])
    scale = np.stack([seasonal_error(histories[id], SEASON) for id in outcomes])
    figures = {"smape": smape(true, simple), "mase": mase(true, simple, scale)}
    own = backtest.judgement.figures
    return {
        "baseline_naive2_mae": mae(true, simple),
        **{f"baseline_naive2_{name}": value for name, value in figures.items()},
        "test_owa": owa(own["smape"], own["mase"], figures["smape"], figures["mase"]),
    }


PRICE = Recipe(
    name="price",
    summary="The next day's closing price of a share: LSTM(64), beside the last price, which is hard to beat",
    data="AAPL, 1,259 trading days 2015-2020: 80 % to train on, 10 % to validate, the last 10 % to test",
    target="test_mae beside baseline_naive_mae, whichever is lower",
    estimator="LSTMForecaster",
    parameters=MappingProxyType(
        {
            "lookback": 60,
            "horizon": 1,
            # a week of trading: the price of a week ago is the seasonal naive forecast
            "season": 5,
            "log": True,
            "max_epochs": 50,
            "batch_size": 64,
            "patience": 50,
            "validation_fraction": 1 / 9,
        }
    ),
    load=_price,
    departures=(
        "Scaling is fitted on the training part alone; the tutorials fit it on the whole series, the test part "
        "included.",
        "The last price, and that of five trading days ago, are reported beside the network. The tutorials' plots look "
        "right because a forecast of tomorrow that repeats today cannot be told from the truth by eye.",
    ),
)

PASSENGERS = Recipe(
    name="passengers",
    summary="Airline passengers of the next 12 months from the last 12: LSTM(32) on differences of logarithms",
    data="airline passengers, 144 months 1949-1960: the last 24 to test, from each of 13 origins",
    target="test_mae below baseline_naive_mae and baseline_seasonal_naive_mae",
    estimator="LSTMForecaster",
    parameters=MappingProxyType(
        {
            "lookback": 12,
            "horizon": 12,
            "log": True,
            "difference": 12,
            "window_level": None,
            "skip": False,
            "hidden_size": 32,
            "max_epochs": 300,
            "batch_size": 16,
            "patience": 30,
        }
    ),
    load=_passengers,
    departures=(
        "A year is forecast at once, and the seasonal naive forecast stands beside it; the tutorials forecast one "
        "month, where repeating the last one is nearly as good.",
    ),
)

ELECTRICITY = Recipe(
    name="electricity",
    summary="Loads and oil temperature of a transformer, the next 24 hours from the last 96: LSTM(64) over days",
    data="ETTh1, 7 columns by the hour: 12 months to train on, 4 to validate, 4 to test, an origin every hour",
    target="test_mae below baseline_naive_mae and baseline_seasonal_naive_mae",
    estimator="LSTMForecaster",
    parameters=MappingProxyType(
        {
            "lookback": 96,
            "horizon": 24,
            "patch_size": 24,
            "hidden_size": 64,
            "max_epochs": 8,
            "batch_size": 128,
            "learning_rate": 2e-3,
            "training_options": {"lr_schedule": "cosine"},
            "patience": 8,
            "validation_fraction": 0.25,
        }
    ),
    load=_electricity,
)

HOURLY = Recipe(
    name="hourly",
    summary="The M4 competition's hourly series, 48 hours ahead: one LSTM(128) over days for all 414 series",
    data="M4 Hourly: 414 series of 700 or 960 hours to train on, 48 to test",
    target="test_smape below baseline_naive2_smape and baseline_seasonal_naive_smape",
    estimator="LSTMForecaster",
    parameters=MappingProxyType(
        {
            "lookback": 168,
            "horizon": 48,
            "season": 24,
            "log": True,
            "difference": 168,
            "patch_size": 24,
            # all phases of a day are met, in a fifth of the time
            "stride": 5,
            "hidden_size": 128,
            "head_dropout": 0.2,
            "max_epochs": 15,
            "batch_size": 256,
            "learning_rate": 4e-3,
            "training_options": {"lr_schedule": "cosine"},
            "patience": 15,
            "validation_fraction": 0.1,
        }
    ),
    load=_hourly,
)
