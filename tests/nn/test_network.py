"""The network as a whole: pooling against a loop over rows, independence of rows, errors, copies."""

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

from gatecell._core.errors import EngineError, InputError
from gatecell.nn.attention import AdditiveAttentionPooling, SelfAttentionPooling
from gatecell.nn.config import POOLINGS, EmbeddingFront, LSTMConfig, NetworkConfig, ValuesFront
from gatecell.nn.network import SequenceNetwork

LENGTHS = [7, 0, 3, 1, 6]
DIRECTIONS = [pytest.param(False, id="one direction"), pytest.param(True, id="both directions")]


def network_of(pooling: str = "last", *, tokens: bool = False, **lstm: Any) -> SequenceNetwork:
    torch.manual_seed(0)
    front = EmbeddingFront(num_embeddings=11, embedding_dim=3) if tokens else ValuesFront(input_size=3)
    first = LSTMConfig(**{"hidden_size": 5, "num_layers": 2, **lstm})
    config = {"front": front, "lstm": (first, LSTMConfig(hidden_size=4, bidirectional=first.bidirectional))}
    return SequenceNetwork(NetworkConfig(**config, pooling=pooling, output_size=2)).eval()  # type: ignore[arg-type]


def inputs_of(*, tokens: bool = False, rows: int = len(LENGTHS), steps: int = 7) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if tokens:
        return torch.randint(0, 11, (rows, steps), generator=generator)
    return torch.randn(rows, steps, 3, generator=generator)


def pooled_row(network: SequenceNetwork, row: Tensor) -> Tensor:
    """One row alone, step by step: the slow twin of ``encode``."""
    size = network.config.lstm[-1].output_size
    if len(row) == 0:
        return torch.zeros(size)
    x: Tensor = network.front(row[None])
    for lstm in network.lstm:
        x, _ = lstm(x)
    match network.config.pooling:
        case "last":
            half = size // 2 if network.config.lstm[-1].bidirectional else size
            return torch.cat([x[0, -1, :half], x[0, 0, half:]])
        case "mean":
            total = torch.zeros(size)
            for step in x[0]:
                total = total + step
            return total / len(row)
        case "max":
            largest = x[0, 0]
            for step in x[0]:
                largest = torch.where(step > largest, step, largest)
            return largest
        case "attention":
            assert isinstance(network.pooling, AdditiveAttentionPooling)
            key, query = network.pooling.key, network.pooling.query.weight[0]
            powers = [torch.exp(query @ torch.tanh(key.weight @ step + key.bias)) for step in x[0]]
            return torch.stack([power / sum(powers) * step for power, step in zip(powers, x[0], strict=True)]).sum(0)
        case "self-attention":
            return mean_of_heads(network, x[0])


def mean_of_heads(network: SequenceNetwork, steps: Tensor) -> Tensor:
    """Multi-head self-attention, query by query and head by head."""
    pooling = network.pooling
    assert isinstance(pooling, SelfAttentionPooling)
    size = steps.shape[1]
    width = size // pooling.heads
    projected = [pooling.projection.weight @ step + pooling.projection.bias for step in steps]
    total = torch.zeros(size)
    for step, own in zip(steps, projected, strict=True):
        mixed = []
        for head in range(pooling.heads):
            part = slice(head * width, (head + 1) * width)
            query = own[:size][part]
            powers = [torch.exp(query @ other[size : 2 * size][part] / width**0.5) for other in projected]
            values = [
                power / sum(powers) * other[2 * size :][part] for power, other in zip(powers, projected, strict=True)
            ]
            mixed.append(torch.stack(values).sum(0))
        total = total + step + pooling.output.weight @ torch.cat(mixed) + pooling.output.bias
    return total / len(steps)


@pytest.mark.parametrize("tokens", [False, True], ids=["values", "tokens"])
@pytest.mark.parametrize("bidirectional", DIRECTIONS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_pooling_equals_a_loop_over_rows(pooling: str, bidirectional: bool, tokens: bool) -> None:
    network = network_of(pooling, tokens=tokens, bidirectional=bidirectional)
    x = inputs_of(tokens=tokens)
    expected = torch.stack([pooled_row(network, row[:length]) for row, length in zip(x, LENGTHS, strict=True)])
    torch.testing.assert_close(network.encode(x, LENGTHS), expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(network(x, LENGTHS), network.head(expected), rtol=0, atol=1e-6)
    every = torch.stack([pooled_row(network, row) for row in x])
    torch.testing.assert_close(network.encode(x), every, rtol=0, atol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_rows_of_a_single_step(pooling: str) -> None:
    network = network_of(pooling)
    x = inputs_of()[:, :1]
    every = torch.stack([pooled_row(network, row) for row in x])
    torch.testing.assert_close(network.encode(x), every, rtol=0, atol=1e-6)
    torch.testing.assert_close(network.encode(x, [1] * len(x)), every, rtol=0, atol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_row_without_steps_pools_to_zeros(pooling: str) -> None:
    network = network_of(pooling, bidirectional=True)
    assert torch.equal(network.encode(inputs_of(), LENGTHS)[1], torch.zeros(8))
    assert torch.equal(network.encode(torch.zeros(2, 0, 3)), torch.zeros(2, 8))
    assert torch.equal(network.encode(torch.zeros(2, 0, 3), [0, 0]), torch.zeros(2, 8))
    assert network(torch.zeros(0, 4, 3)).shape == (0, 2)


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("bidirectional", DIRECTIONS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_row_does_not_depend_on_padding_or_batch_mates(pooling: str, bidirectional: bool, engine: str) -> None:
    network = network_of(pooling, bidirectional=bidirectional, engine=engine)
    x = inputs_of()
    together = network(x, LENGTHS)
    poisoned = torch.full((5, 12, 3), torch.nan)
    poisoned[:, :7] = x
    for row, length in enumerate(LENGTHS):
        poisoned[row, length:] = torch.nan
    torch.testing.assert_close(network(poisoned, LENGTHS), together, rtol=0, atol=1e-6)
    order = [3, 0, 4, 1, 2]
    torch.testing.assert_close(network(x[order], [LENGTHS[row] for row in order]), together[order], rtol=0, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        alone = network(x[row : row + 1, :length], [length])
        torch.testing.assert_close(alone[0], together[row], rtol=0, atol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_gradients_reach_every_parameter_and_no_padding(pooling: str) -> None:
    network = network_of(pooling, bidirectional=True).train()
    x = inputs_of().requires_grad_()
    network(x, LENGTHS).square().sum().backward()
    assert x.grad is not None
    for row, length in enumerate(LENGTHS):
        assert torch.equal(x.grad[row, length:], torch.zeros(7 - length, 3))
        assert bool(x.grad[row, :length].any()) == (length > 0)
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.any()), name


def test_the_poolings_differ() -> None:
    results = [network_of(pooling)(inputs_of()) for pooling in POOLINGS]
    for index, result in enumerate(results):
        assert not any(torch.allclose(result, other) for other in results[:index])


def test_every_dropout_acts_in_training_only() -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
        ({}, {}, {"head_dropout": 0.5}),
        ({"dropout": 0.5}, {}, {}),
        ({"spatial_dropout": 0.5}, {}, {}),
        ({"token_dropout": 0.5}, {}, {}),
        ({}, {"dropout": 0.5, "num_layers": 2}, {}),
        ({}, {"input_dropout": 0.5}, {}),
        ({}, {"recurrent_dropout": 0.5}, {}),
        ({}, {"zoneout_h": 0.5}, {}),
    ]
    x = inputs_of(tokens=True)
    for front, lstm, head in cases:
        config = NetworkConfig(
            front=EmbeddingFront(num_embeddings=11, embedding_dim=3, **front),
            lstm=(LSTMConfig(hidden_size=5, **lstm),),
            output_size=2,
            **head,
        )
        network = SequenceNetwork(config)
        assert not torch.equal(network(x), network(x)), (front, lstm, head)
        network.eval()
        assert torch.equal(network(x), network(x)), (front, lstm, head)


def test_the_padding_token_is_zero_and_stays_zero() -> None:
    config = NetworkConfig(
        front=EmbeddingFront(num_embeddings=5, embedding_dim=3, padding_index=2),
        lstm=(LSTMConfig(hidden_size=4),),
        output_size=1,
    )
    network = SequenceNetwork(config)
    table = network.front.table
    assert isinstance(table, torch.nn.Embedding)
    assert torch.equal(table.weight[2], torch.zeros(3))
    assert 0 < float(table.weight.detach().abs().max()) <= 0.05
    network(torch.tensor([[2, 1, 2]])).sum().backward()
    assert table.weight.grad is not None
    assert not table.weight.grad[2].any()
    assert table.weight.grad[1].any()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_tokens_of_any_whole_type(dtype: torch.dtype) -> None:
    network, x = network_of(tokens=True), inputs_of(tokens=True)
    assert torch.equal(network(x.to(dtype)), network(x))


@pytest.mark.parametrize(
    ("inputs", "lengths", "message"),
    [
        (
            torch.zeros(5, 3),
            None,
            "The values must have shape (batch, steps, 3), got 2 dimensions: (5, 3).",
        ),
        (
            torch.zeros(5, 7, 4),
            None,
            "The network reads 3 features a step, but the values have 4: their shape is (5, 7, 4).",
        ),
        (torch.zeros(5, 7, 3).double(), None, "The input is torch.float64, but the weights are torch.float32"),
        (torch.zeros(5, 7, 3).long(), None, "The input must hold real numbers on cpu, like the weights"),
        (torch.zeros(2, 7, 3), [7, 8], "lengths must lie in 0..7 (the number of steps), but row 1 has 8."),
        (torch.zeros(2, 7, 3), [-1, 7], "lengths must lie in 0..7 (the number of steps), but row 0 has -1."),
        (torch.zeros(2, 7, 3), [7], "lengths must have shape (2,), one for each row, got (1,)."),
        (torch.zeros(2, 7, 3), [1.5, 2.0], "lengths must be whole numbers, got torch.float32."),
    ],
)
def test_values_that_do_not_fit(inputs: Tensor, lengths: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        network_of()(inputs, lengths)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (torch.zeros(5, 7, 3).long(), "The tokens must have shape (batch, steps), got 3 dimensions: (5, 7, 3)."),
        (torch.zeros(5, 7), "The tokens must be whole numbers, got torch.float32. Convert them with .long()."),
        (torch.zeros(5, 7).bool(), "The tokens must be whole numbers, got torch.bool."),
        (
            torch.tensor([[0, 1], [2, 11]]),
            "The tokens must lie in 0..10 (num_embeddings - 1), but row 1 has 11 at step 1.",
        ),
        (torch.tensor([[0, -1]]), "The tokens must lie in 0..10 (num_embeddings - 1), but row 0 has -1 at step 1."),
    ],
)
def test_tokens_that_do_not_fit(inputs: Tensor, message: str) -> None:
    with pytest.raises(InputError) as caught:
        network_of(tokens=True)(inputs)
    assert message in str(caught.value)


def test_an_engine_by_name_that_lacks_an_option_is_refused_when_built() -> None:
    with pytest.raises(EngineError, match="The engine 'aten' cannot run this LSTM: PyTorch's LSTM has no peephole"):
        network_of(engine="aten", peephole=True)


@pytest.mark.parametrize("tokens", [False, True], ids=["values", "tokens"])
def test_copies_compute_the_same(tokens: bool) -> None:
    network, x = network_of("mean", tokens=tokens, bidirectional=True), inputs_of(tokens=tokens)
    expected = network(x, LENGTHS)
    fresh = SequenceNetwork(NetworkConfig.from_dict(network.config.to_dict())).eval()
    assert not torch.equal(fresh(x, LENGTHS), expected)
    fresh.load_state_dict(network.state_dict())
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), fresh):
        assert torch.equal(other(x, LENGTHS), expected)
        assert other.config == network.config


def test_the_same_seed_gives_the_same_network() -> None:
    one, other = network_of().state_dict(), network_of().state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_names_of_the_parameters() -> None:
    names = set(network_of(tokens=True, num_layers=1).state_dict())
    assert names == {
        "front.table.weight",
        *(f"lstm.{index}.{name}_l0" for index in (0, 1) for name in ("weight_ih", "weight_hh", "bias")),
        "head.weight",
        "head.bias",
    }


def test_spatial_dropout_drops_features_of_whole_rows() -> None:
    front = EmbeddingFront(num_embeddings=11, embedding_dim=40, spatial_dropout=0.5)
    network = SequenceNetwork(NetworkConfig(front=front, lstm=(LSTMConfig(hidden_size=2),), output_size=1))
    tokens = inputs_of(tokens=True)
    kept = network.front(tokens) / network.front.eval()(tokens)
    for row in kept:
        assert torch.equal(row, row[:1].expand_as(row))
        assert set(row.unique().tolist()) == {0.0, 2.0}
    assert not torch.equal(kept[0], kept[1])


def test_token_dropout_drops_whole_steps() -> None:
    front = EmbeddingFront(num_embeddings=11, embedding_dim=4, token_dropout=0.25)
    network = SequenceNetwork(NetworkConfig(front=front, lstm=(LSTMConfig(hidden_size=2),), output_size=1))
    tokens = torch.randint(0, 11, (30, 40), generator=torch.Generator().manual_seed(0))
    kept = network.front(tokens) / network.front.eval()(tokens)
    torch.testing.assert_close(kept, kept[..., :1].expand_as(kept))
    dropped = kept[..., 0] == 0
    torch.testing.assert_close(kept[..., 0][~dropped], torch.tensor(4 / 3).expand(int((~dropped).sum())))
    assert 0.2 < dropped.double().mean() < 0.3
    assert not torch.equal(dropped[0], dropped[1])


def test_a_frozen_embedding_has_no_gradient() -> None:
    front = EmbeddingFront(num_embeddings=11, embedding_dim=3, frozen=True)
    network = SequenceNetwork(NetworkConfig(front=front, lstm=(LSTMConfig(hidden_size=2),), output_size=1))
    network(inputs_of(tokens=True)).sum().backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == ["front.table.weight"]


def context_network(size: int) -> SequenceNetwork:
    torch.manual_seed(0)
    config = NetworkConfig(
        front=ValuesFront(input_size=3), lstm=(LSTMConfig(hidden_size=5),), output_size=2, context_size=size
    )
    return SequenceNetwork(config).eval()


def test_a_context_goes_to_the_head_beside_the_pooled_steps() -> None:
    network, plain = context_network(4), context_network(0)
    x, context = inputs_of(), torch.randn(5, 4)
    # it begins without a voice
    torch.testing.assert_close(network(x, None, context), network(x, None, -7 * context))
    torch.nn.init.normal_(network.head.weight)
    pooled = plain.encode(x)
    expected = pooled @ network.head.weight[:, :5].T + context @ network.head.weight[:, 5:].T
    torch.testing.assert_close(network(x, None, context), expected)
    torch.testing.assert_close(network.encode(x, None, context), torch.cat([pooled, context], dim=1))


@pytest.mark.parametrize(
    ("size", "context", "text"),
    [
        (4, None, r"The network takes a context of shape \(batch, 4\), but got none."),
        (4, torch.zeros(5, 3), r"\(batch, 4\), but got one of shape \(5, 3\)."),
        (0, torch.zeros(5, 3), r"\(batch, 0\), but got one of shape \(5, 3\)."),
        (4, torch.zeros(5, 1, 4), r"got one of shape \(5, 1, 4\)."),
    ],
)
def test_a_context_of_another_size(size: int, context: Tensor | None, text: str) -> None:
    with pytest.raises(InputError, match=text):
        context_network(size)(inputs_of(), None, context)
