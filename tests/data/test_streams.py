"""Sequences in lanes and chunks."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError, OptionError
from gatecell.data.streams import IGNORED, Streams
from gatecell.data.tokens import Tokens


def numbered(*lengths: int) -> Tokens:
    """Rows whose tokens are all different: row k has 1000 k, 1000 k + 1, ..."""
    return Tokens.from_rows([list(range(1000 * row, 1000 * row + length)) for row, length in enumerate(lengths)])


def read(streams: Streams) -> list[list[list[tuple[int, int]]]]:
    """Return, of each lane, its sequences as pairs of token and target."""
    lanes: list[list[list[tuple[int, int]]]] = [[] for _ in range(streams.starts.shape[1])]
    for index in range(len(streams)):
        tokens, target, lengths, fresh = streams.chunk(index)
        for lane, sequences in enumerate(lanes):
            count = tokens.shape[1] if lengths is None else int(lengths[lane])
            if bool(fresh[lane]):
                sequences.append([])
            if count:
                sequences[-1] += zip(tokens[lane, :count].tolist(), target[lane, :count].tolist(), strict=True)
    return lanes


def test_one_text_is_read_by_all_lanes_and_each_goes_on_where_it_stopped() -> None:
    streams = Streams.deal(numbered(25), lanes=3, steps=3)
    pairs = [(k, k + 1) for k in range(24)]
    assert read(streams) == [[pairs[:8]], [pairs[8:16]], [pairs[16:]]]
    assert len(streams) == 3
    first, last = streams.chunk(0), streams.chunk(2)
    assert first.lengths is None
    assert first.tokens.tolist() == [[0, 1, 2], [8, 9, 10], [16, 17, 18]]
    assert first.fresh.tolist() == [True] * 3
    assert last.tokens.shape == (3, 2)
    assert last.fresh.tolist() == [False] * 3


def test_sequences_begin_in_chunks_of_their_own() -> None:
    streams = Streams.deal(numbered(4, 3, 6), lanes=2, steps=2)
    assert read(streams) == [
        [[(0, 1), (1, 2), (2, 3)]],
        [[(1000, 1001), (1001, 1002)], [(k, k + 1) for k in range(2000, 2005)]],
    ]
    assert [streams.chunk(index).fresh.tolist() for index in range(len(streams))] == [
        [True, True],
        [False, True],
        [False, False],
        [False, False],
    ]
    lengths = streams.chunk(1).lengths
    assert lengths is not None
    padded = torch.arange(streams.chunk(1).tokens.shape[1]) >= lengths[:, None]
    assert set(streams.chunk(1).target[padded].tolist()) == {IGNORED}
    assert set(streams.chunk(1).tokens[padded].tolist()) == {0}


@given(
    lengths=st.lists(st.integers(2, 40), min_size=1, max_size=8),
    lanes=st.integers(1, 7),
    steps=st.integers(1, 9),
    cut=st.booleans(),
)
def test_every_token_but_the_first_is_a_target_once(lengths: list[int], lanes: int, steps: int, cut: bool) -> None:
    tokens = numbered(*lengths)
    streams = Streams.deal(tokens, lanes=lanes, steps=steps, cut=cut)
    sequences = [sequence for lane in read(streams) for sequence in lane]
    assert all(target == token + 1 for sequence in sequences for token, target in sequence)
    assert all(a[1] == b[0] for sequence in sequences for a, b in pairwise(sequence))
    targets = sorted(target for sequence in sequences for _, target in sequence)
    assert targets == sorted(token for row in tokens.rows() for token in row[1:].tolist())
    assert streams.n_targets == len(targets)
    assert streams.starts.shape[1] <= lanes
    if not cut:
        assert sorted(map(len, sequences)) == sorted(length - 1 for length in lengths)


def test_lanes_are_of_like_length() -> None:
    streams = Streams.deal(numbered(*[6] * 100), lanes=4, steps=5)
    assert streams.lengths.sum(0).tolist() == [125] * 4


def test_bad_input() -> None:
    with pytest.raises(InputError, match=r"Sequence 1 \(counted from 0\) has one token alone, so that there is none"):
        Streams.deal(numbered(3, 1), lanes=1, steps=2)
    with pytest.raises(OptionError, match="lanes must be an integer of at least 1, got 0"):
        Streams.deal(numbered(3), lanes=0, steps=2)
    with pytest.raises(OptionError, match="steps must be an integer of at least 1, got 0"):
        Streams.deal(numbered(3), lanes=1, steps=0)
