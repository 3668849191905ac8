"""The loss under a rising learning rate (Smith 2017)."""

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes

from gatecell._core.errors import InputError
from gatecell.plotting.axes import FIRST, QUIET, SECOND, axes_of, settle_texts


class LearningRateDisplay:
    """The loss of each step of a sweep over its learning rate.

    Parameters
    ----------
    rates : (n,)
    losses : (n,)
    smoothed : (n,)
    suggestion : float, optional
        The rate to be marked.

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    line_ : matplotlib.lines.Line2D
        The smoothed loss.
    """

    def __init__(self, rates: Any, losses: Any, smoothed: Any, *, suggestion: float | None = None) -> None:
        self.rates, self.losses, self.smoothed = (
            np.asarray(item, dtype=np.float64) for item in (rates, losses, smoothed)
        )
        self.suggestion = suggestion
        if not len(self.rates) or not len(self.rates) == len(self.losses) == len(self.smoothed):
            raise InputError(
                f"There are {len(self.rates)} rates, {len(self.losses)} losses and {len(self.smoothed)} smoothed ones; "
                "give as many of each, and at least one."
            )

    @classmethod
    def from_curve(cls, curve: Any, *, ax: Axes | None = None, **options: Any) -> Self:
        """Draw a ``gatecell.tuning.learning_rate.LearningRateCurve``."""
        return cls(curve.rates, curve.losses, curve.smoothed, suggestion=curve.suggestion).plot(ax, **options)

    @classmethod
    def from_estimator(cls, estimator: Any, *data: Any, ax: Axes | None = None, **options: Any) -> Self:
        """Make the curve by ``estimator.learning_rate_curve(*data)`` and draw it."""
        return cls.from_curve(estimator.learning_rate_curve(*data), ax=ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        self.figure_, self.ax_ = axes_of(ax)
        self.ax_.plot(self.rates, self.losses, ".", color=QUIET, markersize=4, label="loss of a batch")
        (self.line_,) = self.ax_.plot(self.rates, self.smoothed, color=FIRST, label="smoothed")
        if self.suggestion is not None:
            label = f"suggestion: {self.suggestion:.2g}"
            self.ax_.axvline(self.suggestion, color=SECOND, linestyle="--", label=label)
        self.ax_.set_xscale("log")
        # a last batch may be far above all others
        low, high = float(self.losses.min()), float(self.smoothed.max())
        self.ax_.set_ylim(low - 0.08 * (high - low) - 1e-9, high + 0.25 * (high - low) + 1e-9)
        self.ax_.set(xlabel="learning rate", ylabel="loss", title=title)
        self.ax_.legend()
        settle_texts(self.ax_)
        return self
