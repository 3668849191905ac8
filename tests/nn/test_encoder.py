"""Pretrained encoders, with a small one built from a configuration."""

import os
from pathlib import Path

import pytest
import torch

from gatecell._core.errors import OptionError
from gatecell.nn.config import EncoderFront, LSTMConfig, NetworkConfig
from gatecell.nn.encoder import Encoder, load_encoder
from gatecell.nn.encoder_kinds import ENCODER_KINDS
from gatecell.nn.network import SequenceNetwork

pytest.importorskip("transformers", reason="needs transformers (the extra of that name)")

SMALL = {
    "model_type": "bert",
    "vocab_size": 20,
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 16,
}
TOKENS = torch.randint(4, 20, (3, 7), generator=torch.Generator().manual_seed(0))


def network_of(*, frozen: bool) -> SequenceNetwork:
    torch.manual_seed(0)
    front = EncoderFront(encoder=SMALL, frozen=frozen)
    return SequenceNetwork(NetworkConfig(front=front, lstm=(LSTMConfig(hidden_size=5),), output_size=2))


def test_a_padded_batch_equals_each_text_alone() -> None:
    network = network_of(frozen=False).eval()
    together = network(TOKENS, [7, 2, 0])
    for row, length in enumerate([7, 2]):
        torch.testing.assert_close(network(TOKENS[row : row + 1, :length])[0], together[row], rtol=0, atol=1e-6)
    assert torch.isfinite(together).all()


def test_a_frozen_encoder_is_not_trained_and_has_no_dropout() -> None:
    network = network_of(frozen=True).train()
    assert isinstance(network.front, Encoder)
    assert not network.front.model.training
    torch.testing.assert_close(network(TOKENS), network(TOKENS))
    network(TOKENS).sum().backward()
    assert all(parameter.grad is None for parameter in network.front.parameters())
    assert network.lstm[0].weight_ih_l0.grad is not None


def test_an_encoder_that_is_not_frozen_learns() -> None:
    network = network_of(frozen=False).train()
    assert not torch.equal(network(TOKENS), network(TOKENS))
    network(TOKENS).sum().backward()
    assert any(bool(p.grad.any()) for p in network.front.parameters() if p.grad is not None)


def test_it_is_data() -> None:
    config = network_of(frozen=True).config
    assert NetworkConfig.from_dict(config.to_dict()) == config
    with pytest.raises(OptionError, match="encoder must be the configuration of an encoder, but it has no hidden_size"):
        EncoderFront(encoder={"model_type": "bert"})


@pytest.mark.parametrize("name", ["/absent/folder", "./absent", "~/absent/folder", "a/b/c"])
def test_a_folder_that_is_not_there(name: str) -> None:
    with pytest.raises(OptionError, match=rf"encoder='{name}' is not a folder. Give one that save_pretrained wrote"):
        load_encoder(name)


def test_a_folder_without_an_encoder(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"encoder='.*' cannot be loaded: .* Give a folder that save_pretrained"):
        load_encoder(str(tmp_path))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", sorted(ENCODER_KINDS))
def test_every_kind_is_the_same_without_memory_at_first(kind: str) -> None:
    small: dict[str, object] = {
        "vocab_size": 20,
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "max_position_embeddings": 16,
        "embedding_size": 6,
        "dim": 8,
        "hidden_dim": 8,
        "n_layers": 1,
        "n_heads": 2,
        "pad_token_id": 1,
    }
    options = {name: value for name, value in small.items() if name in ENCODER_KINDS[kind].options}
    config = EncoderFront(encoder={"model_type": kind, **options})
    built = Encoder(config)
    with torch.device("meta"):
        again = Encoder(config)
    again.load_state_dict(built.state_dict(), assign=True)
    again.fill_buffers()
    assert ENCODER_KINDS[kind].n_positions(config.encoder) in (14, 16)
    longest = TOKENS[:1].repeat(1, 2)[:, : ENCODER_KINDS[kind].n_positions(config.encoder)]
    torch.testing.assert_close(again.eval()(longest), built.eval()(longest), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"model_type": "detr"}, "encoder is of the kind 'detr'; read are albert, bert"),
        ({"model_type": ["bert"]}, "encoder is of the kind"),
        ({"auto_map": {}}, "encoder has the option 'auto_map', which is not one of a plain bert"),
        ({"hidden_size": 2.0}, "encoder has hidden_size=2.0, which is out of its range"),
        ({"hidden_act": "os.system"}, "encoder has hidden_act='os.system', which is out of its range"),
        ({"hidden_dropout_prob": float("nan")}, "encoder has hidden_dropout_prob=nan, which is out of its range"),
        ({"pad_token_id": 20}, "encoder has pad_token_id=20, which is not one of its tokens"),
        ({"num_attention_heads": 3}, "encoder has 3 heads, which do not divide its size 8"),
        ({"is_decoder": True}, "encoder has is_decoder=True, but a plain encoder is needed"),
    ],
    ids=str,
)
def test_options_that_are_not_taken(changes: dict[str, object], why: str) -> None:
    with pytest.raises(OptionError, match=why):
        EncoderFront(encoder={**SMALL, **changes})
