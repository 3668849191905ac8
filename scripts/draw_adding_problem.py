"""Draw why gates help: a plain recurrent network and an LSTM on the adding problem, docs/images/adding-problem.png.

    python scripts/draw_adding_problem.py [FIGURE]

Each row has 100 steps of two values, a random number and a mark; two steps are marked, one in each half, and the
answer is the sum of their numbers (Hochreiter & Schmidhuber 1997). Every network has 32 units, the same batches and the
same optimiser. Printed are the numbers that docs/explanation/gates.md has: the error on rows not learnt from, and how
long the gradient of the loss with respect to each step's input is. It takes two minutes of one thread.
"""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gatecell.nn import LSTM
from gatecell.plotting.axes import FIRST, QUIET, SECOND, THIRD

FIGURE = Path("docs/images/adding-problem.png")
STEPS, UNITS, BATCH, UPDATES, JUDGED = 100, 32, 64, 1500, 256
LEARNING_RATE, CLIP_NORM = 0.01, 1.0
SEEDS = (0, 1, 2)
EVERY = 50
"""Updates from one point of a learning curve to the next."""
SOLVED = 0.01
"""A mean squared error that a network has which adds; a constant answer has 1/6."""
LENGTHS = (1e-27, 1e1)
"""Lengths of gradients that the figure shows."""
SHOWN = (1, 25, 50, 75, 100)
"""The steps whose gradients are printed."""


def rows(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return ``n`` rows (n, STEPS, 2) and their sums (n,)."""
    numbers, marks = torch.rand(n, STEPS, generator=generator), torch.zeros(n, STEPS)
    half = STEPS // 2
    for begin in (0, half):
        place = torch.randint(begin, begin + half, (n,), generator=generator)
        marks[torch.arange(n), place] = 1.0
    return torch.stack([numbers, marks], dim=2), (numbers * marks).sum(dim=1)


class Adder(nn.Module):
    """A recurrent layer, and a number from its last step."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.head = layer, nn.Linear(UNITS, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return a number a row, (n,)."""
        return self.head(self.layer(x)[0][:, -1])[:, 0]


def plain() -> nn.Module:
    """Return a plain network, started as PyTorch does."""
    return nn.RNN(2, UNITS, batch_first=True)


def orthogonal() -> nn.Module:
    """Return a plain network with an orthogonal U to start with, which neither shrinks nor stretches."""
    layer = nn.RNN(2, UNITS, batch_first=True)
    nn.init.xavier_uniform_(layer.weight_ih_l0)
    nn.init.orthogonal_(layer.weight_hh_l0)
    nn.init.zeros_(layer.bias_ih_l0)
    nn.init.zeros_(layer.bias_hh_l0)
    return layer


def gated() -> nn.Module:
    """Return an LSTM as it starts by default."""
    return LSTM(2, UNITS, batch_first=True)


def gated_without_bias_of_1() -> nn.Module:
    """Return an LSTM whose forget gates start half open."""
    return LSTM(2, UNITS, batch_first=True, forget_bias=0.0)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    "plain RNN": (plain, QUIET, "-"),
    "plain RNN, orthogonal U": (orthogonal, SECOND, "-"),
    "LSTM": (gated, FIRST, "-"),
    "LSTM, forget bias 0": (gated_without_bias_of_1, THIRD, "--"),
}


@dataclass
class Run:
    """What one network did with one seed."""

    before: NDArray[np.float64]
    """Gradient norm of each step's input before training, (STEPS,)."""
    after: NDArray[np.float64] = field(default_factory=lambda: np.zeros(STEPS))
    """The same after training."""
    errors: list[float] = field(default_factory=list)
    """Mean squared error on rows not learnt from, every EVERY updates."""

    @property
    def solved_at(self) -> int | None:
        """Updates after which the error was first below SOLVED."""
        return next((EVERY * (k + 1) for k, error in enumerate(self.errors) if error < SOLVED), None)


def gradient_norms(network: nn.Module, x: Tensor, y: Tensor) -> NDArray[np.float64]:
    """Return the length of the gradient of a row's loss with respect to each step's input, mean over rows, (STEPS,)."""
    x = x.detach().double().requires_grad_()
    exact = network.double()
    ((exact(x) - y.double()) ** 2).sum().backward()
    assert x.grad is not None
    network.float().zero_grad()
    return x.grad.norm(dim=2).mean(dim=0).numpy()


def train(make: Callable[[], nn.Module], seed: int) -> Run:
    """Train one network."""
    torch.manual_seed(seed)
    network = Adder(make())
    x, y = rows(JUDGED, torch.Generator().manual_seed(1000))
    run = Run(before=gradient_norms(network, x, y))
    optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    batches = torch.Generator().manual_seed(seed)
    for update in range(1, UPDATES + 1):
        given, wanted = rows(BATCH, batches)
        optimiser.zero_grad()
        ((network(given) - wanted) ** 2).mean().backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
        optimiser.step()
        if update % EVERY == 0:
            with torch.no_grad():
                run.errors.append(float(((network(x) - y) ** 2).mean()))
    run.after = gradient_norms(network, x, y)
    return run


def geometric_mean(values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the mean over seeds of what is looked at on a logarithmic scale; 0 counts as the smallest float64."""
    logs = np.log10(np.maximum(np.stack(values), np.finfo(np.float64).tiny))
    return np.asarray(10 ** logs.mean(axis=0))


def table(runs: dict[str, list[Run]]) -> str:
    """Return the numbers that the text uses."""
    lines = [f"constant answer 1: mean squared error {1 / 6:.4f}"]
    for name, each in runs.items():
        last = ", ".join(f"{run.errors[-1]:.4f}" for run in each)
        solved = ", ".join(str(run.solved_at or "never") for run in each)
        lines.append(f"{name}: error after {UPDATES} updates {last}; below {SOLVED} after {solved} (seeds {SEEDS})")
        for when, values in (("before", [r.before for r in each]), ("after", [r.after for r in each])):
            norms = geometric_mean(values)
            shown = ", ".join(f"{step}: {norms[step - 1]:.1e}" for step in SHOWN)
            lines.append(f"    gradient norm by step, {when} training: {shown}")
    return "\n".join(lines)


def draw(runs: dict[str, list[Run]], path: Path) -> None:
    """Write the figure: learning curves, and gradients before and after training."""
    plt.rcParams["font.size"] = 12
    figure, (learning, *gradients) = plt.subplots(1, 3, figsize=(11.5, 4.4), layout="constrained")
    updates, steps = np.arange(1, UPDATES // EVERY + 1) * EVERY, np.arange(1, STEPS + 1)
    for name, each in runs.items():
        _, colour, style = NETWORKS[name]
        for run in each:
            learning.plot(updates, run.errors, color=colour, linestyle=style, linewidth=1.1)
        for axes, norms in zip(gradients, ([run.before for run in each], [run.after for run in each]), strict=True):
            axes.plot(steps, geometric_mean(norms), color=colour, linestyle=style, label=name)
    learning.axhline(1 / 6, color="black", linewidth=0.8, linestyle=":")
    learning.annotate("always 1", (updates[-1], 1 / 6), (0, -4), textcoords="offset points", ha="right", va="top")
    learning.set(xlabel="updates", ylabel="mean squared error", ylim=(0, 0.3), title="Learning, three seeds")
    for axes, when in zip(gradients, ("before training", "after training"), strict=True):
        axes.set(xlabel="step", yscale="log", ylim=LENGTHS, title=f"Gradient, {when}")
    gradients[0].set_ylabel("length")
    figure.legend(*gradients[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(runs))
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=96)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(stream).convert("RGB").quantize(64).save(path, optimize=True)


def main(arguments: list[str]) -> None:
    """Train, print, draw."""
    torch.set_num_threads(1)
    runs = {name: [train(make, seed) for seed in SEEDS] for name, (make, _, _) in NETWORKS.items()}
    print(table(runs))  # noqa: T201
    draw(runs, Path(arguments[0]) if arguments else FIGURE)


if __name__ == "__main__":
    main(sys.argv[1:])
