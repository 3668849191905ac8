"""What differs from PyTorch on purpose: the table of the drop-in page, each row shown to be so."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gatecell._core.errors import EngineError, GatecellError, TensorError
from gatecell.nn.cell import LSTMCell
from gatecell.nn.lstm import LSTM

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "drop-in.md"


def differences() -> list[str]:
    """Return the first column of the page's table."""
    table = PAGE.read_text(encoding="utf-8").split("## What differs on purpose")[1]
    return [row.strip("` ") for row in re.findall(r"^\| (.+?) \|", table, re.MULTILINE)][1:]


def one_bias() -> None:
    ours, theirs = LSTM(5, 7), nn.LSTM(5, 7)
    assert "bias_l0" in ours.state_dict()
    assert "bias_ih_l0" not in ours.state_dict()
    assert [len(weights) for weights in ours.all_weights] == [3]
    # the gradient of the one is that of each of the two: a step of size 1 moves their sum by twice as much
    theirs = nn.LSTM(5, 7)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(3, 2, 5)
    for module in (ours, theirs):
        module(x)[0].sum().backward()
        torch.optim.SGD(module.parameters(), 1.0).step()
    gradient = ours.get_parameter("bias_l0").grad
    assert gradient is not None
    before = ours.get_parameter("bias_l0") + gradient
    after = theirs.get_parameter("bias_ih_l0") + theirs.get_parameter("bias_hh_l0")
    torch.testing.assert_close(after - before, 2 * (ours.get_parameter("bias_l0") - before), rtol=1e-4, atol=1e-5)


def bias_of_a_cell() -> None:
    assert isinstance(LSTMCell(5, 7).bias, nn.Parameter)
    assert nn.LSTMCell(5, 7).bias is True
    assert LSTM(5, 7).bias is True


def state_dicts_one_way() -> None:
    for ours, theirs in ((LSTM(5, 7), nn.LSTM(5, 7)), (LSTMCell(5, 7), nn.LSTMCell(5, 7))):
        ours.load_state_dict(theirs.state_dict())
        with pytest.raises(RuntimeError, match="Missing key"):
            theirs.load_state_dict(ours.state_dict())
        theirs.load_state_dict(ours.to_torch().state_dict())
        x = torch.randn(3, 5)
        torch.testing.assert_close(ours(x)[0], theirs(x)[0])


def initial_weights() -> None:
    assert LSTM(5, 7).get_parameter("bias_l0").sum() == 7
    for build, theirs in ((LSTM, nn.LSTM), (LSTMCell, nn.LSTMCell)):
        torch.manual_seed(0)
        ours = build(5, 7, initialisation="torch")
        torch.manual_seed(0)
        x, other = torch.randn(3, 5, generator=torch.Generator().manual_seed(0)), theirs(5, 7)
        torch.testing.assert_close(ours(x)[0], other(x)[0])


def the_class() -> None:
    model = nn.Sequential(LSTM(5, 7))
    assert not isinstance(model[0], nn.LSTM)
    quantised = torch.ao.quantization.quantize_dynamic(model, {nn.LSTM})
    assert type(quantised[0]) is LSTM
    quantised = torch.ao.quantization.quantize_dynamic(nn.Sequential(LSTM(5, 7).to_torch()), {nn.LSTM})
    assert "quantized" in type(quantised[0]).__module__


def words_of_errors() -> None:
    for module, x in ((LSTM(5, 7), torch.zeros(3, 2, 4)), (LSTMCell(5, 7), torch.zeros(3, 4))):
        for kind in (RuntimeError, ValueError, GatecellError):
            with pytest.raises(kind, match="got"):
                module(x)
    with pytest.raises(TypeError, match="hidden_size must be an integer"):
        LSTM(5, 7.0)  # type: ignore[arg-type]


def sequences_without_steps() -> None:
    states = torch.randn(1, 2, 7), torch.randn(1, 2, 7)
    output, (h, c) = LSTM(5, 7)(torch.zeros(0, 2, 5), states)
    assert output.shape == (0, 2, 7)
    assert torch.equal(h, states[0])
    assert torch.equal(c, states[1])
    with pytest.raises(RuntimeError, match="larger than 0"):
        nn.LSTM(5, 7)(torch.zeros(0, 2, 5), states)


def which_values_are_dropped() -> None:
    theirs = nn.LSTM(5, 7, 2, dropout=0.5)
    ours = LSTM.from_torch(theirs)
    x, outputs = torch.randn(3, 2, 5), []
    for module in (ours, theirs):
        torch.manual_seed(0)
        outputs.append(module(x)[0])
    assert not torch.allclose(*outputs)


def sparse_input() -> None:
    x = torch.randn(3, 5).to_sparse()
    with pytest.raises(TensorError, match=r"has the layout torch\.sparse_coo\. Convert it with x\.to_dense\(\)"):
        LSTMCell(5, 7)(x)
    with pytest.raises(TensorError, match="has the layout"):
        LSTM(5, 7)(x)
    assert nn.LSTMCell(5, 7)(x)[0].shape == (3, 7)
    with pytest.raises(
        TensorError, match=r"is a nested tensor\. Pad it, as with x\.to_padded_tensor\(0\.0\), and give len"
    ):
        LSTM(5, 7)(torch.nested.nested_tensor([torch.zeros(2, 5), torch.zeros(3, 5)], layout=torch.jagged))


def scripting() -> None:
    for module in (LSTM(5, 7), LSTMCell(5, 7)):
        model = nn.Sequential(module)
        with pytest.raises(
            EngineError, match=r"Use torch\.jit\.trace, or script a model that holds what to_torch\(\) gives"
        ):
            torch.jit.script(model)
        assert model[0] is module
        scripted: Any = torch.jit.script(nn.Sequential(module.to_torch()))
        x = torch.randn(3, 5)
        torch.testing.assert_close(scripted(x)[0], module(x)[0])


def private_attributes() -> None:
    for name in ("_flat_weights", "_all_weights", "mode"):
        assert hasattr(nn.LSTM(5, 7), name)
        assert not hasattr(LSTM(5, 7), name)
    lstm = LSTM(5, 7)
    before = copy.deepcopy(lstm.state_dict())
    lstm.flatten_parameters()
    assert all(torch.equal(value, before[name]) for name, value in lstm.state_dict().items())


SHOWN: dict[str, Callable[[], None]] = {
    "one bias": one_bias,
    "a cell's `bias": bias_of_a_cell,
    "state dicts one way": state_dicts_one_way,
    "initial weights": initial_weights,
    "the class": the_class,
    "words of errors": words_of_errors,
    "sequences without steps": sequences_without_steps,
    "which values are dropped": which_values_are_dropped,
    "sparse input": sparse_input,
    "scripting": scripting,
    "private attributes": private_attributes,
}


def test_the_page_lists_what_is_shown_here() -> None:
    assert differences() == list(SHOWN)


# scripting and quantising, which are shown here, are deprecated
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SHOWN)
def test_a_difference_is_as_the_page_says(name: str) -> None:
    SHOWN[name]()
