"""Whether a forecaster is worth its while: in words, with figures."""

from gatecell.estimators.forecasting.backtest import NAIVE, SEASONAL_NAIVE, judged
from gatecell.estimators.forecasting.engine import View


def verdict(view: View, name: str) -> str:
    """Say whether forecasts of what was not learned from beat the naive and the seasonal naive ones.

    For the figure that decides see ``ForecastJudgement.deciding``.
    """
    past = view.past
    if not len(past):
        return (
            "Nothing was left to judge it by: fit with a validation_fraction, or run backtest with later observations."
        )
    horizon = past.outcome.raw.shape[1]
    backtest = judged(view, name, past.units, past.origins, horizon, (), 1)
    season = view.season
    rules = {NAIVE: "the naive forecast"}
    if season > 1:
        rules[SEASONAL_NAIVE] = f"the seasonal naive forecast (season {season})"
    lines = [f"Judged on {len(past):,} forecasts of {horizon} steps that were not learned from:"]
    figures = backtest.metrics.loc[[name, *rules], ["mae", "rmse", "smape", "mase"]]
    lines.append(figures.to_string(float_format=_short))
    return "\n".join([*lines, *backtest.judgement.verdicts_on(rules)])


def _short(number: float) -> str:
    return f"{number:.4g}"
