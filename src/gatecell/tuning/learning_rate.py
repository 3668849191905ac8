"""The learning rate by a sweep: train a little under a rate that rises from step to step, and look at the loss.

Smith (2017), "Cyclical learning rates for training neural networks", section 3.3, with the rate rising by the same
factor at each step, as is usual since.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gatecell._core.checks import check_integer, check_number
from gatecell._core.errors import OptionError
from gatecell._core.random import derive_seed
from gatecell.training.batches import BatchSource
from gatecell.training.config import TrainingConfig
from gatecell.training.loop import build_trainer, objective_of
from gatecell.training.module import StepGroups
from gatecell.training.objective import Objective
from gatecell.training.optimisation import GradientRules, build_optimizer
from gatecell.training.prediction import Loss
from gatecell.training.quiet import own_random_state, quiet_lightning
from gatecell.training.state import TrainingState

LOWEST_RATE = 1e-5
"""So low that hardly anything is learnt."""
HIGHEST_RATE = 1.0
"""So high that an LSTM falls apart."""
N_STEPS = 100
"""Twenty a decade."""
_SMOOTHING = 0.9
"""How much of the mean loss so far stays at each step."""
_HOPELESS = 4.0
"""The sweep ends where the smoothed loss is this many times the lowest one."""
_FEWEST = 10
"""Steps before the sweep may end, and below which there is no curve to choose from."""


@dataclass(frozen=True, eq=False)
class LearningRateCurve:
    """The loss under a rising learning rate."""

    rates: NDArray[np.float64]
    """``(n,)``, rising."""
    losses: NDArray[np.float64]
    """``(n,)``: the loss of the batch at each step, as it was before the step."""

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """The exponential mean of the losses, without the bias of its beginning (Kingma & Ba 2015, section 3)."""
        mean, means = 0.0, []
        for step, loss in enumerate(self.losses, 1):
            mean = _SMOOTHING * mean + (1 - _SMOOTHING) * float(loss)
            means.append(mean / (1 - _SMOOTHING**step))
        return np.array(means)

    @property
    def suggestion(self) -> float | None:
        """The rate at which the smoothed loss falls most steeply; None where it never falls.

        It is looked for before the lowest loss: behind it the rate is too high already.
        """
        smoothed = self.smoothed
        lowest = int(np.argmin(smoothed))
        if len(smoothed) < _FEWEST or lowest < 2:
            return None
        slopes = np.gradient(smoothed[: lowest + 1], np.log(self.rates[: lowest + 1]))
        return float(self.rates[int(np.argmin(slopes))])


def learning_rate_curve(
    network: nn.Module,
    loss: Loss | Objective,
    train: BatchSource,
    config: TrainingConfig | None = None,
    *,
    low: float = LOWEST_RATE,
    high: float = HIGHEST_RATE,
    n_steps: int = N_STEPS,
) -> LearningRateCurve:
    """Train a network under a rising learning rate.

    Parameters
    ----------
    network : torch.nn.Module
        It is trained in place, and afterwards of no use.
    loss, train, config
        As ``gatecell.training.loop.fit`` has them; of the config the rate, its schedule and the epochs have no part.
    low, high : float
        The first and the last rate, above 0.
    n_steps : int
        Steps from one to the other, at least 10. The rows are begun again as often as that takes. It ends before where
        the loss is no longer finite, or four times its lowest.

    Returns
    -------
    LearningRateCurve

    Raises
    ------
    OptionError
        Where the rates or the number of steps make no sense.
    """
    config = config or TrainingConfig()
    for name, rate in (("low", low), ("high", high)):
        check_number(name, rate, minimum=0.0, open_minimum=True)
    if low >= high:
        raise OptionError(f"low must be below high, got {low:g} and {high:g}: the learning rate rises.")
    check_integer("n_steps", n_steps, minimum=_FEWEST)
    objective = objective_of(loss, config)
    rates = np.geomspace(low, high, n_steps)
    losses: list[float] = []
    with quiet_lightning(), own_random_state(), torch.enable_grad():
        device = build_trainer(config).strategy.root_device
        network.to(device).train()
        torch.manual_seed(derive_seed(config.seed, "sweep"))
        optimizer, rules = build_optimizer(network, config), GradientRules(network, config)
        for rate, rows in zip(rates, _endless(train, config, objective), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = float(rate)
            optimizer.zero_grad()
            outcome = objective(network, train.take(rows).to(device))
            losses.append(float(outcome.loss))
            if not math.isfinite(losses[-1]):
                losses.pop()
                break
            outcome.minimised.backward()
            rules.apply()
            optimizer.step()
            smoothed = LearningRateCurve(rates[: len(losses)], np.array(losses)).smoothed
            if len(losses) >= _FEWEST and smoothed[-1] > _HOPELESS * smoothed.min():
                break
    return LearningRateCurve(rates[: len(losses)], np.array(losses))


def _endless(train: BatchSource, config: TrainingConfig, objective: Objective) -> Iterator[Tensor]:
    """Yield the rows of one step after the other, pass after pass, in the orders that a fit would have."""
    state = TrainingState()
    while True:
        objective.begin()
        for group in StepGroups(train, config, state):
            yield from group
        state.epochs_done += 1
