"""Which LSTM this is: the options that change the recurrence itself."""

from dataclasses import dataclass
from typing import Literal, get_args

from gatecell._core.checks import check_choice, check_flag, check_integer, check_probability
from gatecell._core.errors import OptionError

Precision = Literal["full", "bfloat16"]
PRECISIONS: tuple[str, ...] = get_args(Precision)

LAYER_NORM_EPSILON = 1e-5
"""Added to the variance in layer normalisation, as in ``torch.nn.LayerNorm``."""


@dataclass(frozen=True, kw_only=True)
class LSTMOptions:
    """The options of one LSTM layer, as in the normative equations (see ``reference.py``).

    Raises
    ------
    OptionError
        Where a value is out of its range.
    """

    input_size: int
    """I, the number of input features a step, at least 1."""
    hidden_size: int
    """H, the number of cells, at least 1."""
    proj_size: int = 0
    """P < H, the size of h after the projection h = R h (Sak, Senior & Beaufays 2014); 0: none, h has H values."""
    bias: bool = True
    """Whether z has a bias."""
    peephole: bool = False
    """Diagonal connections from the cell state to the gates (Gers & Schmidhuber 2000)."""
    coupled_gates: bool = False
    """i = 1 - f: three gates f, g, o instead of four (CIFG; Greff et al. 2017)."""
    layer_norm: bool = False
    """Layer normalisation of W x, of U h and of the cell state where it leaves the cell (Ba, Kiros & Hinton 2016)."""
    input_dropout: float = 0.0
    """Probability in [0, 1) to drop an input feature, one mask a sequence (Gal & Ghahramani 2016)."""
    recurrent_dropout: float = 0.0
    """Probability in [0, 1) to drop a feature of h_{t-1}, one mask a sequence; Keras's ``recurrent_dropout``."""
    zoneout_h: float = 0.0
    """Probability in [0, 1) that an element of h keeps its old value (Krueger et al. 2017)."""
    zoneout_c: float = 0.0
    """Probability in [0, 1) that an element of c keeps its old value."""
    precision: Precision = "full"
    """``"full"``: products of matrices are of the numbers as they are; ``"bfloat16"``: both sides are rounded to
    bfloat16 (8 bits of mantissa), in the backward pass too, and summed in the numbers of the weights. States, gates and
    weights stay as they are."""

    def __post_init__(self) -> None:
        check_integer("input_size", self.input_size, minimum=1)
        check_integer("hidden_size", self.hidden_size, minimum=1)
        check_integer("proj_size", self.proj_size, minimum=0)
        if self.proj_size >= self.hidden_size:
            raise OptionError(f"proj_size must be smaller than hidden_size ({self.hidden_size}), got {self.proj_size}.")
        for name in ("bias", "peephole", "coupled_gates", "layer_norm"):
            check_flag(name, getattr(self, name))
        for name in ("input_dropout", "recurrent_dropout", "zoneout_h", "zoneout_c"):
            check_probability(name, getattr(self, name))
        check_choice("precision", self.precision, PRECISIONS)

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates in the order in which their rows stand in W, U and b."""
        return ("f", "g", "o") if self.coupled_gates else ("i", "f", "g", "o")

    @property
    def peephole_gates(self) -> tuple[str, ...]:
        """The gates that see the cell state, in the order of the rows of the peephole weights."""
        return tuple(gate for gate in self.gates if gate != "g")

    @property
    def output_size(self) -> int:
        """The number of values in h: P with a projection, else H."""
        return self.proj_size or self.hidden_size

    @property
    def draws(self) -> bool:
        """Whether anything is drawn at random in training."""
        return bool(self.input_dropout or self.recurrent_dropout or self.zoneout_h or self.zoneout_c)
