from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError, OptionError
from gatecell.data.splitting import origins_within, rolling_origins, time_parts
from gatecell.data.windows import Windows


@given(st.integers(30, 60), st.integers(0, 8), st.integers(0, 8), st.integers(0, 4))
def test_parts_follow_each_other_with_gaps(n_steps: int, validation: int, test: int, gap: int) -> None:
    parts = time_parts(n_steps, validation=validation, test=test, gap=gap)
    assert (len(parts.validation), len(parts.test)) == (validation, test)
    kept = [part for part in (parts.train, parts.validation, parts.test) if len(part)]
    assert kept[0].start == 0
    assert kept[-1].stop == n_steps
    assert all(later.start - earlier.stop == gap for earlier, later in pairwise(kept))


def test_shares_and_fixed_parts() -> None:
    parts = time_parts(200, validation=0.1, test=0.25)
    assert (parts.train, parts.validation, parts.test) == (range(130), range(130, 150), range(150, 200))
    fixed = time_parts(17_420, train=8_640, validation=2_880, test=2_880)
    assert (fixed.validation, fixed.test) == (range(8_640, 11_520), range(11_520, 14_400))


@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 3))
def test_no_step_is_forecast_in_two_parts(lookback: int, horizon: int, gap: int) -> None:
    origins = Windows(lookback, horizon).origins(60)
    parts = time_parts(60, validation=10, test=10, gap=gap)
    forecast: list[set[Any]] = []
    for part in (parts.train, parts.validation, parts.test):
        chosen = origins_within(origins, horizon, part)
        assert len(chosen) > 0
        forecast.append({origin + step for origin in chosen.tolist() for step in range(horizon)})
    assert max(forecast[0]) + gap < min(forecast[1])
    assert max(forecast[1]) + gap < min(forecast[2])


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 7), st.integers(1, 6))
def test_rolling_origins(horizon: int, n_origins: int, step: int, least: int) -> None:
    needed = least + horizon + (n_origins - 1) * step
    origins = rolling_origins(needed, horizon=horizon, n_origins=n_origins, step=step, least=least)
    assert len(origins) == n_origins
    assert origins[0] == least
    assert origins[-1] + horizon == needed
    assert (np.diff(origins) == step).all()
    with pytest.raises(InputError, match=rf"take {needed} steps; the series has {needed - 1}\. Choose fewer origins"):
        rolling_origins(needed - 1, horizon=horizon, n_origins=n_origins, step=step, least=least)


def test_each_step_is_forecast_once_by_default() -> None:
    assert rolling_origins(100, horizon=10, n_origins=3).tolist() == [70, 80, 90]


def test_bad_sizes() -> None:
    with pytest.raises(OptionError, match=r"20 steps cannot be divided: .* gaps of 2 take"):
        time_parts(20, validation=8, test=9, gap=2)
    with pytest.raises(OptionError, match=r"cannot be divided"):
        time_parts(20, train=15, test=6)
    with pytest.raises(OptionError, match=r"test must be a number in \[0, 1\), got 1\.5"):
        time_parts(20, test=1.5)
    with pytest.raises(OptionError, match=r"gap must be an integer of at least 0"):
        time_parts(20, gap=-1)
    with pytest.raises(OptionError, match=r"n_origins must be an integer of at least 1"):
        rolling_origins(20, horizon=1, n_origins=0)
