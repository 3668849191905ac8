"""The records that describe a network: round trip, defaults, and what they refuse."""

import inspect
import json
from dataclasses import fields
from typing import Any

import pytest

from gatecell._core.errors import OptionError, UnknownNameError
from gatecell.nn.config import FRONTS, EmbeddingFront, LSTMConfig, NetworkConfig, ValuesFront
from gatecell.nn.lstm import LSTM

VALUES = ValuesFront(input_size=3)
OTHER_LSTM: dict[str, Any] = {
    "hidden_size": 5,
    "num_layers": 2,
    "bidirectional": True,
    "dropout": 0.1,
    "input_dropout": 0.2,
    "recurrent_dropout": 0.3,
    "proj_size": 2,
    "bias": False,
    "layer_norm": True,
    "peephole": True,
    "coupled_gates": True,
    "zoneout_h": 0.4,
    "zoneout_c": 0.5,
    "initialisation": "torch",
    "precision": "bfloat16",
    "engine": "reference",
}
NETWORKS = [
    NetworkConfig(front=VALUES, lstm=(LSTMConfig(),), output_size=1),
    NetworkConfig(
        front=EmbeddingFront(num_embeddings=7, embedding_dim=2, padding_index=0, dropout=0.5),
        lstm=(LSTMConfig(**OTHER_LSTM), LSTMConfig(forget_bias=2.0)),
        pooling="max",
        output_size=4,
        head_dropout=0.25,
        context_size=3,
    ),
]


@pytest.mark.parametrize("config", NETWORKS, ids=["plain", "everything"])
def test_a_network_survives_json(config: NetworkConfig) -> None:
    assert NetworkConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_example_of_everything_differs_from_each_default() -> None:
    plain = LSTMConfig()
    assert set(OTHER_LSTM) == {field.name for field in fields(LSTMConfig)} - {"forget_bias"}
    for name, value in OTHER_LSTM.items():
        assert value != getattr(plain, name), name


def test_json_names_the_kind_of_the_front() -> None:
    assert NETWORKS[1].to_dict()["front"]["kind"] == "embedding"
    assert set(FRONTS) == {"values", "embedding", "encoder"}


def test_the_defaults_are_those_of_the_layer() -> None:
    signature = inspect.signature(LSTM).parameters
    for field in fields(LSTMConfig):
        if field.name != "hidden_size":
            assert field.default == signature[field.name].default, field.name


def test_every_option_of_the_layer_is_in_the_config() -> None:
    not_options = {"input_size", "batch_first", "device", "dtype"}
    assert {field.name for field in fields(LSTMConfig)} == set(inspect.signature(LSTM).parameters) - not_options


def test_one_lstm_needs_no_tuple() -> None:
    lstm = LSTMConfig(hidden_size=5)
    assert NetworkConfig(front=VALUES, lstm=lstm, output_size=1).lstm == (lstm,)  # type: ignore[arg-type]
    values = {"front": {"kind": "values", "input_size": 3}, "lstm": {"hidden_size": 5}, "output_size": 1}
    assert NetworkConfig.from_dict(values).lstm == (lstm,)


def test_records_are_equal_by_value_and_can_be_keys() -> None:
    assert len({LSTMConfig(), LSTMConfig(), LSTMConfig(hidden_size=3)}) == 2
    assert hash(NETWORKS[0]) == hash(NetworkConfig.from_dict(NETWORKS[0].to_dict()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_sizes": 5}, "There is no LSTMConfig option named 'hidden_sizes'. Did you mean 'hidden_size'?"),
        ({"bidirektional": True}, "Did you mean 'bidirectional'?"),
    ],
)
def test_an_unknown_lstm_option_suggests_the_nearest(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        LSTMConfig.from_dict(change)
    assert message in str(caught.value)


def test_unknown_names_anywhere_suggest_the_nearest() -> None:
    values = NETWORKS[1].to_dict()
    with pytest.raises(UnknownNameError, match="Did you mean 'pooling'?"):
        NetworkConfig.from_dict({**values, "poolling": "max"})
    with pytest.raises(UnknownNameError, match="no pooling named 'maximum'"):
        NetworkConfig.from_dict({**values, "pooling": "maximum"})
    with pytest.raises(UnknownNameError, match="no front kind named 'embeding'. Did you mean 'embedding'?"):
        NetworkConfig.from_dict({**values, "front": {**values["front"], "kind": "embeding"}})
    with pytest.raises(UnknownNameError, match="Did you mean 'num_embeddings'?"):
        NetworkConfig.from_dict({**values, "front": {**values["front"], "num_embedding": 3}})
    with pytest.raises(UnknownNameError, match="no engine named 'atem'. Did you mean 'aten'?"):
        LSTMConfig(engine="atem")


def test_a_missing_field_is_named() -> None:
    with pytest.raises(OptionError, match="input_size"):
        NetworkConfig.from_dict({"front": {"kind": "values"}, "lstm": {}, "output_size": 1})
    with pytest.raises(OptionError, match=r"front must be a mapping with a kind \(values, embedding, encoder\)"):
        NetworkConfig.from_dict({"front": {"input_size": 3}, "lstm": {}, "output_size": 1})
    nothing: Any = None
    with pytest.raises(OptionError, match="NetworkConfig is built from a mapping of its fields, got NoneType"):
        NetworkConfig.from_dict(nothing)
    with pytest.raises(OptionError, match="lstm must be an LSTMConfig, or a tuple of at least one, got 5"):
        NetworkConfig.from_dict({"front": {"kind": "values", "input_size": 3}, "lstm": 5, "output_size": 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 0}, "hidden_size must be an integer of at least 1, got 0."),
        ({"num_layers": 1.5}, "num_layers must be an integer of at least 1, got 1.5."),
        ({"bidirectional": 1}, "bidirectional must be True or False, got 1."),
        ({"dropout": 1.0}, "dropout must be a number in [0, 1), got 1.0."),
        ({"recurrent_dropout": -0.1}, "recurrent_dropout must be a number in [0, 1), got -0.1."),
        ({"proj_size": 64}, "proj_size must be smaller than hidden_size (64), got 64."),
        ({"bias": False, "forget_bias": 1.0}, "forget_bias needs bias=True: without a bias there is nothing to set."),
        ({"initialisation": "keras"}, "There is no initialisation named 'keras'."),
    ],
)
def test_an_lstm_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        LSTMConfig(**change)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"front": "values"}, "front must be one of ValuesFront, EmbeddingFront, EncoderFront, got 'values'."),
        ({"lstm": ()}, "lstm must be an LSTMConfig, or a tuple of at least one, got ()."),
        ({"lstm": ({"hidden_size": 3},)}, "lstm must be an LSTMConfig, or a tuple of at least one"),
        ({"pooling": None}, "pooling must be one of attention, last, max, mean, self-attention, got None."),
        ({"output_size": 0}, "output_size must be an integer of at least 1, got 0."),
        ({"context_size": -1}, "context_size must be an integer of at least 0, got -1."),
        ({"head_dropout": 1}, "head_dropout must be a number in [0, 1), got 1."),
    ],
)
def test_a_network_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        NetworkConfig(**{"front": VALUES, "lstm": (LSTMConfig(),), "output_size": 1, **change})
    assert message in str(caught.value)


def test_fronts_refuse() -> None:
    with pytest.raises(OptionError, match="input_size must be an integer of at least 1, got 0."):
        ValuesFront(input_size=0)
    with pytest.raises(OptionError, match="num_embeddings must be an integer of at least 1, got 0."):
        EmbeddingFront(num_embeddings=0, embedding_dim=2)
    with pytest.raises(OptionError, match="embedding_dim must be an integer of at least 1, got 0."):
        EmbeddingFront(num_embeddings=5, embedding_dim=0)
    with pytest.raises(OptionError, match=r"padding_index must be one of the tokens 0\.\.4 .*, got 5."):
        EmbeddingFront(num_embeddings=5, embedding_dim=2, padding_index=5)
    with pytest.raises(OptionError, match=r"dropout must be a number in \[0, 1\), got 1.5."):
        EmbeddingFront(num_embeddings=5, embedding_dim=2, dropout=1.5)


def test_output_sizes_follow_from_the_options() -> None:
    assert LSTMConfig(hidden_size=5, bidirectional=True).output_size == 10
    assert LSTMConfig(hidden_size=5, proj_size=2).output_size == 2
    assert EmbeddingFront(num_embeddings=5, embedding_dim=2).output_size == 2
    assert ValuesFront(input_size=3).output_size == 3
