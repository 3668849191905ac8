"""Equal content has one fingerprint, and other content another, whatever holds it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatecell.tuning.fingerprint import fingerprint

FRAME = pd.DataFrame({"t": [1, 2, 3], "y": [0.5, np.nan, 2.0], "who": ["a", "b", "c"]})
DIFFERENT: dict[str, list[Callable[[], Any]]] = {
    "array": [
        lambda: np.arange(6.0),
        lambda: np.arange(6),
        lambda: np.arange(6.0).reshape(2, 3),
        lambda: np.arange(6.0).reshape(3, 2),
        lambda: np.arange(6.0)[::-1],
        lambda: np.arange(6.0).astype(np.float32),
    ],
    "labels": [
        lambda: np.array(["no", "yes"]),
        lambda: np.array(["no", "yes"], dtype=object),
        lambda: np.array(["yes", "no"], dtype=object),
        lambda: ["no", "yes"],
    ],
    "frame": [
        lambda: FRAME,
        lambda: FRAME.rename(columns={"y": "z"}),
        lambda: FRAME.iloc[::-1],
        lambda: FRAME.set_index("t"),
        lambda: FRAME.set_axis([4, 5, 6]),
        lambda: FRAME.fillna(0.0),
        lambda: FRAME["y"],
        lambda: FRAME["y"].rename("z"),
    ],
    "ragged": [
        lambda: [np.ones((2, 1)), np.ones((3, 1))],
        lambda: [np.ones((3, 1)), np.ones((2, 1))],
        lambda: [np.ones((2, 1)), np.ones((3, 1)), np.ones((0, 1))],
        lambda: (np.ones((2, 1)), np.ones((3, 1))),
    ],
    "texts": [
        lambda: ["one text", "and another"],
        lambda: ["one text and another"],
        lambda: ["one text", "and other"],
        lambda: ["", "one text", "and another"],
        lambda: "one text",
        lambda: "lone \ud800 surrogate",
    ],
    "mapping": [
        lambda: {"a": 1, "b": 2},
        lambda: {"a": 1, "b": 3},
        lambda: {"a": 1, "c": 2},
        lambda: {"a": np.ones(2)},
        lambda: {"a": None},
        dict,
        lambda: None,
    ],
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_equal_content_and_other_content(kind: str) -> None:
    made = DIFFERENT[kind]
    found = [fingerprint(make()) for make in made]
    assert found == [fingerprint(make()) for make in made]
    assert len(set(found)) == len(made)


def test_an_array_may_lie_in_memory_as_it_likes() -> None:
    rows = np.arange(12.0).reshape(3, 4)
    assert fingerprint(rows) == fingerprint(np.asfortranarray(rows))


def test_where_one_item_ends_and_the_next_begins() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint([["a"], "b"]) != fingerprint([["a", "b"]])
