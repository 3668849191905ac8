"""Errors of forecasts: by how far ahead, and by where they began."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gatecell._core.errors import InputError
from gatecell.plotting.axes import QUIET, SECOND, axes_of, few_dates, settle_texts

_STYLES = ("--", ":", "-.")


class _ErrorDisplay:
    """Mean absolute errors of a model and of simple rules over a common axis."""

    over: ClassVar[str]
    """What the axis says."""
    by: ClassVar[str]
    """What a back-test calls it."""

    def __init__(self, at: Any, errors: Any, baselines: Mapping[str, Any] | None = None, *, unit: str = "") -> None:
        self.at = np.asarray(at)
        self.errors = np.asarray(errors, dtype=np.float64)
        self.baselines = {name: np.asarray(values, dtype=np.float64) for name, values in (baselines or {}).items()}
        self.unit = unit
        for name, values in {"errors": self.errors, **self.baselines}.items():
            if values.shape != self.at.shape:
                raise InputError(f"{name} has the shape {values.shape}, but there are {len(self.at)} places for them.")

    @classmethod
    def from_estimator(
        cls, estimator: Any, new_rows: Any = None, *, unit: str = "", ax: Axes | None = None, **options: Any
    ) -> Self:
        """Draw the errors of ``estimator.backtest(new_rows=new_rows)`` and of the naive forecasts.

        ``new_rows`` are later observations; by default the steps that were held out are forecast.
        """
        return cls.from_table(
            estimator.backtest(new_rows=new_rows, level=()).errors(cls.by), unit=unit, ax=ax, **options
        )

    @classmethod
    def from_table(cls, table: Any, *, unit: str = "", ax: Axes | None = None, **options: Any) -> Self:
        """Draw what ``gatecell.estimators.forecasting.backtest.Backtest.errors`` returns."""
        rules = {str(name).replace("_", " "): table[name].to_numpy() for name in table.columns if name != "model"}
        return cls(table.index.to_numpy(), table["model"].to_numpy(), rules, unit=unit).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        self.figure_, self.ax_ = axes_of(ax, (6.4, 3.6))
        (self.line_,) = self.ax_.plot(self.at, self.errors, color=SECOND, marker=".", label="model")
        for index, (name, values) in enumerate(self.baselines.items()):
            self.ax_.plot(self.at, values, color=QUIET, linestyle=_STYLES[index % len(_STYLES)], label=name)
        unit = f" [{self.unit}]" if self.unit else ""
        self.ax_.set(xlabel=self.over, ylabel=f"mean absolute error{unit}", title=title)
        # room for the legend above the curves
        self.ax_.set_ylim(0, 1.2 * self.ax_.get_ylim()[1])
        self.ax_.legend(loc="upper left", ncols=3, fontsize="small")
        if np.issubdtype(self.at.dtype, np.integer):
            self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True))
        few_dates(self.ax_, self.at)
        settle_texts(self.ax_)
        return self


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

    over: ClassVar[str] = "steps ahead"
    by: ClassVar[str] = "ahead"

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

    over: ClassVar[str] = "origin of the forecast"
    by: ClassVar[str] = "cutoff"

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
