"""Rows by index, and the order of an epoch."""

import pytest
import torch

from gatecell._core.errors import InputError
from gatecell.training.batches import Batch, RowSource, batch_indices, epoch_order
from tests.training.tools import TensorRows


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
    assert [rows.tolist() for rows in batch_indices(5, 2)] == [[0, 1], [2, 3], [4]]
    assert [rows.tolist() for rows in batch_indices(2, 5)] == [[0, 1]]
