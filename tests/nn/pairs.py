"""Modules of PyTorch beside ours with the same weights, in double precision."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from gatecell.nn.cell import LSTMCell
from gatecell.nn.lstm import LSTM

KINDS = ["layer", "cell"]


def pair(kind: str, engine: str = "auto", **shape: Any) -> tuple[nn.Module, nn.Module]:
    """Return ours and PyTorch's: a layer of both directions, batch first, or a cell; 5 features, 7 cells."""
    torch.manual_seed(0)
    if kind == "cell":
        cell = nn.LSTMCell(5, 7, dtype=torch.float64, **shape)
        return LSTMCell.from_torch(cell, engine=engine), cell
    layer = nn.LSTM(5, 7, **{"batch_first": True, "bidirectional": True, **shape}, dtype=torch.float64)
    return LSTM.from_torch(layer, engine=engine), layer


def example(kind: str, rows: int = 3, steps: int = 4) -> Tensor:
    """Return an input: (rows, steps, 5) for a layer, (rows, 5) for a cell."""
    generator = torch.Generator().manual_seed(1)
    shape = (rows, 5) if kind == "cell" else (rows, steps, 5)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def tensors(results: Any) -> list[Tensor]:
    """Return the tensors in a nest of tuples, lists and dicts."""
    return [leaf for leaf in tree_leaves(results) if isinstance(leaf, Tensor)]


def stacked(results: Iterable[Any]) -> list[Tensor]:
    """Return the results of several calls side by side, tensor by tensor."""
    return [torch.stack(values) for values in zip(*map(tensors, results), strict=True)]


def scalar(results: Any) -> Tensor:
    """Return a number that depends on all that a module returns."""
    return torch.stack([value.square().sum() + value.sum() for value in tensors(results)]).sum()


def assert_equal(found: Any, expected: Any) -> None:
    """Compare two nests of tensors as double precision allows."""
    ours, theirs = tensors(found), tensors(expected)
    assert len(ours) == len(theirs) > 0
    for value, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(value, other, rtol=1e-9, atol=1e-10)
