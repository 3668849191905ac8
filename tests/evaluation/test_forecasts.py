"""Errors of forecasts against hand-made figures and other libraries' definitions."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torchmetrics.functional.regression import symmetric_mean_absolute_percentage_error

from gatecell._core.errors import InputError, OptionError
from gatecell.evaluation.forecasts import (
    coverage,
    interval_width,
    mae,
    mase,
    owa,
    quantile_loss,
    rmse,
    seasonal_error,
    smape,
)

TRUE = np.array([[[1.0], [2.0]], [[np.nan], [6.0]]])
PREDICTED = np.array([[[2.0], [2.0]], [[50.0], [2.0]]])
shaped = hnp.arrays(np.float64, (3, 4, 2), elements=st.floats(0.5, 1e4))


def test_by_hand() -> None:
    assert mae(TRUE, PREDICTED) == pytest.approx(5 / 3)
    assert rmse(TRUE, PREDICTED) == pytest.approx(np.sqrt(17 / 3))
    assert smape(TRUE, PREDICTED) == pytest.approx(200 * (1 / 3 + 4 / 8) / 3)
    assert mase(TRUE, PREDICTED, [[0.5], [2.0]]) == pytest.approx((2 + 0 + 2) / 3)
    assert quantile_loss(TRUE, PREDICTED, 0.9) == pytest.approx((0.1 * 1 + 0.9 * 4) / 3)
    assert coverage(TRUE, PREDICTED - 1, PREDICTED + 1) == pytest.approx(2 / 3)
    # the bounds belong to the interval
    assert coverage(TRUE, TRUE, TRUE + 1) == coverage(TRUE, TRUE - 1, TRUE) == 1.0
    assert interval_width(TRUE, PREDICTED - 1, PREDICTED + 2) == pytest.approx(3.0)


@given(shaped, shaped)
def test_smape_against_torchmetrics(true: Any, predicted: Any) -> None:
    theirs = symmetric_mean_absolute_percentage_error(torch.from_numpy(predicted), torch.from_numpy(true))
    assert smape(true, predicted) == pytest.approx(100 * float(theirs), rel=1e-9)


def test_smape_of_zeros() -> None:
    assert smape(np.zeros(3), np.zeros(3)) == 0.0
    assert smape(np.zeros(3), np.ones(3)) == 200.0


@given(shaped, shaped, hnp.arrays(np.bool_, (3, 4, 2)), st.sampled_from([mae, rmse, smape]))
def test_what_is_not_known_counts_in_no_figure(true: Any, predicted: Any, known: Any, figure: Any) -> None:
    known[0, 0, 0] = True
    holed = np.where(known, true, np.nan)
    assert figure(holed, predicted) == pytest.approx(figure(true[known], predicted[known]))


def test_nothing_known_and_other_shapes() -> None:
    with pytest.raises(InputError, match=r"No true value is known, so there is nothing to measure"):
        mae(np.full(3, np.nan), np.zeros(3))
    with pytest.raises(InputError, match=r"The forecasts have shape \(3, 1\), the true values \(3,\)"):
        rmse(np.zeros(3), np.zeros((3, 1)))
    with pytest.raises(OptionError, match=r"quantile must be a number in \(0, 1\), got 1"):
        quantile_loss(np.zeros(3), np.zeros(3), 1.0)


def test_a_quantile_has_the_least_loss_of_its_quantile() -> None:
    true = np.random.default_rng(0).normal(size=20_001)
    losses = [quantile_loss(true, np.full_like(true, guess), 0.9) for guess in (0.9, 1.2816, 1.6)]
    assert losses[1] == min(losses)


def test_seasonal_error() -> None:
    history = np.array([[0.0], [10.0], [2.0], [13.0], [4.0]])
    np.testing.assert_allclose(seasonal_error(history), [(10 + 8 + 11 + 9) / 4])
    np.testing.assert_allclose(seasonal_error(history, 2), [(2 + 3 + 2) / 3])
    history[3] = np.nan
    np.testing.assert_allclose(seasonal_error(history, 2), [(2 + 2) / 2])
    # a single pair of known steps is enough
    np.testing.assert_allclose(seasonal_error(history, 4), 4)
    assert np.isnan(seasonal_error(history, 5)).all()
    assert np.isnan(seasonal_error(history, 9)).all()
    assert seasonal_error(np.zeros((4, 7, 2)), 3).shape == (4, 2)


def test_the_one_step_naive_forecast_of_the_history_has_mase_one() -> None:
    history = np.random.default_rng(0).normal(size=(50, 1)).cumsum(axis=0)
    scale = seasonal_error(history)
    assert mase(history[None, 1:], history[None, :-1], scale[None]) == pytest.approx(1.0)


def test_a_series_whose_history_never_changes_is_left_out_of_mase() -> None:
    assert mase(TRUE, PREDICTED, [[0.0], [2.0]]) == pytest.approx(2.0)
    assert mase(TRUE, PREDICTED, [[np.nan], [2.0]]) == pytest.approx(2.0)
    assert np.isnan(mase(TRUE, PREDICTED, [[0.0], [0.0]]))


def test_owa_is_one_for_naive_2_itself() -> None:
    assert owa(18.383, 2.395, 18.383, 2.395) == 1.0
    assert owa(9.1915, 2.395, 18.383, 2.395) == pytest.approx(0.75)
