"""Calibrated intervals, against counts by hand and against what they promise."""

import math
import warnings
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell import LSTMForecaster
from gatecell._core.errors import InputError, OptionError
from gatecell.estimators.forecasting import engine
from gatecell.estimators.forecasting.calibration import (
    ALL_SERIES,
    ALL_STEPS,
    FEWEST_OWN,
    OWN,
    CoincidingIntervalsWarning,
    Scores,
    calibrated_on,
    ends,
    margins,
    scores_needed,
)
from gatecell.estimators.forecasting.outcome import Outcome
from gatecell.nn.outputs import PointOutput, QuantileOutput
from tests.estimators.forecasting.data import SMALL, hours, series


def scores_of(below: np.ndarray, units: list[int], origins: list[int], horizon: int = 1) -> Scores:
    values = np.broadcast_to(below.reshape(-1, 1, 1), (len(below), horizon, 1)).astype(float)
    known_at = np.array(origins) + horizon - 1
    return Scores(np.array(units), np.array(origins), known_at, values, -values)


@pytest.mark.parametrize(("level", "needed"), [(80, 9), (90, 19), (95, 39), (50, 3)])
def test_how_many_scores_a_level_needs(level: float, needed: int) -> None:
    share = 1 - (1 - level / 100) / 2
    assert scores_needed(share) == needed
    assert math.ceil((needed + 1) * share - 1e-9) == needed


def test_the_order_statistic_of_the_latest_that_are_complete() -> None:
    # 130 scores 0, 1, ..., 129 of one unit from the origins 10 to 139, two steps each
    scores = scores_of(np.arange(130.0), [0] * 130, list(range(10, 140)), horizon=2)
    low, high = margins(scores, 80, np.array([0]), np.array([116]), np.array([115]), window=59)
    # complete before 116 are those up to the origin 114, which has the score 104; of the latest 59 it is the 54th
    assert low.ravel().tolist() == [99, 99]
    assert high.ravel().tolist() == [-51, -51]


def test_missing_outcomes_do_not_count() -> None:
    values = np.arange(70.0)
    values[-3:] = np.nan
    scores = scores_of(values, [0] * 70, list(range(10, 80)))
    low, _ = margins(scores, 80, np.array([0]), np.array([80]), np.array([79]), window=70)
    assert low.item() == values[math.ceil(68 * 0.9) - 1]


def test_a_series_with_enough_scores_has_its_own() -> None:
    values = np.concatenate([np.arange(60.0), 1000 + np.arange(60.0), np.full(20, 5.0)])
    scores = scores_of(values, [0] * 60 + [1] * 60 + [2] * 20, [*range(60), *range(60), *range(20)])
    low, _ = margins(scores, 80, np.arange(3), np.full(3, 70), np.full(3, 69), window=100)
    # of all 140, the 127th smallest, which is one of the second series
    assert low.ravel().tolist() == [54, 1054, np.sort(values)[126]]


@pytest.mark.parametrize(("n_own", "own"), [(FEWEST_OWN, True), (FEWEST_OWN - 1, False)])
def test_fifty_scores_are_enough_for_a_series(n_own: int, own: bool) -> None:
    values = np.concatenate([np.full(n_own, 1.0), np.full(400, 7.0)])
    scores = scores_of(values, [0] * n_own + [1] * 400, [*range(n_own), *range(400)])
    # the third has none of its own, and comes behind all that have
    low, _ = margins(scores, 80, np.array([0, 2]), np.full(2, 500), np.full(2, 499), window=1000)
    assert low.ravel().tolist() == [1.0 if own else 7.0, 7.0]


@pytest.mark.parametrize(("n_scores", "by_step"), [(9, True), (8, False)])
def test_nine_scores_of_a_step_are_enough_for_80(n_scores: int, by_step: bool) -> None:
    # the errors of the second step are larger; of both steps together they are enough in any case
    values = np.zeros((n_scores, 2, 1))
    values[:, 1] = np.arange(n_scores)[:, None] + 1.0
    origins = np.arange(n_scores)
    scores = Scores(np.zeros(n_scores, dtype=int), origins, origins + 1, values, -values)
    low, _ = margins(scores, 80, np.array([0]), np.array([50]), np.array([49]), window=100)
    # else the first step has the 15th or so smallest of all, which is one of the second
    assert (low.ravel()[0] == 0) == by_step


def test_too_few_scores_are_taken_together_over_series_and_then_over_steps() -> None:
    own = scores_of(np.arange(3.0), [0] * 3, [10, 11, 12], horizon=4)
    low, high = margins(own, 80, np.array([0]), np.array([20]), np.array([19]), window=100)
    assert low.shape == (1, 4, 1)
    assert (low == 2).all()
    # each end by its own scores: those above are 0, -1, -2
    assert (high == 0).all()
    both = scores_of(np.arange(20.0), [0] + [1] * 19, [10, *range(10, 29)])
    low, high = margins(both, 80, np.array([0, 0]), np.array([40, 40]), np.array([39, 39]), window=100)
    assert low.ravel().tolist() == [18, 18]
    # of 0, -1, ..., -19 the 19th smallest, also for the second forecast of the same present
    assert high.ravel().tolist() == [-1, -1]
    # of the other series, only what was known at the time
    early, _ = margins(both, 80, np.array([0]), np.array([25]), np.array([24]), window=100)
    assert early.item() == 15
    assert np.isnan(margins(both, 80, np.array([0]), np.array([12]), np.array([11]), window=100)[0]).all()


def test_scores_are_beyond_the_ends_in_units_of_the_window() -> None:
    output = QuantileOutput((0.1, 0.5, 0.9))
    raw = np.array([[-1.0, 0.0, 2.0]]).reshape(1, 1, 1, 3)
    past = Outcome(raw, np.full((1, 1, 1), 10.0), np.full((1, 1, 1), 5.0))
    scores = Scores.of(output, 80, np.zeros(1, int), np.ones(1, int), np.ones(1, int), past, np.full((1, 1, 1), 25.0))
    # the outcome is 3 windows above the base; the interval was -1 to 2
    assert (scores.below.item(), scores.above.item()) == (-4, 1)
    point = Outcome(raw[..., :1], past.base, past.scale)
    scores = Scores.of(PointOutput(), 80, np.zeros(1, int), np.ones(1, int), np.ones(1, int), point, past.base + 5)
    assert (scores.below.item(), scores.above.item()) == (-2, 2)


@pytest.mark.parametrize("output", ["point", "quantile", "normal", "student_t"])
def test_intervals_cover_what_they_say(output: str) -> None:
    noise = np.random.default_rng(1).standard_t(4, size=1500)
    data = pd.Series(10 + noise, index=hours(1500))
    options = {**SMALL, "output": output, "validation_fraction": 0.5, "stride": 5, "scaling": "robust"}
    model = LSTMForecaster(**options).fit(data[:900])
    figures = model.backtest(new_rows=data[900:]).judgement.figures
    assert figures["coverage_80"] == pytest.approx(0.80, abs=0.04)
    assert figures["coverage_95"] == pytest.approx(0.95, abs=0.03)
    assert figures["width_95"] > 1.3 * figures["width_80"]


def test_wider_levels_contain_narrower_ones_and_the_forecast() -> None:
    frame = LSTMForecaster(**SMALL).fit(series(200)).predict(level=[50, 80, 90])
    name = "LSTMForecaster"
    assert (frame[f"{name}-lo-90"] <= frame[f"{name}-lo-80"]).all()
    assert (frame[f"{name}-lo-80"] <= frame[f"{name}-lo-50"]).all()
    assert (frame[f"{name}-lo-50"] <= frame[name]).all()
    assert (frame[name] <= frame[f"{name}-hi-50"]).all()
    assert (frame[f"{name}-hi-50"] <= frame[f"{name}-hi-90"]).all()


def test_too_little_to_calibrate_on() -> None:
    model = LSTMForecaster(**{**SMALL, "validation_fraction": 0.1}).fit(series(60))
    with pytest.raises(InputError) as caught:
        model.predict(level=[99])
    assert str(caught.value) == (
        "An interval of 99 % is calibrated on at least 199 outcomes that the network did not learn from, but there are "
        "3 forecasts with a known outcome. Fit with a larger validation_fraction, give more observations with update, "
        "or ask for a lower level, or none (level=())."
    )
    assert len(model.predict(level=())) == 4


def test_an_interval_is_never_narrower_than_one_of_a_lower_level() -> None:
    walk = pd.Series(np.random.default_rng(0).normal(size=160).cumsum(), index=hours(160))
    options = {**SMALL, "horizon": 12, "lookback": 12, "validation_fraction": 0.2}
    forecast = LSTMForecaster(**options).fit(walk).predict()
    low, high = forecast.filter(like="-lo-").to_numpy(), forecast.filter(like="-hi-").to_numpy()
    assert (low[:, 1] <= low[:, 0]).all()
    assert (high[:, 1] >= high[:, 0]).all()


@pytest.fixture(scope="module")
def fitted() -> LSTMForecaster:
    return LSTMForecaster(**SMALL, output="normal").fit(series(200))


@given(
    seeds=st.dictionaries(st.sampled_from([10.0, 50.0, 80.0, 95.0, 99.0]), st.integers(0, 99), min_size=1),
    unknown=st.booleans(),
)
def test_whatever_levels_are_calibrated_on_their_intervals_nest(
    fitted: LSTMForecaster, seeds: dict[float, int], unknown: bool
) -> None:
    highest = max(seeds)

    def moved(scores: Scores, level: float, *_: Any) -> tuple[Any, ...]:
        margin = 5 * np.random.default_rng(seeds[level]).normal(size=(2, 1, *scores.below.shape[1:]))
        return tuple(margin * np.nan if unknown and level == highest else margin)

    view = fitted._view
    past = view.past.latest(1)
    forecasts = (past.outcome, past.units, past.origins, 500)
    with mock.patch.object(engine, "margins", moved):
        # the order in which they are asked for does not matter
        nested = view.intervals(list(seeds), *forecasts)
        alone = {level: view.intervals([level], *forecasts)[level] for level in seeds}
    levels = sorted(level for level in seeds if level != highest or not unknown)
    for place, level in enumerate(levels):
        # exactly as far as is needed
        low, high = (np.stack([alone[other][end] for other in levels[: place + 1]]) for end in (0, 1))
        np.testing.assert_array_equal(nested[level], [low.min(axis=0), high.max(axis=0)])
    assert np.isnan(nested[highest]).all() == unknown


def test_intervals_nest_where_the_higher_level_is_calibrated_on_other_series() -> None:
    # the wild series has scores enough for 95 %, and for 99 % is one of many calm ones
    noise = np.random.default_rng(0).normal(size=(300, 12))
    data = pd.DataFrame(noise, index=hours(300), columns=[f"s{number}" for number in range(12)])
    data.loc[data.index[[200, 230, 260]], "s0"] = 40.0
    model = LSTMForecaster(**SMALL).fit(data)
    told = r"^Too few past forecasts are known to tell an interval of 99 % from one of 95 %: at \d+ of 48 steps"
    with pytest.warns(CoincidingIntervalsWarning, match=told):
        forecast = model.predict(level=[95, 99])
    for frame in (forecast, model.backtest(20, level=[95, 99]).predictions):
        for end, sign in (("lo", -1), ("hi", 1)):
            inner, outer = (frame[f"LSTMForecaster-{end}-{level}"] for level in (95, 99))
            assert (sign * outer >= sign * inner).all()
            assert (sign * outer > sign * inner).any()


@pytest.mark.parametrize(("n_steps", "fraction"), [(60, 0.25), (60, 0.5), (200, 0.5)])
def test_levels_that_few_forecasts_cannot_tell_apart_are_said(n_steps: int, fraction: float) -> None:
    walk = pd.Series(np.random.default_rng(0).normal(size=n_steps).cumsum(), index=hours(n_steps))
    model = LSTMForecaster(**{**SMALL, "validation_fraction": fraction}).fit(walk)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = model.predict()
    name = "LSTMForecaster"
    alike = (frame[f"{name}-lo-80"] == frame[f"{name}-lo-95"]) | (frame[f"{name}-hi-80"] == frame[f"{name}-hi-95"])
    # 12, 27 and 97 forecasts: of the first the 80 % end at the largest score of a step
    assert alike.any() == (fraction == 0.25)
    said = [str(warning.message) for warning in caught]
    assert said == (
        [
            "Too few past forecasts are known to tell an interval of 95 % from one of 80 %: at "
            f"{alike.sum()} of 4 steps they end alike. Hold out more steps (validation_fraction), "
            "bring later rows, or ask for one level."
        ]
        if alike.any()
        else []
    )
    assert model.predict_and_remark()[1] == said
    assert model.predict_and_remark(level=[80])[1] == []
    judged = model.backtest(1)
    assert any("end alike" in remark for remark in judged.remarks()) == bool(judged.coinciding)


def test_ends_that_the_data_have_alike_are_not_spoken_of() -> None:
    data = series(300)
    model = LSTMForecaster(**SMALL).fit(data)
    view = model._view
    forecasts = (view.past.units[-5:], view.past.origins[-5:], 500)
    ends_of = {level: (np.zeros((5, 4, 1)), np.ones((5, 4, 1))) for level in (80.0, 95.0)}
    assert view.coinciding(ends_of, *forecasts) == []
    assert len(view.coinciding({**ends_of, 99.5: ends_of[80.0]}, *forecasts)) == 1


def test_what_levels_are_calibrated_on() -> None:
    scores = scores_of(np.arange(80.0), [0] * 60 + [1] * 20, [*range(60), *range(20)])
    for level, expected in ((80, [OWN, ALL_SERIES]), (97, [ALL_SERIES, ALL_SERIES]), (98, [ALL_STEPS, ALL_STEPS])):
        found = calibrated_on(scores, level, np.arange(2), np.full(2, 70), np.full(2, 69), window=100)
        assert found.tolist() == expected


def test_levels_are_in_percent() -> None:
    scores = scores_of(np.arange(70.0), [0] * 70, list(range(10, 80)))
    with pytest.raises(OptionError, match=r"^level is in percent, in \[1, 100\), got 0\.9\. Write 90 for 90 %\.$"):
        margins(scores, 0.9, np.array([0]), np.array([80]), np.array([79]), window=70)
    with pytest.raises(OptionError, match=r"^level is in percent"):
        ends(PointOutput(), np.zeros((1, 1, 1, 1)), 0.9)
