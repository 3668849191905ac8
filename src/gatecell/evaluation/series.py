"""Judging forecasts of series: their errors beside those of naive forecasts, and how often intervals hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gatecell._core.checks import check_level
from gatecell.evaluation.forecasts import coverage, interval_width, mae, mase, quantile_loss, rmse, smape
from gatecell.evaluation.intervals import bootstrap_interval
from gatecell.evaluation.judgement import Judgement

Values = NDArray[np.float64]

BETTER = "better than"


@dataclass(frozen=True, kw_only=True, eq=False)
class ForecastJudgement(Judgement):
    """Of forecasts of ``H`` steps, one a row: a series, or an origin of one."""

    loss: ClassVar[str] = "mae"

    true: Values
    """``(n, H, K)``; NaN is missing."""
    predicted: Values
    """``(n, H, K)``."""
    advice: str = ""
    """What to try next where a simple forecast is not beaten, a sentence."""

    @property
    def row_losses(self) -> Values:
        """Absolute error of each row, the mean over its known steps and columns; NaN where none is known."""
        return _row_errors(self.true, self.predicted)

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Return figures, as ``test_mae``, and those of simple forecasts, as ``baseline_naive_mae``; no NaN."""
        simple = {
            f"baseline_{rule}_{name}": value
            for rule, figures in self.baselines.items()
            for name, value in figures.items()
        }
        named = {f"{prefix}{name}": value for name, value in self.figures.items()} | simple
        return {name: value for name, value in named.items() if not np.isnan(value)}

    @property
    def deciding(self) -> str:
        """The figure by which forecasts are compared.

        The mean absolute scaled error decides, in which every series counts alike; where it is not known, the mean
        absolute error.
        """
        return "mase" if np.isfinite(self.figures.get("mase", np.nan)) else "mae"

    def verdicts(self) -> list[str]:
        """Say of each simple forecast whether this one is better than it or equal to it, and then what to try next.

        One text for each; the advice stands behind the last that is not beaten.
        """
        return self.verdicts_on({rule: f"the {rule.replace('_', ' ')} forecast" for rule in self.baselines})

    def verdicts_on(self, words: Mapping[str, str]) -> list[str]:
        """Return ``verdicts`` on the simple forecasts of these names, in words of one's own."""
        figure = self.deciding
        own = self.figures[figure]
        verdicts: list[tuple[str, str]] = []
        for rule, called in words.items():
            other = self.baselines[rule][figure]
            how = standing(own, other)
            verdicts.append((how, f"It is {how} {called}: {figure} {own:.4g} against {other:.4g}."))
        return advised(verdicts, self.advice)


def advised(verdicts: Sequence[tuple[str, str]], advice: str) -> list[str]:
    """Return the sentences of (``standing``, sentence), with an advice behind the last that is not better."""
    unbeaten = [place for place, (how, _) in enumerate(verdicts) if how != BETTER]
    last = unbeaten[-1] if unbeaten and advice else None
    return [f"{text} {advice}" if place == last else text for place, (_, text) in enumerate(verdicts)]


def standing(own: float, other: float, form: str = ".4g") -> str:
    """Return in words how an error compares with another: equal where they read alike as they are printed."""
    if format(own, form) == format(other, form):
        return "equal to"
    return BETTER if own < other else "NOT better than"


def judge_forecasts(
    true: Values,
    predicted: Values,
    *,
    scale: Values | None = None,
    bounds: Mapping[float, tuple[Values, Values]] | None = None,
    baselines: Mapping[str, Values] | None = None,
    advice: str = "",
) -> ForecastJudgement:
    """Judge forecasts.

    Parameters
    ----------
    true : (n, H, K)
        What came; NaN is missing and counts in no figure.
    predicted : (n, H, K)
    scale : (n, K), optional
        Of each series and column, from ``seasonal_error`` of its history, for ``mase``.
    bounds : mapping of float to (low, high), optional
        Level in percent, in [1, 100), to the bounds of its intervals, each as ``predicted``; NaN, where there is no
        interval, is left out.
    baselines : mapping of str to (n, H, K), optional
        Simple forecasts of the same steps, by name.
    advice : str
        What to try next where one of them is not beaten.

    Returns
    -------
    ForecastJudgement
        ``mae`` and ``rmse`` in the unit of the values, ``smape`` in percent, ``mase`` where there are scales, and for
        each level, where there are intervals, ``coverage_80`` in 0..1, ``width_80``, and ``quantile_loss_80``, the mean
        of the quantile losses of the two bounds; ``quantile_loss`` is the mean over the levels. The last two reward
        intervals that are narrow and hold, in the unit of the values. The interval of ``mae`` is a bootstrap of rows;
        it is too narrow where rows are origins of one series whose steps overlap.

    Raises
    ------
    InputError
        Where shapes differ, or no true value is known.
    OptionError
        Where a level is out of its range.
    """
    figures = _errors(true, predicted, scale) | _interval_figures(true, bounds or {})
    row_errors = _row_errors(true, predicted)
    interval = bootstrap_interval(row_errors[~np.isnan(row_errors)])
    return ForecastJudgement(
        headline="mae",
        figures=figures,
        intervals={} if interval is None else {"mae": interval},
        baselines={name: _errors(true, values, scale) for name, values in (baselines or {}).items()},
        true=true,
        predicted=predicted,
        advice=advice,
    )


def _errors(true: Values, predicted: Values, scale: Values | None) -> dict[str, float]:
    figures = {"mae": mae(true, predicted), "rmse": rmse(true, predicted), "smape": smape(true, predicted)}
    return figures if scale is None else {**figures, "mase": mase(true, predicted, scale)}


def _interval_figures(true: Values, bounds: Mapping[float, tuple[Values, Values]]) -> dict[str, float]:
    figures, losses = {}, []
    for level, (low, high) in sorted(bounds.items()):
        check_level(level, "each level of bounds")
        bounded = np.where(np.isnan(low) | np.isnan(high), np.nan, true)
        if np.isnan(bounded).all():
            continue
        tail = (100 - level) / 200
        losses.append((quantile_loss(bounded, low, tail) + quantile_loss(bounded, high, 1 - tail)) / 2)
        figures[f"coverage_{level:g}"] = coverage(bounded, low, high)
        figures[f"width_{level:g}"] = interval_width(bounded, low, high)
        figures[f"quantile_loss_{level:g}"] = losses[-1]
    return {**figures, "quantile_loss": float(np.mean(losses))} if losses else figures


def _row_errors(true: Values, predicted: Values) -> Values:
    errors = np.abs(true - predicted).reshape(len(true), -1)
    known = ~np.isnan(errors)
    n_known = known.sum(axis=1)
    means: Values = np.where(known, errors, 0.0).sum(axis=1) / np.where(n_known, n_known, np.nan)
    return means
