"""scikit-learn's searches take the estimators as they are; ``grid_search`` makes one into a table."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold, RandomizedSearchCV

from gatecell._core.errors import InputError, OptionError
from gatecell.estimators.classifier import LSTMClassifier
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.text import LSTMTextClassifier
from gatecell.tuning.grid import grid_search
from gatecell.tuning.search import tune
from gatecell.tuning.space import Range
from tests.tuning.toys import Toy, X, Y

GENERATOR = np.random.default_rng(0)
ROWS = 24
LABELS = np.arange(ROWS) % 2
ARRAY = GENERATOR.normal(size=(ROWS, 4, 2))
DATA: dict[str, Any] = {
    "array": (LSTMClassifier, ARRAY),
    "ragged": (LSTMClassifier, [row[: 1 + index % 4] for index, row in enumerate(ARRAY)]),
    "texts": (LSTMTextClassifier, [f"word{index % 2} and word{index % 5}" for index in range(ROWS)]),
}
CHOICES: dict[str, Any] = {"hidden_size": [2, 3]}


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize(
    ("search", "options"),
    [
        (GridSearchCV, {"param_grid": CHOICES}),
        (
            RandomizedSearchCV,
            {
                "param_distributions": {**CHOICES, "learning_rate": loguniform(1e-3, 1e-1)},
                "n_iter": 2,
                "random_state": 0,
            },
        ),
        (HalvingGridSearchCV, {"param_grid": CHOICES, "min_resources": 12, "factor": 2, "random_state": 0}),
    ],
)
def test_scikit_learns_searches(kind: str, search: Any, options: dict[str, Any]) -> None:
    cls, rows = DATA[kind]
    done = search(cls(max_epochs=1, random_state=0), cv=2, error_score="raise", **options).fit(rows, LABELS)
    assert done.best_params_["hidden_size"] in CHOICES["hidden_size"]
    assert done.predict(rows[:3]).shape == (3,)
    assert 0 <= done.best_score_ <= 1


def test_a_grid_and_optuna_measure_alike() -> None:
    model = LSTMClassifier(max_epochs=2, random_state=0)
    by_grid = grid_search(model, ARRAY, LABELS, CHOICES, cv=3)
    by_optuna = tune(model, ARRAY, LABELS, CHOICES, cv=3, prune=False)
    assert [trial.scores for trial in by_grid.trials] == [trial.scores for trial in by_optuna.trials]
    assert [trial.params for trial in by_grid.trials] == [trial.params for trial in by_optuna.trials]
    np.testing.assert_array_equal(
        by_grid.best_estimator.predict_proba(ARRAY), by_optuna.best_estimator.predict_proba(ARRAY)
    )


def test_the_table_of_a_grid(capsys: pytest.CaptureFixture[str]) -> None:
    found = grid_search(Toy(), X, Y, {"a": [1.0, 2.0, 3.5], "b": ["x"]}, cv=2, verbose=3)
    assert found.by == "GridSearchCV"
    assert [trial.params["a"] for trial in found.ranked()] == [3.5, 2.0, 1.0]
    assert found.best_estimator.get_params()["a"] == 3.5
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "CV 2/2" in captured.err


def test_a_grid_begins_from_what_a_search_begins_from(tmp_path: Path) -> None:
    model = LSTMClassifier(
        max_epochs=1, checkpoint_dir=tmp_path / "c", logger="csv", logger_dir=tmp_path / "l", random_state=0
    )
    grid_search(model, ARRAY, LABELS, CHOICES, cv=2, refit=False)
    assert list(tmp_path.iterdir()) == []
    found = grid_search(Toy(), X, Y, {"a": [1.0, 2.0]}, cv=2, random_state=4)
    assert {fit["random_state"] for fit in Toy.fitted} == {4}
    assert found.best_estimator.random_state == 4


@pytest.mark.parametrize(("cv", "n_folds"), [(KFold(4).split(X), 4), (0.25, 1), (KFold(2), 2)])
def test_whatever_divides_rows_divides_them_once(cv: Any, n_folds: int) -> None:
    found = grid_search(Toy(), X, Y, {"a": [1.0, 2.0]}, cv=cv)
    assert {len(trial.scores) for trial in found.trials} == {n_folds}


def test_a_grid_needs_targets() -> None:
    with pytest.raises(InputError, match=r"y is missing\. Give y, or search by tune"):
        grid_search(LSTMLanguageModel(validation_fraction=0.1), "a text", None, CHOICES)


def test_a_grid_has_no_ranges() -> None:
    with pytest.raises(OptionError, match="A grid has lists of choices, but a has a range"):
        grid_search(Toy(), X, Y, {"a": Range(0.0, 1.0)})
