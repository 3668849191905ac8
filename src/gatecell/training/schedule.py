"""The learning rate of each epoch."""

import math
from dataclasses import dataclass

from gatecell.training.config import TrainingConfig


def scheduled_rate(config: TrainingConfig, epoch: int) -> float:
    """Return the learning rate of an epoch of the run (from 0) for the schedules that depend on nothing but the epoch.

    A closed form instead of a stepped scheduler: a resumed run needs no state to come to the same rates.
    """
    age = max(0, epoch - config.lr_hold)
    rate = config.learning_rate
    if config.lr_schedule == "cosine":
        span = max(1, config.max_epochs - config.lr_hold)
        rate = config.lr_minimum + (rate - config.lr_minimum) * (1 + math.cos(math.pi * min(age, span) / span)) / 2
    elif config.lr_schedule == "step":
        rate *= config.lr_factor ** (age // config.lr_every)
    elif config.lr_schedule == "exponential":
        rate *= config.lr_factor**age
    return max(rate, config.lr_minimum)


@dataclass
class Watch:
    """The best value of the monitored column so far, and how long ago it was."""

    best: float | None = None
    """The best value; None before the first."""
    best_epoch: int | None = None
    """The epoch (from 1) of the best value."""
    waited: int = 0
    """Epochs since then."""
    cuts: int = 0
    """How often ``"plateau"`` has cut the rate."""
    waited_for_cut: int = 0
    """Epochs since the best value or the last cut."""

    def update(self, config: TrainingConfig, epoch: int, value: float) -> bool:
        """Take the value of an epoch (from 1); return whether it is the best so far.

        NaN and infinity are never better.
        """
        sign = 1.0 if config.monitor_mode == "min" else -1.0
        better = math.isfinite(value) and (self.best is None or sign * (self.best - value) > config.min_delta)
        if better:
            self.best, self.best_epoch, self.waited, self.waited_for_cut = value, epoch, 0, 0
            return True
        self.waited += 1
        self.waited_for_cut += 1
        if config.lr_schedule == "plateau" and self.waited_for_cut >= config.lr_patience:
            self.cuts += 1
            self.waited_for_cut = 0
        return False

    def rate(self, config: TrainingConfig, epoch: int) -> float:
        """Return the learning rate of an epoch of the run (from 0)."""
        if config.lr_schedule == "plateau":
            return max(config.learning_rate * config.lr_factor**self.cuts, config.lr_minimum)
        return scheduled_rate(config, epoch)

    def exhausted(self, config: TrainingConfig) -> bool:
        """Whether early stopping ends the run."""
        return config.patience is not None and self.waited >= config.patience
