"""Measure a step of training on language: ``python scripts/measure_language_training.py [rounds] [threads]``.

The network of the recipe ``ptb``: 2 x LSTM 200, 20 lanes of 20 steps, 10,000 words, SGD with the norm clipped at 5;
tokens at random, which take the same work as words. Four ways alternate, so that all meet the same load of the machine:

- ``gatecell``: network, objective and optimiser of the recipe ``ptb``, float32;
- ``bfloat16``: the same with the products of softmax and layers in bfloat16;
- ``pytorch``: a plain loop of ``nn.Embedding``, ``nn.LSTM``, ``nn.Linear``, ``cross_entropy``, ``clip_grad_norm_`` and
  ``torch.optim.SGD``, its state carried and detached, float32;
- ``softmax``: the linear layer and ``cross_entropy`` of that loop alone, forward and backward.

Printed are the tenth percentile and the median of the time a step: with one thread the processor's own, which says more
where others use the machine too, with more the clock's.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gatecell.kernels.options import Precision
from gatecell.nn.config import LSTMConfig
from gatecell.nn.language import LanguageConfig, LanguageNetwork
from gatecell.training.batches import Batch
from gatecell.training.config import TrainingConfig
from gatecell.training.objective import StreamObjective
from gatecell.training.optimisation import GradientRules, build_optimizer

VOCABULARY, HIDDEN, LAYERS, LANES, STEPS = 10_000, 200, 2, 20, 20
FRESH = torch.zeros(LANES, dtype=torch.bool)


def own_step(precision: Precision) -> Callable[[Tensor, Tensor], None]:
    """Return a step of Gatecell's training."""
    layers = LSTMConfig(hidden_size=HIDDEN, num_layers=LAYERS, precision=precision)
    network = LanguageNetwork(
        LanguageConfig(
            vocabulary_size=VOCABULARY,
            embedding_dim=HIDDEN,
            lstm=layers,
            softmax_precision=precision,
            init_range=0.1,
        )
    )
    config = TrainingConfig(optimizer="sgd", learning_rate=1.0, clip_norm=5.0)
    optimizer, rules, objective = build_optimizer(network, config), GradientRules(network, config), StreamObjective()

    def step(tokens: Tensor, target: Tensor) -> None:
        optimizer.zero_grad()
        objective(network, Batch((tokens, None, FRESH), target)).minimised.backward()
        rules.apply()
        optimizer.step()

    return step


def plain_step() -> Callable[[Tensor, Tensor], None]:
    """Return a step of a plain loop in PyTorch."""
    embedding, lstm = nn.Embedding(VOCABULARY, HIDDEN), nn.LSTM(HIDDEN, HIDDEN, LAYERS, batch_first=True)
    softmax = nn.Linear(HIDDEN, VOCABULARY)
    parameters = [*embedding.parameters(), *lstm.parameters(), *softmax.parameters()]
    for parameter in parameters:
        nn.init.uniform_(parameter, -0.1, 0.1)
    optimizer = torch.optim.SGD(parameters, lr=1.0)
    state: list[tuple[Tensor, Tensor] | None] = [None]

    def step(tokens: Tensor, target: Tensor) -> None:
        optimizer.zero_grad()
        features, (h, c) = lstm(embedding(tokens), state[0])
        state[0] = (h.detach(), c.detach())
        scores = softmax(features).flatten(0, 1)
        (cross_entropy(scores, target.flatten(), reduction="sum") / LANES).backward()
        nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()

    return step


def softmax_step() -> Callable[[Tensor, Tensor], None]:
    """Return the softmax of a plain loop, forward and backward."""
    softmax, features = nn.Linear(HIDDEN, VOCABULARY), torch.randn(LANES * STEPS, HIDDEN).requires_grad_()

    def step(tokens: Tensor, target: Tensor) -> None:
        softmax.zero_grad()
        features.grad = None
        cross_entropy(softmax(features), target.flatten(), reduction="sum").backward()

    return step


def main(rounds: int = 60, threads: int = 1) -> None:
    """Measure and print."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    clock = time.thread_time if threads == 1 else time.perf_counter
    ways = {
        "gatecell": own_step("full"),
        "bfloat16": own_step("bfloat16"),
        "pytorch": plain_step(),
        "softmax": softmax_step(),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        tokens, target = (torch.randint(0, VOCABULARY, (LANES, STEPS)) for _ in range(2))
        for name, step in ways.items():
            began = clock()
            step(tokens, target)
            times[name].append((clock() - began) * 1000)
    for name, found in times.items():
        low = statistics.quantiles(found, n=10)[0]
        sys.stdout.write(f"{name:9} {low:6.1f} ms a step at best, {statistics.median(found):6.1f} ms the median\n")
    for name in ("gatecell", "bfloat16"):
        ratios = [slow / fast for fast, slow in zip(times[name], times["pytorch"], strict=True)]
        sys.stdout.write(f"pytorch / {name}: {statistics.median(ratios):.2f}, the median over {rounds} rounds\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
