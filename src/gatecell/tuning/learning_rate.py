"""The learning rate by a sweep: train a little under a rate that rises from step to step, and look at the loss.

Smith (2017), "Cyclical learning rates for training neural networks", section 3.3, with the rate rising by the same
factor at each step, as is usual since.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from torch import Tensor, nn

from gatecell._core.checks import check_integer, check_number
from gatecell._core.errors import OptionError
from gatecell._core.random import derive_seed
from gatecell.training.batches import BatchSource, with_generator
from gatecell.training.config import TrainingConfig
from gatecell.training.draws import draws_of_others, handed_down
from gatecell.training.loop import build_trainer, objective_of
from gatecell.training.module import StepGroups
from gatecell.training.objective import Objective
from gatecell.training.optimisation import GradientRules, build_optimizer
from gatecell.training.prediction import Loss
from gatecell.training.quiet import quiet_lightning
from gatecell.training.state import TrainingState

LOWEST_RATE = 1e-5
"""So low that hardly anything is learnt."""
HIGHEST_RATE = 1.0
"""So high that an LSTM falls apart."""
N_STEPS = 100
"""Twenty a decade."""
_WIDTH = 3.0
"""Standard deviation of the smoothing, in steps: a seventh of a decade."""
_FEWEST = 20
"""Steps below which there is no curve to choose from; half of them say where the loss begins, and how it scatters."""
_HOPELESS = 3.0
"""The sweep ends where the loss is this many times as far above its beginning as it had been below."""
_CLEAR = 2.0
"""A fall is one where it is more than this many times what the loss scatters from batch to batch."""
_LATEST = 5
"""Steps whose mean says that."""


@dataclass(frozen=True, eq=False)
class LearningRateCurve:
    """The loss under a rising learning rate."""

    rates: NDArray[np.float64]
    """``(n,)``, rising."""
    losses: NDArray[np.float64]
    """``(n,)``: the loss of the batch at each step, as it was before the step."""

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """The losses under a Gaussian of three steps, which has no lag."""
        smoothed: NDArray[np.float64] = gaussian_filter1d(self.losses, _WIDTH, mode="nearest")
        return smoothed

    @property
    def suggestion(self) -> float | None:
        """The rate at which the smoothed loss has fallen half way to its lowest, where a fall is about at its steepest.

        Steeper places may come later, where a rate that is too high makes the loss leap. None where the loss falls no
        more than chance would have it, from batch to batch.
        """
        if len(self.losses) < _FEWEST:
            return None
        smoothed = self.smoothed
        start, noise = _beginning(self.losses)
        fall = start - float(smoothed.min())
        if fall <= _CLEAR * noise:
            return None
        return float(self.rates[int(np.argmax(smoothed <= start - fall / 2))])


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
        Steps from one to the other, at least 20. The rows are begun again as often as that takes. It ends before where
        the loss is no longer finite, or has risen far above its beginning.

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
    generator = torch.Generator().manual_seed(derive_seed(config.seed, "sweep"))
    train, draws = with_generator(train, generator), draws_of_others(generator, network)
    with quiet_lightning(), handed_down(generator, network), torch.enable_grad():
        device = build_trainer(config).strategy.root_device
        network.to(device).train()
        optimizer, rules = build_optimizer(network, config), GradientRules(network, config)
        for rate, rows in zip(rates, _endless(train, config, objective), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = float(rate)
            optimizer.zero_grad()
            batch = train.take(rows).to(device)
            with draws():
                outcome = objective(network, batch)
            losses.append(float(outcome.loss))
            if not math.isfinite(losses[-1]):
                losses.pop()
                break
            outcome.minimised.backward()
            rules.apply()
            optimizer.step()
            if len(losses) >= _FEWEST and _has_left(losses):
                break
    return LearningRateCurve(rates[: len(losses)], np.array(losses))


def _beginning(losses: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Return where the loss begins and how it scatters there, under rates that hardly teach."""
    first = np.asarray(losses[: _FEWEST // 2])
    return float(first.mean()), float(first.std())


def _has_left(losses: Sequence[float]) -> bool:
    """Return whether the loss has risen so far that no higher rate will be better."""
    start, noise = _beginning(losses)
    means = np.convolve(losses, np.full(_LATEST, 1 / _LATEST), mode="valid")
    return bool(means[-1] > start + _HOPELESS * max(start - means.min(), noise))


def _endless(train: BatchSource, config: TrainingConfig, objective: Objective) -> Iterator[Tensor]:
    """Yield the rows of one step after the other, pass after pass, in the orders that a fit would have."""
    state = TrainingState()
    while True:
        objective.begin()
        for group in StepGroups(train, config, state):
            yield from group
        state.epochs_done += 1
