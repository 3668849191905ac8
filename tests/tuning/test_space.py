import math
import re
from typing import Any

import pytest

from gatecell._core.errors import OptionError, UnknownNameError
from gatecell.estimators.classifier import LSTMClassifier
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.loading import ESTIMATORS
from gatecell.estimators.text import LSTMTextClassifier
from gatecell.tuning.space import (
    Range,
    checked_space,
    combinations,
    default_space,
    is_number,
    n_combinations,
    space_to_json,
    with_parameters,
)
from tests.tuning.toys import Toy

KNOWN = LSTMClassifier().get_params()


def test_a_name_that_is_no_parameter_suggests_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match=r"no parameter to search named 'hiden_size'\. Did you mean 'hidden_size'"
    ):
        checked_space({"hiden_size": [2, 3]}, KNOWN)


@pytest.mark.parametrize("name", ["random_state", "verbose", "checkpoint_dir"])
def test_what_cannot_be_better_is_not_searched(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"no parameter to search named '{name}'"):
        checked_space({name: [1, 2]}, KNOWN)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "A space is a dict of at least one parameter"),
        ([("hidden_size", [2])], "A space is a dict of at least one parameter"),
        ({"hidden_size": 2}, "hidden_size must have a list of choices, as [32, 64], or a range"),
        ({"pooling": "last"}, "pooling must have a list of choices"),
        ({"hidden_size": []}, "hidden_size has no choices"),
        ({"hidden_size": [2, 4, 2]}, "hidden_size has the choice 2 twice"),
    ],
)
def test_a_space_that_makes_no_sense(space: Any, message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        checked_space(space, KNOWN)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((2, 2, False), "A range rises, but 2 is not below 2"),
        ((0, 2, True), "A range on a logarithmic scale begins above 0, got 0"),
        ((math.nan, 2, False), "low must be a finite number, got nan"),
        (("1", 2, False), "low must be a finite number, got '1'"),
    ],
)
def test_a_range_that_makes_no_sense(bounds: Any, message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        Range(*bounds)


def test_the_text_of_a_range_tells_it_from_every_other() -> None:
    ranges = [Range(1, 6), Range(1.0, 6.0), Range(1, 6, log=True), Range(1, 1234567), Range(1, 1234568)]
    assert [str(item) for item in ranges] == ["1..6", "1.0..6.0", "1..6:log", "1..1234567", "1..1234568"]


def test_combinations_are_the_product_of_choices() -> None:
    space = checked_space({"hidden_size": [2, 3], "pooling": ["last", "max", "mean"]}, KNOWN)
    found = list(combinations(space))
    assert len(found) == n_combinations(space) == 6
    assert found[:2] == [{"hidden_size": 2, "pooling": "last"}, {"hidden_size": 2, "pooling": "max"}]
    endless = checked_space({"hidden_size": [2, 3], "learning_rate": Range(0.1, 0.2)}, KNOWN)
    assert list(combinations(endless)) == []
    assert n_combinations(endless) == math.inf
    assert space_to_json(endless) == {"hidden_size": ["2", "3"], "learning_rate": "0.1..0.2"}


def test_entries_of_dicts_are_set_beside_those_that_are_there() -> None:
    toy = with_parameters(Toy(options={"p": 1, "q": 1}), {"a": 2.0, "options.q": 5, "options.r": 6})
    assert toy.get_params()["options"] == {"p": 1, "q": 5, "r": 6}
    assert toy.a == 2.0


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_has_a_default_space_of_its_parameters(name: str) -> None:
    estimator = ESTIMATORS[name]()
    space = default_space(estimator)
    assert {"learning_rate", "hidden_size"} <= set(space) <= set(estimator.get_params())
    assert checked_space(space, estimator.get_params()) == space


def test_default_spaces_are_of_the_task() -> None:
    assert "embedding_dim" in default_space(LSTMTextClassifier())
    assert default_space(LSTMForecaster(horizon=7))["lookback"] == (None, 14, 28)
    assert "pooling" not in default_space(LSTMLanguageModel())
    assert "bidirectional" in default_space(LSTMClassifier())
    assert "bidirectional" not in default_space(LSTMClassifier(stateful=True))
    with pytest.raises(OptionError, match="There is no default space for Toy, which is none of Gatecell's estimators"):
        default_space(Toy())


def test_what_has_a_place_on_an_axis_of_numbers() -> None:
    assert [is_number(value) for value in (2, 2.5, True, "2", None)] == [True, True, False, False, False]
