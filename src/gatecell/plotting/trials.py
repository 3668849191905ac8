"""What a search found: scores over its trials, what mattered, and each parameter by itself."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.plotting.axes import FIRST, QUIET, SECOND, axes_of, settle_texts

_FAR = 50.0
"""From this ratio of the largest to the smallest value on, an axis is logarithmic."""


class TrialsDisplay:
    """The score of each trial, and the best so far.

    Parameters
    ----------
    scores : (n,)
        In the order of the trials; NaN for one without a score, which is marked at the bottom.
    numbers : (n,), optional
        Of the trials; by default 0, 1, 2, ...
    score_name : str

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    line_ : matplotlib.lines.Line2D
        The best so far.
    """

    def __init__(self, scores: Any, numbers: Any = None, *, score_name: str = "score") -> None:
        self.scores = np.asarray(scores, dtype=np.float64)
        self.numbers = np.arange(len(self.scores)) if numbers is None else np.asarray(numbers)
        self.score_name = score_name
        if not np.isfinite(self.scores).any():
            raise InputError("There is no trial with a score, so that there is nothing to draw.")

    @classmethod
    def from_tuning(cls, tuning: Any, *, ax: Axes | None = None, **options: Any) -> Self:
        """Draw what ``gatecell.tuning.tune`` or ``grid_search`` returned."""
        scores = [np.nan if trial.score is None else trial.score for trial in tuning.trials]
        numbers = [trial.number for trial in tuning.trials]
        return cls(scores, numbers, score_name=tuning.scoring).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        self.figure_, self.ax_ = axes_of(ax)
        known = np.isfinite(self.scores)
        places = self.numbers
        best = np.maximum.accumulate(np.where(known, self.scores, -np.inf))
        begun = np.isfinite(best)
        self.ax_.scatter(places[known], self.scores[known], color=FIRST, s=22, label="trial", zorder=3)
        (self.line_,) = self.ax_.step(places[begun], best[begun], where="post", color=SECOND, label="best so far")
        if not known.all():
            low = np.full(int((~known).sum()), self.ax_.get_ylim()[0])
            self.ax_.scatter(places[~known], low, color=QUIET, marker="x", s=22, label="no score", clip_on=False)
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True))
        self.ax_.set(xlabel="trial", ylabel=self.score_name)
        self.ax_.set_title(title or "", pad=26 if title else None)
        # above the points, of which there may be any everywhere
        self.ax_.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2, fontsize="small")
        settle_texts(self.ax_)
        return self


class ImportanceDisplay:
    """The share of each parameter in the spread of the scores.

    Parameters
    ----------
    shares : mapping of str to float
        Parameter to its share, in 0..1.

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    bars_ : matplotlib.container.BarContainer
    """

    def __init__(self, shares: Mapping[str, float]) -> None:
        self.shares = dict(sorted(shares.items(), key=lambda item: item[1]))
        if not self.shares:
            raise InputError("There are no shares to draw: too few trials finished, or all scored alike.")

    @classmethod
    def from_tuning(cls, tuning: Any, *, ax: Axes | None = None, **options: Any) -> Self:
        """Draw the ``importances`` of what ``gatecell.tuning.tune`` returned."""
        return cls(tuning.importances).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        self.figure_, self.ax_ = axes_of(ax, (6.4, 0.9 + 0.34 * len(self.shares)))
        names, values = list(self.shares), list(self.shares.values())
        self.bars_ = self.ax_.barh(names, values, color=FIRST, height=0.62)
        self.ax_.bar_label(self.bars_, labels=[f"{value:.0%}" for value in values], padding=4)
        self.ax_.set(xlabel="share in the spread of the scores", xlim=(0, 1.12 * max(values)), title=title)
        settle_texts(self.ax_)
        return self


class SliceDisplay:
    """The scores over the values of one parameter.

    Parameters
    ----------
    values : (n,)
        Numbers, or anything else, whose texts then stand side by side.
    scores : (n,)
    name : str
        Of the parameter.
    score_name : str

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    points_ : matplotlib.collections.PathCollection
    """

    def __init__(self, values: Any, scores: Any, *, name: str = "value", score_name: str = "score") -> None:
        self.values = list(values)
        self.scores = np.asarray(scores, dtype=np.float64)
        self.name, self.score_name = name, score_name
        if not self.values or len(self.values) != len(self.scores):
            raise InputError(f"There are {len(self.values)} values for {len(self.scores)} scores; give one for each.")

    @classmethod
    def from_tuning(cls, tuning: Any, name: str, *, ax: Axes | None = None, **options: Any) -> Self:
        """Draw the finished trials of what ``gatecell.tuning.tune`` returned over the parameter ``name``."""
        trials = [trial for trial in tuning.trials if trial.score is not None and name in trial.params]
        values, scores = [trial.params[name] for trial in trials], [trial.score for trial in trials]
        return cls(values, scores, name=name, score_name=tuning.scoring).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes; later trials are darker, the best is orange."""
        self.figure_, self.ax_ = axes_of(ax)
        shades = [to_rgba(FIRST, float(alpha)) for alpha in np.linspace(0.35, 1.0, len(self.scores))]
        self.points_ = self.ax_.scatter(self._places(), self.scores, color=shades, s=24)
        best = int(np.argmax(self.scores))
        self.ax_.scatter(self._places()[best : best + 1], self.scores[best : best + 1], color=SECOND, s=52, zorder=3)
        self.ax_.margins(x=0.08)
        self.ax_.set(xlabel=self.name, ylabel=self.score_name, title=title)
        settle_texts(self.ax_)
        return self

    def _places(self) -> NDArray[np.float64]:
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)
        if numbers and len(set(self.values)) > 1:
            places = np.asarray(self.values, dtype=np.float64)
            if places.min() > 0 and places.max() / places.min() >= _FAR:
                self.ax_.set_xscale("log")
            return places
        names = sorted({str(value) for value in self.values})
        self.ax_.set_xticks(range(len(names)), names)
        self.ax_.set_xlim(-0.6, len(names) - 0.4)
        return np.array([names.index(str(value)) for value in self.values], dtype=np.float64)
