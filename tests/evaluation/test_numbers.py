import math

import numpy as np
import pytest
from sklearn.metrics import r2_score

from gatecell._core.errors import InputError
from gatecell.evaluation.intervals import bootstrap_interval
from gatecell.evaluation.numbers import errors, judge_numbers


def test_figures_against_counts_by_hand() -> None:
    y, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 5.0, 3.0])
    found = judge_numbers(y, predicted, {"last": np.array([0.0, 2.0, 4.0]), "mean": np.array([2.0])})
    assert found.figures == pytest.approx(
        {"mae": 4 / 3, "rmse": math.sqrt(10 / 3), "median_absolute_error": 1.0, "r2": r2_score(y, predicted)}
    )
    assert found.baselines["last"] == pytest.approx({"mae": 1 / 3, "rmse": math.sqrt(1 / 3)})
    assert found.metrics()["mae_mean"] == pytest.approx(1.0)
    np.testing.assert_allclose(found.row_losses, [0, 3, 1])


def test_several_numbers_a_row() -> None:
    y = np.array([[0.0, 1.0], [2.0, 3.0]])
    found = judge_numbers(y, y + np.array([[1.0, 3.0], [0.0, 0.0]]))
    np.testing.assert_allclose(found.row_losses, [2, 0])
    assert found.figures["mae"] == 1.0
    low, high = found.intervals["rmse"]
    assert low == 0.0
    assert high == pytest.approx(math.sqrt(5))


def test_intervals_are_of_the_errors() -> None:
    generator = np.random.default_rng(0)
    y = generator.normal(size=60)
    difference = generator.normal(size=60)
    found = judge_numbers(y, y + difference).intervals
    assert set(found) == {"mae", "rmse"}
    assert found["mae"] == pytest.approx(bootstrap_interval(np.abs(difference)))
    squared = bootstrap_interval(np.square(difference))
    assert squared is not None
    assert found["rmse"] == pytest.approx(tuple(np.sqrt(squared)))


def test_a_single_row_has_errors_but_no_interval() -> None:
    found = judge_numbers(np.array([2.0]), np.array([5.0]))
    assert found.figures == {"mae": 3.0, "rmse": 3.0, "median_absolute_error": 3.0}
    assert not found.intervals


def test_r2_is_left_out_where_there_is_no_variance_to_explain() -> None:
    assert "r2" not in judge_numbers(np.ones(3), np.arange(3.0)).figures
    one_varies = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    assert "r2" not in judge_numbers(one_varies, one_varies + 1).figures
    assert judge_numbers(one_varies[:, 1], one_varies[:, 1]).figures["r2"] == 1.0


def test_errors_of_simple_rules() -> None:
    assert errors(np.array([1.0, 5.0]), np.array([1.0, 2.0])) == pytest.approx({"mae": 1.5, "rmse": math.sqrt(4.5)})


def test_what_cannot_be_judged() -> None:
    with pytest.raises(InputError, match="There are no rows to judge by"):
        judge_numbers(np.zeros(0), np.zeros(0))
    with pytest.raises(InputError, match=r"The labels have the shape \(3,\), but the model predicts \(3, 2\)"):
        judge_numbers(np.zeros(3), np.zeros((3, 2)))
    with pytest.raises(InputError, match=r"The label of row 1 \(counted from 0\) is inf"):
        judge_numbers(np.array([0.0, np.inf]), np.zeros(2))
    several = np.array([[0.0, 1.0], [2.0, np.nan]])
    with pytest.raises(InputError, match=r"The label of row 1 \(counted from 0\) is \[ 2\. nan\]"):
        judge_numbers(several, np.zeros((2, 2)))
    with pytest.raises(InputError, match="The labels are no numbers .*, but the model predicts numbers"):
        judge_numbers(np.array(["a", "b"]), np.zeros(2))
