"""Recipes of series: what is reported, what is refused, and that the real ones beat naive forecasts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatecell._core.errors import OptionError
from gatecell.estimators.loading import ESTIMATORS, load
from gatecell.recipes.recipe import QUICK_SERIES, QUICK_STEPS, Recipe, SeriesData
from gatecell.recipes.registry import RECIPES, get_recipe
from gatecell.recipes.run import run_recipe
from gatecell.recipes.series_run import shortened
from tests.estimators.forecasting.data import SMALL, long, series
from tests.recipes.conftest import stopped_after

NAMES = ("price", "passengers", "electricity", "hourly")


def tiny_series(download: bool) -> SeriesData:
    data = series(300)
    return SeriesData(data[:240], data[240:], measure=lambda backtest: {"steps": float(len(backtest.predictions))})


@pytest.fixture
def tiny() -> Iterator[Recipe]:
    parameters = {**{name: value for name, value in SMALL.items() if name != "random_state"}, "max_epochs": 3}
    recipe = Recipe(
        name="tiny-series",
        summary="",
        data="",
        target="",
        estimator="LSTMForecaster",
        parameters=parameters,
        load=tiny_series,
    )
    RECIPES[recipe.name] = recipe
    yield recipe
    del RECIPES[recipe.name]


@pytest.mark.usefixtures("tiny")
def test_the_metrics_of_a_run(tmp_path: Path) -> None:
    result = run_recipe("tiny-series", seed=3, output=tmp_path)
    names = {"test_mae", "test_mase", "test_smape", "test_coverage_80", "test_coverage_95", "validation_loss"}
    names |= {"test_quantile_loss_80", "test_quantile_loss_95", "test_quantile_loss"}
    assert names <= result.metrics.keys()
    assert {"baseline_naive_mae", "baseline_seasonal_naive_mae"} <= result.metrics.keys()
    assert result.verdict[0].startswith(
        ("Better than the naive forecast: mae", "NOT better than the naive forecast: mae")
    )
    assert len(result.verdict) == 2
    unbeaten = [text for text in result.verdict if not text.startswith("Better than")]
    assert [text.partition(". ")[2][:24] for text in unbeaten[-1:]] == ['Try difference="season" '][: len(unbeaten)]
    assert result.to_json()["verdict"] == result.verdict
    # 60 steps to test, 4 to forecast: 57 origins
    assert result.metrics["steps"] == 57 * 4
    model = load(tmp_path / "model.safetensors")
    again = model.backtest(new_rows=tiny_series(False).test).judgement.figures
    assert again["mae"] == result.metrics["test_mae"]


@pytest.mark.usefixtures("tiny")
def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    whole = run_recipe("tiny-series", output=tmp_path / "whole")
    with stopped_after(1):
        run_recipe("tiny-series", output=tmp_path / "stopped")
    resumed = run_recipe("tiny-series", output=tmp_path / "stopped", resume=True)
    assert resumed.metrics == whole.metrics


@pytest.mark.usefixtures("tiny")
def test_the_test_part_cannot_validate_but_nothing_may(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="validation=test is not for forecasts"):
        run_recipe("tiny-series", output=tmp_path, settings={"validation": "test"})
    without = run_recipe("tiny-series", output=tmp_path, settings={"validation": "none", "patience": None})
    assert "validation_loss" not in without.metrics


def test_quick_runs_have_whole_stretches() -> None:
    data = series(QUICK_STEPS + 900)
    short = shortened(SeriesData(data[:-500], data[-500:]))
    assert len(short.train) == QUICK_STEPS
    assert short.train.index[-1] + pd.Timedelta(hours=1) == short.test.index[0]
    assert len(short.test) == QUICK_STEPS // 10
    panel = long(20, n_series=QUICK_SERIES + 2)
    short = shortened(SeriesData(panel, panel))
    assert short.test["unique_id"].nunique() == QUICK_SERIES
    assert short.train.equals(panel[panel["unique_id"].isin(short.train["unique_id"])])


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_the_forecaster(name: str) -> None:
    recipe = get_recipe(name)
    parameters = ESTIMATORS[recipe.estimator](**recipe.parameters).get_params()
    assert parameters["lookback"] % parameters["patch_size"] == 0


@pytest.mark.parametrize(
    ("name", "n_train", "n_test"),
    [("price", 1133, 126), ("passengers", 120, 24), ("electricity", 11_520, 2880), ("hourly", 353_500, 414 * 48)],
)
def test_parts_of_the_data(name: str, n_train: int, n_test: int, data_home: Path) -> None:
    data = get_recipe(name).load(False)
    assert isinstance(data, SeriesData)
    assert (len(data.train), len(data.test)) == (n_train, n_test)


def test_passengers_beat_both_naive_forecasts(data_home: Path, tmp_path: Path) -> None:
    metrics = run_recipe("passengers", output=tmp_path).metrics
    assert metrics["test_mae"] < 0.6 * metrics["baseline_seasonal_naive_mae"]
    assert metrics["test_mae"] < metrics["baseline_naive_mae"]


@pytest.mark.parametrize("name", ["electricity", "hourly"])
def test_the_further_figures_of_a_quick_run(name: str, data_home: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"quick": True, "max_epochs": 1, "stride": 40}
    metrics = run_recipe(name, output=tmp_path, settings=settings).metrics
    assert all(np.isfinite(value) for value in metrics.values())
    further = {
        "electricity": {"test_mae_scaled", "test_mse_scaled", "test_mse_scaled_OT", "baseline_seasonal_naive_mae_OT"},
        "hourly": {"baseline_naive2_smape", "baseline_naive2_mase", "test_owa"},
    }
    assert further[name] <= metrics.keys()
