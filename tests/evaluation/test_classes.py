import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from gatecell._core.errors import InputError
from gatecell.evaluation.classes import judge_classes, judge_label_sets

CLASSES = np.array(["a", "b", "c"])


def draw(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return CLASSES[generator.integers(0, 3, n)], generator.dirichlet(np.ones(3), n)


def test_figures_against_counts_by_hand() -> None:
    y = np.array(["a", "a", "a", "b"])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6], [0.1, 0.9, 0.0]])
    found = judge_classes(y, probabilities, CLASSES, prior=[0.5, 0.25, 0.25])
    assert found.figures["accuracy"] == 0.75
    assert found.decided.tolist() == [0, 0, 2, 1]
    # recall 2/3 of a and 1 of b; c does not occur
    assert found.figures["balanced_accuracy"] == pytest.approx(5 / 6)
    # precision 1, recall 2/3 of a; both 1 of b; c was predicted, never rightly
    assert found.figures["f1_macro"] == pytest.approx((0.8 + 1 + 0) / 3)
    assert found.figures["log_loss"] == pytest.approx(-np.log([0.8, 0.6, 0.2, 0.9]).mean())
    # each row is alone in its bin, but that 0.6 and 0.6 share one, of which a half is right
    assert found.figures["calibration_error"] == pytest.approx((0.2 + 2 * abs(0.6 - 0.5) + 0.1) / 4)
    assert found.baselines == {
        "majority": {"accuracy": 0.75},
        "prior": {"log_loss": pytest.approx(-(3 * np.log(0.5) + np.log(0.25)) / 4)},
    }
    assert found.row_losses.mean() == pytest.approx(found.figures[found.loss])
    assert found.metrics("test_")["test_accuracy_majority"] == 0.75


def test_balanced_accuracy_is_scikit_learns() -> None:
    y, probabilities = draw(200)
    expected = balanced_accuracy_score(y, CLASSES[probabilities.argmax(axis=1)])
    assert judge_classes(y, probabilities, CLASSES).figures["balanced_accuracy"] == pytest.approx(expected)


def test_a_probability_of_zero_is_a_large_loss_but_no_infinite_one() -> None:
    loss = judge_classes(np.array(["a"]), np.array([[0.0, 1.0, 0.0]]), CLASSES).figures["log_loss"]
    assert 700 < loss < np.inf


def test_one_row_has_figures_but_no_interval() -> None:
    found = judge_classes(np.array(["b"]), np.array([[0.1, 0.8, 0.1]]), CLASSES)
    assert found.figures["accuracy"] == 1.0
    assert found.intervals == {}


def test_a_label_is_predicted_where_it_is_more_probable_than_not() -> None:
    even = judge_label_sets(np.array([[False], [True]]), np.array([[0.5], [0.51]]), np.array(["x"]))
    assert even.figures["accuracy"] == 1.0


def test_label_sets() -> None:
    true = np.array([[True, False], [True, True]])
    probabilities = np.array([[0.9, 0.2], [0.7, 0.4]])
    found = judge_label_sets(true, probabilities, np.array(["x", "y"]))
    assert found.figures["accuracy"] == 0.5
    assert found.figures["hamming_loss"] == 0.25
    assert found.figures["f1_micro"] == pytest.approx(0.8)
    assert found.figures["f1_macro"] == pytest.approx(0.5)
    assert found.figures["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.7, 0.4]).mean())
    assert found.row_losses[1] > found.row_losses[0]


def test_what_cannot_be_judged() -> None:
    y, probabilities = draw(4)
    with pytest.raises(InputError, match="There are no rows to judge by: the data are empty"):
        judge_classes(y[:0], probabilities[:0], CLASSES)
    with pytest.raises(InputError, match="There are no rows to judge by: the data are empty"):
        judge_label_sets(np.zeros((0, 2), dtype=bool), np.zeros((0, 2)), CLASSES[:2])
    with pytest.raises(InputError, match=r"The label 'z' is none of the classes .*\['a', 'b', 'c'\]"):
        judge_classes(np.array(["a", "z"]), probabilities[:2], CLASSES)
