"""Measure what ``fit`` adds to the steps that it takes: ``python scripts/measure_training_loop.py [rows] [rounds]``.

MNIST-shaped random rows (28, 28), LSTM 128, pooling of the last step, 10 classes, batches of 64, 2 threads. Three ways
of taking the same optimiser steps alternate, so that all meet the same load of the machine:

- ``bare``: forward, backward and a step of fused Adam over batches that lie ready, and nothing else;
- ``fit``: the whole of ``gatecell.training.loop.fit``;
- ``single``: the same, with each step handed out by Lightning on its own.

The windows of 16 steps are timed. Printed is the tenth percentile over the windows, the machine at its quietest.
"""

import statistics
import sys
import time
from collections.abc import Callable
from unittest import mock

import torch
from torch import Tensor, nn

from gatecell.nn.config import LSTMConfig, NetworkConfig, ValuesFront
from gatecell.nn.network import SequenceNetwork
from gatecell.training import module
from gatecell.training.batches import RowSource
from gatecell.training.config import TrainingConfig
from gatecell.training.loop import fit

BATCH_SIZE = 64
WINDOW = 16


class TimedRows:
    """Rows that note when they are taken: the time from one call to the next is that of a whole step."""

    def __init__(self, values: Tensor) -> None:
        self._values = values
        self.times: list[float] = []

    def __len__(self) -> int:
        return len(self._values)

    def take(self, indices: Tensor) -> tuple[Tensor | None, ...]:
        """Return the values, and no lengths."""
        self.times.append(time.perf_counter())
        return self._values.index_select(0, indices), None


def bare_epoch(rows: Tensor, target: Tensor) -> list[float]:
    """Return the times at which the steps began."""
    network = _network()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001, fused=True)
    batches = [(rows[:BATCH_SIZE].clone(), target[:BATCH_SIZE].clone()) for _ in range(8)]
    times = []
    for step in range(-(-len(rows) // BATCH_SIZE)):
        times.append(time.perf_counter())
        values, classes = batches[step % len(batches)]
        optimizer.zero_grad()
        _cross_entropy(network(values), classes).mean().backward()
        optimizer.step()
    return times


def fit_epoch(rows: Tensor, target: Tensor) -> list[float]:
    """Return the times at which the steps began."""
    timed = TimedRows(rows)
    config = TrainingConfig(max_epochs=1, batch_size=BATCH_SIZE, learning_rate=0.001, accelerator="cpu")
    fit(_network(), _cross_entropy, RowSource(timed, target), config=config)
    return timed.times


def single_epoch(rows: Tensor, target: Tensor) -> list[float]:
    """Return the times at which the steps began."""
    with mock.patch.object(module, "STEPS_PER_CALL", 1):
        return fit_epoch(rows, target)


def main(n_rows: int = 60_000, rounds: int = 3) -> None:
    """Measure and print."""
    torch.set_num_threads(2)
    rows, target = torch.randn(n_rows, 28, 28), torch.randint(0, 10, (n_rows,))
    ways: dict[str, Callable[[Tensor, Tensor], list[float]]] = {
        "bare": bare_epoch,
        "fit": fit_epoch,
        "single": single_epoch,
    }
    windows: dict[str, list[float]] = {name: [] for name in ways}
    epochs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            times = way(rows, target)
            epochs[name].append(time.perf_counter() - began)
            windows[name] += [(b - a) * 1000 / WINDOW for a, b in zip(times, times[WINDOW:], strict=False)]
    low = {name: statistics.quantiles(times, n=10)[0] for name, times in windows.items()}
    for name, step_ms in low.items():
        beyond = 100 * (1 - low["bare"] / step_ms)
        sys.stdout.write(
            f"{name:6}  {step_ms:6.3f} ms a step, of which {beyond:4.1f} % beyond the bare step; "
            f"best epoch {min(epochs[name]):.2f} s\n"
        )


def _network() -> SequenceNetwork:
    torch.manual_seed(0)
    lstm = (LSTMConfig(hidden_size=128),)
    return SequenceNetwork(NetworkConfig(front=ValuesFront(input_size=28), lstm=lstm, output_size=10))


def _cross_entropy(prediction: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(prediction, target, reduction="none")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
