"""How layers start: rows of zeros under layer normalisation have gradients that float32 can hold."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gatecell.nn.lstm import LSTM

ENGINES = ["native", "reference"]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"peephole": True},
    {"coupled_gates": True},
    {"coupled_gates": True, "bias": False},
    {"proj_size": 3},
    {"num_layers": 2, "bidirectional": True},
    {"initialisation": "torch"},
    {"initialisation": "torch", "bias": False},
    {"precision": "bfloat16"},
    {"input_dropout": 0.2, "recurrent_dropout": 0.25, "zoneout_c": 0.2},
    {"input_dropout": 0.99, "recurrent_dropout": 0.99},
]
LENGTHS = torch.tensor([20, 20, 1, 0])


def gradients(x: Tensor, lengths: Tensor | None = None, **options: Any) -> dict[str, Tensor]:
    torch.manual_seed(0)
    lstm = LSTM(x.shape[2], 7, batch_first=True, layer_norm=True, dtype=x.dtype, **options)
    x = x.clone().requires_grad_()
    output, _ = lstm(x, lengths=lengths)
    weighing = torch.linspace(-1, 1, output.shape[2], dtype=x.dtype)
    last = output[:, -1] if lengths is None else output[torch.arange(len(x)), (lengths - 1).clamp(min=0)]
    (last @ weighing).sum().backward()
    assert x.grad is not None
    return {"x": x.grad} | {name: weight.grad for name, weight in lstm.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("value", [0.0, 1e-20])
def test_rows_of_zeros_have_gradients_under_layer_norm(options: dict[str, Any], engine: str, value: float) -> None:
    found = gradients(torch.full((4, 20, 1), value), LENGTHS, engine=engine, **options)
    weights = [gradient for name, gradient in found.items() if name != "x"]
    assert weights
    assert max(float(gradient.abs().max()) for gradient in weights) < 1e4
    assert all(bool(gradient.isfinite().all()) for gradient in found.values())


@pytest.mark.parametrize("engine", ENGINES)
def test_values_after_many_zeros_have_gradients_under_layer_norm(engine: str) -> None:
    x = torch.randn(3, 30, 2, generator=torch.Generator().manual_seed(0))
    x[:, :25] = 0
    found = gradients(x, engine=engine)
    assert all(bool(gradient.isfinite().all()) and bool(gradient.any()) for gradient in found.values())
    assert max(float(gradient.abs().max()) for name, gradient in found.items() if name != "x") < 1e4


def test_the_engines_agree_on_rows_of_zeros_under_layer_norm() -> None:
    x = torch.zeros(2, 12, 1, dtype=torch.float64)
    ours, theirs = (gradients(x, engine=engine) for engine in ENGINES)
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, theirs[name], rtol=1e-6, atol=1e-9)


def test_only_what_would_be_zero_is_spread_over_the_cells() -> None:
    spread = [-0.1, 0.0, 0.1]
    bias = LSTM(2, 3, layer_norm=True).state_dict()["bias_l0"]
    torch.testing.assert_close(bias, torch.tensor([0.0] * 3 + [1.0] * 3 + spread + [0.0] * 3))
    coupled = LSTM(2, 3, layer_norm=True, coupled_gates=True).state_dict()
    torch.testing.assert_close(coupled["bias_l0"], torch.tensor([1.0] * 3 + spread + [0.0] * 3))
    for scheme in ("glorot", "torch"):
        unbiased = LSTM(2, 3, layer_norm=True, bias=False, initialisation=scheme).state_dict()
        torch.testing.assert_close(unbiased["norm_cell_l0"], torch.tensor([[1.0] * 3, spread]))
    assert not LSTM(2, 3, layer_norm=True).state_dict()["norm_cell_l0"][1].any()


@pytest.mark.parametrize("options", [{}, {"bias": False}])
def test_the_spread_draws_nothing(options: dict[str, Any]) -> None:
    following = []
    for layer_norm in (False, True):
        torch.manual_seed(0)
        LSTM(2, 3, layer_norm=layer_norm, **options)
        following.append(torch.rand(1).item())
    assert following[0] == following[1]


def test_the_biases_of_the_scheme_of_torch_stay_as_drawn() -> None:
    drawn = []
    for layer_norm in (False, True):
        torch.manual_seed(0)
        drawn.append(LSTM(2, 3, layer_norm=layer_norm, initialisation="torch").state_dict()["bias_l0"])
    assert torch.equal(*drawn)
