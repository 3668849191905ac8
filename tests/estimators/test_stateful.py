"""``stateful`` and ``bptt`` of the estimators of rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from gatecell import LSTMClassifier, LSTMForecaster, LSTMRegressor, LSTMTextClassifier, load
from gatecell._core.errors import OptionError
from tests.estimators.rows import labels_of, numbers_of, ragged_rows

ROWS = ragged_rows(30)
LABELS = labels_of(ROWS)
TEXTS = ["a b c d a b", "d c b a", "a a", "b d b d b d b"] * 8
SMALL: dict[str, Any] = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
CASES: list[tuple[Any, Any, Any]] = [
    (LSTMClassifier, ROWS, LABELS),
    (LSTMRegressor, ROWS, numbers_of(ROWS)),
    (LSTMTextClassifier, TEXTS, [0, 1, 0, 1] * 8),
]


def weights(cls: Any, X: Any, y: Any, **options: Any) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = cls(**SMALL, **options).fit(X, y).network_.state_dict()
    return found


def alike(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("cls", "X", "y"), CASES, ids=lambda item: getattr(item, "__name__", ""))
def test_the_gradient_goes_back_over_the_last_steps_alone(cls: Any, X: Any, y: Any) -> None:
    plain = weights(cls, X, y)
    assert alike(plain, weights(cls, X, y, bptt=2))
    assert alike(plain, weights(cls, X, y, stateful=True, bptt=1000))
    short = weights(cls, X, y, stateful=True, bptt=2)
    assert not alike(plain, short)
    assert not alike(short, weights(cls, X, y, stateful=True, bptt=3))


def test_what_is_predicted_does_not_depend_on_it(tmp_path: Path) -> None:
    model = LSTMClassifier(**SMALL, stateful=True, bptt=2).fit(ROWS, LABELS)
    whole = model.predict_proba(ROWS)
    np.testing.assert_array_equal(model.set_params(stateful=False).predict_proba(ROWS), whole)
    model.set_params(stateful=True).save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert (again.stateful, again.bptt) == (True, 2)


def test_both_directions_are_an_error_and_leave_the_estimator_as_it_was() -> None:
    model = LSTMClassifier(**SMALL, stateful=True, bptt=2, bidirectional=True)
    with pytest.raises(OptionError, match="bidirectional=True reads backward too"):
        model.fit(ROWS, LABELS)
    assert not hasattr(model, "network_")
    with pytest.raises(OptionError, match="bptt must be an integer of at least 1, got 0"):
        LSTMClassifier(**SMALL, bptt=0).fit(ROWS, LABELS)


def test_windows_of_a_series() -> None:
    series = np.sin(np.arange(80) / 3)
    small = {
        **SMALL,
        "lookback": 12,
        "horizon": 2,
        "calibration_windows": 2,
        "validation_fraction": None,
        "patience": None,
    }

    def found(**options: Any) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = LSTMForecaster(**small, **options).fit(pd.Series(series)).network_.state_dict()
        return state

    plain = found()
    assert alike(plain, found(stateful=True, bptt=12))
    assert not alike(plain, found(stateful=True, bptt=3))
