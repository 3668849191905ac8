"""Running a recipe of series: the fit, and one look at what follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gatecell._core.errors import OptionError
from gatecell.data.frames import ID
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.forecasting.backtest import Backtest
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.evaluation.comparison import compare
from gatecell.evaluation.series import advised, judge_forecasts, standing
from gatecell.recipes.recipe import QUICK_SERIES, QUICK_STEPS, SeriesData
from gatecell.reporting.subject import Judged


def fit_series(estimator: LSTMEstimator, data: SeriesData, validation: str) -> None:
    """Fit a forecaster to the training part, of which its latest part validates.

    Raises
    ------
    OptionError
        Where the test part is to validate: a forecaster's validation part comes before what it is judged on.
    """
    assert isinstance(estimator, LSTMForecaster)
    if validation == "test":
        raise OptionError(
            "validation=test is not for forecasts: what validates also calibrates the intervals, and must come before "
            "the test part. Leave it out, or say validation=none."
        )
    estimator.fit(data.train, **data.columns)


@dataclass(frozen=True)
class Further:
    """What a recipe says beside the figures of its kind of task."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    verdict: list[str] = field(default_factory=list)
    """Sentences."""


def judge_series(estimator: LSTMEstimator, data: SeriesData) -> tuple[Judged, Further]:
    """Return a look at the test part, from every origin in it, and the recipe's further figures."""
    assert isinstance(estimator, LSTMForecaster)
    backtest = estimator.backtest(new_rows=data.test)
    judged = Judged(judgement=backtest.judgement, X=backtest, what="the test part")
    return judged, Further({} if data.measure is None else data.measure(backtest), verdict(backtest))


def verdict(backtest: Backtest) -> list[str]:
    """Say of each naive forecast whether the forecaster is better, and whether by more than the luck of the rows."""
    verdicts: list[tuple[str, str]] = []
    for rule, predicted in backtest.simple.items():
        comparison = compare(backtest.judgement, judge_forecasts(backtest.judgement.true, predicted))
        words = standing(comparison.first, comparison.second, ".4f")
        named = rule.replace("_", " ")
        verdicts.append((words, f"{words[0].upper()}{words[1:]} the {named} forecast: {comparison}"))
    return advised(verdicts, backtest.judgement.advice)


def shortened(data: SeriesData) -> SeriesData:
    """Return the first few series, or the last steps of one, for a quick run."""
    if getattr(data.train, "ndim", 1) == 2 and ID in data.train.columns:
        kept = data.train[ID].unique()[:QUICK_SERIES]
        return replace(data, train=_of(data.train, kept), test=_of(data.test, kept))
    return replace(data, train=data.train.iloc[-QUICK_STEPS:], test=data.test.iloc[: QUICK_STEPS // 10])


def _of(frame: Any, ids: Any) -> Any:
    return frame[frame[ID].isin(ids)]
