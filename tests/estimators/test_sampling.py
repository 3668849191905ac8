"""Which token comes next."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from gatecell._core.errors import OptionError
from gatecell.estimators.sampling import Sampler

PROBABILITIES = np.array([0.5, 0.05, 0.3, 0.1, 0.05])
SCORES = np.log(PROBABILITIES).astype(np.float32) + 3


def shares(n: int = 4000, **options: Any) -> list[float]:
    sampler = Sampler(seed=0, **options)
    counts = Counter(sampler(SCORES) for _ in range(n))
    return [counts[token] / n for token in range(5)]


def test_tokens_are_drawn_as_often_as_they_are_probable() -> None:
    np.testing.assert_allclose(shares(), PROBABILITIES, atol=0.03)


def test_the_temperature_sharpens_and_flattens() -> None:
    squared = PROBABILITIES**2
    np.testing.assert_allclose(shares(temperature=0.5), squared / squared.sum(), atol=0.03)
    np.testing.assert_allclose(shares(temperature=1e6), np.full(5, 0.2), atol=0.03)
    assert shares(100, temperature=0)[0] == 1.0
    assert shares(100, temperature=1e-300)[0] == 1.0


def test_top_k_and_top_p() -> None:
    np.testing.assert_allclose(shares(top_k=2), [5 / 8, 0, 3 / 8, 0, 0], atol=0.03)
    np.testing.assert_allclose(shares(top_p=0.79), [5 / 8, 0, 3 / 8, 0, 0], atol=0.03)
    np.testing.assert_allclose(shares(top_p=0.81), [5 / 9, 0, 3 / 9, 1 / 9, 0], atol=0.03)
    assert shares(100, top_k=1)[0] == shares(100, top_p=1e-9)[0] == 1.0
    # of the two that are left, the first has more than half
    assert shares(100, top_k=2, top_p=0.6)[0] == 1.0
    assert shares(500, top_k=50) == shares(500) == shares(500, top_p=1.0)


@pytest.mark.parametrize("top_k", [1, 2, 3, 4, 5, 6])
def test_only_the_k_most_probable_come(top_k: int) -> None:
    scores = np.log(np.array([0.3, 0.1, 0.15, 0.2, 0.25]))
    sampler = Sampler(seed=0, top_k=top_k)
    assert {sampler(scores) for _ in range(500)} == set([0, 4, 3, 2, 1][:top_k])


def test_what_never_comes() -> None:
    assert shares(200, never=[0, 2])[0] == shares(200, never=[0, 2])[2] == 0.0
    assert Sampler(temperature=0, never=[0])(SCORES) == 2
    assert SCORES[0] > 0


def test_the_seed_decides() -> None:
    def drawn(seed: int | None) -> list[int]:
        sampler = Sampler(seed=seed)
        return [sampler(SCORES) for _ in range(50)]

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)
    assert drawn(None) != drawn(None)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"temperature": -0.1}, "temperature must be a finite number of at least 0, got -0.1"),
        ({"temperature": float("nan")}, "temperature must be a finite number of at least 0, got nan"),
        ({"top_k": 0}, "top_k must be an integer of at least 1, got 0"),
        ({"top_p": 0.0}, r"top_p must be a number in \(0, 1\], got 0.0"),
        ({"top_p": 1.1}, r"top_p must be a number in \(0, 1\], got 1.1"),
        ({"seed": -1}, "seed must be an integer of at least 0, got -1"),
    ],
)
def test_values_out_of_range(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        Sampler(**options)
