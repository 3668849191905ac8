"""The convolution against loops over steps, and rows that do not see their padding."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gatecell._core.errors import OptionError
from gatecell.nn.config import ConvolutionConfig, EmbeddingFront, LSTMConfig, NetworkConfig
from gatecell.nn.convolution import Convolution
from gatecell.nn.network import SequenceNetwork


def slow(module: Convolution, row: Tensor) -> Tensor:
    """One row ``(T, F)``, value by value."""
    kernel, pool, filters = module.config.kernel_size, module.config.pool_size, module.config.filters
    weight, bias = module.filter.weight, module.filter.bias
    assert bias is not None
    values = []
    for t in range(len(row)):
        total = bias.clone()
        for k in range(kernel):
            place = t + k - (kernel - 1) // 2
            if 0 <= place < len(row):
                total = total + weight[:, :, k] @ row[place]
        values.append(total.clamp(min=0))
    pooled = [torch.stack(values[start : start + pool]).amax(0) for start in range(0, len(row), pool)]
    return torch.stack(pooled) if pooled else torch.zeros(0, filters)


@settings(deadline=None, max_examples=60)
@given(
    kernel=st.integers(1, 5),
    pool=st.integers(1, 4),
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    behind=st.integers(0, 3),
)
def test_a_padded_batch_equals_loops_over_each_row(kernel: int, pool: int, lengths: list[int], behind: int) -> None:
    torch.manual_seed(0)
    module = Convolution(3, ConvolutionConfig(filters=2, kernel_size=kernel, pool_size=pool))
    x = torch.randn(len(lengths), max(lengths) + behind, 3)
    for row, length in enumerate(lengths):
        x[row, length:] = torch.nan
    features, shorter = module(x, torch.tensor(lengths))
    assert shorter is not None
    assert shorter.tolist() == [-(-length // pool) for length in lengths]
    assert features.shape == (len(lengths), -(-x.shape[1] // pool), 2)
    for row, length in enumerate(lengths):
        expected = slow(module, x[row, :length])
        torch.testing.assert_close(features[row, : len(expected)], expected, rtol=0, atol=1e-5)
        if length == x.shape[1]:
            alone, none = module(x[row : row + 1], None)
            assert none is None
            torch.testing.assert_close(alone[0], expected, rtol=0, atol=1e-5)


def test_a_network_with_a_convolution_does_not_see_padding() -> None:
    torch.manual_seed(0)
    config = NetworkConfig(
        front=EmbeddingFront(num_embeddings=9, embedding_dim=3),
        convolution=ConvolutionConfig(filters=4),
        lstm=(LSTMConfig(hidden_size=5, bidirectional=True),),
        pooling="mean",
        output_size=2,
    )
    network = SequenceNetwork(config).eval()
    tokens = torch.randint(0, 9, (3, 8))
    together = network(tokens, [8, 1, 5])
    for row, length in enumerate([8, 1, 5]):
        torch.testing.assert_close(network(tokens[row : row + 1, :length])[0], together[row], rtol=0, atol=1e-6)
    assert NetworkConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize("name", ["filters", "kernel_size", "pool_size"])
def test_sizes_are_whole_numbers_from_1(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} must be an integer of at least 1, got 0"):
        ConvolutionConfig(**{name: 0})
