from typing import Any

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from gatecell._core.errors import InputError, OptionError
from gatecell.evaluation.forecasts import coverage, mae, mase
from gatecell.evaluation.series import judge_forecasts, standing

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.normal(10, 2, (20, 6, 2))
PREDICTED = TRUE + RANDOM.normal(0, 1, TRUE.shape)


def test_figures_by_the_names_of_the_field() -> None:
    holed = TRUE.copy()
    holed[3, 2, 1] = np.nan
    scale = np.full((20, 2), 2.0)
    judgement = judge_forecasts(
        holed,
        PREDICTED,
        scale=scale,
        bounds={95: (PREDICTED - 1.96, PREDICTED + 1.96), 80: (PREDICTED - 1.28, PREDICTED + 1.28)},
        baselines={"naive": PREDICTED + 3.0},
    )
    metrics = judgement.metrics("test_")
    assert list(metrics)[:6] == [
        "test_mae",
        "test_rmse",
        "test_smape",
        "test_mase",
        "test_coverage_80",
        "test_width_80",
    ]
    assert metrics["test_mae"] == mae(holed, PREDICTED)
    assert metrics["test_mase"] == mase(holed, PREDICTED, scale)
    assert metrics["baseline_naive_mase"] == mase(holed, PREDICTED + 3.0, scale)
    assert metrics["baseline_naive_mae"] == mae(holed, PREDICTED + 3.0)
    assert metrics["test_coverage_80"] == pytest.approx(0.8, abs=0.05)
    assert metrics["test_coverage_95"] == pytest.approx(0.95, abs=0.03)
    assert metrics["test_width_95"] == pytest.approx(3.92)
    low, high = judgement.intervals["mae"]
    assert low < metrics["test_mae"] < high
    np.testing.assert_allclose(judgement.row_losses, np.nanmean(np.abs(PREDICTED - holed), axis=(1, 2)))


def test_a_row_of_which_nothing_is_known() -> None:
    holed = TRUE.copy()
    holed[0] = np.nan
    judgement = judge_forecasts(holed, PREDICTED)
    assert np.isnan(judgement.row_losses[0])
    assert np.isfinite(judgement.intervals["mae"]).all()
    assert "mase" not in judgement.figures


def test_levels_of_bounds_are_in_percent() -> None:
    with pytest.raises(
        OptionError, match=r"^each level of bounds is in percent, in \[1, 100\), got 0\.8\. Write 80 for 80"
    ):
        judge_forecasts(TRUE, PREDICTED, bounds={0.8: (PREDICTED, PREDICTED)})


def test_where_there_is_no_interval() -> None:
    low, high = PREDICTED - 1.0, PREDICTED + 1.0
    low[:10] = np.nan
    figures = judge_forecasts(TRUE, PREDICTED, bounds={80: (low, high), 97.5: (low * np.nan, high)}).figures
    assert figures["coverage_80"] == coverage(TRUE[10:], low[10:], high[10:])
    assert figures["width_80"] == pytest.approx(2.0)
    assert "coverage_97.5" not in figures
    assert "quantile_loss_97.5" not in figures
    assert figures["quantile_loss"] == figures["quantile_loss_80"]
    assert "quantile_loss" not in judge_forecasts(TRUE, PREDICTED).figures


def test_quantile_loss_is_that_of_the_bounds() -> None:
    holed = TRUE.copy()
    holed[3, 2, 1] = np.nan
    low, high = PREDICTED - 1.0, PREDICTED + 3.0
    low[7, 0] = high[7, 0] = np.nan
    bounds: dict[float, Any] = {50: (PREDICTED - 0.3, PREDICTED + 0.7), 90: (low, high)}
    figures = judge_forecasts(holed, PREDICTED, bounds=bounds).figures
    known = ~np.isnan(holed) & ~np.isnan(low)
    at_5, at_95 = (
        mean_pinball_loss(holed[known], bound[known], alpha=alpha) for bound, alpha in ((low, 0.05), (high, 0.95))
    )
    assert at_5 != pytest.approx(at_95)
    assert figures["quantile_loss_90"] == pytest.approx((at_5 + at_95) / 2)
    assert figures["quantile_loss"] == pytest.approx((figures["quantile_loss_50"] + figures["quantile_loss_90"]) / 2)


def test_quantile_loss_is_least_where_bounds_are_the_quantiles() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (20_000, 1, 1))
    flat = np.zeros_like(noise)
    losses = {z: judge_forecasts(noise, flat, bounds={80: (flat - z, flat + z)}).figures for z in (1.0, 1.2816, 1.6)}
    assert min(losses, key=lambda z: losses[z]["quantile_loss_80"]) == 1.2816


def test_whether_it_is_better_is_said() -> None:
    scale = np.full((20, 2), 2.0)
    baselines = {"naive": PREDICTED + 3.0, "seasonal_naive": TRUE}
    judgement = judge_forecasts(TRUE, PREDICTED, scale=scale, baselines=baselines)
    first, second = judgement.verdicts()
    assert first == (
        f"It is better than the naive forecast: mase {judgement.figures['mase']:.4g} against "
        f"{judgement.baselines['naive']['mase']:.4g}."
    )
    assert second.startswith("It is NOT better than the seasonal naive forecast: mase ")
    assert " mae " in judge_forecasts(TRUE, PREDICTED, baselines=baselines).verdicts()[0]
    unmeasured = judge_forecasts(TRUE, PREDICTED, scale=0 * scale, baselines=baselines)
    assert " mae " in unmeasured.verdicts()[0]
    assert "mase" not in unmeasured.metrics()


def test_equal_errors_are_said_to_be_equal() -> None:
    flat = np.full((20, 6, 1), 5.0)
    assert judge_forecasts(flat, flat, baselines={"naive": flat}).verdicts() == [
        "It is equal to the naive forecast: mae 0 against 0."
    ]
    assert standing(0.12341, 0.12344) == "equal to"
    assert standing(0.1234, 0.1235) == "better than"
    assert standing(0.1235, 0.1234) == "NOT better than"
    assert standing(1234.1, 1234.2) == "equal to"
    assert standing(1234.1, 1234.2, ".4f") == "better than"
    assert standing(1e-12, 0.0) == "NOT better than"


def test_one_row_has_no_spread() -> None:
    assert not judge_forecasts(TRUE[:1], PREDICTED[:1]).intervals


def test_other_shapes() -> None:
    with pytest.raises(InputError, match=r"The forecasts have shape \(20, 6, 1\)"):
        judge_forecasts(TRUE, PREDICTED[..., :1])


def test_what_to_try_stands_behind_the_last_forecast_that_is_not_beaten() -> None:
    rules = {"naive": TRUE, "seasonal_naive": TRUE + 9.0}
    judgement = judge_forecasts(TRUE, PREDICTED, baselines=rules, advice="Try more.")
    first, second = judgement.verdicts()
    assert first.startswith("It is NOT better than the naive forecast: mae ")
    assert first.endswith(". Try more.")
    assert second.startswith("It is better than the seasonal naive forecast")
    assert "Try" not in second
    rules["seasonal_naive"] = PREDICTED
    first, second = judge_forecasts(TRUE, PREDICTED, baselines=rules, advice="Try more.").verdicts()
    assert "Try" not in first
    assert second.startswith("It is equal to the seasonal naive forecast")
    assert second.endswith(" Try more.")
    better = judge_forecasts(TRUE, PREDICTED, baselines={"naive": TRUE + 9.0}, advice="Try more.").verdicts()
    assert not any("Try" in sentence for sentence in better)
