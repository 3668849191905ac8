from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.data.transforms import Chain, Difference, Log

chains = st.lists(st.builds(Difference, st.integers(1, 4)), max_size=2).flatmap(
    lambda differences: st.sampled_from([Chain(tuple(differences)), Chain((Log(offset=1.0), *differences))])
)
values = hnp.arrays(np.float64, (2, 25, 2), elements=st.floats(0.0, 1e3))


@given(chains, values, st.integers(8, 20), st.integers(1, 5))
def test_a_forecast_is_undone_exactly(chain: Chain, x: Any, origin: int, horizon: int) -> None:
    ahead = chain.forward(x)[:, origin : origin + horizon]
    restored = chain.inverse(ahead, x[:, :origin])
    np.testing.assert_allclose(restored, x[:, origin : origin + horizon], rtol=1e-9, atol=1e-6)
    again = Chain.from_list(chain.to_list())
    assert again == chain


@given(chains, values, st.integers(0, 24))
def test_no_transform_looks_ahead(chain: Chain, x: Any, cut: int) -> None:
    changed = x.copy()
    changed[:, cut:] = 7.0
    np.testing.assert_array_equal(chain.forward(x)[:, :cut], chain.forward(changed)[:, :cut])


def test_the_first_steps_have_no_change() -> None:
    changes = Difference(2).forward(np.array([[1.0], [2.0], [4.0], [7.0]]))
    np.testing.assert_array_equal(changes, [[np.nan], [np.nan], [3.0], [5.0]])
    assert np.isnan(Difference(5).forward(np.ones((3, 1)))).all()


def test_a_change_is_added_to_the_season_before() -> None:
    before = np.array([[100.0], [10.0], [20.0], [30.0]])
    ahead = np.array([[1.0], [2.0], [3.0], [1.0], [1.0]])
    np.testing.assert_array_equal(Difference(3).inverse(ahead, before)[:, 0], [11, 22, 33, 12, 23])


def test_missing_values_stay() -> None:
    x = np.array([[1.0], [np.nan], [4.0]])
    np.testing.assert_array_equal(np.isnan(Log().forward(x)), np.isnan(x))


def test_a_growth_is_a_sum() -> None:
    chain = Chain.from_list(["log", {"name": "difference"}])
    growth = chain.forward(100.0 * 1.1 ** np.arange(5.0)[:, None])
    np.testing.assert_allclose(growth[1:], np.log(1.1))
    assert chain.n_before == 1


def test_what_cannot_be_transformed() -> None:
    with pytest.raises(InputError, match=r"A logarithm needs values above 0, but the lowest is -1\. Give an offset"):
        Log().forward(np.array([[1.0], [-1.0]]))
    with pytest.raises(InputError, match=r"needs the 12 values before the first step, but 11 are given"):
        Difference(12).inverse(np.ones((3, 1)), np.ones((11, 1)))
    with pytest.raises(InputError, match=r"needs the 13 values before"):
        Chain((Difference(12), Difference(1))).inverse(np.ones((3, 1)), np.ones((12, 1)))
    with pytest.raises(OptionError, match=r"lag must be an integer of at least 1"):
        Difference(0)
    with pytest.raises(UnknownNameError, match=r"There is no transform named 'lgo'. Did you mean 'log'"):
        Chain.from_list(["lgo"])
    with pytest.raises(UnknownNameError, match=r"There is no Difference option named 'leg'. Did you mean 'lag'"):
        Chain.from_list([{"name": "difference", "leg": 2}])
