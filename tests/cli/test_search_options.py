"""A plan of a search is written as it is read: the command in a report is the one that ran."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell.cli.search_options import plan_of
from gatecell.recipes.searching import SearchPlan
from gatecell.tuning.space import Range, Space, label, space_to_json

NUMBERS = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.none() | st.booleans() | NUMBERS | st.text()
CHOICES = st.lists(PLAIN | st.lists(PLAIN, max_size=3), min_size=1, max_size=4, unique_by=label)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    """Return a range of whole numbers or others."""
    low, high = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=2, unique=True)))
    return Range(low, high, log=low > 0 and draw(st.booleans()))


SPACES = st.dictionaries(st.sampled_from(["a", "b", "o.c", "s__d"]), ranges() | CHOICES, min_size=1)


def read(words: list[str]) -> SearchPlan:
    """Return the plan of words, as the command line takes them."""
    options: dict[str, Any] = {"--search": []}
    rest = iter(words)
    for word in rest:
        if word == "--search":
            options[word].append(next(rest))
        else:
            options[word] = True if word == "--no-prune" else next(rest)
    timeout, study = options.get("--timeout"), options.get("--study")
    return plan_of(
        options["--search"],
        int(options["--n-trials"]),
        None if timeout is None else float(timeout),
        options.get("--cv"),
        options.get("--no-prune", False),
        None if study is None else Path(study),
    )


def as_json(space: Space | None) -> dict[str, Any] | None:
    if space is None:
        return None
    return space_to_json({name: item if isinstance(item, Range) else tuple(item) for name, item in space.items()})


@given(SPACES)
def test_any_space_is_read_back(space: Space) -> None:
    assert as_json(read(SearchPlan(space=space).words()).space) == as_json(space)


@pytest.mark.parametrize(
    "plan",
    [
        SearchPlan(),
        SearchPlan(cv=None, n_trials=7),
        SearchPlan(cv=3, prune=False),
        SearchPlan(timeout=2.5, study=Path("a folder/s.db")),
    ],
)
def test_the_other_options_are_read_back(plan: SearchPlan) -> None:
    assert read(plan.words()) == plan


def test_a_space_is_as_short_as_can_be() -> None:
    space = {
        "a": [1, "x"],
        "b": ["1", "y"],
        "c": ["x,y", "z"],
        "d": [[1, 2], None],
        "e": ["a..b"],
        "f": Range(0.0, 1.0),
        "g": Range(1, 1234567),
        "h": Range(1e-5, 0.1, log=True),
    }
    assert SearchPlan(space=space).words()[1:16:2] == [
        "a=1,x",
        'b=["1", "y"]',
        'c=["x,y", "z"]',
        "d=[[1, 2], null]",
        'e=["a..b"]',
        "f=0.0..1.0",
        "g=1..1234567",
        "h=1e-05..0.1:log",
    ]
