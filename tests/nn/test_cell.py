"""``LSTMCell`` against ``torch.nn.LSTMCell``, and against the layer."""

from typing import Any

import numpy as np
import pytest
import torch

from gatecell._core.errors import InputError, OptionError
from gatecell.nn.cell import LSTMCell
from gatecell.nn.lstm import LSTM


def test_equals_torch_batched_and_unbatched() -> None:
    theirs = torch.nn.LSTMCell(5, 7)
    ours = LSTMCell.from_torch(theirs)
    for x, hx in (
        (torch.randn(3, 5), None),
        (torch.randn(3, 5), (torch.randn(3, 7), torch.randn(3, 7))),
        (torch.randn(5), (torch.randn(7), torch.randn(7))),
    ):
        for value, other in zip(ours(x, hx), theirs(x, hx), strict=True):
            torch.testing.assert_close(value, other)


@pytest.mark.parametrize(
    "options",
    [{}, {"peephole": True}, {"coupled_gates": True}, {"layer_norm": True}, {"proj_size": 3}, {"zoneout_c": 0.3}],
)
def test_a_loop_over_the_cell_is_the_layer(options: dict[str, Any]) -> None:
    layer = LSTM(5, 7, **options).eval()
    cell = LSTMCell(5, 7, **options).eval()
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x = torch.randn(4, 3, 5)
    output, (_, c_n) = layer(x)
    states = None
    for t in range(4):
        states = cell(x[t], states)
        torch.testing.assert_close(states[0], output[t])
    assert states is not None
    torch.testing.assert_close(states[1], c_n[0])


def test_zoneout_draws_anew_at_each_call_in_training_only() -> None:
    cell = LSTMCell(5, 7, zoneout_h=0.5)
    x = torch.randn(3, 5)
    assert not torch.equal(cell(x)[0], cell(x)[0])
    cell.eval()
    assert torch.equal(cell(x)[0], cell(x)[0])


def test_bad_input_is_refused_with_the_reason() -> None:
    cell = LSTMCell(5, 7)
    with pytest.raises(InputError, match=r"must have shape \(batch, 5\), or \(5,\) unbatched, got \(3, 4\)"):
        cell(torch.zeros(3, 4))
    with pytest.raises(InputError, match=r"state c must have shape \(3, 7\), got \(3, 6\)"):
        cell(torch.zeros(3, 5), (torch.zeros(3, 7), torch.zeros(3, 6)))
    with pytest.raises(InputError, match=r"The input must be a tensor, got ndarray"):
        cell(np.zeros((3, 5)))
    with pytest.raises(InputError, match=r"must be a pair \(h_0, c_0\)"):
        cell(torch.zeros(3, 5), (torch.zeros(3, 7),))
    with pytest.raises(InputError, match=r"is torch.float64, but the weights are torch.float32"):
        cell(torch.zeros(3, 5).double())
    with pytest.raises(InputError, match="must hold real numbers on cpu, like the weights; got torch.int64"):
        cell(torch.zeros(3, 5).long())
    with pytest.raises(OptionError, match=r"proj_size must be smaller than hidden_size \(7\), got 9"):
        LSTMCell(5, 7, proj_size=9)
    with pytest.raises(OptionError, match="forget_bias needs bias=True"):
        LSTMCell(5, 7, bias=False, forget_bias=1.0)


@pytest.mark.parametrize("options", [{}, {"peephole": True}])
def test_autocast_gives_its_dtype_and_close_values(options: dict[str, Any]) -> None:
    cell = LSTMCell(5, 7, **options)
    x = torch.randn(3, 5)
    expected = cell(x, cell(x))
    with torch.autocast("cpu", torch.bfloat16):
        values = cell(x, cell(x.bfloat16()))
    for value, other in zip(values, expected, strict=True):
        assert value.dtype == torch.bfloat16
        torch.testing.assert_close(value.float(), other, atol=0.02, rtol=0)


def test_explain_and_repr() -> None:
    cell = LSTMCell(5, 7, layer_norm=True)
    assert "layer_norm" in str(cell.explain())
    assert repr(cell) == "LSTMCell(5, 7, layer_norm=True)"
