"""A series and what was predicted of it, in its own unit."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes

from gatecell._core.checks import check_level
from gatecell._core.errors import InputError
from gatecell.plotting.axes import FIRST, QUIET, SECOND, THIRD, axes_of, few_dates, settle_texts

_BAND = 0.18
"""The opacity of one interval."""


class ForecastDisplay:
    """The whole series, the predictions for its parts, intervals, and where the parts meet.

    Parameters
    ----------
    times : (n,)
        Numbers or dates.
    values : (n,)
        What was measured; NaN where it is not known.
    predictions : mapping of str to (times, values)
        Part (``"train"``, ``"validation"``, ``"test"``) to when and what was predicted.
    intervals : mapping of number to (times, low, high), optional
        Level in percent, in [1, 100), to its bounds.
    splits : mapping of str to time, optional
        Where a part begins.
    unit : str
        Of the values.

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    lines_ : dict of str to matplotlib.lines.Line2D
        ``"measured"`` and each part.
    """

    def __init__(
        self,
        times: Any,
        values: Any,
        predictions: Mapping[str, tuple[Any, Any]],
        *,
        intervals: Mapping[float, tuple[Any, Any, Any]] | None = None,
        splits: Mapping[str, Any] | None = None,
        unit: str = "",
    ) -> None:
        self.times, self.values = np.asarray(times), np.asarray(values, dtype=np.float64)
        self.predictions = dict(predictions)
        self.intervals = dict(intervals or {})
        for level in self.intervals:
            check_level(level, "each level of intervals")
        self.splits = dict(splits or {})
        self.unit = unit
        columns = {"values": (times, values), **predictions}
        columns |= {f"{level} %": (at, low) for level, (at, low, _) in self.intervals.items()}
        for name, (at, what) in columns.items():
            if len(at) != len(what):
                raise InputError(f"{name} has {len(at)} times but {len(what)} values. Give one value a time.")

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        new_rows: Any = None,
        *,
        series: str | None = None,
        unit: str = "",
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Draw ``estimator.course(new_rows, series)``: one series, forecast from its past origins.

        ``new_rows`` are later observations, the test part; by default the steps that were held out are forecast.
        ``series`` is by default the first.
        """
        return cls.from_course(estimator.course(new_rows, series), unit=unit, ax=ax, **options)

    @classmethod
    def from_course(cls, course: Any, *, unit: str = "", ax: Axes | None = None, **options: Any) -> Self:
        """Draw what ``LSTMForecaster.course`` returns."""
        display = cls(
            course.times,
            course.measured,
            course.predictions,
            intervals=course.intervals,
            splits=course.splits,
            unit=unit,
        )
        return display.plot(ax, **options)

    @classmethod
    def from_predictions(
        cls, times: Any, values: Any, predictions: Mapping[str, tuple[Any, Any]], *, ax: Axes | None = None, **rest: Any
    ) -> Self:
        """Draw; arguments as those of the class, and ``title``."""
        title = rest.pop("title", None)
        return cls(times, values, predictions, **rest).plot(ax, title=title)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        colours = {"train": THIRD, "validation": "#9b6dd6", "test": SECOND}
        self.figure_, self.ax_ = axes_of(ax, (8.0, 3.6))
        self.lines_ = {}
        (self.lines_["measured"],) = self.ax_.plot(
            self.times, self.values, color=FIRST, linewidth=1.2, label="measured"
        )
        for part, (at, predicted) in self.predictions.items():
            (self.lines_[part],) = self.ax_.plot(
                at, predicted, color=colours.get(part, SECOND), linewidth=1.0, label=f"predicted, {part}"
            )
        # the intervals are of the part that comes last
        band = self.lines_[list(self.predictions)[-1]].get_color() if self.predictions else SECOND
        for level in sorted(self.intervals, reverse=True):
            at, low, high = self.intervals[level]
            self.ax_.fill_between(at, low, high, color=band, alpha=_BAND, linewidth=0, label=f"{level:g} % interval")
        for part, start in self.splits.items():
            self.ax_.axvline(start, color=QUIET, linestyle=":")
            # above the axes, where no curve and no legend is
            self.ax_.annotate(
                part, (start, 1.0), xycoords=("data", "axes fraction"), va="bottom", color=QUIET, fontsize="small"
            )
        self.ax_.set_ylabel(self.unit)
        self.ax_.set_title(title or "", pad=18 if self.splits else None)
        self.ax_.margins(x=0.01)
        legend = self.ax_.legend(loc="best", fontsize="small")
        for n_above, patch in enumerate(legend.get_patches(), start=1):
            # as dark as it looks upon the wider ones
            patch.set_alpha(1 - (1 - _BAND) ** n_above)
        few_dates(self.ax_, self.times)
        settle_texts(self.ax_)
        return self
