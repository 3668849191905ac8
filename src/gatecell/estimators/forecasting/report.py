"""Whether a forecaster is worth its while: in words, with figures."""

from gatecell.estimators.forecasting.backtest import NAIVE, SEASONAL_NAIVE, judged
from gatecell.estimators.forecasting.engine import View
from gatecell.evaluation.series import standing


def verdict(view: View, name: str) -> str:
    """Say whether forecasts of what was not learned from beat the naive and the seasonal naive ones.

    The mean absolute scaled error decides, in which every series counts alike; where no series has one (each repeats
    itself exactly), the mean absolute error.
    """
    past = view.past
    if not len(past):
        return (
            "Nothing was left to judge it by: fit with a validation_fraction, or run backtest with later observations."
        )
    horizon = past.outcome.raw.shape[1]
    metrics = judged(view, name, past.units, past.origins, horizon, (), 1).metrics
    figure = "mae" if metrics["mase"].isna().any() else "mase"
    own = metrics.loc[name, figure]
    season = view.season
    rules = {NAIVE: "the naive forecast"}
    if season > 1:
        rules[SEASONAL_NAIVE] = f"the seasonal naive forecast (season {season})"
    lines = [f"Judged on {len(past):,} forecasts of {horizon} steps that were not learned from:"]
    lines.append(metrics.loc[[name, *rules], ["mae", "rmse", "smape", "mase"]].to_string(float_format=_short))
    for rule, words in rules.items():
        other = metrics.loc[rule, figure]
        lines.append(f"It is {standing(own, other)} {words}: {figure} {own:.4g} against {other:.4g}.")
    return "\n".join(lines)


def _short(number: float) -> str:
    return f"{number:.4g}"
