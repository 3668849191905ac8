"""Normalisation between LSTMs, against the formula over the steps that count."""

import torch
from torch import Tensor

from gatecell.nn.config import EmbeddingFront, LSTMConfig, NetworkConfig
from gatecell.nn.network import SequenceNetwork
from gatecell.nn.normalisation import BatchNorm, LayerNorm, build_norm

LENGTHS = torch.tensor([5, 0, 2])


def poisoned() -> Tensor:
    x = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0)) * 3 + 1
    for row, length in enumerate(LENGTHS.tolist()):
        x[row, length:] = torch.nan
    return x


def test_batch_norm_is_over_valid_steps_alone() -> None:
    norm = build_norm("batch", 4)
    x = poisoned()
    steps = torch.cat([x[0], x[2, :2]])
    result = norm(x, LENGTHS)
    expected = (steps - steps.mean(0)) / (steps.var(0, correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(torch.cat([result[0], result[2, :2]]), expected)
    assert not result[1].any()
    assert not result[2, 2:].any()
    assert isinstance(norm, BatchNorm)
    torch.testing.assert_close(norm.norm.running_mean, steps.mean(0))
    torch.testing.assert_close(norm(x[:1], None), norm(x[:1], torch.tensor([5])))


def test_the_running_means_are_plain_at_first_and_then_forget() -> None:
    norm = build_norm("batch", 1)
    assert isinstance(norm, BatchNorm)
    batches = torch.randn(150, 1, 2, 1, generator=torch.Generator().manual_seed(0)).cumsum(0)
    expected = torch.zeros(1)
    for index, batch in enumerate(batches):
        norm(batch, None)
        share = 1 / (index + 1) if index < 100 else 0.01
        expected = (1 - share) * expected + share * batch.mean()
        if index == 99:
            torch.testing.assert_close(norm.norm.running_mean, batches[:100].mean().view(1), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(norm.norm.running_mean, expected, rtol=1e-4, atol=1e-4)


def test_batch_norm_in_evaluation_does_not_see_the_batch() -> None:
    norm = build_norm("batch", 4)
    x = poisoned()
    norm(x, LENGTHS)
    norm.eval()
    together = norm(x, LENGTHS)
    torch.testing.assert_close(norm(x[2:, :2], None)[0], together[2, :2])


def test_batch_norm_of_a_single_step_uses_the_running_means() -> None:
    norm = build_norm("batch", 4)
    assert isinstance(norm, BatchNorm)
    norm(poisoned(), LENGTHS)
    assert norm.norm.running_mean is not None
    before = norm.norm.running_mean.clone()
    x = torch.randn(1, 1, 4)
    trained = norm(x, None)
    assert torch.equal(norm.norm.running_mean, before)
    torch.testing.assert_close(trained, norm.eval()(x, None))


def test_layer_norm_is_over_the_features_of_each_step() -> None:
    norm = build_norm("layer", 4)
    assert isinstance(norm, LayerNorm)
    x = poisoned()
    step = x[0, 3]
    expected = (step - step.mean()) / (step.var(correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(norm(x, LENGTHS)[0, 3], expected)


def test_each_norm_stands_between_two_lstms_and_changes_something() -> None:
    tokens = torch.randint(0, 9, (4, 6), generator=torch.Generator().manual_seed(1))
    results = []
    for norm in (None, "batch", "layer"):
        torch.manual_seed(0)
        config = NetworkConfig(
            front=EmbeddingFront(num_embeddings=9, embedding_dim=3),
            lstm=(LSTMConfig(hidden_size=5), LSTMConfig(hidden_size=4), LSTMConfig(hidden_size=3)),
            norm=norm,
            output_size=2,
        )
        network = SequenceNetwork(config)
        assert [len(list(module.parameters())) for module in network.norms] == ([] if norm is None else [2, 2])
        results.append(network(tokens, [6, 1, 3, 4]))
        network.eval()
        alone = network(tokens[2:3, :3])
        torch.testing.assert_close(alone[0], network(tokens, [6, 1, 3, 4])[2], rtol=0, atol=1e-6)
    assert not torch.allclose(results[0], results[1])
    assert not torch.allclose(results[0], results[2])
    assert not torch.allclose(results[1], results[2])
