"""Small series that have something to be forecast."""

from typing import Any

import numpy as np
import pandas as pd

SMALL: dict[str, Any] = {
    "horizon": 4,
    "lookback": 8,
    "hidden_size": 4,
    "max_epochs": 2,
    "patience": None,
    "validation_fraction": 0.4,
    "random_state": 0,
}


def hours(n_steps: int, start: str = "2026-01-01") -> pd.DatetimeIndex:
    return pd.date_range(start, periods=n_steps, freq="h", name="ds")


def wave(n_steps: int, *, seed: int = 0, noise: float = 0.3, period: int = 6) -> np.ndarray[Any, Any]:
    """A wave with noise, above 0."""
    generator = np.random.default_rng(seed)
    return 20 + 3 * np.sin(2 * np.pi * np.arange(n_steps) / period) + noise * generator.normal(size=n_steps)


def series(n_steps: int = 120, **options: Any) -> "pd.Series[float]":
    return pd.Series(wave(n_steps, **options), index=hours(n_steps), name="load")


def wide(n_steps: int = 120) -> pd.DataFrame:
    return pd.DataFrame({"a": wave(n_steps), "b": 100 * wave(n_steps, seed=1, period=8)}, index=hours(n_steps))


def long(n_steps: int = 120, n_series: int = 3) -> pd.DataFrame:
    """A panel with a covariate of the past, one known ahead, which drives the target, and a static one."""
    parts = []
    for number in range(n_series):
        driver = np.random.default_rng(number).normal(size=n_steps + number)
        values = (number + 1) * (wave(n_steps + number, seed=number) + 2 * driver)
        parts.append(
            pd.DataFrame(
                {
                    "unique_id": f"s{number}",
                    "ds": hours(n_steps + number),
                    "y": values,
                    "temperature": values + np.random.default_rng(9 + number).normal(size=n_steps + number),
                    "driver": driver,
                    "size": float(number),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


COVARIATES: dict[str, Any] = {"past": ["temperature"], "future": ["driver"], "static": ["size"]}
