"""Naive forecasts: by hand, against the future, and on the M4 competition's published figures."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gatecell._core.errors import InputError
from gatecell.data.frames import read_panel
from gatecell.datasets.m4 import HORIZON, SEASON, load_m4_hourly
from gatecell.evaluation.forecasts import mase, seasonal_error, smape
from gatecell.evaluation.naive import is_seasonal, naive, naive2, seasonal_indices, seasonal_naive

values = hnp.arrays(np.float64, (30, 2), elements=st.floats(0.5, 1e3))


def test_the_last_value() -> None:
    history = np.array([[1.0, 5.0], [2.0, np.nan]])
    np.testing.assert_array_equal(naive(history, 3), [[2, 5], [2, 5], [2, 5]])


def test_the_last_season_goes_round() -> None:
    history = np.array([[9.0], [1.0], [2.0], [3.0]])
    np.testing.assert_array_equal(seasonal_naive(history, 7, 3)[:, 0], [1, 2, 3, 1, 2, 3, 1])
    np.testing.assert_array_equal(seasonal_naive(history, 2, 4)[:, 0], [9, 1])
    with pytest.raises(InputError, match=r"repeats the last season, 5 steps, but only 4 are known"):
        seasonal_naive(history, 2, 5)


@given(values, st.integers(1, 9), st.integers(1, 6))
def test_windows_go_as_one_by_one(history: Any, horizon: int, season: int) -> None:
    windows = np.stack([history[:10], history[10:20], history[20:]])
    expected = np.stack([seasonal_naive(window, horizon, season) for window in windows])
    np.testing.assert_array_equal(seasonal_naive(windows, horizon, season), expected)


def seasonal(n_steps: int, indices: list[float]) -> Any:
    """A series of a constant trend: the classical decomposition finds its indices exactly."""
    return 100.0 * np.resize(indices, n_steps)


@pytest.mark.parametrize("indices", [[0.5, 1.0, 1.5], [0.8, 1.4, 0.6, 1.2]])
@pytest.mark.parametrize("n_steps", [24, 25, 29])
def test_indices_of_odd_and_even_seasons(indices: list[float], n_steps: int) -> None:
    np.testing.assert_allclose(seasonal_indices(seasonal(n_steps, indices), len(indices)), indices)
    forecast = naive2(seasonal(n_steps, indices)[:, None], 9, len(indices))
    np.testing.assert_allclose(forecast[:, 0], seasonal(n_steps + 9, indices)[n_steps:])


@pytest.mark.parametrize("season", [2, 3, 4, 7])
@pytest.mark.parametrize("n_steps", [21, 24])
def test_indices_by_the_definition(season: int, n_steps: int) -> None:
    values = np.random.default_rng(season).uniform(1, 3, n_steps) * np.linspace(1, 5, n_steps)
    half = season // 2
    relative: list[list[float]] = [[] for _ in range(season)]
    for step in range(half, n_steps - half):
        around = values[step - half : step + half + 1]
        trend = around.sum() / season if season % 2 else (around.sum() - (around[0] + around[-1]) / 2) / season
        relative[step % season].append(float(values[step] / trend))
    means = np.array([np.mean(of_place) for of_place in relative])
    np.testing.assert_allclose(seasonal_indices(values, season), means / means.mean())


@pytest.mark.parametrize("season", [2, 3, 5])
def test_what_is_seasonal_by_the_definition(season: int) -> None:
    found, expected = [], []
    for seed in range(300):
        values = np.random.default_rng(seed).normal(size=30).cumsum()
        deviation = values - values.mean()
        r = [
            sum(deviation[step] * deviation[step - lag] for step in range(lag, 30)) / sum(deviation**2)
            for lag in range(1, season + 1)
        ]
        bound = 1.645 * ((1 + 2 * sum(value**2 for value in r[: season - 1])) / 30) ** 0.5
        found.append(is_seasonal(values, season))
        expected.append(abs(r[season - 1]) > bound)
    assert found == expected
    assert 0 < sum(found) < 300


def test_what_is_seasonal() -> None:
    noise = np.random.default_rng(0).normal(100, 1, 200)
    assert is_seasonal(seasonal(60, [0.5, 1.0, 1.5]) + noise[:60], 3)
    assert not is_seasonal(noise, 12)
    # three seasons, fewer, no season, no variation
    spike = [1.0] * 11 + [5.0]
    assert is_seasonal(seasonal(36, spike), 12)
    assert not is_seasonal(seasonal(35, spike), 12)
    assert not is_seasonal(np.arange(9.0), 1)
    assert not is_seasonal(np.full(60, 3.0), 12)


def test_naive_2_of_what_is_not_seasonal_is_naive() -> None:
    noise = np.random.default_rng(0).normal(100, 1, (200, 1))
    np.testing.assert_array_equal(naive2(noise, 5, 12), naive(noise, 5))


@pytest.mark.parametrize("history", [[0.0, 0, 4] * 4 + [0.0], [0.0] * 9 + [1, 2, 3] * 6])
def test_naive_2_of_zeros(history: list[float]) -> None:
    forecast = naive2(np.array(history)[:, None], 4, 3)
    assert np.isfinite(forecast).all()


def test_a_season_of_which_nothing_is_known_relative_to_the_trend() -> None:
    assert np.isnan(seasonal_indices(np.zeros(12), 3)).all()


@pytest.mark.parametrize(
    ("forecast", "published_smape", "published_mase"),
    [
        ("naive", 43.003, 11.608),
        ("seasonal_naive", 13.912, 1.193),
        ("naive2", 18.383, 2.395),
    ],
)
@pytest.mark.usefixtures("data_home")
def test_the_published_figures_of_m4_hourly(forecast: str, published_smape: float, published_mase: float) -> None:
    """Makridakis et al. (2020): the figures of the 414 hourly series, in the competition's table of results."""
    data = load_m4_hourly()
    train, test = read_panel(data.train), read_panel(data.test)
    rules = {
        "naive": lambda history: naive(history, HORIZON),
        "seasonal_naive": lambda history: seasonal_naive(history, HORIZON, SEASON),
        "naive2": lambda history: naive2(history, HORIZON, SEASON),
    }
    true = np.stack([series.target for series in test])
    predicted = np.stack([rules[forecast](series.target) for series in train])
    scale = np.stack([seasonal_error(series.target, SEASON) for series in train])
    assert smape(true, predicted) == pytest.approx(published_smape, abs=5e-4)
    assert mase(true, predicted, scale) == pytest.approx(published_mase, abs=5e-4)
