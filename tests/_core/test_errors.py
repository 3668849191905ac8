import sys

import pytest

from gatecell._core.checks import check_choice, check_flag, check_integer, check_number, check_probability
from gatecell._core.errors import MissingDependencyError, OptionError, UnknownNameError, unknown_name
from gatecell._core.optional import require
from gatecell._core.random import derive_seed


def test_an_unknown_name_suggests_the_nearest_and_lists_all() -> None:
    error = unknown_name("recipe", "mnsit", ["mnist", "digits"])
    assert str(error) == "There is no recipe named 'mnsit'. Did you mean 'mnist'? Known: digits, mnist."
    assert isinstance(error, ValueError)
    assert "Did you mean" not in str(unknown_name("recipe", "zzz", ["mnist"]))


@pytest.mark.parametrize("value", [0, 1.5, True, "3", None])
def test_integers(value: object) -> None:
    with pytest.raises(OptionError, match="size must be an integer of at least 1, got"):
        check_integer("size", value, minimum=1)
    check_integer("size", 1, minimum=1)


def test_the_largest_integer() -> None:
    check_integer("size", 9, minimum=1, maximum=9)
    with pytest.raises(OptionError, match="size must be an integer of at most 9, got 10"):
        check_integer("size", 10, minimum=1, maximum=9)


@pytest.mark.parametrize(
    ("bounds", "value", "text"),
    [
        ({}, float("nan"), "rate must be a finite number, got nan"),
        ({"minimum": 0.0}, -1.0, "a finite number of at least 0"),
        ({"minimum": 0.0, "open_minimum": True}, 0.0, "a finite number above 0"),
        ({"maximum": 1.0}, 2, "a finite number of at most 1"),
        ({"maximum": 1.0, "open_maximum": True}, 1, "a finite number below 1"),
        ({"minimum": 0.0, "maximum": 1.0}, "x", r"a number in \[0, 1\], got 'x'"),
    ],
)
def test_numbers(bounds: dict[str, float], value: object, text: str) -> None:
    with pytest.raises(OptionError, match=text):
        check_number("rate", value, **bounds)  # type: ignore[arg-type]


def test_the_ends_of_a_range() -> None:
    check_probability("p", 0)
    check_number("p", 1.0, minimum=0.0, maximum=1.0)
    with pytest.raises(OptionError, match=r"p must be a number in \[0, 1\), got 1"):
        check_probability("p", 1)


def test_flags_and_choices() -> None:
    with pytest.raises(OptionError, match="verbose must be True or False, got 1"):
        check_flag("verbose", 1)
    with pytest.raises(UnknownNameError, match="no pooling named 'lst'. Did you mean 'last'"):
        check_choice("pooling", "lst", ("last", "mean"))
    with pytest.raises(OptionError, match="pooling must be one of last, mean, got None"):
        check_choice("pooling", None, ("last", "mean"))


def test_a_missing_extra_says_what_to_install() -> None:
    with pytest.raises(MissingDependencyError) as caught:
        require("no_such.part", extra="tune", purpose="Export")
    assert str(caught.value) == (
        "Export needs the package 'no_such', which is not installed. "
        f'Run: {sys.executable} -m pip install "optuna>=5" "filelock>=3.16"'
    )
    assert require("json", extra="tune", purpose="Nothing").loads("1") == 1


def test_derived_seeds_are_stable_and_independent() -> None:
    assert derive_seed(0, "order", 1) == 7003619311605620432
    seeds = {derive_seed(s, *labels) for s in (0, 1) for labels in ((), ("a",), ("a", 1), ("a", "1"), ("b", 1))}
    assert len(seeds) == 10
    assert all(0 <= seed < 2**63 for seed in seeds)
