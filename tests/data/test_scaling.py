import json

import numpy as np
import pytest
import torch
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from gatecell._core.errors import InputError, UnknownNameError
from gatecell.data.scaling import ChannelScaler


def steps() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal([5.0, -2.0, 0.0], [2.0, 0.1, 9.0], (6, 11, 3)))


@pytest.mark.parametrize(("kind", "theirs"), [("standard", StandardScaler()), ("minmax", MinMaxScaler())])
def test_against_scikit_learn(kind: str, theirs: "StandardScaler | MinMaxScaler") -> None:
    scaled = ChannelScaler.fit(steps(), kind).transform(steps())
    assert scaled.dtype == torch.float32
    np.testing.assert_allclose(scaled.flatten(0, 1), theirs.fit_transform(steps().flatten(0, 1)), rtol=1e-6, atol=1e-6)


def test_a_weight_is_a_repeated_step() -> None:
    weight = torch.arange(6)[:, None].expand(6, 11)
    repeated = steps().repeat_interleave(torch.arange(6), dim=0)
    for kind in ("standard", "minmax"):
        weighted, plain = ChannelScaler.fit(steps(), kind, weight), ChannelScaler.fit(repeated, kind)
        np.testing.assert_allclose(weighted.shift, plain.shift)
        np.testing.assert_allclose(weighted.scale, plain.scale)


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_a_constant_channel_becomes_zero(kind: str) -> None:
    scaler = ChannelScaler.fit(torch.full((5, 1), 0.1, dtype=torch.float64), kind)
    assert scaler.scale == (1.0,)
    assert scaler.transform(torch.full((5, 1), 0.1)).abs().max() < 1e-6


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("value", [0.1, 1 / 3, -7e9])
def test_a_constant_channel_becomes_zero_under_weights(kind: str, value: float) -> None:
    values = torch.full((997, 1), value, dtype=torch.float64)
    weight = torch.from_numpy(np.random.default_rng(1).uniform(0.1, 3.0, 997))
    scaler = ChannelScaler.fit(values, kind, weight)
    assert scaler.scale == (1.0,)
    assert scaler.transform(values + 1e-4).abs().max() < 1e-3


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("odd", [1e6, -1e6, 1e300, float("inf"), float("nan")])
def test_a_step_without_weight_has_no_part(kind: str, odd: float) -> None:
    values, weight = steps(), torch.ones(6, 11)
    values[2], weight[2] = odd, 0.0
    without = ChannelScaler.fit(steps()[[0, 1, 3, 4, 5]], kind)
    found = ChannelScaler.fit(values, kind, weight)
    np.testing.assert_allclose(found.shift, without.shift)
    np.testing.assert_allclose(found.scale, without.scale)


def test_values_that_cannot_be_measured() -> None:
    with pytest.raises(InputError, match=r"^y cannot be scaled: the values of channel 1 \(counted from 0\)"):
        ChannelScaler.fit(torch.tensor([[1.0, 1e300], [2.0, -1e300]], dtype=torch.float64), "standard", name="y")
    with pytest.raises(InputError, match=r"^X has no step of a weight above 0"):
        ChannelScaler.fit(steps(), "minmax", torch.zeros(6, 11))


def test_there_and_back() -> None:
    scaler = ChannelScaler.fit(steps(), "standard")
    np.testing.assert_allclose(scaler.inverse(scaler.transform(steps())), steps(), rtol=1e-5, atol=1e-5)


def test_small_changes_of_large_values_survive() -> None:
    seconds = (1.7e9 + torch.arange(100.0, dtype=torch.float64))[:, None]
    scaled = ChannelScaler.fit(seconds, "standard").transform(seconds)
    np.testing.assert_allclose(scaled.diff(dim=0), np.full((99, 1), 1 / seconds.std(correction=0)), rtol=1e-4)


def test_the_values_given_are_not_written() -> None:
    values = steps()
    ChannelScaler.fit(values, "standard").transform(values)
    assert torch.equal(values, steps())


def test_json_round_trip() -> None:
    scaler = ChannelScaler.fit(steps(), "minmax")
    assert ChannelScaler.from_dict(json.loads(json.dumps(scaler.to_dict()))) == scaler


def test_unknown_kind() -> None:
    with pytest.raises(UnknownNameError, match=r"There is no scaling named 'standrad'. Did you mean 'standard'"):
        ChannelScaler.fit(steps(), "standrad")
