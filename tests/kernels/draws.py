"""Random LSTMs for tests of the engines."""

import torch
from hypothesis import strategies as st
from torch import Tensor

from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights, weight_shapes

SIZES = (1, 2, 7, 17)
flags = st.booleans()
rates = st.sampled_from((0.0, 0.3))


@st.composite
def lstm_options(draw: st.DrawFn, sizes: tuple[int, ...] = SIZES) -> LSTMOptions:
    hidden_size = draw(st.sampled_from(sizes))
    return LSTMOptions(
        input_size=draw(st.sampled_from(sizes)),
        hidden_size=hidden_size,
        proj_size=draw(st.sampled_from((0, hidden_size // 2))),
        bias=draw(flags),
        peephole=draw(flags),
        coupled_gates=draw(flags),
        layer_norm=draw(flags),
        input_dropout=draw(rates),
        recurrent_dropout=draw(rates),
        zoneout_h=draw(rates),
        zoneout_c=draw(rates),
    )


def random_weights(
    options: LSTMOptions, generator: torch.Generator, dtype: torch.dtype = torch.float64
) -> LayerWeights:
    def draw(shape: tuple[int, ...]) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype) * 0.5

    return LayerWeights(**{field: draw(shape) for field, shape in weight_shapes(options).items()})


def random_input(
    options: LSTMOptions, rows: int, steps: int, generator: torch.Generator, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor, Tensor]:
    """Return x (B, T, I), h (B, P), c (B, H)."""
    shapes = ((rows, steps, options.input_size), (rows, options.output_size), (rows, options.hidden_size))
    x, h, c = (torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes)
    return x, h, c
