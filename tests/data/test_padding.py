"""Cutting and padding at either end, against lists."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import OptionError, UnknownNameError
from gatecell.data.padding import cut, pad
from gatecell.data.sequences import Sequences
from gatecell.data.tokens import Tokens

ends = st.sampled_from(["start", "end"])


@given(
    rows=st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=8), min_size=1, max_size=5),
    n_steps=st.integers(1, 9),
    at=ends,
    keep=ends,
)
def test_tokens(rows: list[list[int]], n_steps: int, at: Any, keep: Any) -> None:
    expected = []
    for row in rows:
        kept = row[:n_steps] if keep == "start" else row[max(len(row) - n_steps, 0) :]
        zeros = [0] * (n_steps - len(kept))
        expected.append(kept + zeros if at == "end" else zeros + kept)
    assert pad(Tokens.from_rows(rows), n_steps, at=at, keep=keep).tolist() == expected


@pytest.mark.parametrize("ragged", [False, True])
def test_sequences_of_values(ragged: bool) -> None:
    rows = [np.arange(6.0).reshape(3, 2), np.ones((1 if ragged else 3, 2))]
    sequences = Sequences.from_input(rows)
    padded = pad(sequences, 4, at="start", value=-1.0)
    assert padded.shape == (2, 4, 2)
    assert padded.dtype == torch.float64
    assert padded[0].tolist() == [[-1, -1], [0, 1], [2, 3], [4, 5]]
    assert [len(row) for row in cut(sequences, 2, keep="end")] == [2, 1 if ragged else 2]
    assert cut(sequences, 2, keep="end")[0].tolist() == [[2, 3], [4, 5]]


def test_options() -> None:
    tokens = Tokens.from_rows([[1, 2]])
    with pytest.raises(OptionError, match="n_steps must be an integer of at least 1, got 0"):
        cut(tokens, 0)
    with pytest.raises(UnknownNameError, match="There is no keep named 'front'"):
        cut(tokens, 1, keep="front")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="There is no at named 'front'"):
        pad(tokens, 1, at="front")  # type: ignore[arg-type]
