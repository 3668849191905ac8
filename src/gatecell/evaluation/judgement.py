"""What is known of a model after one look at rows whose answers are known."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement(ABC):
    """Figures of one kind of task, and the rows that they come from."""

    loss: ClassVar[str]
    """The figure that ``row_losses`` has the mean of."""

    headline: str
    """The figure that says most; a key of ``figures``."""
    figures: Mapping[str, float]
    """By the names that the field uses, as ``accuracy``."""
    intervals: Mapping[str, Interval]
    """Figure to its 95 % interval; a figure without one is left out."""
    baselines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Simple rule to its figures, as ``{"majority": {"accuracy": 0.5}}``."""

    @property
    @abstractmethod
    def row_losses(self) -> NDArray[np.float64]:
        """How wrong each row is, ``(n,)``: the larger, the worse."""

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Return figures and those of simple rules in one dict, as ``test_accuracy`` and ``test_accuracy_majority``."""
        own = {f"{prefix}{name}": value for name, value in self.figures.items()}
        simple = {
            f"{prefix}{name}_{rule}": value
            for rule, figures in self.baselines.items()
            for name, value in figures.items()
        }
        return own | simple

    def verdicts(self) -> list[str]:
        """Say in words what the figures mean, a sentence each; nothing where they speak for themselves."""
        return []

    def named_intervals(self, prefix: str = "") -> dict[str, list[float]]:
        """Return the intervals as JSON values, by the names that ``metrics`` gives."""
        return {f"{prefix}{name}": list(bounds) for name, bounds in self.intervals.items()}
