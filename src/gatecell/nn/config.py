"""A network as data: frozen records with a JSON round trip; each default is stated here and nowhere else."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Self, get_args

from gatecell._core.checks import check_choice, check_integer, check_probability
from gatecell._core.errors import OptionError
from gatecell._core.records import record_from_dict, record_to_dict
from gatecell.kernels.dispatch import ENGINES
from gatecell.nn.lstm import LSTM

PoolingName = Literal["last", "mean", "max"]
POOLINGS: tuple[str, ...] = get_args(PoolingName)


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

    def __post_init__(self) -> None:
        check_integer("num_embeddings", self.num_embeddings, minimum=1)
        check_integer("embedding_dim", self.embedding_dim, minimum=1)
        check_probability("dropout", self.dropout)
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


Front = ValuesFront | EmbeddingFront
"""What may stand before the LSTM; ``gatecell.nn.front.build_front`` makes the module of each."""
FRONTS: dict[str, type[Front]] = {front.kind: front for front in get_args(Front)}
"""The fronts by the ``kind`` that stands in their JSON."""


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
    """Probability in [0, 1) to drop a value between two layers of this LSTM, each step by itself."""
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
    engine: str = "auto"
    """``"auto"``, or the name of the engine that must run; see ``gatecell.kernels.dispatch``."""

    def __post_init__(self) -> None:
        check_choice("engine", self.engine, ("auto", *ENGINES))
        # The layer's own checks, on the device without memory. Whether a named engine covers these options depends
        # on the true device, so that is left to the layer itself.
        LSTM(input_size=1, device="meta", **{**asdict(self), "engine": "auto"})

    @property
    def output_size(self) -> int:
        """The number of features a step that the next part gets."""
        return (self.proj_size or self.hidden_size) * (2 if self.bidirectional else 1)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        return record_to_dict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from ``to_dict``'s result, or from some fields; the error for an unknown name suggests the nearest."""
        return record_from_dict(cls, values)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """A whole network: front, LSTMs, pooling, head.

    Raises
    ------
    OptionError
        Where a value is out of its range.
    """

    front: Front
    """What turns the input into features."""
    lstm: tuple[LSTMConfig, ...]
    """The LSTMs, one after the other; at least one. A single one may be given without a tuple."""
    pooling: PoolingName = "last"
    """How the steps become one vector a row: ``"last"``, the final state of the top layer (of both directions);
    ``"mean"`` or ``"max"`` over the valid steps. The last is what the textbook networks have."""
    output_size: int
    """The number of outputs a row, at least 1."""
    head_dropout: float = 0.0
    """Probability in [0, 1) to drop a pooled value before the head."""

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
        check_choice("pooling", self.pooling, POOLINGS)
        check_integer("output_size", self.output_size, minimum=1)
        check_probability("head_dropout", self.head_dropout)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values; the front's have its ``kind`` among them."""
        return {**record_to_dict(self), "front": {"kind": self.front.kind, **record_to_dict(self.front)}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from ``to_dict``'s result, or from some fields; the error for an unknown name suggests the nearest."""
        converted = dict(values)
        if "front" in converted:
            converted["front"] = _front_from_dict(converted["front"])
        if "lstm" in converted:
            layers = converted["lstm"]
            layers = [layers] if isinstance(layers, Mapping) else layers
            converted["lstm"] = [LSTMConfig.from_dict(layer) for layer in layers]
        return record_from_dict(cls, converted)


def _front_from_dict(values: object) -> Front:
    if not isinstance(values, Mapping) or "kind" not in values:
        raise OptionError(f"front must be a mapping with a kind ({', '.join(FRONTS)}), got {values!r}.")
    check_choice("front kind", values["kind"], FRONTS)
    return record_from_dict(FRONTS[values["kind"]], {name: item for name, item in values.items() if name != "kind"})
