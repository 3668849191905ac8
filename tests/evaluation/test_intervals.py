import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gatecell._core.errors import OptionError
from gatecell.evaluation.intervals import bootstrap_interval, share_interval


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(1).normal(size=2000)
    low, high = bootstrap_interval(values) or (math.nan, math.nan)
    half = 1.96 * values.std() / math.sqrt(2000)
    assert low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.15 * half)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(2)
    hits = 0
    for seed in range(200):
        low, high = share_interval(generator.random(100) < 0.8, seed=seed) or (math.nan, math.nan)
        hits += low <= 0.8 <= high
    assert 0.90 <= hits / 200 <= 0.98


def test_a_seed_decides() -> None:
    values = np.random.default_rng(3).normal(size=50)
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


def test_a_level_decides() -> None:
    values = np.random.default_rng(3).normal(size=50)
    narrow, wide = bootstrap_interval(values, level=50), bootstrap_interval(values, level=99)
    assert narrow is not None
    assert wide is not None
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_a_level_is_in_percent() -> None:
    values, right = np.random.default_rng(3).normal(size=50), np.arange(50) < 49
    assert bootstrap_interval(values, level=95) == bootstrap_interval(values)
    assert share_interval(np.ones(20, dtype=bool), level=80) == pytest.approx((20 / (20 + 1.281552**2), 1.0))
    intervals: list[Callable[[float], Any]] = [
        lambda level: bootstrap_interval(values, level=level),
        lambda level: share_interval(right, level=level),
        lambda level: share_interval(right[:20], level=level),
    ]
    for interval in intervals:
        with pytest.raises(OptionError, match=r"^level is in percent, in \[1, 100\), got 0\.8\. Write 80 for 80 %\.$"):
            interval(0.8)
        with pytest.raises(OptionError, match=r"^level must be a number of percent in \[1, 100\), got 100"):
            interval(100)


def test_twenty_right_rows_prove_little() -> None:
    low, high = share_interval(np.ones(20, dtype=bool)) or (math.nan, math.nan)
    # Wilson: n / (n + z**2)
    assert (low, high) == pytest.approx((20 / (20 + 1.959964**2), 1.0))


def test_rows_that_are_all_wrong_may_yet_be_right() -> None:
    found = share_interval(np.zeros(20, dtype=bool), level=80)
    assert found == pytest.approx((0.0, 1.281552**2 / (20 + 1.281552**2)), abs=1e-12, rel=1e-6)


@pytest.mark.parametrize("right", [[True, False], [True] * 7 + [False] * 2])
def test_rows_that_differ_are_drawn_anew(right: list[bool]) -> None:
    rows = np.array(right)
    assert share_interval(rows, seed=3) == bootstrap_interval(rows.astype(float), seed=3)


def test_the_defaults_are_95_percent_of_1000_resamples_of_seed_0() -> None:
    values = np.random.default_rng(4).normal(size=300)
    assert bootstrap_interval(values) == bootstrap_interval(values, level=95, n_resamples=1000, seed=0)
    assert share_interval(values > 0.5) == share_interval(values > 0.5, level=95, seed=0)


def test_two_rows_have_an_interval_as_wide_as_they_are() -> None:
    assert bootstrap_interval(np.array([1.0, 3.0])) == (1.0, 3.0)
    low, high = share_interval(np.ones(2, dtype=bool)) or (math.nan, math.nan)
    assert (low, high) == pytest.approx((2 / (2 + 1.959964**2), 1.0))


def test_rows_that_are_alike_have_an_interval_without_width() -> None:
    assert bootstrap_interval(np.full(5, 0.25)) == (0.25, 0.25)


def test_one_row_has_none() -> None:
    assert bootstrap_interval(np.ones(1)) is None
    assert share_interval(np.ones(1, dtype=bool)) is None
