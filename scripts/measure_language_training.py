"""Measure a step of the Penn Treebank's small network: ``python scripts/measure_language_training.py [rounds]``.

2 x LSTM 200, 20 lanes of 20 steps, 10,000 words, SGD with the norm clipped at 5, float32, one thread; tokens at random,
which take the same work as words. Three ways of taking the same optimiser step alternate, so that all meet the same
load of the machine:

- ``gatecell``: the recipe's network, objective and optimiser;
- ``pytorch``: a plain loop of ``nn.Embedding``, ``nn.LSTM``, ``nn.Linear``, ``cross_entropy``, ``clip_grad_norm_`` and
  ``torch.optim.SGD``, its state carried and detached;
- ``softmax``: the linear layer and ``cross_entropy`` of that loop alone, forward and backward.

Printed are the tenth percentile and the median of the processor's time a step, which says more than the clock where
others use the machine too.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gatecell.nn.config import LSTMConfig
from gatecell.nn.language import LanguageConfig, LanguageNetwork
from gatecell.training.batches import Batch
from gatecell.training.config import TrainingConfig
from gatecell.training.objective import StreamObjective
from gatecell.training.optimisation import GradientRules, build_optimizer

VOCABULARY, HIDDEN, LAYERS, LANES, STEPS = 10_000, 200, 2, 20, 20
FRESH = torch.zeros(LANES, dtype=torch.bool)


def own_step() -> Callable[[Tensor, Tensor], None]:
    """Return a step of Gatecell's training."""
    layers = LSTMConfig(hidden_size=HIDDEN, num_layers=LAYERS)
    network = LanguageNetwork(
        LanguageConfig(vocabulary_size=VOCABULARY, embedding_dim=HIDDEN, lstm=layers, init_range=0.1)
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


def main(rounds: int = 60) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ways = {"gatecell": own_step(), "pytorch": plain_step(), "softmax": softmax_step()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        tokens, target = (torch.randint(0, VOCABULARY, (LANES, STEPS)) for _ in range(2))
        for name, step in ways.items():
            began = time.thread_time()
            step(tokens, target)
            times[name].append((time.thread_time() - began) * 1000)
    for name, found in times.items():
        low = statistics.quantiles(found, n=10)[0]
        sys.stdout.write(f"{name:9} {low:6.1f} ms a step at best, {statistics.median(found):6.1f} ms the median\n")
    ratios = [b / a for a, b in zip(times["gatecell"], times["pytorch"], strict=True)]
    sys.stdout.write(f"pytorch / gatecell: {statistics.median(ratios):.2f}, the median over {rounds} pairs\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
