import math

import numpy as np
import pytest

from gatecell._core.errors import InputError
from gatecell.estimators.classifier import LSTMClassifier
from gatecell.estimators.regressor import LSTMRegressor
from gatecell.recipes.scoring import baseline_errors, errors, score

X = np.random.default_rng(0).normal(size=(12, 4, 1))


def test_classifier_against_a_count_by_hand() -> None:
    y = np.where(np.arange(12) % 3 == 0, "b", "a")
    model = LSTMClassifier(hidden_size=2, max_epochs=1, random_state=0).fit(X, y)
    figures = score(model, X, y, prefix="test_")
    probabilities = model.predict_proba(X)
    log_loss = sum(-math.log(row["ab".index(label)]) for row, label in zip(probabilities, y, strict=True)) / 12
    assert figures == pytest.approx({"test_accuracy": np.mean(model.predict(X) == y), "test_log_loss": log_loss})
    with pytest.raises(InputError, match=r"The label 'c' is none of the classes that the model knows: \['a', 'b'\]"):
        score(model, X, np.where(y == "b", "c", "a"))
    with pytest.raises(InputError, match=r"The label 0 is none of the classes"):
        score(model, X, np.zeros(12, dtype=np.int64))


def test_regressor() -> None:
    y = X.sum(axis=(1, 2))
    model = LSTMRegressor(hidden_size=2, max_epochs=1, random_state=0).fit(X, y)
    difference = model.predict(X) - y
    expected = {"mae": np.abs(difference).mean(), "rmse": math.sqrt((difference**2).mean())}
    assert score(model, X, y) == pytest.approx(expected)
    with pytest.raises(InputError, match=r"The labels are no numbers .*but the model predicts numbers"):
        score(model, X, np.array(["x"] * 12))
    with pytest.raises(InputError, match=r"The label of row 3 \(counted from 0\) is nan"):
        score(model, X, np.where(np.arange(12) == 3, np.nan, y))


def test_errors_of_simple_rules() -> None:
    assert errors(np.array([1.0, 5.0]), np.array([1.0, 2.0])) == pytest.approx({"mae": 1.5, "rmse": math.sqrt(4.5)})
    found = baseline_errors({"last": np.array([2.0])}, np.array([4.0]), prefix="test_")
    assert found == {"test_mae_last": 2.0, "test_rmse_last": 2.0}
