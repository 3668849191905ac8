"""The shapes that are measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Case:
    """One LSTM and one batch, float32."""

    name: str
    rows: int
    """B, sequences a batch."""
    steps: int
    """T."""
    input_size: int
    """I."""
    hidden_size: int
    """H."""
    num_layers: int = 1
    bidirectional: bool = False
    shortest: int | None = None
    """The shortest length of a ragged batch, whose lengths are uniform up to ``steps``; all rows full by default."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Keyword-only options of ``gatecell.nn.lstm.LSTM`` that ``torch.nn.LSTM`` lacks."""
    modes: tuple[str, ...] = ("train", "infer")
    tolerance: float = 1e-3
    """How far contenders' numbers may differ, as a fraction of the largest."""

    @property
    def bfloat16(self) -> bool:
        """Whether products are of numbers rounded to bfloat16."""
        return self.options.get("precision") == "bfloat16"

    def multiply_adds(self, counted_steps: int, *, training: bool) -> int:
        """Return the multiply-adds of the matrix products that are needed for this many steps, summed over rows.

        In training a step has W x + U h, the gradients of W and U, and the gradients of h through U and, in upper
        layers, of x through W; a projection the like. At a row's first step h is 0: nothing is needed of U.
        """
        directions = 2 if self.bidirectional else 1
        gates = 3 if self.options.get("coupled_gates") else 4
        outputs = self.options.get("proj_size") or self.hidden_size
        total = 0
        for layer in range(self.num_layers):
            inputs = self.input_size if layer == 0 else outputs * directions
            through_w = gates * self.hidden_size * inputs * counted_steps
            through_u = gates * self.hidden_size * outputs * (counted_steps - self.rows)
            through_r = outputs * self.hidden_size * counted_steps if self.options.get("proj_size") else 0
            total += directions * (through_w + through_u + through_r)
            if training:
                total += directions * ((2 if layer else 1) * through_w + 2 * (through_u + through_r))
        return total


SHAPES = (
    Case("digits", 64, 28, 28, 128),
    Case("reviews", 64, 500, 32, 100),
    Case("reviews, lengths 50..500", 64, 500, 32, 100, shortest=50),
    Case("text", 32, 100, 128, 128),
    Case("forecast", 32, 50, 1, 50),
    Case("language small", 20, 20, 200, 200),
    Case("language medium", 20, 35, 650, 650),
    Case("large", 128, 50, 512, 512),
    Case("text, 2 layers, both directions", 32, 100, 128, 128, num_layers=2, bidirectional=True),
    Case("one step", 1, 1, 32, 64, modes=("infer",)),
)

# rounding makes a step's values differ by 2^-9; contenders are those that do not round
BFLOAT16 = tuple(
    replace(case, name=f"{case.name}, bfloat16", options={"precision": "bfloat16"}, tolerance=3e-2)
    for case in SHAPES
    if case.name in ("digits", "reviews", "text", "forecast", "language medium", "large")
)

# over many steps layer normalisation magnifies what is rounded: of float64 our float32 and PyTorch's are up to 2e-3 off
OPTIONS = tuple(
    Case(
        f"text with {name}",
        *(32, 100, 128, 128),
        options={name: value},
        tolerance=1e-2 if name == "layer_norm" else Case.tolerance,
    )
    for name, value in {
        "recurrent_dropout": 0.25,
        "peephole": True,
        "coupled_gates": True,
        "zoneout_h": 0.1,
        "layer_norm": True,
        "proj_size": 64,
    }.items()
)
