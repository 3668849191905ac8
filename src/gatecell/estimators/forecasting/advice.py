"""What to try next where a simple forecast is not beaten."""

from gatecell.data.windows import Windows
from gatecell.estimators.forecasting.options import ForecastOptions
from gatecell.estimators.forecasting.stretches import Integers


def next_step(options: ForecastOptions, learned_ends: Integers) -> str:
    """Return in a sentence what to try first.

    Differences to the season before come first: the network then starts from the seasonal naive forecast and has only
    what that misses to learn.

    Parameters
    ----------
    options : ForecastOptions
        Of the fit.
    learned_ends : (n,)
        The steps of each series that were learned from.
    """
    season, lookback = options.season or 1, options.lookback or 1
    if season > 1 and options.lag != season:
        windows = Windows(lookback + season, options.block)
        if (learned_ends >= windows.lookback + windows.horizon).all():
            return (
                f'Try difference="season" first (--set difference=season): the network then forecasts the change '
                f"against {season:,} steps before."
            )
    if lookback < 2 * season and (learned_ends >= 2 * season + (options.lag or 0) + options.block).all():
        return f"Try lookback={2 * season} (--set lookback={2 * season}): windows that see the season twice."
    return (
        "Try a search of the parameters (gatecell tune forecast), covariates that are known ahead, or log=True where "
        "values swing by factors; where nothing helps, use the simple forecast."
    )
