import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from gatecell._core.errors import OptionError
from gatecell.estimators.classifier import LSTMClassifier
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.text import LSTMTextClassifier
from gatecell.training.batches import Batch
from gatecell.training.objective import Outcome
from gatecell.tuning.learning_rate import LearningRateCurve, learning_rate_curve
from tests.training.tools import rows_of, sequence_network, squared

ROWS = np.random.default_rng(0).normal(size=(60, 6, 2))
LABELS = (ROWS[:, :, 0].sum(axis=1) > 0).astype(int)


def test_the_rate_that_is_suggested_lies_half_way_down() -> None:
    rates = np.geomspace(1e-5, 1, 100)
    noise = 0.01 * np.random.default_rng(0).normal(size=100)
    fall = 1 / (1 + (rates / 1e-2) ** 2)
    rise = np.where(rates > 0.3, 5.0, 0.0)
    curve = LearningRateCurve(rates, fall + rise + noise)
    assert curve.suggestion is not None
    assert 5e-3 < curve.suggestion < 2e-2
    assert LearningRateCurve(rates, 1 + noise).suggestion is None
    assert LearningRateCurve(rates[:5], fall[:5]).suggestion is None
    assert LearningRateCurve(rates, np.ones(100)).suggestion is None


@pytest.mark.parametrize("scatter", [0.0, 0.02])
def test_half_way_down_is_half_of_the_fall(scatter: float) -> None:
    rates = np.geomspace(1e-5, 1, 100)
    # from 3 at step 30 to 1 at step 70, and up at the end
    losses = np.interp(np.arange(100), [30, 70, 90, 99], [3.0, 1.0, 1.0, 9.0])
    noise = scatter * np.random.default_rng(0).normal(size=100)
    curve = LearningRateCurve(rates, losses + noise)
    assert curve.suggestion is not None
    assert np.searchsorted(rates, curve.suggestion) == pytest.approx(50, abs=1)
    # no fall where it is within what the loss scatters at its beginning: 1.9 and 2.1 times that
    begin = np.where(np.arange(100) % 2, 1.0, -1.0) * (np.arange(100) < 20)
    for fall, found in ((1.9, False), (2.2, True)):
        flat = LearningRateCurve(rates, begin - fall * (np.arange(100) > 60))
        assert (flat.suggestion is not None) == found


def test_rates_rise_and_the_sweep_ends_where_the_loss_leaps() -> None:
    network, rows = sequence_network(), rows_of((20, 5, 3))
    curve = learning_rate_curve(network, squared, rows, low=1e-4, high=1e6, n_steps=60)
    assert curve.rates[0] == pytest.approx(1e-4)
    np.testing.assert_allclose(np.diff(np.log(curve.rates)), np.log(1e10) / 59)
    assert 20 <= len(curve.rates) == len(curve.losses) < 60
    assert np.isfinite(curve.losses).all()


class Told:
    """An objective whose losses are given beforehand."""

    def __init__(self, losses: list[float]) -> None:
        self._losses = iter(losses)

    def begin(self) -> None:
        pass

    def __call__(self, network: nn.Module, batch: Batch) -> Outcome:
        loss = next(network.parameters()).sum() * 0 + next(self._losses)
        return Outcome(loss, loss.detach(), 1, None)

    def figures(self, loss: float) -> dict[str, float]:
        return {}


@pytest.mark.parametrize(
    ("after", "n_steps"),
    [
        # it had fallen by 2, so that it ends where the mean of five steps is more than 3 x 2 above the beginning
        ([17.0] * 30, 35),
        ([15.75] * 30, 60),
        ([13.0, 13.0, 20.0, 20.0, 20.0, 20.0, 0.0] + [0.0] * 23, 35),
        ([math.inf] * 30, 30),
    ],
)
def test_the_sweep_ends_where_the_loss_has_risen_thrice_as_far_as_it_fell(after: list[float], n_steps: int) -> None:
    losses = [10.0] * 20 + [8.0] * 10 + after
    curve = learning_rate_curve(sequence_network(), Told(losses), rows_of((20, 5, 3)), n_steps=60)
    assert curve.losses.tolist() == losses[:n_steps]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 0.0}, "low must be a finite number above 0"),
        ({"low": 1.0, "high": 0.5}, "low must be below high, got 1 and 0.5"),
        ({"n_steps": 5}, "n_steps must be an integer of at least 20, got 5"),
    ],
)
def test_arguments_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        learning_rate_curve(sequence_network(), squared, rows_of((20, 5, 3)), **options)


def test_the_estimator_is_not_changed_and_the_same_seed_gives_the_same_curve() -> None:
    model = LSTMClassifier(hidden_size=8, max_epochs=2, random_state=0)
    state = torch.random.get_rng_state()
    one, two = (model.learning_rate_curve(ROWS, LABELS) for _ in range(2))
    assert not hasattr(model, "network_")
    np.testing.assert_array_equal(one.losses, two.losses)
    assert torch.equal(state, torch.random.get_rng_state())
    assert one.suggestion is not None
    assert 1e-3 < one.suggestion < 1e-1


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (LSTMTextClassifier(hidden_size=2), (["a b c", "d e"] * 10, [0, 1] * 10)),
        (LSTMForecaster(horizon=2, hidden_size=2), (pd.Series(np.sin(np.arange(60.0))),)),
        (LSTMLanguageModel(hidden_size=2, batch_size=2), ("a b c d e f " * 20,)),
    ],
    ids=lambda item: type(item).__name__,
)
def test_every_estimator_has_a_curve(model: Any, data: Any) -> None:
    curve = model.set_params(random_state=0).learning_rate_curve(*data, n_steps=25, high=1e-2)
    assert len(curve.losses) == 25
    assert curve.smoothed.shape == (25,)
