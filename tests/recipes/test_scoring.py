import math

import numpy as np
import pytest

from gatecell._core.errors import InputError
from gatecell.estimators.classifier import LSTMClassifier
from gatecell.estimators.loading import load
from gatecell.estimators.regressor import LSTMRegressor
from gatecell.recipes.scoring import judge

X = np.random.default_rng(0).normal(size=(12, 4, 1))


def test_classifier_against_a_count_by_hand() -> None:
    y = np.where(np.arange(12) % 3 == 0, "b", "a")
    model = LSTMClassifier(hidden_size=2, max_epochs=1, random_state=0).fit(X, y)
    figures = judge(model, X, y, {"always_b": np.full(12, "b")}).metrics("test_")
    probabilities = model.predict_proba(X)
    log_loss = sum(-math.log(row["ab".index(label)]) for row, label in zip(probabilities, y, strict=True)) / 12
    assert figures["test_accuracy"] == np.mean(model.predict(X) == y)
    assert figures["test_log_loss"] == pytest.approx(log_loss)
    assert figures["test_accuracy_majority"] == pytest.approx(8 / 12)
    assert figures["test_accuracy_always_b"] == pytest.approx(4 / 12)
    assert figures["test_log_loss_prior"] == pytest.approx(-(8 * math.log(2 / 3) + 4 * math.log(1 / 3)) / 12)
    with pytest.raises(InputError, match=r"The label 'c' is none of the classes that the model knows: \['a', 'b'\]"):
        judge(model, X, np.where(y == "b", "c", "a"))
    with pytest.raises(InputError, match=r"The label 0 is none of the classes"):
        judge(model, X, np.zeros(12, dtype=np.int64))


def test_the_shares_of_the_training_rows_count_weights_and_not_the_validation_part(tmp_path: object) -> None:
    y = np.arange(12) % 2
    weight = np.where(y == 1, 3.0, 1.0)
    model = LSTMClassifier(hidden_size=2, max_epochs=1, random_state=0)
    model.fit(X, y, sample_weight=weight, validation_data=(X[:2], np.array([0, 0])))
    assert model.class_prior_ is not None
    np.testing.assert_allclose(model.class_prior_, [0.25, 0.75])
    again = load(model.save(f"{tmp_path}/m.safetensors"))
    assert isinstance(again, LSTMClassifier)
    np.testing.assert_array_equal(again.class_prior_, model.class_prior_)
    again.class_prior_ = None
    assert "accuracy_majority" not in judge(again, X, y).metrics()


def test_several_labels_a_row() -> None:
    y = np.stack([X.mean(axis=(1, 2)) > 0, X[:, 0, 0] > 0], axis=1).astype(int)
    model = LSTMClassifier(hidden_size=2, max_epochs=1, random_state=0).fit(X, y)
    figures = judge(model, X, y).figures
    assert figures["accuracy"] == model.score(X, y)
    assert figures["hamming_loss"] == pytest.approx((model.predict(X) != y).mean())


def test_regressor() -> None:
    y = X.sum(axis=(1, 2))
    model = LSTMRegressor(hidden_size=2, max_epochs=1, random_state=0).fit(X, y)
    difference = model.predict(X) - y
    found = judge(model, X, y, {"zero": np.zeros(12)}).metrics()
    assert found["mae"] == pytest.approx(np.abs(difference).mean())
    assert found["rmse"] == pytest.approx(math.sqrt((difference**2).mean()))
    assert found["mae_mean"] == pytest.approx(np.abs(y - y.mean()).mean())
    assert found["rmse_zero"] == pytest.approx(math.sqrt((y**2).mean()))
    with pytest.raises(InputError, match=r"The labels are no numbers .*but the model predicts numbers"):
        judge(model, X, np.array(["x"] * 12))
    with pytest.raises(InputError, match=r"The label of row 3 \(counted from 0\) is nan"):
        judge(model, X, np.where(np.arange(12) == 3, np.nan, y))
