"""Which pretrained encoders are read: a list of plain ones, each with the options that decide what it computes.

A configuration may come in a file from anywhere, and ``transformers`` acts on much that stands in one: it looks up
other models by their names, brings code and kernels from the web, and builds any of some hundred architectures. So its
own classes of this list are built, of the options that stand here, each held to its type and range, and nothing else
of a configuration is handed on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatecell._core.errors import OptionError
from gatecell._core.stated import is_number, is_whole, shown

_ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "relu", "silu", "swish", "tanh", "mish", "selu")
_SIZES = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    *("max_position_embeddings", "type_vocab_size", "embedding_size", "num_hidden_groups", "inner_group_num"),
    *("dim", "hidden_dim", "n_layers", "n_heads", "relative_attention_num_buckets"),
)
_SHARES = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout")
_LARGEST_SIZE = 2**31

_BERT = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act"),
    *("hidden_dropout_prob", "attention_probs_dropout_prob", "max_position_embeddings", "type_vocab_size"),
    *("initializer_range", "layer_norm_eps", "pad_token_id"),
)
WITHOUT_EFFECT = {
    *("_name_or_path", "add_cross_attention", "architectures", "bos_token_id", "chunk_size_feed_forward"),
    *("classifier_dropout", "classifier_dropout_prob", "directionality", "down_scale_factor"),
    *("dtype", "eos_token_id", "finetuning_task", "gap_size", "gradient_checkpointing", "id2label", "is_decoder"),
    *("is_encoder_decoder", "label2id", "model_type", "net_structure_type", "num_memory_blocks", "output_attentions"),
    *("output_hidden_states", "output_past", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers"),
    *("pooler_size_per_head", "pooler_type", "problem_type", "qa_dropout", "return_dict", "seq_classif_dropout"),
    *("summary_activation", "summary_last_dropout", "summary_type", "summary_use_proj", "tie_weights_"),
    *("tie_word_embeddings", "torch_dtype", "transformers_version", "use_cache"),
}
"""What configurations have besides, and encoders of this list compute the same without; it is left out."""


@dataclass(frozen=True)
class EncoderKind:
    """One kind of encoder of the ``transformers`` library."""

    name: str
    """What its two classes begin with: ``NAMEConfig`` and ``NAMEModel``."""
    options: tuple[str, ...] = _BERT
    """What decides what it computes."""
    size: str = "hidden_size"
    """The option that says how many values a state has."""
    heads: str = "num_attention_heads"
    pads_first: bool = False
    """Whether the first positions, up to the padding token's number, are taken for padding, as RoBERTa has it."""

    def n_tokens(self, options: Mapping[str, Any]) -> int:
        """Return the size of the vocabulary."""
        return int(options["vocab_size"])

    def n_positions(self, options: Mapping[str, Any]) -> int:
        """Return the largest number of tokens that it reads."""
        n_padding = int(options.get("pad_token_id", 1)) + 1 if self.pads_first else 0
        return int(options["max_position_embeddings"]) - n_padding


_EMBEDDED = (*_BERT, "embedding_size")
ENCODER_KINDS: dict[str, EncoderKind] = {
    "albert": EncoderKind("Albert", (*_EMBEDDED, "num_hidden_groups", "inner_group_num")),
    "bert": EncoderKind("Bert"),
    "camembert": EncoderKind("Camembert", pads_first=True),
    "distilbert": EncoderKind(
        "DistilBert",
        (
            *("vocab_size", "max_position_embeddings", "sinusoidal_pos_embds", "n_layers", "n_heads", "dim"),
            *("hidden_dim", "dropout", "attention_dropout", "activation", "initializer_range", "pad_token_id"),
        ),
        size="dim",
        heads="n_heads",
    ),
    "electra": EncoderKind("Electra", _EMBEDDED),
    "mpnet": EncoderKind(
        "MPNet",
        (*(name for name in _BERT if name != "type_vocab_size"), "relative_attention_num_buckets"),
        pads_first=True,
    ),
    "roberta": EncoderKind("Roberta", pads_first=True),
    "xlm-roberta": EncoderKind("XLMRoberta", pads_first=True),
}
"""The encoders that are read, by their ``model_type``."""


def kind_of(encoder: object) -> EncoderKind:
    """Return the kind of an encoder's configuration.

    Raises
    ------
    OptionError
        Where it is not a configuration, or of a kind that is not read.
    """
    if not isinstance(encoder, Mapping):
        raise OptionError(f"encoder must be the configuration of an encoder, got {type(encoder).__name__}.")
    kind = encoder.get("model_type")
    if kind is None:
        raise OptionError("encoder must be the configuration of an encoder, but it has no model_type.")
    if not isinstance(kind, str) or kind not in ENCODER_KINDS:
        raise OptionError(f"encoder is of the kind {shown(kind)}; read are {', '.join(sorted(ENCODER_KINDS))}.")
    return ENCODER_KINDS[kind]


def checked_options(encoder: object) -> dict[str, Any]:
    """Return of an encoder's configuration its ``model_type`` and the options that decide what it computes.

    Raises
    ------
    OptionError
        Where it is of a kind that is not read, has an option that is not known, or one out of its range.
    """
    kind = kind_of(encoder)
    assert isinstance(encoder, Mapping)
    odd = sorted(str(name) for name in encoder if name not in kind.options and name not in WITHOUT_EFFECT)
    if odd:
        raise OptionError(
            f"encoder has the option {shown(odd[0])}, which is not one of a plain {encoder['model_type']}."
        )
    lacking = [name for name in kind.options if name not in encoder and name in (kind.size,)]
    if lacking:
        raise OptionError(f"encoder must be the configuration of an encoder, but it has no {lacking[0]}.")
    options = {name: encoder[name] for name in kind.options if name in encoder}
    for name, value in options.items():
        if not _fits(name, value):
            raise OptionError(f"encoder has {name}={shown(value)}, which is out of its range.")
    padding = options.get("pad_token_id", 1)
    if padding is None and kind.pads_first:
        raise OptionError("encoder has no pad_token_id, by which its positions are counted.")
    if padding is not None and padding >= options.get("vocab_size", _LARGEST_SIZE):
        raise OptionError(f"encoder has pad_token_id={padding}, which is not one of its tokens.")
    for flag in ("is_decoder", "add_cross_attention", "chunk_size_feed_forward"):
        if encoder.get(flag):
            raise OptionError(f"encoder has {flag}={shown(encoder[flag])}, but a plain encoder is needed.")
    if options[kind.size] % options.get(kind.heads, 1):
        raise OptionError(
            f"encoder has {options[kind.heads]} heads, which do not divide its size {options[kind.size]}."
        )
    return {"model_type": encoder["model_type"], **options}


def _fits(name: str, value: object) -> bool:
    if name in _SIZES:
        return is_whole(value, 1, _LARGEST_SIZE)
    if name in _SHARES:
        return is_number(value) and 0 <= value <= 1  # type: ignore[operator]  # it is a number
    if name in ("hidden_act", "activation"):
        return isinstance(value, str) and value in _ACTIVATIONS
    if name == "sinusoidal_pos_embds":
        return isinstance(value, bool)
    if name == "pad_token_id":
        return value is None or is_whole(value, 0, _LARGEST_SIZE)
    return is_number(value) and 0 <= value <= 1e6  # type: ignore[operator]  # a number, as initializer_range
