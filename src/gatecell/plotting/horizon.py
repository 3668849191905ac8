"""Errors of forecasts: by how far ahead, and by where they began."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gatecell._core.errors import InputError
from gatecell.plotting.axes import QUIET, SECOND, axes_of, few_dates, settle_texts

_STYLES = ("--", ":", "-.")


class _ErrorDisplay:
    """Mean absolute errors of a model and of simple rules over a common axis."""

    def __init__(self, at: Any, errors: Any, baselines: Mapping[str, Any] | None = None, *, unit: str = "") -> None:
        self.at = np.asarray(at)
        self.errors = np.asarray(errors, dtype=np.float64)
        self.baselines = {name: np.asarray(values, dtype=np.float64) for name, values in (baselines or {}).items()}
        self.unit = unit
        for name, values in {"errors": self.errors, **self.baselines}.items():
            if values.shape != self.at.shape:
                raise InputError(f"{name} has the shape {values.shape}, but there are {len(self.at)} places for them.")

    def _draw(self, ax: Axes | None, label: str, title: str | None) -> None:
        self.figure_, self.ax_ = axes_of(ax, (6.4, 3.6))
        (self.line_,) = self.ax_.plot(self.at, self.errors, color=SECOND, marker=".", label="model")
        for index, (name, values) in enumerate(self.baselines.items()):
            self.ax_.plot(self.at, values, color=QUIET, linestyle=_STYLES[index % len(_STYLES)], label=name)
        unit = f" [{self.unit}]" if self.unit else ""
        self.ax_.set(xlabel=label, ylabel=f"mean absolute error{unit}", title=title)
        # room for the legend above the curves
        self.ax_.set_ylim(0, 1.2 * self.ax_.get_ylim()[1])
        self.ax_.legend(loc="upper left", ncols=3, fontsize="small")


class HorizonErrorDisplay(_ErrorDisplay):
    """The mean absolute error of each step ahead.

    Parameters
    ----------
    at : (horizon,)
        Steps ahead, from 1.
    errors : (horizon,)
    baselines : mapping of str to (horizon,), optional
        Simple rule to its errors.
    unit : str

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    line_ : matplotlib.lines.Line2D
    """

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        baselines: Mapping[str, Any] | None = None,
        unit: str = "",
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Draw forecasts ``(n, horizon)`` and what came; ``baselines`` are forecasts of simple rules."""
        errors = {name: _by_step(y_true, values) for name, values in (baselines or {}).items()}
        own = _by_step(y_true, y_pred)
        return cls(np.arange(1, len(own) + 1), own, errors, unit=unit).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        self._draw(ax, "steps ahead", title)
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True))
        settle_texts(self.ax_)
        return self


class BacktestDisplay(_ErrorDisplay):
    """The mean absolute error of the forecasts from each origin.

    Parameters
    ----------
    at : (n,)
        Where each forecast began: numbers or dates.
    errors : (n,)
    baselines : mapping of str to (n,), optional
    unit : str

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    line_ : matplotlib.lines.Line2D
    """

    @classmethod
    def from_predictions(
        cls,
        origins: Any,
        y_true: Any,
        y_pred: Any,
        *,
        baselines: Mapping[str, Any] | None = None,
        unit: str = "",
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Draw forecasts ``(n, horizon)`` from ``origins`` ``(n,)``, and what came."""
        errors = {name: _by_origin(y_true, values) for name, values in (baselines or {}).items()}
        return cls(origins, _by_origin(y_true, y_pred), errors, unit=unit).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        self._draw(ax, "origin of the forecast", title)
        few_dates(self.ax_, self.at)
        settle_texts(self.ax_)
        return self


def _absolute(y_true: Any, y_pred: Any) -> Any:
    true, predicted = np.asarray(y_true, dtype=np.float64), np.asarray(y_pred, dtype=np.float64)
    if true.ndim != 2 or true.shape != predicted.shape or not true.size:
        raise InputError(
            f"Forecasts have the shape (forecasts, horizon); got {predicted.shape} for true values of {true.shape}."
        )
    return np.abs(predicted - true)


def _by_step(y_true: Any, y_pred: Any) -> Any:
    return _absolute(y_true, y_pred).mean(axis=0)


def _by_origin(y_true: Any, y_pred: Any) -> Any:
    return _absolute(y_true, y_pred).mean(axis=1)
