"""The frugal softmax against PyTorch's own functions."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from gatecell.nn import softmax
from gatecell.nn.softmax import linear_cross_entropy


def drawn(n_rows: int, size: int, classes: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(n_rows)
    features, weight, bias = (
        torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()
        for shape in ((n_rows, size), (classes, size), (classes,))
    )
    return features, weight, bias, torch.randint(0, classes, (n_rows,), generator=generator)


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("n_rows", [1, 7, 63])
def test_values_and_gradients_are_those_of_pytorch(
    n_rows: int, with_bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softmax, "_CHUNK_ELEMENTS", 17 * 5)  # five rows at a time
    features, weight, bias, target = drawn(n_rows, 3, 17, torch.float64)
    used = bias if with_bias else None
    wanted = [features, weight, *([bias] if with_bias else [])]
    expected = cross_entropy(linear(features, weight, used), target, reduction="sum")
    total = linear_cross_entropy(features, weight, used, target)
    torch.testing.assert_close(total, expected)
    scaled = linear_cross_entropy(features, weight, used, target, scale=0.3)
    torch.testing.assert_close(scaled, 0.3 * expected)
    for own, other in zip(torch.autograd.grad(scaled, wanted), torch.autograd.grad(0.3 * total, wanted), strict=True):
        torch.testing.assert_close(own, other)
    total = linear_cross_entropy(features, weight, used, target)
    for own, other in zip(
        torch.autograd.grad(0.3 * total, wanted), torch.autograd.grad(0.3 * expected, wanted), strict=True
    ):
        torch.testing.assert_close(own, other)


@pytest.mark.parametrize("with_bias", [True, False])
def test_in_bfloat16_they_are_near(with_bias: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softmax, "_CHUNK_ELEMENTS", 17 * 5)
    features, weight, bias, target = drawn(63, 9, 17, torch.float32)
    used = bias if with_bias else None
    wanted = [features, weight, *([bias] if with_bias else [])]
    exact = linear_cross_entropy(features, weight, used, target)
    monkeypatch.setattr(softmax, "_ROUNDED_CHUNKS", 3)
    rounded = linear_cross_entropy(features, weight, used, target, precision="bfloat16")
    assert rounded.dtype == torch.float32
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, rtol=5e-3, atol=0.0)
    exact_grads = torch.autograd.grad(exact, wanted)
    for near, own in zip(torch.autograd.grad(rounded, wanted), exact_grads, strict=True):
        assert float((near - own).norm() / own.norm()) < 0.01
    scaled = linear_cross_entropy(features, weight, used, target, precision="bfloat16", scale=0.5)
    for near, own in zip(torch.autograd.grad(scaled, wanted), exact_grads, strict=True):
        assert float((2 * near - own).norm() / own.norm()) < 0.01


def test_only_what_needs_a_gradient_gets_one() -> None:
    features, weight, bias, target = drawn(5, 3, 7, torch.float64)
    total = linear_cross_entropy(features.detach(), weight, bias.detach(), target)
    (grad,) = torch.autograd.grad(total, [weight])
    expected = torch.autograd.grad(cross_entropy(linear(features, weight, bias), target, reduction="sum"), [weight])
    torch.testing.assert_close(grad, expected[0])
    with torch.no_grad():
        assert not linear_cross_entropy(features, weight, bias, target).requires_grad


def test_large_outputs_neither_overflow_nor_vanish() -> None:
    features, weight = torch.tensor([[1000.0]]), torch.tensor([[1.0], [-1.0]])
    assert float(linear_cross_entropy(features, weight, None, torch.tensor([1]))) == 2000.0
    assert float(linear_cross_entropy(features, weight, None, torch.tensor([0]))) == 0.0


def test_a_second_gradient_is_that_of_pytorch() -> None:
    features, weight, bias, target = drawn(4, 3, 5, torch.float64)

    def second(total: Tensor) -> tuple[Tensor, ...]:
        grads = torch.autograd.grad(total, [features, weight, bias], create_graph=True)
        penalty = sum((grad.square().sum() for grad in grads), torch.zeros((), dtype=torch.float64))
        return torch.autograd.grad(penalty, [features, weight, bias])

    expected = second(2 * cross_entropy(linear(features, weight, bias), target, reduction="sum"))
    for own, other in zip(
        second(linear_cross_entropy(features, weight, bias, target, scale=2.0)), expected, strict=True
    ):
        torch.testing.assert_close(own, other)
