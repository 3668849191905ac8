import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.data.series_scaling import SERIES_SCALINGS, SeriesScaler

kinds = st.sampled_from([*SERIES_SCALINGS, None])
columns = hnp.arrays(np.float64, (9, 2), elements=st.floats(-1e6, 1e6) | st.just(np.nan)).map(
    lambda values: np.vstack([values, [[1.0, -3.0]]])
)
panels = st.lists(columns, min_size=1, max_size=4)


def series_of(n_series: int = 3) -> list[Any]:
    random = np.random.default_rng(0)
    return [random.normal([5.0, -2.0], [2.0, 0.1], (20 + place, 2)) * 10.0**place for place in range(n_series)]


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [("standard", StandardScaler()), ("minmax", MinMaxScaler()), ("robust", RobustScaler())],
)
def test_against_scikit_learn(kind: str, theirs: Any) -> None:
    each, common = SeriesScaler.fit(series_of(), kind), SeriesScaler.fit(series_of(), kind, per_series=False)
    for place, values in enumerate(series_of()):
        np.testing.assert_allclose(each.transform(values, place), theirs.fit_transform(values), rtol=1e-10)
        joint = theirs.fit(np.concatenate(series_of()))
        np.testing.assert_allclose(common.transform(values, place), joint.transform(values), rtol=1e-10)


@given(panels, kinds, st.booleans())
def test_there_and_back(series: list[Any], kind: str | None, per_series: bool) -> None:
    scaler = SeriesScaler.fit(series, kind, per_series=per_series)
    for place, values in enumerate(series):
        scaled = scaler.transform(values, place)
        np.testing.assert_array_equal(np.isnan(scaled), np.isnan(values))
        np.testing.assert_allclose(scaler.inverse(scaled, place), values, rtol=1e-12, atol=1e-9)


@given(panels, kinds, st.booleans())
def test_windows_of_many_series_go_as_one_by_one(series: list[Any], kind: str | None, per_series: bool) -> None:
    scaler = SeriesScaler.fit(series, kind, per_series=per_series)
    which = np.random.default_rng(0).integers(0, len(series), 5)
    windows = np.stack([series[place][2:6] for place in which])
    expected = np.stack([scaler.transform(series[place][2:6], int(place)) for place in which])
    np.testing.assert_array_equal(scaler.transform(windows, which), expected)
    np.testing.assert_allclose(scaler.inverse(expected, which), windows, rtol=1e-12, atol=1e-9)


def test_a_middle_half_that_differs_by_rounding_does_not_vary() -> None:
    for tiny in (0.0, 5e-324, 1e-307, 1e-13):
        values = np.zeros((9, 1))
        values[1:6, 0], values[8, 0] = tiny, 22.0
        scaler = SeriesScaler.fit([values], "robust")
        assert scaler.scale.item() == pytest.approx(values.std(), rel=1e-9)


def test_missing_values_are_left_out_of_the_measures() -> None:
    values = series_of(1)[0]
    holed = np.repeat(values, 2, axis=0)
    holed[1::2] = np.nan
    for kind in SERIES_SCALINGS:
        whole, part = SeriesScaler.fit([values], kind), SeriesScaler.fit([holed], kind)
        np.testing.assert_allclose(part.shift, whole.shift)
        np.testing.assert_allclose(part.scale, whole.scale)


@pytest.mark.parametrize("kind", SERIES_SCALINGS)
def test_a_constant_series_becomes_zero(kind: str) -> None:
    scaler = SeriesScaler.fit([np.full((7, 1), 0.1)], kind)
    assert scaler.scale.tolist() == [[1.0]]
    assert np.abs(scaler.transform(np.full((7, 1), 0.1))).max() < 1e-12


def test_a_series_of_mostly_one_value_is_scaled_by_its_deviation() -> None:
    values = np.zeros((10, 1))
    values[0] = 4.0
    assert SeriesScaler.fit([values], "robust").scale[0, 0] == pytest.approx(values.std())


def test_without_a_number_values_are_of_the_first_series() -> None:
    scaler = SeriesScaler.fit(series_of(), "standard")
    values = series_of()[0]
    np.testing.assert_array_equal(scaler.transform(values), scaler.transform(values, 0))
    np.testing.assert_array_equal(scaler.inverse(values), scaler.inverse(values, 0))


def test_json_round_trip() -> None:
    scaler = SeriesScaler.fit(series_of(), "robust")
    again = SeriesScaler.from_dict(json.loads(json.dumps(scaler.to_dict())))
    np.testing.assert_array_equal(again.transform(series_of()[1], 1), scaler.transform(series_of()[1], 1))


def test_what_cannot_be_scaled() -> None:
    with pytest.raises(UnknownNameError, match=r"There is no scaling named 'standrad'. Did you mean 'standard'"):
        SeriesScaler.fit(series_of(), "standrad")
    empty = [np.ones((3, 2)), np.array([[1.0, np.nan]] * 3)]
    with pytest.raises(InputError, match=r"load of series 'b' has no value in the part that scaling is fitted on"):
        SeriesScaler.fit(empty, "standard", ids=["a", "b"], names=["price", "load"])
    with pytest.raises(InputError, match=r"Series 0 has values so large that their mean or spread is beyond float64"):
        SeriesScaler.fit([np.array([[1e308], [-1e308]])], "minmax")
    with pytest.raises(InputError, match=r"There are no series"):
        SeriesScaler.fit([], "standard")
    scaler = SeriesScaler.fit(series_of(), "standard")
    with pytest.raises(OptionError, match=r"The scaler was fitted to 3 series, numbered from 0; got 3"):
        scaler.transform(series_of()[0], 3)
    with pytest.raises(OptionError, match=r"fitted to 3 series"):
        scaler.transform(np.zeros((2, 4, 2)), np.array([0, -1]))
