"""What is tried next where a simple forecast is not beaten."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatecell import LSTMForecaster
from gatecell._core.errors import OptionError
from gatecell.estimators.forecasting.advice import next_step
from gatecell.estimators.forecasting.options import ForecastOptions
from tests.estimators.forecasting.data import SMALL, hours, series

SEARCH = "Try a search of the parameters (gatecell tune forecast)"


@pytest.mark.parametrize(
    ("options", "length", "first"),
    [
        ({"season": 24}, 200, 'Try difference="season" first (--set difference=season)'),
        ({"season": 24, "difference": 1}, 200, 'Try difference="season" first'),
        # a window and the season before it: 8 + 24 + 4 steps
        ({"season": 24}, 36, 'Try difference="season" first'),
        ({"season": 24}, 35, SEARCH),
        ({"season": 24, "difference": 24}, 76, "Try lookback=48 (--set lookback=48)"),
        ({"season": 24, "difference": 24}, 75, SEARCH),
        ({"season": 24, "difference": 24, "lookback": 48}, 200, SEARCH),
        ({"season": 1}, 200, SEARCH),
    ],
    ids=str,
)
def test_what_is_tried_first(options: dict[str, Any], length: int, first: str) -> None:
    chosen = ForecastOptions(**{"lookback": 8, "horizon": 4, **options})
    assert next_step(chosen, np.array([200, length])).startswith(first)


def test_the_season_is_a_lag() -> None:
    by_name = LSTMForecaster(**SMALL, season=6, difference="season").fit(series())
    by_number = LSTMForecaster(**SMALL, season=6, difference=6).fit(series())
    pd.testing.assert_frame_equal(by_name.predict(), by_number.predict(), check_exact=True)
    hourly = LSTMForecaster(**SMALL, difference="season").fit(series(200))
    assert hourly._preparation.options.difference == 24
    assert len(hourly.partial_fit(series(210)[200:]).predict()) == 4
    with pytest.raises(OptionError, match=r'^difference="season" takes a season of several steps, but frequency 1 has'):
        LSTMForecaster(**SMALL, difference="season").fit(pd.Series(np.arange(80.0)))
    with pytest.raises(OptionError, match=r"There is no difference named 'seasonal'\. Did you mean 'season'\?"):
        LSTMForecaster(**SMALL, difference="seasonal").fit(series())


def test_every_verdict_says_it() -> None:
    walk = pd.Series(np.random.default_rng(0).normal(size=300).cumsum(), index=hours(300))
    model = LSTMForecaster(**{**SMALL, "window_level": None, "skip": False}).fit(walk)
    advice = 'Try difference="season" first (--set difference=season): the network then forecasts the change against 24'
    assert advice in model.summary()
    assert sum(advice in sentence for sentence in model.backtest().judgement.verdicts()) == 1
