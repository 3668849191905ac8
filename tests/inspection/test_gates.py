import pytest
import torch
from torch import nn

from gatecell._core.errors import InputError
from gatecell.inspection.gates import row_of, trace_network
from gatecell.nn.config import ConvolutionConfig, EmbeddingFront, LSTMConfig, NetworkConfig
from gatecell.nn.network import SequenceNetwork

TOKENS = torch.tensor([[1, 2, 3, 4, 5, 6], [6, 5, 4, 0, 0, 0]])
LENGTHS = torch.tensor([6, 3])


def network(**changes: object) -> SequenceNetwork:
    torch.manual_seed(0)
    options = {"lstm": (LSTMConfig(hidden_size=4, bidirectional=True), LSTMConfig(hidden_size=3)), **changes}
    return SequenceNetwork(
        NetworkConfig(front=EmbeddingFront(num_embeddings=9, embedding_dim=5), output_size=2, **options)  # type: ignore[arg-type]
    )


def test_every_lstm_direction_has_its_trace() -> None:
    traces = trace_network(network(), TOKENS, LENGTHS)
    assert [(trace.reverse, tuple(trace.i.shape)) for trace in traces] == [
        (False, (2, 6, 4)),
        (True, (2, 6, 4)),
        (False, (2, 6, 3)),
    ]


def test_the_last_hidden_state_is_what_the_head_gets() -> None:
    model = network().eval()
    last = trace_network(model, TOKENS, LENGTHS)[-1]
    with torch.no_grad():
        torch.testing.assert_close(row_of(last, 1, 3).h[-1], model.encode(TOKENS, LENGTHS)[1])
    for gate in (last.i, last.f, last.o):
        assert 0 < float(gate.min()) < float(gate.max()) < 1


def test_after_a_convolution_there_are_fewer_steps() -> None:
    model = network(convolution=ConvolutionConfig(filters=3, kernel_size=3, pool_size=2))
    assert trace_network(model, TOKENS, LENGTHS)[0].i.shape == (2, 3, 4)


def test_the_network_is_as_before() -> None:
    model = network().train()
    trace_network(model, TOKENS, LENGTHS)
    assert model.training
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_a_network_without_an_lstm() -> None:
    with pytest.raises(InputError, match="The network has no LSTM that ran"):
        trace_network(nn.Linear(2, 2), torch.zeros(1, 2))
