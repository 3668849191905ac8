"""Products of matrices by oneDNN against PyTorch's own."""

import pytest
import torch
from torch import Tensor

from gatecell.nn import products


def drawn(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=dtype)


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 2, 63), (63, 17, 130), (5, 0, 3), (0, 4, 3)])
def test_they_are_those_of_pytorch(shape: tuple[int, int, int], with_bias: bool) -> None:
    n_rows, size, n_outputs = shape
    rows, weight, bias = drawn(n_rows, size), drawn(n_outputs, size), drawn(n_outputs) if with_bias else None
    torch.testing.assert_close(
        products.linear(rows, weight, bias), torch.nn.functional.linear(rows, weight, bias), rtol=1e-5, atol=1e-5
    )


def test_transposed_matrices_need_no_copy() -> None:
    rows, weight = drawn(9, 17).t(), drawn(9, 5).t()
    torch.testing.assert_close(products.linear(rows, weight), rows @ weight.t(), rtol=1e-5, atol=1e-5)


def test_it_is_onednn_that_multiplies_float32_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[torch.dtype] = []
    real = products._onednn
    assert real is not None, "this PyTorch has no operator of oneDNN's product, which is then half as fast on AMD"

    def counted(rows: Tensor, *args: object) -> Tensor:
        calls.append(rows.dtype)
        return real(rows, *args)  # type: ignore[no-any-return]

    monkeypatch.setattr(products, "_onednn", counted)
    products.linear(drawn(3, 2), drawn(4, 2))
    products.linear(drawn(3, 2, dtype=torch.float64), drawn(4, 2, dtype=torch.float64))
    assert calls == [torch.float32]
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)
    products.linear(drawn(3, 2), drawn(4, 2))
    assert calls == [torch.float32]


def test_without_onednn_pytorch_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_onednn", None)
    rows, weight = drawn(3, 2), drawn(4, 2)
    assert torch.equal(products.linear(rows, weight), torch.nn.functional.linear(rows, weight))
