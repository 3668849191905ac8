"""Attention weights: they sum to 1, padding gets none, and a padded batch has those of each text alone."""

import pytest
import torch

from gatecell._core.errors import OptionError
from gatecell.nn.attention import SelfAttentionPooling
from gatecell.nn.config import EmbeddingFront, LSTMConfig, NetworkConfig
from gatecell.nn.network import SequenceNetwork

LENGTHS = [6, 0, 1, 4]


def network_of(pooling: str, **changes: object) -> SequenceNetwork:
    torch.manual_seed(0)
    config = NetworkConfig(
        front=EmbeddingFront(num_embeddings=9, embedding_dim=3),
        lstm=(LSTMConfig(hidden_size=6, bidirectional=True),),
        pooling=pooling,  # type: ignore[arg-type]
        output_size=2,
        **changes,  # type: ignore[arg-type]
    )
    network = SequenceNetwork(config).eval()
    # as drawn, the scores are too alike for a wrong mask to show
    for parameter in network.pooling.parameters():
        parameter.data.mul_(20)
    return network


TOKENS = torch.randint(0, 9, (4, 6), generator=torch.Generator().manual_seed(1))


def test_additive_weights_of_a_padded_batch_are_those_of_each_text_alone() -> None:
    network = network_of("attention")
    together = network.attention(TOKENS, LENGTHS)
    assert together.shape == (4, 6)
    assert together[0].max() > 2 * together[0].min()
    for row, length in enumerate(LENGTHS):
        assert torch.equal(together[row, length:], torch.zeros(6 - length))
        if length:
            alone = network.attention(TOKENS[row : row + 1, :length])
            torch.testing.assert_close(together[row, :length], alone[0], rtol=0, atol=1e-6)
            assert together[row].sum().item() == pytest.approx(1.0)


@pytest.mark.parametrize("heads", [1, 3, 4])
def test_self_attention_weights_of_a_padded_batch_are_those_of_each_text_alone(heads: int) -> None:
    network = network_of("self-attention", attention_heads=heads)
    together = network.attention(TOKENS, LENGTHS)
    assert together.shape == (4, heads, 6, 6)
    for row, length in enumerate(LENGTHS):
        assert not together[row, :, length:].any()
        assert not together[row, :, :, length:].any()
        if length:
            alone = network.attention(TOKENS[row : row + 1, :length])
            torch.testing.assert_close(together[row, :, :length, :length], alone[0], rtol=0, atol=1e-6)
            torch.testing.assert_close(together[row, :, :length].sum(2), torch.ones(heads, length))


def test_self_attention_pools_with_the_weights_that_it_shows() -> None:
    network = network_of("self-attention", attention_heads=3)
    pooling = network.pooling
    assert isinstance(pooling, SelfAttentionPooling)
    x, _ = network.lstm[0](network.front(TOKENS[:1]))
    values = pooling.projection(x)[0, :, 24:].unflatten(1, (3, 4))
    mixed = torch.einsum("hqk,khf->qhf", network.attention(TOKENS[:1])[0], values).flatten(1)
    torch.testing.assert_close(network.encode(TOKENS[:1])[0], (x[0] + pooling.output(mixed)).mean(0))


@pytest.mark.parametrize("pooling", ["attention", "self-attention"])
def test_weights_stay_finite_where_scores_are_large(pooling: str) -> None:
    network = network_of(pooling)
    for parameter in network.pooling.parameters():
        parameter.data.mul_(1e3)
    weights = network.attention(TOKENS, LENGTHS)
    assert torch.isfinite(weights).all()
    network(TOKENS, LENGTHS).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_other_poolings_have_no_weights() -> None:
    with pytest.raises(OptionError, match=r'pooling="mean" has no attention weights. Use "attention"'):
        network_of("mean").attention(TOKENS)


def test_heads_divide_the_features() -> None:
    with pytest.raises(OptionError, match="attention_heads=5 does not divide the 12 features of the top layer"):
        network_of("self-attention", attention_heads=5)
