"""A network as data: frozen records with a JSON round trip; each default is stated here and nowhere else."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Self, get_args

from gatecell._core.checks import check_choice, check_flag, check_integer, check_probability
from gatecell._core.errors import OptionError
from gatecell._core.records import record_from_dict, record_to_dict
from gatecell.kernels.dispatch import ENGINES
from gatecell.kernels.options import Precision
from gatecell.nn.encoder_kinds import EncoderKind, checked_options, kind_of
from gatecell.nn.lstm import LSTM

PoolingName = Literal["last", "mean", "max", "attention", "self-attention"]
POOLINGS: tuple[str, ...] = get_args(PoolingName)
NormName = Literal["batch", "layer"]
NORMS: tuple[str, ...] = get_args(NormName)


@dataclass(frozen=True, kw_only=True)
class ValuesFront:
    """Measured values go into the LSTM as they are.

    Raises
    ------
    OptionError
        Where a value is out of its range.
    """

    kind: ClassVar[str] = "values"

    input_size: int
    """I, the number of features a step, at least 1."""

    def __post_init__(self) -> None:
        check_integer("input_size", self.input_size, minimum=1)

    @property
    def output_size(self) -> int:
        """The number of features a step that the LSTM gets."""
        return self.input_size


@dataclass(frozen=True, kw_only=True)
class EmbeddingFront:
    """Whole-number tokens are looked up in a trained table.

    Raises
    ------
    OptionError
        Where a value is out of its range.
    """

    kind: ClassVar[str] = "embedding"

    num_embeddings: int
    """The number of different tokens, at least 1; they are 0, 1, ..., ``num_embeddings - 1``."""
    embedding_dim: int
    """The number of values that stand for a token, at least 1."""
    padding_index: int | None = None
    """A token whose values are 0 and stay 0; None: there is none. What is padding is said by ``lengths`` alone."""
    dropout: float = 0.0
    """Probability in [0, 1) to drop a value of an embedded token, each by itself."""
    spatial_dropout: float = 0.0
    """Probability in [0, 1) to drop a feature of the embedding for a whole row; Keras's ``SpatialDropout1D``."""
    token_dropout: float = 0.0
    """Probability in [0, 1) to drop a token: all values of a step, each step by itself."""
    frozen: bool = False
    """Whether the table stays as it is given, as with vectors learnt elsewhere."""

    def __post_init__(self) -> None:
        check_integer("num_embeddings", self.num_embeddings, minimum=1)
        check_integer("embedding_dim", self.embedding_dim, minimum=1)
        check_probability("dropout", self.dropout)
        check_probability("spatial_dropout", self.spatial_dropout)
        check_probability("token_dropout", self.token_dropout)
        check_flag("frozen", self.frozen)
        if self.padding_index is not None:
            check_integer("padding_index", self.padding_index, minimum=0)
            if self.padding_index >= self.num_embeddings:
                raise OptionError(
                    f"padding_index must be one of the tokens 0..{self.num_embeddings - 1} (num_embeddings - 1), "
                    f"got {self.padding_index}."
                )

    @property
    def output_size(self) -> int:
        """The number of features a step that the LSTM gets."""
        return self.embedding_dim


@dataclass(frozen=True, kw_only=True)
class EncoderFront:
    """Whole-number tokens are read by a pretrained encoder of the ``transformers`` library.

    Raises
    ------
    OptionError
        Where a value is out of its range.
    """

    kind: ClassVar[str] = "encoder"

    encoder: Mapping[str, Any]
    """The encoder's configuration, ``config.to_dict()``, of one of the kinds of ``gatecell.nn.encoder_kinds``; of it
    are kept its ``model_type`` and the options that decide what it computes."""
    frozen: bool = True
    """Whether the encoder stays as it is given, without dropout; False: it is trained along."""

    def __post_init__(self) -> None:
        check_flag("frozen", self.frozen)
        object.__setattr__(self, "encoder", checked_options(self.encoder))

    @property
    def encoder_kind(self) -> EncoderKind:
        """Which encoder it is."""
        return kind_of(self.encoder)

    @property
    def output_size(self) -> int:
        """The number of features a step that the LSTM gets."""
        return int(self.encoder[self.encoder_kind.size])


Front = ValuesFront | EmbeddingFront | EncoderFront
"""What may stand before the LSTM; ``gatecell.nn.front.build_front`` makes the module of each."""
FRONTS: dict[str, type[Front]] = {front.kind: front for front in get_args(Front)}
"""The fronts by the ``kind`` that stands in their JSON."""


@dataclass(frozen=True, kw_only=True)
class ConvolutionConfig:
    """A convolution over the steps, ReLU, and the largest of every few steps: what comes before the LSTM is shortened.

    Raises
    ------
    OptionError
        Where a value is out of its range.
    """

    filters: int = 64
    """The number of features that come out, at least 1."""
    kernel_size: int = 3
    """The number of steps that one value is made from, at least 1; a row has zeros before and behind it."""
    pool_size: int = 2
    """Of how many steps only the largest value goes on, at least 1; a row of T steps leaves T / pool_size, rounded
    up."""

    def __post_init__(self) -> None:
        for name in ("filters", "kernel_size", "pool_size"):
            check_integer(name, getattr(self, name), minimum=1)


@dataclass(frozen=True, kw_only=True)
class LSTMConfig:
    """One ``gatecell.nn.lstm.LSTM``, all but its input size, which follows from what comes before it.

    Raises
    ------
    OptionError
        Where a value is out of its range, or options do not go together.
    """

    hidden_size: int = 64
    """H, the number of cells of a layer and direction, at least 1; small, so that a first fit takes seconds."""
    num_layers: int = 1
    """L, layers on top of each other, at least 1."""
    bidirectional: bool = False
    """Whether a second direction reads each row from its last valid step to its first."""
    dropout: float = 0.0
    """Probability in [0, 1) to drop a value between two layers of this LSTM, and between it and the next one, each step
    by itself."""
    input_dropout: float = 0.0
    """Probability in [0, 1) to drop an input feature of each layer for a whole sequence; Keras's ``dropout``."""
    recurrent_dropout: float = 0.0
    """Probability in [0, 1) to drop a feature of h_{t-1} for a whole sequence; Keras's ``recurrent_dropout``."""
    proj_size: int = 0
    """P, the size that h is projected to, below ``hidden_size``; 0: no projection."""
    bias: bool = True
    """Whether the gates have a bias."""
    layer_norm: bool = False
    """Layer normalisation (Ba, Kiros & Hinton 2016)."""
    peephole: bool = False
    """Whether the gates see the cell state (Gers & Schmidhuber 2000)."""
    coupled_gates: bool = False
    """i = 1 - f, with a quarter less weights and work (Greff et al. 2017)."""
    zoneout_h: float = 0.0
    """Probability in [0, 1) that an element of h keeps its old value (Krueger et al. 2017)."""
    zoneout_c: float = 0.0
    """Probability in [0, 1) that an element of c keeps its old value."""
    forget_bias: float | None = None
    """What the forget gate's bias starts at; None: what ``initialisation`` has for it."""
    initialisation: str = "glorot"
    """``"glorot"`` as Keras, or ``"torch"``; see ``gatecell.nn.initialisation``."""
    precision: Precision = "full"
    """``"full"``, or ``"bfloat16"``: matrix products of rounded numbers, faster where the processor has AVX512_BF16."""
    engine: str = "auto"
    """``"auto"``, or the name of the engine that must run; see ``gatecell.kernels.dispatch``."""

    def __post_init__(self) -> None:
        check_choice("engine", self.engine, ("auto", *ENGINES))
        check_integer("num_layers", self.num_layers, minimum=1)
        # The layer's own checks, on the device without memory; two layers stand for any number of them. Whether a
        # named engine covers these options depends on the true device, so that is left to the layer itself.
        checked = {"engine": "auto", "num_layers": min(self.num_layers, 2)}
        LSTM(input_size=1, device="meta", **{**self.layer_arguments(), **checked})
        # a layer by itself may drop everything; here nothing would reach the head
        check_probability("dropout", self.dropout)

    @property
    def output_size(self) -> int:
        """The number of features a step that the next part gets."""
        return (self.proj_size or self.hidden_size) * (2 if self.bidirectional else 1)

    def layer_arguments(self) -> dict[str, Any]:
        """Return the arguments of the layer; one that has a single layer has none between layers to drop."""
        return {**asdict(self), "dropout": 0.0 if self.num_layers == 1 else self.dropout}

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        return record_to_dict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from ``to_dict``'s result, or from some fields; the error for an unknown name suggests the nearest."""
        return record_from_dict(cls, values)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """A whole network: front, convolution if there is one, LSTMs, pooling, head.

    Raises
    ------
    OptionError
        Where a value is out of its range.
    """

    front: Front
    """What turns the input into features."""
    lstm: tuple[LSTMConfig, ...]
    """The LSTMs, one after the other; at least one. A single one may be given without a tuple."""
    convolution: ConvolutionConfig | None = None
    """What stands between the front and the first LSTM; None: nothing."""
    norm: NormName | None = None
    """What stands between two LSTMs: ``"batch"`` normalisation (Ioffe & Szegedy 2015) or ``"layer"`` normalisation
    (Ba et al. 2016) of each step's features; None: nothing."""
    pooling: PoolingName = "last"
    """How the steps become one vector a row: ``"last"``, the final state of the top layer (of both directions);
    ``"mean"`` or ``"max"`` over the valid steps; ``"attention"``, their mean weighted by additive attention;
    ``"self-attention"``, the mean after each step has looked at all others. The last is what the textbook networks
    have."""
    attention_heads: int = 4
    """Of ``"self-attention"``: how many views of the steps there are, at least 1; it divides the top layer's size."""
    output_size: int
    """The number of outputs a row, at least 1."""
    head_dropout: float = 0.0
    """Probability in [0, 1) to drop a pooled value before the head."""
    context_size: int = 0
    """The number of values a row that go to the head beside the pooled steps, at least 0: what is known of a row as a
    whole, such as a forecast's covariates to come."""

    def __post_init__(self) -> None:
        if not isinstance(self.front, get_args(Front)):
            raise OptionError(
                f"front must be one of {', '.join(front.__name__ for front in FRONTS.values())}, got {self.front!r}."
            )
        given: object = self.lstm
        layers = (given,) if isinstance(given, LSTMConfig) else given
        if not isinstance(layers, tuple | list) or not layers or not all(isinstance(x, LSTMConfig) for x in layers):
            raise OptionError(f"lstm must be an LSTMConfig, or a tuple of at least one, got {given!r}.")
        object.__setattr__(self, "lstm", tuple(layers))
        if self.convolution is not None and not isinstance(self.convolution, ConvolutionConfig):
            raise OptionError(f"convolution must be a ConvolutionConfig or None, got {self.convolution!r}.")
        if self.norm is not None:
            check_choice("norm", self.norm, NORMS)
        check_choice("pooling", self.pooling, POOLINGS)
        check_integer("attention_heads", self.attention_heads, minimum=1)
        if self.pooling == "self-attention" and self.lstm[-1].output_size % self.attention_heads:
            raise OptionError(
                f"attention_heads={self.attention_heads} does not divide the {self.lstm[-1].output_size} features of "
                "the top layer. Choose a number that does."
            )
        check_integer("output_size", self.output_size, minimum=1)
        check_probability("head_dropout", self.head_dropout)
        check_integer("context_size", self.context_size, minimum=0)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values; the front's have its ``kind`` among them."""
        return {**record_to_dict(self), "front": {"kind": self.front.kind, **record_to_dict(self.front)}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from ``to_dict``'s result, or from some fields; the error for an unknown name suggests the nearest."""
        if not isinstance(values, Mapping):
            raise OptionError(f"{cls.__name__} is built from a mapping of its fields, got {type(values).__name__}.")
        converted = dict(values)
        if "front" in converted:
            converted["front"] = _front_from_dict(converted["front"])
        if "lstm" in converted:
            layers = converted["lstm"]
            layers = [layers] if isinstance(layers, Mapping) else layers
            if isinstance(layers, list | tuple):
                converted["lstm"] = [LSTMConfig.from_dict(layer) for layer in layers]
        if isinstance(converted.get("convolution"), Mapping):
            converted["convolution"] = record_from_dict(ConvolutionConfig, converted["convolution"])
        return record_from_dict(cls, converted)


def _front_from_dict(values: object) -> Front:
    if not isinstance(values, Mapping) or "kind" not in values:
        raise OptionError(f"front must be a mapping with a kind ({', '.join(FRONTS)}), got {values!r}.")
    check_choice("front kind", values["kind"], FRONTS)
    return record_from_dict(FRONTS[values["kind"]], {name: item for name, item in values.items() if name != "kind"})
