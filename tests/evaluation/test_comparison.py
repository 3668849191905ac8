import numpy as np
import pytest
from scipy.stats import binom

from gatecell._core.errors import InputError
from gatecell.evaluation.classes import ClassJudgement, judge_classes
from gatecell.evaluation.comparison import compare
from gatecell.evaluation.numbers import judge_numbers

CLASSES = np.array([0, 1])


def judged(right: np.ndarray, y: np.ndarray | None = None) -> ClassJudgement:
    """A classifier of two classes that is right in these rows."""
    y = np.arange(len(right)) % 2 if y is None else y
    one = np.where(right, y, 1 - y)
    return judge_classes(y, np.stack([1 - 0.9 * one - 0.05, 0.9 * one + 0.05], axis=1), CLASSES)


def test_mcnemars_exact_test_by_hand() -> None:
    rows = np.arange(100)
    first, second = judged(rows < 90), judged((rows < 80) | (rows >= 98))
    found = compare(first, second)
    # ten rows that only the first has right, two that only the second has
    assert found.p_value == pytest.approx(2 * binom.cdf(2, 12, 0.5))
    assert (found.first, found.second, found.figure) == (0.9, 0.82, "accuracy")
    assert found.more_than_noise
    assert found.to_json()["difference"] == pytest.approx(0.08)
    assert str(found).startswith("accuracy 0.9000 against 0.8200 on 100 rows: difference +0.0800, 95 % interval +0.0")
    assert str(found).endswith("McNemar p = 0.039: more than noise.")


def test_a_model_does_not_differ_from_itself() -> None:
    model = judged(np.arange(100) < 90)
    found = compare(model, model)
    assert (found.p_value, found.interval) == (1.0, (0, 0))
    assert str(found).endswith("no more than noise.")


def test_equally_good_models_seldom_seem_to_differ() -> None:
    generator = np.random.default_rng(0)
    y = generator.normal(size=300)
    false_alarms = 0
    for _ in range(60):
        first, second = (judge_numbers(y, y + generator.normal(size=300)) for _ in range(2))
        false_alarms += compare(first, second).more_than_noise
    assert false_alarms <= 8


def test_errors_are_compared_in_pairs() -> None:
    generator = np.random.default_rng(0)
    y = generator.normal(size=100)
    error = generator.normal(size=100, scale=5)
    # a hundredth better in every row: far less than the spread of the errors, but always there
    found = compare(judge_numbers(y, y + 0.99 * error), judge_numbers(y, y + error))
    assert found.more_than_noise
    assert found.interval[1] < 0
    assert found.p_value is None
    assert found.figure == "mae"


def test_what_cannot_be_compared() -> None:
    numbers = judge_numbers(np.arange(4.0), np.zeros(4))
    with pytest.raises(InputError, match="do not predict the same kind of thing"):
        compare(numbers, judged(np.ones(4, dtype=bool)))
    with pytest.raises(InputError, match="not judged on the same rows"):
        compare(numbers, judge_numbers(np.arange(3.0), np.zeros(3)))
    with pytest.raises(InputError, match="not judged on the same rows"):
        compare(numbers, judge_numbers(np.ones(4), np.zeros(4)))
    right = np.ones(4, dtype=bool)
    with pytest.raises(InputError, match="not judged on the same rows"):
        compare(judged(right), judged(right, y=np.array([1, 1, 0, 0])))
    one = judge_numbers(np.ones(1), np.zeros(1))
    with pytest.raises(InputError, match="One row cannot tell two models apart"):
        compare(one, one)
