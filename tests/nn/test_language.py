"""The network of a language model."""

from typing import Any

import pytest
import torch

from gatecell._core.errors import InputError, OptionError
from gatecell.nn.config import LSTMConfig
from gatecell.nn.language import LanguageConfig, LanguageNetwork
from gatecell.nn.summary import describe


def config_of(*, hidden_size: int = 6, num_layers: int = 2, lstm: dict[str, Any] | None = None, **options: Any) -> Any:
    layers = LSTMConfig(hidden_size=hidden_size, num_layers=num_layers, **(lstm or {}))
    return LanguageConfig(**{"vocabulary_size": 11, "embedding_dim": 6, "lstm": layers, **options})


def network_of(**options: Any) -> LanguageNetwork:
    torch.manual_seed(0)
    return LanguageNetwork(config_of(**options))


TOKENS = torch.randint(0, 11, (3, 17), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("steps", [1, 4, 16])
@pytest.mark.parametrize("training", [True, False])
def test_pieces_with_the_state_carried_are_one_unbroken_pass_bit_for_bit(steps: int, training: bool) -> None:
    network = network_of(lstm={"engine": "native"}).train(training)
    lengths = torch.tensor([17, 0, 9])
    for given in (None, lengths):
        whole, last = network(TOKENS, given)
        state, parts = None, []
        for start in range(0, 17, steps):
            piece = TOKENS[:, start : start + steps]
            own = None if given is None else (given - start).clamp(0, piece.shape[1])
            features, state = network(piece, own, state)
            parts.append(features)
        assert torch.equal(torch.cat(parts, dim=1), whole)
        assert state is not None
        assert all(torch.equal(a, b) for a, b in zip(state, last, strict=True))


def test_probabilities_sum_to_one_and_losses_are_theirs() -> None:
    for options in ({}, {"tied": True}, {"hidden_size": 16, "cutoffs": (3, 6)}):
        network = network_of(**options).eval()
        features, _ = network(TOKENS)
        logarithms = network.log_probabilities(features)
        torch.testing.assert_close(logarithms.exp().sum(-1), torch.ones(3, 17))
        target = TOKENS.roll(1, 1)
        expected = -logarithms.gather(2, target[:, :, None]).sum()
        torch.testing.assert_close(network.loss(features.flatten(0, 1), target.flatten()), expected)
        torch.testing.assert_close(network.scores(features).log_softmax(-1), logarithms)


def test_a_tied_softmax_learns_one_table() -> None:
    network, free = network_of(tied=True), network_of()
    assert sum(p.numel() for p in free.parameters()) - sum(p.numel() for p in network.parameters()) == 11 * 6
    features, _ = network(TOKENS[:, :3])
    network.loss(features.flatten(0, 1), TOKENS[:, 1:4].flatten()).backward()
    assert network.embedding.weight.grad is not None
    # every token has a part in the softmax, few are read
    assert bool((network.embedding.weight.grad.abs().sum(1) > 0).all())
    again = LanguageNetwork(network.config)
    again.load_state_dict(network.state_dict())
    assert torch.equal(again.eval()(TOKENS)[0], network.eval()(TOKENS)[0])


DROPOUTS: list[dict[str, Any]] = [
    {"embedding_dropout": 0.4},
    {"input_dropout": 0.4},
    {"hidden_dropout": 0.4},
    {"output_dropout": 0.4},
    {"lstm": {"recurrent_dropout": 0.4}},
    {"lstm": {"dropout": 0.4}},
]


@pytest.mark.parametrize("options", DROPOUTS, ids=str)
def test_every_dropout_acts_in_training_alone(options: dict[str, Any]) -> None:
    plain, network = network_of(), network_of(**options)
    assert not torch.equal(network(TOKENS)[0], plain(TOKENS)[0])
    assert not torch.equal(network(TOKENS)[0], network(TOKENS)[0])
    assert torch.equal(network.eval()(TOKENS)[0], plain.eval()(TOKENS)[0])


def test_variational_masks_hold_for_a_lane_and_those_of_tokens_for_a_token() -> None:
    features, _ = network_of(output_dropout=0.5)(TOKENS)
    dropped = features == 0
    assert torch.equal(dropped.all(1), dropped.any(1))
    assert not torch.equal(dropped[0, 0], dropped[1, 0])
    network = network_of(embedding_dropout=0.5)
    embedded = network._embedded(TOKENS)
    zero = (embedded == 0).all(2)
    assert 0 < int(zero.sum()) < zero.numel()
    for token in range(11):
        assert len(zero[token == TOKENS].unique()) <= 1


def test_initial_weights() -> None:
    network = network_of(init_range=0.03)
    bounds = [float(parameter.detach().abs().max()) for parameter in network.parameters()]
    assert max(bounds) <= 0.03
    assert min(bounds) > 0.02
    assert not network_of().softmax.bias.any()  # type: ignore[operator]
    assert 0.08 < float(network_of().embedding.weight.detach().abs().max()) <= 0.1


def test_the_precision_of_the_softmax_acts_in_training_alone() -> None:
    full, rounded = network_of(), network_of(softmax_precision="bfloat16")
    features, target = full(TOKENS)[0].flatten(0, 1), TOKENS.flatten()
    assert not torch.equal(full.loss(features, target), rounded.loss(features, target))
    assert torch.equal(full.loss(features, target), rounded.eval().loss(features, target))


def test_as_a_record() -> None:
    config = config_of(hidden_size=16, cutoffs=[3, 6], hidden_dropout=0.1, init_range=0.1)
    assert LanguageConfig.from_dict(config.to_dict()) == config


def test_as_a_table() -> None:
    text = describe(network_of(), steps=20)
    lines = [line.split() for line in text.splitlines()]
    assert ["lstm.1", "(LSTM)", "(batch,", "20,", "6)", "312"] in lines
    assert ["softmax", "(Linear)", "(batch,", "20,", "11)", "77"] in lines


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"lstm": {"bidirectional": True}}, "A language model reads in one direction"),
        ({"lstm": {"input_dropout": 0.1}}, "is said by input_dropout and hidden_dropout"),
        ({"tied": True, "embedding_dim": 5}, "tied=True needs an embedding as large as the top layer"),
        ({"tied": True, "cutoffs": (3,)}, r"tied=True and an adaptive softmax \(cutoffs\) do not go together"),
        ({"cutoffs": (5, 3)}, r"cutoffs must rise and stay below the 11 tokens of the vocabulary, got \[5, 3\]"),
        ({"cutoffs": (11,)}, r"stay below the 11 tokens of the vocabulary, got \[11\]"),
        ({"cutoffs": (3, 6)}, "the top layer has 6 features, too few for 2 cutoffs: of the rarest tokens 6 / 16"),
        ({"cutoffs": (0,)}, "a cutoff must be an integer of at least 1, got 0"),
        ({"softmax_precision": "half"}, "There is no softmax_precision named 'half'"),
        (
            {"hidden_size": 16, "cutoffs": (3,), "softmax_precision": "bfloat16"},
            "softmax_precision='bfloat16' is not there for an adaptive softmax",
        ),
        ({"output_dropout": 1.0}, r"output_dropout must be a number in \[0, 1\), got 1.0"),
        ({"init_range": 0}, "init_range must be a finite number above 0, got 0"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        config_of(**options)


def test_tokens_that_are_not_in_the_vocabulary() -> None:
    with pytest.raises(InputError, match=r"The tokens must lie in 0..10, but they go from 2 to 11\."):
        network_of()(torch.tensor([[2, 11]]))
    with pytest.raises(InputError, match=r"but they go from -1 to 0\."):
        network_of()(torch.tensor([[0, -1]]))
