"""The contract of scikit-learn's estimators, for both estimators."""

import os
import subprocess
import sys
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from gatecell import LSTMClassifier, LSTMRegressor
from tests.estimators.rows import labels_of, numbers_of, ragged_rows

ESTIMATORS: list[type[LSTMClassifier] | type[LSTMRegressor]] = [LSTMClassifier, LSTMRegressor]
SMALL: dict[str, Any] = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}

CHECK_ALL = """
import sys, warnings
warnings.simplefilter("error")
from sklearn.utils.estimator_checks import check_estimator
import gatecell
results = check_estimator(getattr(gatecell, sys.argv[1])(), on_skip=None, on_fail="raise")
print(sorted({result["status"] for result in results}), len(results))
"""


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_check_estimator_in_full(cls: type) -> None:
    # in a process of its own: SciPy reads the variable, without which a check is skipped, when it is first imported
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CHECK_ALL, cls.__name__], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    status, count = done.stdout.rsplit(maxsplit=1)
    assert status == "['passed']"
    assert int(count) >= 60


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_no_more_than_twenty_odd_flat_parameters_with_one_default_each(cls: type) -> None:
    parameters = cls().get_params()
    assert len(parameters) <= 25
    shared = {name: value for name, value in LSTMClassifier().get_params().items() if name != "class_weight"}
    assert {name: value for name, value in parameters.items() if name != "class_weight"} == shared


def test_grid_search_over_lists_of_ragged_arrays() -> None:
    X = ragged_rows(30)
    search = GridSearchCV(
        LSTMClassifier(max_epochs=30, learning_rate=0.02, random_state=0), {"hidden_size": [2, 8]}, cv=3
    )
    search.fit(X, labels_of(X))
    assert search.best_score_ > 0.8
    assert search.predict(X[:4]).shape == (4,)
    parallel = GridSearchCV(LSTMRegressor(**SMALL), {"pooling": ["last", "mean"]}, cv=3, n_jobs=2)
    parallel.fit(X, numbers_of(X))
    assert set(parallel.best_params_) == {"pooling"}


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_pipelines(cls: type) -> None:
    table = np.random.default_rng(0).normal(size=(20, 6))
    y = (table[:, 0] > 0).astype(int)
    pipeline = make_pipeline(StandardScaler(), cls(**SMALL))
    assert pipeline.fit(table, y).predict(table).shape == (20,)
    first_two = make_pipeline(FunctionTransformer(lambda rows: [row[:2] for row in rows]), cls(**SMALL))
    X = ragged_rows(12)
    assert first_two.fit(X, labels_of(X) == "up").predict(X).shape == (12,)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_clone_and_joblib(cls: type, tmp_path: Any) -> None:
    X = ragged_rows(12)
    model = cls(**SMALL, lstm_options={"peephole": True}).fit(X, numbers_of(X) > 0)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "network_")
    joblib.dump(model, tmp_path / "model.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "model.joblib").predict(X), model.predict(X))


def test_cross_validation_with_frames() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(24, 5)), columns=list("abcde"))
    assert len(cross_val_score(LSTMRegressor(**SMALL), frame, frame["a"], cv=3)) == 3


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_a_weight_is_a_repeated_row_bit_for_bit(cls: type) -> None:
    X = ragged_rows(12)
    y = numbers_of(X) if cls is LSTMRegressor else labels_of(X)
    weight = np.arange(12) % 4
    places = np.repeat(np.arange(12), weight)
    weighted = cls(**SMALL).fit(X, y, sample_weight=weight)
    repeated = cls(**SMALL).fit([X[place] for place in places], y[places])
    np.testing.assert_array_equal(weighted.predict(X), repeated.predict(X))
    assert weighted.history_["train_loss"] == repeated.history_["train_loss"]


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_a_row_is_predicted_alike_whatever_rows_are_beside_it(cls: type) -> None:
    X = ragged_rows(150)
    model = cls(hidden_size=32, max_epochs=1, random_state=0).fit(X, numbers_of(X) > 0)
    method = getattr(model, "predict_proba", model.predict)
    together = method(X)
    for size in (1, 3, 64):
        parts = [method(X[start : start + size]) for start in range(0, 150, size)]
        np.testing.assert_allclose(np.concatenate(parts), together, rtol=1e-12, atol=1e-12)
