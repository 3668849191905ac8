from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError
from gatecell.data.sequences import Sequences


def ragged(lengths: list[int], n_features: int = 2) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, n_features)) for length in lengths]


@pytest.mark.parametrize(
    "X",
    [
        np.arange(24.0).reshape(2, 4, 3),
        np.arange(24.0, dtype=np.float32).reshape(2, 4, 3),
        np.asfortranarray(np.arange(24.0).reshape(2, 4, 3)),
        np.arange(24).reshape(2, 4, 3),
        np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
        np.arange(24, dtype=">f8").reshape(2, 4, 3),
        np.arange(23.0, -1.0, -1.0).reshape(2, 4, 3)[::-1, ::-1, ::-1],
        torch.arange(24.0).reshape(2, 4, 3),
        np.arange(24.0).reshape(2, 4, 3).tolist(),
        list(np.arange(24.0).reshape(2, 4, 3)),
        [torch.arange(12.0).reshape(4, 3), torch.arange(12.0, 24.0).reshape(4, 3)],
        [pd.DataFrame(np.arange(12.0).reshape(4, 3)), pd.DataFrame(np.arange(12.0, 24.0).reshape(4, 3))],
    ],
)
def test_what_is_taken_as_dense(X: Any) -> None:
    sequences = Sequences.from_input(X)
    values, lengths = sequences.take(torch.tensor([1, 0]))
    assert lengths is None
    assert (len(sequences), sequences.n_steps, sequences.n_features) == (2, 4, 3)
    assert values.dtype == torch.float32
    np.testing.assert_array_equal(values, np.arange(24.0).reshape(2, 4, 3)[::-1])


@pytest.mark.parametrize("X", [np.eye(3), pd.DataFrame(np.eye(3)), np.eye(3).tolist(), list(np.eye(3))])
def test_without_a_channel_dimension_there_is_one_channel(X: Any) -> None:
    assert Sequences.from_input(X).take(torch.arange(3))[0].shape == (3, 3, 1)


def test_read_only_memory_is_taken_and_the_callers_array_is_never_written() -> None:
    X = np.ones((2, 3, 1))
    X.flags.writeable = False
    values, _ = Sequences.from_input(X).take(torch.tensor([0]))
    values += 1
    np.testing.assert_array_equal(X, 1.0)


@pytest.mark.parametrize("as_objects", [False, True])
def test_ragged_rows(as_objects: bool) -> None:
    rows = ragged([3, 1, 5])
    X: Any = rows
    if as_objects:
        X = np.empty(3, dtype=object)
        X[:] = rows
    sequences = Sequences.from_input(X)
    assert sequences.lengths is not None
    assert sequences.lengths.tolist() == [3, 1, 5]
    assert sequences.n_steps == 5
    values, lengths = sequences.take(torch.tensor([1, 0]))
    assert lengths is not None
    assert lengths.tolist() == [1, 3]
    np.testing.assert_array_equal(values[0, 0], rows[1][0].astype(np.float32))
    assert (values[0, 1:] == 0).all()
    np.testing.assert_array_equal(values[1], rows[0].astype(np.float32))


def test_lists_of_numbers_of_unlike_length_are_one_channel() -> None:
    values, lengths = Sequences.from_input([[1, 2, 3], [4]]).take(torch.tensor([1, 0]))
    assert lengths is not None
    assert lengths.tolist() == [1, 3]
    assert values[:, :, 0].tolist() == [[4, 0, 0], [1, 2, 3]]


@given(
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=9),
    data=st.data(),
)
def test_taking_and_selecting_agree_with_the_rows(lengths: list[int], data: st.DataObject) -> None:
    rows = ragged(lengths)
    sequences = Sequences.from_input(rows)
    chosen = torch.tensor(data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=12)))
    selected = sequences.select(chosen)
    values, taken = sequences.take(chosen)
    for place, index in enumerate(chosen.tolist()):
        length = lengths[index]
        assert taken is None or int(taken[place]) == length
        np.testing.assert_array_equal(values[place, :length], rows[index].astype(np.float32))
        assert (values[place, length:] == 0).all()
        np.testing.assert_array_equal(selected.rows()[place], rows[index])
    assert values.shape[1] == max(lengths[index] for index in chosen.tolist())


def test_the_weight_of_a_sequence_is_that_of_its_steps() -> None:
    weight = torch.tensor([2.0, 5.0])
    dense, uneven = Sequences.from_input(np.zeros((2, 3, 1))), Sequences.from_input(ragged([1, 2]))
    assert dense.step_weights(weight).tolist() == [[2, 2, 2], [5, 5, 5]]
    assert uneven.step_weights(weight).tolist() == [2, 5, 5]


def holed(value: float) -> np.ndarray[Any, Any]:
    X = np.zeros((3, 4, 2))
    X[1, 2, 0] = value
    return X


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (np.zeros((0, 3, 1)), r"X has no sequences: its shape is \(0, 3, 1\)"),
        ([], r"got an array of shape \(0,\)"),
        (np.zeros((2, 0, 1)), r"X has sequences without steps or channels"),
        ([np.zeros((2, 1)), np.zeros((0, 1))], r"X\[1\] has no steps: its shape is \(0, 1\). Leave such sequences out"),
        ([np.zeros((2, 1)), np.zeros((3, 2))], r"X\[1\] has 2 channels, but X\[0\] has 1; all sequences"),
        ([np.zeros((2, 1)), np.zeros((3, 2, 2))], r"X\[1\] must be one sequence, an array of shape \(T, I\)"),
        (np.zeros(3), r"X must be an array of shape \(n, T, I\) or \(n, T\).* got an array of shape \(3,\)"),
        (np.zeros((1, 1, 1, 1)), r"got an array of shape \(1, 1, 1, 1\)"),
        (holed(np.nan), r"X contains NaN at sequence 1, step 2, channel 0 \(counted from 0; 1 such value in all\)"),
        (holed(-np.inf), r"X contains infinity at sequence 1, step 2, channel 0"),
        (holed(np.nan).astype(np.float32), r"X contains NaN at sequence 1"),
        ([np.zeros((2, 1)), np.array([[0.0], [np.nan], [np.nan]])], r"X\[1\] contains NaN at step 1.*2 such values"),
        (np.array([["a", "b"]]), r"X holds text, not real numbers"),
        (np.zeros((1, 2), dtype=complex), r"X holds complex numbers"),
        (np.zeros((1, 2), dtype="datetime64[D]"), r"X holds dates"),
        (np.array([[1.0, "a"]], dtype=object), r"X holds something that is not a number"),
        ([[1.0, 2.0], "ab"], r"X"),
        (object(), r"X holds something that is not a number"),
    ],
)
def test_bad_input(X: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        Sequences.from_input(X)


def test_large_finite_values_are_not_taken_for_infinite() -> None:
    assert len(Sequences.from_input(np.full((2, 3, 1), 3e38, dtype=np.float32))) == 2
