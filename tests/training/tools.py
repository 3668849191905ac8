"""A small regression, networks for it, and comparisons."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gatecell.nn.config import LSTMConfig, NetworkConfig, ValuesFront
from gatecell.nn.network import SequenceNetwork
from gatecell.training.batches import RowSource
from gatecell.training.config import TrainingConfig
from gatecell.training.state import copy_weights

N_ROWS = 37


@dataclass
class TensorRows:
    """Rows of tensors; ``on_take`` is called with the number of the call, from 1."""

    inputs: tuple[Tensor, ...]
    on_take: Callable[[int], None] = lambda _: None
    taken: list[Tensor] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.inputs[0])

    def take(self, indices: Tensor) -> tuple[Tensor | None, ...]:
        self.taken.append(indices)
        self.on_take(len(self.taken))
        return tuple(item.index_select(0, indices) for item in self.inputs)


def bare_rows(count: int, lengths: Tensor | None = None) -> RowSource:
    """Rows of nothing, which may say their lengths."""
    rows = TensorRows((torch.zeros(count, 1),))
    if lengths is not None:
        rows.lengths = lengths  # type: ignore[attr-defined]
    return RowSource(rows)


def rows_of(shape: tuple[int, ...] = (N_ROWS, 3), *, weight: Tensor | None = None, **options: Any) -> RowSource:
    """Random values, and their sum as the target."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(5))
    target = x.flatten(1).sum(1, keepdim=True)
    return RowSource(TensorRows((x,), **options), target, weight)


def tiny_network(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def sequence_network(seed: int = 0, **lstm: Any) -> SequenceNetwork:
    """An LSTM with every kind of dropout, for rows of shape (n, 5, 3)."""
    options = {"hidden_size": 6, "recurrent_dropout": 0.2, "input_dropout": 0.2, "zoneout_h": 0.1, **lstm}
    config = NetworkConfig(
        front=ValuesFront(input_size=3), lstm=(LSTMConfig(**options),), output_size=1, head_dropout=0.2
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SequenceNetwork(config)


def squared(prediction: Tensor, target: Tensor) -> Tensor:
    return (prediction - target).square()


def config_of(**options: Any) -> TrainingConfig:
    return TrainingConfig(**{"accelerator": "cpu", "max_epochs": 3, "batch_size": 8, **options})


class Scripted:
    """A metric that gives one value after the other, whatever it is shown."""

    def __init__(self, *values: float) -> None:
        self._values = iter(values)

    def __call__(self, prediction: Tensor, target: Tensor) -> float:
        return next(self._values)


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    return copy_weights(network)


def identical(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether two state dicts agree bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
