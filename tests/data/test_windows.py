"""Windows against loops over slices, and against the future."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError, OptionError
from gatecell.data.windows import Windows

windows = st.builds(Windows, st.integers(1, 7), st.integers(1, 5), st.integers(1, 4))


def by_loop(length: int, shape: Windows) -> list[int]:
    """Origins, found by walking back from the end as the drawing says."""
    origins = []
    origin = length - shape.horizon
    while origin - shape.lookback >= 0:
        origins.append(origin)
        origin -= shape.stride
    return origins[::-1]


def test_the_drawing() -> None:
    assert Windows(4, 2, 3).origins(12).tolist() == [4, 7, 10]


@given(windows, st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_places(shape: Windows, lengths: list[int]) -> None:
    expected = [(place, origin) for place, length in enumerate(lengths) for origin in by_loop(length, shape)]
    series, origins = shape.places(lengths)
    assert list(zip(series.tolist(), origins.tolist(), strict=True)) == expected
    assert shape.count(lengths).tolist() == [len(by_loop(length, shape)) for length in lengths]
    assert shape.origins(lengths[0]).tolist() == by_loop(lengths[0], shape)


@given(windows, st.integers(1, 30), st.integers(1, 3))
def test_what_is_seen_and_what_follows(shape: Windows, length: int, n_columns: int) -> None:
    values = np.arange(length * n_columns, dtype=np.float64).reshape(length, n_columns)
    origins = shape.origins(length)
    seen, ahead = shape.seen(values, origins), shape.ahead(values, origins)
    assert seen.shape == (len(origins), shape.lookback, n_columns)
    assert ahead.shape == (len(origins), shape.horizon, n_columns)
    for row, origin in enumerate(origins):
        np.testing.assert_array_equal(seen[row], values[origin - shape.lookback : origin])
        np.testing.assert_array_equal(ahead[row], values[origin : origin + shape.horizon])


@given(windows, st.integers(1, 30), st.integers(0, 29))
def test_what_is_seen_does_not_know_what_follows(shape: Windows, length: int, cut: int) -> None:
    """Values after a cut change nothing that a window with its origin at or before the cut sees."""
    values = np.random.default_rng(0).normal(size=(length, 2))
    changed = values.copy()
    changed[cut:] = np.nan
    origins = shape.origins(length)
    before = origins[origins <= cut]
    np.testing.assert_array_equal(shape.seen(values, before), shape.seen(changed, before))


def test_windows_are_copies() -> None:
    values = np.zeros((6, 1))
    shape = Windows(2, 1)
    shape.seen(values, shape.origins(6))[:] = 1.0
    assert not values.any()


def test_series_that_are_too_short_are_named() -> None:
    shape = Windows(24, 12)
    shape.check_lengths([36, 40], ["a", "b"])
    with pytest.raises(
        InputError,
        match=r"A window takes 36 steps \(lookback 24 and horizon 12\), but 1 of 2 series have fewer: 'b' \(35\)\. "
        r"Choose a shorter lookback or horizon, or leave such series out",
    ):
        shape.check_lengths([36, 35], ["a", "b"])
    with pytest.raises(InputError, match=r"horizon 12\), but the series has fewer: 'a' \(35\)\. Choose"):
        shape.check_lengths([35], ["a"])
    with pytest.raises(InputError, match=r"8 of 8 series have fewer: 0 \(1\), .* 4 \(1\) and 3 more\."):
        shape.check_lengths([1] * 8, list(range(8)))


def test_origins_beyond_the_series() -> None:
    with pytest.raises(InputError, match=r"it has 10 steps, and origins lead from step 8 to 11"):
        Windows(4, 3).ahead(np.zeros((10, 1)), np.array([8]))
    with pytest.raises(InputError, match=r"A window reaches beyond the series"):
        Windows(4, 3).seen(np.zeros((10, 1)), np.array([3]))
    # a step before the first would be one counted from the end
    with pytest.raises(InputError, match=r"origins lead from step -1 to 9"):
        Windows(4, 3).seen(np.zeros((10, 1)), np.array([5, 9, 3]))


@pytest.mark.parametrize("name", ["lookback", "horizon", "stride"])
def test_bad_options(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} must be an integer of at least 1, got 0"):
        Windows(**{"lookback": 1, "horizon": 1, name: 0})
