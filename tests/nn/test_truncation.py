"""Rows whose gradient goes back a few steps."""

import pytest
import torch

from gatecell._core.errors import OptionError
from gatecell.nn.config import LSTMConfig, NetworkConfig, ValuesFront
from gatecell.nn.network import SequenceNetwork

LENGTHS = torch.tensor([23, 1, 7, 8, 15, 0])


def network_of(engine: str = "native", pooling: str = "last", **lstm: object) -> SequenceNetwork:
    layers = (LSTMConfig(hidden_size=7, num_layers=2, engine=engine, **lstm), LSTMConfig(hidden_size=5, engine=engine))  # type: ignore[arg-type]
    torch.manual_seed(0)
    config = NetworkConfig(front=ValuesFront(input_size=3), lstm=layers, output_size=2, pooling=pooling)  # type: ignore[arg-type]
    return SequenceNetwork(config)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("bptt", [1, 7, 22, 23, 40])
def test_values_are_those_of_one_unbroken_pass_bit_for_bit(bptt: int, ragged: bool, pooling: str) -> None:
    network, x = network_of(pooling=pooling), torch.randn(6, 23, 3)
    lengths = LENGTHS if ragged else None
    assert torch.equal(network(x, lengths), network(x, lengths, bptt=bptt))
    network.eval()
    assert torch.equal(network(x, lengths), network(x, lengths, bptt=bptt))


@pytest.mark.parametrize("engine", ["reference", "aten"])
def test_other_engines_agree_too(engine: str) -> None:
    network, x = network_of(engine), torch.randn(6, 23, 3)
    torch.testing.assert_close(network(x, LENGTHS), network(x, LENGTHS, bptt=4))


def test_the_gradient_reaches_the_last_steps_of_each_row_alone() -> None:
    network, x = network_of(), torch.randn(6, 23, 3).requires_grad_()
    network(x, LENGTHS, bptt=4).sum().backward()
    assert x.grad is not None
    reached = x.grad.abs().sum(2) > 0
    for row, length in enumerate(LENGTHS.tolist()):
        assert reached[row].nonzero().flatten().tolist() == list(range(max(0, length - 4), length))


def test_the_gradient_is_that_of_the_last_steps_with_the_state_held() -> None:
    network, x = network_of(), torch.randn(4, 12, 3)
    first, second = network.lstm
    with torch.no_grad():
        before, state = first(x[:, :7])
        _, upper = second(before)
    held = network.head(second(first(x[:, 7:], state)[0], upper)[0][:, -1])
    wanted = list(network.parameters())
    expected = torch.autograd.grad(held.square().sum(), wanted)
    found = torch.autograd.grad(network(x, bptt=5).square().sum(), wanted)
    whole = torch.autograd.grad(network(x).square().sum(), wanted)
    for own, other in zip(found, expected, strict=True):
        torch.testing.assert_close(own, other)
    assert any(not torch.allclose(own, other) for own, other in zip(found, whole, strict=True))


def test_both_directions_are_an_error() -> None:
    with pytest.raises(
        OptionError, match="stateful=True carries the state forward in time, but bidirectional=True reads backward too"
    ):
        network_of("auto", bidirectional=True)(torch.randn(2, 9, 3), bptt=3)
