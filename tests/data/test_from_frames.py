"""From a long pandas frame to X and y."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import gatecell
from gatecell._core.errors import InputError, InputTypeError, UnknownNameError
from gatecell.data.from_frames import from_long


def frame(**columns: Any) -> pd.DataFrame:
    made = {"who": ["b", "b", "a", "a"], "t": [2, 1, 1, 2], "v": [4.0, 3.0, 1.0, 2.0], "kind": ["u", "u", "d", "d"]}
    return pd.DataFrame({**made, **columns})


def test_grouped_and_sorted() -> None:
    X, y = gatecell.from_long(frame(), id="who", time="t", label="kind")
    np.testing.assert_array_equal(X, [[[3], [4]], [[1], [2]]])
    assert y is not None
    assert y.tolist() == ["u", "d"]
    assert from_long(frame(), id="who", time="t").y is None
    ragged = from_long(frame(who=["b", "b", "b", "a"], t=[1, 2, 3, 1]), id="who", time="t").X
    assert [len(sequence) for sequence in ragged] == [3, 1]


@pytest.mark.parametrize(
    "times",
    [
        pd.to_datetime(["2026-01-02", "2026-01-01", "2026-01-01", "2026-01-02"]),
        pd.to_datetime(["2026-01-02", "2026-01-01", "2026-01-01", "2026-01-02"]).tz_localize("Europe/Vienna"),
        pd.PeriodIndex(["2026-02", "2026-01", "2026-01", "2026-02"], freq="M"),
        ["14/02/2026", "12/02/2026", "11/02/2026", "13/02/2026"],
        [10.5, 9.5, 1.5, 2.5],
        [2**62 + 1, 2**62, 2**62, 2**62 + 1],
    ],
)
def test_times(times: Any) -> None:
    X, _ = from_long(frame(t=times), id="who", time="t")
    np.testing.assert_array_equal(X, [[[3], [4]], [[1], [2]]])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ([0.5, 0.5, 1.5, 1.5], [0.5, 1.5]),
        ([1, 1, 2, 2], [1, 2]),
        ([True, True, False, False], [True, False]),
        (pd.Categorical(["01", "01", "1", "1"]), ["01", "1"]),
        (pd.array([1, 1, 2, 2], dtype="Int64"), [1, 2]),
    ],
)
def test_labels_stay_what_they_are(kind: Any, expected: list[Any]) -> None:
    y = from_long(frame(kind=kind), id="who", time="t", label="kind", channels=["v"]).y
    assert y is not None
    assert y.tolist() == expected
    assert type(y.tolist()[0]) is type(expected[0])


def test_several_numbers_to_learn() -> None:
    X, y = from_long(
        frame(kind=[1.5, 1.5, 2.5, 2.5], other=[1, 1, 2, 2], name="x"), id="who", time="t", label=["kind", "other"]
    )
    assert np.shape(X) == (2, 2, 1)
    np.testing.assert_array_equal(y, [[1.5, 1], [2.5, 2]])


def test_a_number_that_does_not_change_is_a_channel() -> None:
    X, _ = from_long(frame(size=[7, 7, 8, 8]), id="who", time="t", label="kind")
    np.testing.assert_array_equal(X[0], [[3, 7], [4, 7]])
    X, _ = from_long(frame(size=[7, 7, 8, 8]), id="who", time="t", channels=["size"])
    np.testing.assert_array_equal(X[0], [[7], [7]])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (frame(v=[1, 2, None, 4]), r"The frame, row 2 \(who a, t 1\): v is missing"),
        (frame(v=[1, 2, "x", 4]), r"The frame, row 2: v is 'x', not a number, but other lines"),
        (frame(t=[1, 1, 1, 2]), r"rows 0 and 1 have the same who \(b\) and t \(1\)"),
        (frame(t=[1, None, 1, 2]), r"row 1: t is missing"),
        (frame(who=["b", None, "a", "a"]), r"row 1: who is missing"),
        (frame(kind=["u", "d", "d", "d"]), r"the kind of who b changes from u in row 0 to d in row 1"),
        (frame(t=["01/02/2026", "01/03/2026", "01/02/2026", "01/03/2026"]), r"can be read in two ways.*dayfirst=True"),
        (frame().iloc[:0], "The frame has no rows"),
        (pd.DataFrame([[1, 2, 3]], columns=["who", "t", "t"]), "two columns have the same name, 't'"),
    ],
)
def test_bad_frames(data: pd.DataFrame, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_long(data, id="who", time="t", label="kind" if "kind" in data else None)


def test_what_is_not_a_frame_or_a_column() -> None:
    with pytest.raises(InputTypeError, match="takes a pandas DataFrame, got dict"):
        from_long({}, id="who", time="t")
    with pytest.raises(UnknownNameError, match="There is no column in The frame named 'whom'. Did you mean 'who'"):
        from_long(frame(), id="whom", time="t")
