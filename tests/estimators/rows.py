"""Small sequences with something to be learnt from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = list[NDArray[np.float64]]


def ragged_rows(count: int, n_features: int = 2, seed: int = 0) -> Rows:
    """Return sequences of 3 to 9 steps."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(int(rng.integers(3, 10)), n_features)) for _ in range(count)]


def numbers_of(rows: Rows) -> NDArray[np.float64]:
    """Return the mean of each sequence's first channel."""
    return np.array([row[:, 0].mean() for row in rows])


def labels_of(rows: Rows) -> NDArray[Any]:
    """Return which half of the sequences each one's mean lies in."""
    numbers = numbers_of(rows)
    return np.where(numbers > np.median(numbers), "up", "down")
