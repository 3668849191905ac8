"""The table of a network: exact counts, aligned columns."""

import pytest

from gatecell._core.errors import OptionError
from gatecell.nn.config import ConvolutionConfig, EmbeddingFront, LSTMConfig, NetworkConfig, ValuesFront
from gatecell.nn.network import SequenceNetwork
from gatecell.nn.summary import describe

REVIEWS = NetworkConfig(
    front=EmbeddingFront(num_embeddings=10_000, embedding_dim=32), lstm=(LSTMConfig(hidden_size=100),), output_size=1
)


def test_the_textbook_network_has_373301_parameters() -> None:
    assert describe(SequenceNetwork(REVIEWS), steps=80).splitlines() == [
        "Layer (type)       Output shape      Parameters",
        "-----------------------------------------------",
        "front (Embedding)  (batch, 80, 32)      320,000",
        "lstm.0 (LSTM)      (batch, 80, 100)      53,200",
        "pooling (last)     (batch, 100)               0",
        "head (Linear)      (batch, 1)               101",
        "-----------------------------------------------",
        "Total parameters: 373,301 (1.42 MiB)",
        "Trainable:        373,301",
        "Fixed:            0",
    ]


def test_a_fixed_front_is_not_trainable() -> None:
    network = SequenceNetwork(REVIEWS)
    network.front.requires_grad_(False)
    assert describe(network).splitlines()[-3:] == [
        "Total parameters: 373,301 (1.42 MiB)",
        "Trainable:        53,301",
        "Fixed:            320,000",
    ]


def test_layers_directions_and_stacks_are_shown() -> None:
    config = NetworkConfig(
        front=ValuesFront(input_size=3),
        lstm=(LSTMConfig(hidden_size=4, num_layers=2, bidirectional=True, proj_size=2), LSTMConfig(hidden_size=2)),
        pooling="mean",
        output_size=2,
    )
    network = SequenceNetwork(config)
    lines = describe(network).splitlines()
    assert lines[2].split("  ")[0] == "front (Values)"
    assert "lstm.0 (LSTM, 2 layers, 2 directions)  (batch, steps, 4)" in lines[3]
    # the first layer sees 3 features, the second 2 directions of 2; a projection (2, 4) in each of four
    expected = 2 * (16 * 3 + 16 * 2 + 16 + 8) + 2 * (16 * 4 + 16 * 2 + 16 + 8)
    assert lines[3].endswith(f" {expected}")
    assert "lstm.1 (LSTM)                          (batch, steps, 2)" in lines[4]
    assert "pooling (mean)" in lines[5]
    assert len({len(line) for line in lines[:8]}) == 1
    total = sum(parameter.numel() for parameter in network.parameters())
    assert lines[-3] == f"Total parameters: {total} ({total * 4 / 1024:.2f} KiB)"


def test_the_number_of_steps_must_make_sense() -> None:
    with pytest.raises(OptionError, match="steps must be an integer of at least 1, got 0."):
        describe(SequenceNetwork(REVIEWS), steps=0)


def test_every_part_has_its_line() -> None:
    config = NetworkConfig(
        front=EmbeddingFront(num_embeddings=50, embedding_dim=4, frozen=True),
        convolution=ConvolutionConfig(filters=6, kernel_size=3, pool_size=2),
        lstm=(LSTMConfig(hidden_size=5), LSTMConfig(hidden_size=4)),
        norm="batch",
        pooling="attention",
        output_size=3,
    )
    text = describe(SequenceNetwork(config), steps=9)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[2:8] == [
        "front (Embedding) (batch, 9, 4) 200",
        "convolution (Conv1d, max) (batch, 5, 6) 78",
        "lstm.0 (LSTM) (batch, 5, 5) 240",
        "norms.0 (BatchNorm) (batch, 5, 5) 10",
        "lstm.1 (LSTM) (batch, 5, 4) 160",
        "pooling (attention) (batch, 4) 24",
    ]
    assert lines[-1] == "Fixed: 200"
    assert "(batch, steps/2, 6)" in describe(SequenceNetwork(config))
