"""Dropout of single values: shares, scale, gradients, seeds."""

import pytest
import torch
from torch.nn import functional

from gatecell.nn.dropout import dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_share_p_is_dropped_and_the_mean_stays(p: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    out = dropout(torch.ones(300, 333, dtype=dtype), p)
    n = out.numel()
    share = (out == 0).double().mean().item()
    assert abs(share - p) < 5 * (p * (1 - p) / n) ** 0.5
    assert out.dtype == dtype
    torch.testing.assert_close(out[out != 0], torch.full_like(out[out != 0], 1 / (1 - p)), rtol=1e-4, atol=0)


def test_values_next_to_each_other_are_dropped_independently() -> None:
    torch.manual_seed(0)
    dropped = (dropout(torch.ones(400_000), 0.5) == 0).double()
    # four values share a draw
    for distance in range(1, 9):
        correlation = torch.corrcoef(torch.stack([dropped[:-distance], dropped[distance:]]))[0, 1]
        assert abs(correlation) < 5 / len(dropped) ** 0.5


@pytest.mark.parametrize("shape", [(1,), (3,), (0, 4), (7, 1, 5), (4, 4)])
def test_any_number_of_values(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    assert dropout(torch.ones(shape), 0.5).shape == shape


def test_the_gradient_goes_where_values_were_kept() -> None:
    torch.manual_seed(0)
    x = torch.randn(50, 50, dtype=torch.float64, requires_grad=True)
    out = dropout(x, 0.3)
    out.sum().backward()
    torch.testing.assert_close(x.grad, (out / x).detach())
    torch.testing.assert_close(x.grad, torch.where(out != 0, 1 / 0.7, 0.0).double(), rtol=1e-4, atol=0)


def test_the_same_seed_drops_the_same() -> None:
    x = torch.randn(100, 100)
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(dropout(x, 0.4))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_nothing_is_done_in_evaluation_and_without_dropout() -> None:
    x = torch.randn(5)
    assert dropout(x, 0.5, training=False) is x
    assert dropout(x, 0.0) is x


def test_next_to_all_dropped_is_finite() -> None:
    torch.manual_seed(0)
    assert dropout(torch.ones(1000), 1 - 1e-9).isfinite().all()


def test_another_default_device_does_not_matter() -> None:
    x = torch.ones(10)
    with torch.device("meta"):
        assert dropout(x, 0.5).device.type == "cpu"


def test_a_memory_layout_that_is_not_contiguous() -> None:
    torch.manual_seed(0)
    x = torch.randn(30, 40).T
    out = dropout(x, 0.5)
    kept = out != 0
    torch.testing.assert_close(out[kept], 2 * x[kept])


def test_elsewhere_and_where_something_takes_part_pytorchs_own_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def noted(x: torch.Tensor, p: float) -> torch.Tensor:
        calls.append(p)
        return x

    monkeypatch.setattr(functional, "dropout", noted)
    dropout(torch.ones(3, device="meta"), 0.25)
    with torch.autograd.forward_ad.dual_level():
        dropout(torch.ones(3), 0.5)
    assert calls == [0.25, 0.5]
