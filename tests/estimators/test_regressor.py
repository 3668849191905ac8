from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatecell import LSTMRegressor
from gatecell._core.errors import InputError
from tests.estimators.rows import numbers_of, ragged_rows

SMALL: dict[str, Any] = {"hidden_size": 4, "max_epochs": 3, "random_state": 0}
rows = ragged_rows(40)
numbers = numbers_of(rows)


def test_it_learns_in_the_unit_of_the_targets() -> None:
    model = LSTMRegressor(hidden_size=16, learning_rate=0.02, random_state=0).fit(rows, 1e6 + 1e3 * numbers)
    predictions = model.predict(rows)
    assert predictions.shape == (40,)
    assert abs(predictions.mean() - 1e6) < 300
    assert model.score(rows, 1e6 + 1e3 * numbers) > 0.8
    assert model.history_["train_mae"][-1] == pytest.approx(np.abs(predictions - 1e6 - 1e3 * numbers).mean(), rel=0.3)


def test_several_targets_a_row() -> None:
    targets = np.stack([numbers, -100 * numbers, numbers**2], axis=1)
    model = LSTMRegressor(hidden_size=16, learning_rate=0.02, random_state=0).fit(rows, targets)
    assert model.n_outputs_ == 3
    assert model.predict(rows).shape == (40, 3)
    assert model.score(rows, targets) > 0.6
    assert LSTMRegressor(**SMALL).fit(rows, targets[:, :1]).predict(rows).shape == (40, 1)
    assert LSTMRegressor(**SMALL).fit(rows, pd.Series(numbers)).predict(rows).shape == (40,)


def test_constant_targets() -> None:
    np.testing.assert_allclose(LSTMRegressor(**SMALL).fit(rows, np.full(40, 7.0)).predict(rows), 7.0, atol=1.0)


def test_the_validation_loss_is_that_of_scaled_targets_and_the_error_in_their_unit() -> None:
    fresh = ragged_rows(15, seed=2)
    model = LSTMRegressor(**SMALL).fit(rows, 50 * numbers, validation_data=(fresh, 50 * numbers_of(fresh)))
    errors = model.predict(fresh) - 50 * numbers_of(fresh)
    assert model.history_["validation_mae"][-1] == pytest.approx(np.abs(errors).mean(), rel=1e-4)
    scale = (50 * numbers).std()
    assert model.history_["validation_loss"][-1] == pytest.approx(((errors / scale) ** 2).mean(), rel=1e-4)


def test_partial_fit_keeps_the_scales_of_the_first_call() -> None:
    model = LSTMRegressor(**SMALL).partial_fit(rows, numbers)
    scaler, target_scaler = model.scaler_, model.target_scaler_
    model.partial_fit([10 * row for row in rows], 10 * numbers)
    assert (model.scaler_, model.target_scaler_) == (scaler, target_scaler)
    assert len(model.history_) == 2


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (None, "LSTMRegressor requires y to be passed"),
        (np.where(np.arange(40) == 3, np.nan, 1.0), "Input y contains NaN"),
        (np.where(np.arange(40) == 3, np.inf, 1.0), "Input y contains infinity"),
        (["a"] * 40, r"y holds text \(.a.\), but regression learns numbers. To learn classes use LSTMClassifier"),
        (np.zeros((40, 2, 2)), r"y has 3 dimensions, of shape \(40, 2, 2\), but there is one target a row"),
        (numbers[:39], r"inconsistent numbers of samples: \[40, 39\]"),
    ],
)
def test_bad_targets(y: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        LSTMRegressor(**SMALL).fit(rows, y)


def test_targets_beyond_what_can_be_scaled_are_refused() -> None:
    with pytest.raises(InputError, match="y cannot be scaled: the values of channel 0"):
        LSTMRegressor(**SMALL).fit(rows, 1e300 * numbers)


def test_another_number_of_targets_later() -> None:
    model = LSTMRegressor(**SMALL).partial_fit(rows, numbers)
    with pytest.raises(InputError, match="y has 2 columns, but 1 were fitted"):
        model.partial_fit(rows, np.stack([numbers, numbers], axis=1))
