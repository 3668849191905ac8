"""Prediction in batches, and the weighted mean loss."""

import numpy as np
import pytest
import torch

from gatecell._core.errors import InputError
from gatecell.data.sequences import Sequences
from gatecell.training.batches import RowSource
from gatecell.training.objective import RowObjective
from gatecell.training.prediction import evaluate, predict, weighted_mean
from tests.training.tools import N_ROWS, TensorRows, rows_of, squared, tiny_network


@pytest.mark.parametrize("batch_size", [1, 5, N_ROWS, 100])
def test_prediction_does_not_depend_on_the_batches(batch_size: int) -> None:
    network, rows = tiny_network(), rows_of()
    assert isinstance(rows.rows, TensorRows)
    torch.testing.assert_close(predict(network, rows, batch_size), network(*rows.rows.inputs).detach())
    assert max(len(taken) for taken in rows.rows.taken) == min(batch_size, N_ROWS)
    assert torch.equal(torch.cat(rows.rows.taken), torch.arange(N_ROWS))


def test_prediction_is_in_evaluation_mode_and_leaves_each_part_in_its_own() -> None:
    network = torch.nn.Sequential(torch.nn.Dropout(0.5), tiny_network(), torch.nn.Dropout(0.5))
    network.train()
    network[1].eval()
    modes = [module.training for module in network.modules()]
    rows = rows_of()
    assert torch.equal(predict(network, rows), predict(network, rows))
    assert [module.training for module in network.modules()] == modes


def test_modes_come_back_after_an_error() -> None:
    network = tiny_network().train()
    with pytest.raises(RuntimeError):
        predict(network, rows_of((N_ROWS, 9)))
    assert network.training


def test_a_prediction_may_enter_autograd() -> None:
    prediction = predict(tiny_network(), rows_of())
    assert not prediction.is_inference()
    (prediction * torch.ones(1, requires_grad=True)).sum().backward()


def test_no_rows_are_an_error() -> None:
    with pytest.raises(InputError, match="There are no rows to predict."):
        predict(tiny_network(), RowSource(TensorRows((torch.zeros(0, 3),))))


def test_the_weighted_mean_by_hand() -> None:
    losses = torch.tensor([[1.0, 3.0], [10.0, 20.0]])
    assert weighted_mean(losses, None)[0] == 8.5
    mean, total = weighted_mean(losses, torch.tensor([3.0, 1.0]))
    assert (float(mean), float(total)) == ((3 * 2 + 15) / 4, 4.0)
    mean, total = weighted_mean(losses, torch.zeros(2))
    assert (float(mean), float(total)) == (0.0, 0.0)


@pytest.mark.parametrize("dtype", [torch.int64, torch.float64, torch.float16])
def test_weights_of_other_types_count_the_same(dtype: torch.dtype) -> None:
    losses = torch.tensor([1.0, 2.0, 4.0])
    mean, _ = weighted_mean(losses, torch.tensor([3, 1, 0]).to(dtype))
    assert mean.dtype == torch.float32
    assert float(mean) == 1.25


@pytest.mark.parametrize("weighted", [False, True])
def test_measuring_equals_one_large_batch(weighted: bool) -> None:
    network, weight = tiny_network(), torch.rand(N_ROWS) if weighted else None
    rows = rows_of(weight=weight)
    losses = squared(predict(network, rows), rows.target)[:, 0]  # type: ignore[arg-type]
    expected = losses.mean() if weight is None else (losses * weight).sum() / weight.sum()
    values = evaluate(network, RowObjective(squared), rows, 5, {"worst": lambda p, t: float((p - t).abs().max())})
    assert values["loss"] == pytest.approx(float(expected), rel=1e-5)
    assert values["worst"] == pytest.approx(float(losses.max().sqrt()), rel=1e-5)


def test_a_loss_needs_targets() -> None:
    with pytest.raises(InputError, match="A loss needs targets, and these rows have none."):
        evaluate(tiny_network(), RowObjective(squared), RowSource(TensorRows((torch.zeros(4, 3),))), 2, {})


class Doubling(torch.nn.Module):
    """Returns twice the first value of each row, and notes the lengths that it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[int]] = []

    def forward(self, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        self.seen.append(lengths.tolist())
        return 2 * values[:, 0]


def test_ragged_rows_are_predicted_together_with_their_like_and_come_back_in_order() -> None:
    rows = Sequences.from_input([np.full((length, 1), index) for index, length in enumerate([5, 1, 4, 1, 9])])
    network = Doubling()
    prediction = predict(network, RowSource(rows), batch_size=2)
    assert prediction.flatten().tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert network.seen == [[1, 1], [4, 5], [9]]
    source = RowSource(rows, torch.tensor([[0.0], [2.0], [4.0], [6.0], [9.0]]))
    assert evaluate(network, RowObjective(squared), source, 2, {})["loss"] == pytest.approx(1 / 5)
