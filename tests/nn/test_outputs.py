"""What outputs of a forecaster mean, against the distributions of torch and simple counts."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from gatecell._core.errors import OptionError
from gatecell.nn.outputs import NormalOutput, Output, PointOutput, QuantileOutput, StudentTOutput, build_output

SHARES = (0.025, 0.1, 0.5, 0.9, 0.975)
ALL: list[Output] = [PointOutput(), QuantileOutput(SHARES), NormalOutput(), StudentTOutput()]
generator = np.random.default_rng(0)


def raw_for(output: Output, shape: tuple[int, ...] = (7, 2)) -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).normal(size=(*shape, output.n_parameters))


def name_of(output: Output) -> str:
    return output.name


@pytest.mark.parametrize("output", ALL, ids=name_of)
def test_shapes(output: Output) -> None:
    raw = raw_for(output)
    target = torch.zeros(7, 2)
    assert output.loss(torch.from_numpy(raw), target, torch.ones(7, 2)).shape == (7, 2)
    assert output.location(raw).shape == output.quantile(raw, 0.9).shape == (7, 2)


@pytest.mark.parametrize("output", ALL, ids=name_of)
def test_quantiles_ascend_and_the_median_is_the_location(output: Output) -> None:
    raw = raw_for(output)
    values = np.stack([output.quantile(raw, share) for share in (0.01, 0.05, 0.3, 0.5, 0.7, 0.96)])
    assert (np.diff(values, axis=0) >= 0).all()
    np.testing.assert_allclose(values[3], output.location(raw))


@pytest.mark.parametrize("output", ALL, ids=name_of)
def test_moved_outputs_have_moved_quantiles(output: Output) -> None:
    raw = raw_for(output)
    shift, scale = generator.normal(size=(7, 2)), np.exp(generator.normal(size=(7, 2)))
    moved = output.moved(raw, shift, scale)
    for share in (0.1, 0.5, 0.975):
        expected = shift + scale * output.quantile(raw, share)
        np.testing.assert_allclose(output.quantile(moved, share), expected, rtol=1e-3, atol=1e-3)


def test_the_losses_of_a_point() -> None:
    raw, target = torch.tensor([[1.0], [5.0]]), torch.tensor([2.0, 2.0])
    scale = torch.tensor([10.0, 0.1])
    torch.testing.assert_close(PointOutput("mae").loss(raw, target, scale), torch.tensor([10.0, 0.3]))
    torch.testing.assert_close(PointOutput("mse").loss(raw, target, scale), torch.tensor([100.0, 0.09]))
    torch.testing.assert_close(PointOutput("huber").loss(raw, target, scale), torch.tensor([9.5, 0.045]))


def test_the_pinball_loss_is_least_at_the_quantile() -> None:
    sample = torch.from_numpy(generator.gamma(2.0, size=20_001))
    output = QuantileOutput((0.1, 0.5, 0.9))
    best = torch.quantile(sample, torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64))
    ones = torch.ones_like(sample)

    def mean_loss(quantiles: torch.Tensor) -> float:
        return float(output.loss(quantiles.expand(len(sample), 3), sample, ones).mean())

    for index in range(3):
        for step in (-0.05, 0.05):
            other = best.clone()
            other[index] += step
            assert mean_loss(other) > mean_loss(best)


def test_the_median_alone_has_the_absolute_error() -> None:
    raw, target = torch.randn(5, 1), torch.randn(5)
    scale = torch.rand(5)
    torch.testing.assert_close(
        QuantileOutput((0.5,)).loss(raw, target, scale), PointOutput("mae").loss(raw, target, scale)
    )


def test_quantiles_that_cross_are_put_in_order_and_others_interpolated() -> None:
    output = QuantileOutput((0.1, 0.5, 0.9))
    raw = np.array([[3.0, 1.0, 2.0]])
    assert [output.quantile(raw, share)[0] for share in (0.05, 0.1, 0.3, 0.5, 0.9, 0.99)] == [1, 1, 1.5, 2, 3, 3]


@pytest.mark.parametrize("output", [NormalOutput(), StudentTOutput()], ids=name_of)
def test_likelihoods_and_quantiles_of_distributions(output: Output) -> None:
    raw = raw_for(output, (9,))
    spread = np.logaddexp(0, raw[:, 1]) + 1e-4
    known = (
        stats.norm(raw[:, 0], spread)
        if isinstance(output, NormalOutput)
        else stats.t(2 + np.logaddexp(0, raw[:, 2]), raw[:, 0], spread)
    )
    target = generator.normal(size=9)
    loss = output.loss(torch.from_numpy(raw), torch.from_numpy(target), torch.ones(9)).numpy()
    constant = loss + known.logpdf(target)
    np.testing.assert_allclose(constant, constant[0], atol=1e-6)
    np.testing.assert_allclose(output.quantile(raw, 0.9), known.ppf(0.9), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"kind": "pointed"}, "There is no output named 'pointed'. Did you mean 'point'?"),
        ({"kind": "point", "loss": "mape"}, "There is no loss named 'mape'"),
        ({"kind": "quantile", "quantiles": ()}, "quantiles must be a sequence of numbers in (0, 1), got ()"),
        ({"kind": "quantile", "quantiles": "0.5"}, "each of quantiles must be a number in (0, 1), got '0'"),
        ({"kind": "quantile", "quantiles": (0.5, 1)}, "each of quantiles must be a number in (0, 1), got 1"),
        ({"kind": "quantile", "quantiles": (0.1, 0.9)}, "must ascend and have 0.5, the median, among them"),
        ({"kind": "quantile", "quantiles": (0.9, 0.5)}, "must ascend and have 0.5, the median, among them"),
    ],
)
def test_what_makes_no_sense(options: dict[str, Any], text: str) -> None:
    kind = options.pop("kind")
    with pytest.raises(OptionError) as caught:
        build_output(kind, **options)
    assert text in str(caught.value)
