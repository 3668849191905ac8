from typing import Any

import numpy as np
import pytest

from gatecell._core.errors import OptionError, UnknownNameError
from gatecell.recipes.settings import check_names, labels_as_in, merged, parse_settings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=3", 3),
        ("a=-3", -3),
        ("a=0.5", 0.5),
        ("a=.5", 0.5),
        ("a=1e-4", 1e-4),
        ("a=true", True),
        ("a=False", False),
        ("a=none", None),
        ("a=null", None),
        ("a=adam", "adam"),
        ("a=", ""),
        ("a=x=y", "x=y"),
        ("a = 3 ", 3),
        ('a=["*weight_ih*"]', ["*weight_ih*"]),
        ("a=.x", ".x"),
        ("a=" + "[" * 100_000, "[" * 100_000),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = parse_settings([text])["a"]
    assert found == value
    assert type(found) is type(value)


def test_nested_names() -> None:
    assert parse_settings(["lstm_options.layer_norm=true", "l2=0.1", "lstm_options.proj_size=4"]) == {
        "lstm_options": {"layer_norm": True, "proj_size": 4},
        "l2": 0.1,
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["max_epochs"], r"'max_epochs' is no setting\. Write key=value, as in --set max_epochs=3"),
        (["=3"], r"'=3' is no setting"),
        (["a=1", "a=2"], r"a is set twice"),
        (["lstm_options=none", "lstm_options.bias=true"], r"lstm_options is set as a whole and in parts"),
        (["lstm_options.bias=true", "lstm_options=none"], r"lstm_options is set as a whole and in parts"),
    ],
)
def test_bad_settings(texts: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_settings(texts)


def test_names() -> None:
    check_names({"a": 1, "b": 2}, ["a"], ["b"])
    with pytest.raises(UnknownNameError, match=r"no setting named 'hiden_size'\. Did you mean 'hidden_size'\?"):
        check_names({"hiden_size": 1}, ["hidden_size"])
    with pytest.raises(OptionError, match=r"random_state is not set with --set\. Use --seed"):
        check_names({"random_state": 1}, ["random_state"])


def test_merged() -> None:
    parameters = {"a": 1, "o": {"x": 1, "y": 2}, "n": None}
    assert merged(parameters, {"a": 2, "o": {"y": 3}, "n": {"z": 1}}) == {"a": 2, "o": {"x": 1, "y": 3}, "n": {"z": 1}}
    assert merged(parameters, {"o": None})["o"] is None
    assert parameters["o"] == {"x": 1, "y": 2}


def test_the_labels_of_class_weights_are_those_of_the_data() -> None:
    assert labels_as_in(np.array([1, 0, 1]), {"0": 1, "1": 2}) == {0: 1, 1: 2}
    assert labels_as_in(np.array(["1", "0"]), {"0": 1, "2": 2}) == {"0": 1, "2": 2}
    assert labels_as_in(np.array([1, 0]), "balanced") == "balanced"
