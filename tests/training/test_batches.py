"""Rows by index, and the order of an epoch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError
from gatecell.data.sequences import Sequences
from gatecell.training.batches import Batch, RowSource, batch_indices, epoch_order, order_by_length, row_lengths
from tests.training.tools import TensorRows, bare_rows


def test_a_source_takes_rows_in_the_order_asked_for() -> None:
    x, y, w = torch.arange(12.0).reshape(6, 2), torch.arange(6), torch.arange(1.0, 7)
    batch = RowSource(TensorRows((x, y)), y, w).take(torch.tensor([4, 0, 4]))
    first, second = batch.inputs
    assert first is not None
    assert second is not None
    assert first.tolist() == [[8, 9], [0, 1], [8, 9]]
    assert second.tolist() == [4, 0, 4]
    assert batch.target is not None
    assert batch.target.tolist() == [4, 0, 4]
    assert batch.weight is not None
    assert batch.weight.tolist() == [5, 1, 5]


def test_targets_and_weights_may_be_missing() -> None:
    batch = RowSource(TensorRows((torch.zeros(3, 1),))).take(torch.tensor([1]))
    assert batch.target is None
    assert batch.weight is None


def test_a_batch_moves_as_a_whole() -> None:
    batch = Batch((torch.zeros(2), None), torch.zeros(2), torch.ones(2)).to(torch.device("meta"))
    first, second = batch.inputs
    assert second is None
    for tensor in (first, batch.target, batch.weight):
        assert tensor is not None
        assert tensor.device.type == "meta"
    assert Batch((torch.zeros(2),)).to(torch.device("meta")).target is None


@pytest.mark.parametrize(
    ("target", "weight", "message"),
    [
        (torch.zeros(2), None, "There are 3 rows but 2 targets; give one for each row."),
        (torch.zeros(3), torch.ones(4), "There are 3 rows but 4 weights; give one for each row."),
        (torch.zeros(3), torch.tensor([1.0, -1.0, 1.0]), "Row weights must be finite and not negative."),
        (torch.zeros(3), torch.tensor([1.0, torch.nan, 1.0]), "Row weights must be finite and not negative."),
        (torch.zeros(3), torch.tensor([1.0, torch.inf, 1.0]), "Row weights must be finite and not negative."),
        (torch.zeros(3), torch.zeros(3), "All row weights are 0, which leaves nothing to learn from."),
    ],
)
def test_refusals(target: torch.Tensor, weight: torch.Tensor | None, message: str) -> None:
    with pytest.raises(InputError) as caught:
        RowSource(TensorRows((torch.zeros(3, 1),)), target, weight)
    assert str(caught.value) == message


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    torch.manual_seed(1)
    order = epoch_order(50, seed=3, epoch=2, shuffle=True)
    torch.manual_seed(2)
    assert torch.equal(epoch_order(50, seed=3, epoch=2, shuffle=True), order)
    assert torch.equal(order.sort().values, torch.arange(50))
    others = [
        epoch_order(50, seed=4, epoch=2, shuffle=True),
        epoch_order(50, seed=3, epoch=3, shuffle=True),
        epoch_order(50, seed=3, epoch=2, shuffle=False),
    ]
    assert not any(torch.equal(other, order) for other in others)
    assert torch.equal(others[2], torch.arange(50))


def test_the_last_batch_may_be_smaller() -> None:
    assert [rows.tolist() for rows in batch_indices(bare_rows(5), 2)] == [[0, 1], [2, 3], [4]]
    assert [rows.tolist() for rows in batch_indices(bare_rows(2), 5)] == [[0, 1]]


def test_rows_are_predicted_from_short_to_long() -> None:
    assert [rows.tolist() for rows in batch_indices(bare_rows(4, torch.tensor([5, 2, 9, 2])), 3)] == [[1, 3, 0], [2]]
    ragged = Sequences.from_input([np.ones((3, 1)), np.ones((1, 1))])
    lengths = RowSource(ragged).lengths
    assert lengths is not None
    assert lengths.tolist() == [3, 1]
    assert row_lengths(RowSource(TensorRows((torch.zeros(3, 1),)))) is None


@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=60),
    batch_size=st.integers(1, 7),
    window=st.integers(1, 5),
    epoch=st.integers(0, 3),
)
def test_batches_of_like_length_hold_every_row_once(
    lengths: list[int], batch_size: int, window: int, epoch: int
) -> None:
    order = epoch_order(len(lengths), seed=1, epoch=epoch, shuffle=True)
    steps = torch.tensor(lengths)
    sorted_order = order_by_length(order, steps, batch_size, window, seed=1, epoch=epoch)
    assert torch.equal(sorted_order.sort().values, torch.arange(len(lengths)))
    slow = []
    for start in range(0, len(lengths), batch_size * window):
        piece = sorted(order.tolist()[start : start + batch_size * window], key=lengths.__getitem__)
        slow += [tuple(piece[first : first + batch_size]) for first in range(0, len(piece), batch_size)]
    batches = [tuple(batch.tolist()) for batch in sorted_order.split(batch_size)]
    assert set(batches) == set(slow)
    assert batches[-1] == slow[-1]


def test_the_order_of_the_batches_is_another_one_each_epoch() -> None:
    order, lengths = torch.arange(64), torch.arange(64)
    first = order_by_length(order, lengths, 4, 16, seed=0, epoch=0)
    assert torch.equal(first, order_by_length(order, lengths, 4, 16, seed=0, epoch=0))
    assert not torch.equal(first, order)
    assert not torch.equal(first, order_by_length(order, lengths, 4, 16, seed=0, epoch=1))
    assert not torch.equal(first, order_by_length(order, lengths, 4, 16, seed=1, epoch=0))
