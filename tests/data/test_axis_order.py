"""Channels before steps are noticed, and nothing else is taken for them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from gatecell.data.axis_order import looks_channel_first
from gatecell.data.sequences import Sequences

rng = np.random.default_rng(0)
steps = np.arange(100)


def walks(n: int, channels: int) -> NDArray[np.float64]:
    """Return random walks ``(n, 100, channels)``."""
    return rng.normal(size=(n, 100, channels)).cumsum(axis=1)


CHANNEL_FIRST = {
    "walks": walks(20, 3).swapaxes(1, 2),
    "waves of other heights": np.sin(steps / 9 + rng.normal(size=(20, 6, 1))) * [[1], [50], [3], [7], [0.1], [9]],
    "one channel": rng.normal(size=(20, 1, 50)),
    "flat channels beside": np.concatenate([walks(20, 2).swapaxes(1, 2), np.zeros((20, 1, 100))], axis=1),
}
WELL = {
    "walks": walks(20, 3),
    "noise with more channels": rng.normal(size=(20, 5, 64)),
    "embeddings, each with a mean of its own": rng.normal(size=(20, 5, 300)) + rng.normal(size=300),
    "one-hot characters": np.eye(40)[rng.integers(0, 40, (20, 6))],
    "images": load_digits().images[:50],
    "spectra over time": rng.normal(size=(20, 30, 90)).cumsum(axis=1).cumsum(axis=2),
    "few channels of a single step": rng.normal(size=(20, 1, 4)),
    "constants": np.ones((20, 4, 40)),
}


@pytest.mark.parametrize("name", CHANNEL_FIRST)
def test_noticed(name: str) -> None:
    assert looks_channel_first(Sequences.from_input(CHANNEL_FIRST[name]))


@pytest.mark.parametrize("name", WELL)
def test_not_noticed(name: str) -> None:
    assert not looks_channel_first(Sequences.from_input(WELL[name]))


def test_rows_of_unlike_lengths_have_their_channels_in_place() -> None:
    assert not looks_channel_first(Sequences.from_input([rng.normal(size=(length, 40)) for length in (2, 3)]))
