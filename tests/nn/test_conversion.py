"""Modules of PyTorch made into ours: what is refused."""

from typing import Any

import pytest
import torch

from gatecell._core.errors import InputTypeError, OptionError, UnknownNameError
from gatecell.nn.cell import LSTMCell
from gatecell.nn.lstm import LSTM

PAIRS = [(LSTM, torch.nn.LSTM), (LSTMCell, torch.nn.LSTMCell)]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"forget_bias": 2.0}, "forget_bias says how weights start, but from_torch takes them from the module"),
        ({"initialisation": "torch"}, "initialisation says how weights start"),
        ({"peephole": True}, "peephole changes the parameters, and those of a torch.nn.LSTM(Cell)? do not fit then"),
        ({"layer_norm": True}, "layer_norm changes the parameters"),
        ({"coupled_gates": True}, "coupled_gates changes the parameters"),
        ({"proj_size": 3}, "proj_size changes the parameters"),
    ],
)
def test_options_that_do_not_fit_the_weights_are_refused(ours: Any, theirs: Any, option: Any, text: str) -> None:
    with pytest.raises(OptionError, match=text):
        ours.from_torch(theirs(5, 7), **option)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_an_unknown_option_suggests_the_nearest(ours: Any, theirs: Any) -> None:
    with pytest.raises(UnknownNameError, match="no option of from_torch named 'zoneout'. Did you mean 'zoneout_"):
        ours.from_torch(theirs(5, 7), zoneout=0.1)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_another_module_is_refused(ours: Any, theirs: Any) -> None:
    with pytest.raises(InputTypeError, match=rf"from_torch takes a torch.nn.{theirs.__name__}, got GRU"):
        ours.from_torch(torch.nn.GRU(5, 7))


@pytest.mark.parametrize("name", ["input_dropout", "recurrent_dropout", "zoneout_h", "zoneout_c"])
def test_options_that_fit_the_weights_act(name: str) -> None:
    extras: dict[str, Any] = {name: 0.5}
    lstm = LSTM.from_torch(torch.nn.LSTM(5, 7), **extras)
    x = torch.randn(3, 2, 5)
    assert not torch.equal(lstm(x)[0], lstm(x)[0])
