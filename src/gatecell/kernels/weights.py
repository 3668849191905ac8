"""The parameters of one layer and direction."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from torch import Tensor

from gatecell.kernels.options import LSTMOptions


class LayerWeights(NamedTuple):
    """Tensors of one layer and direction; G gates (4, or 3 when coupled), K peephole gates (3, or 2), P output size."""

    input: Tensor
    """W, (G*H, I)"""
    recurrent: Tensor
    """U, (G*H, P)"""
    bias: Tensor | None = None
    """b, (G*H,)"""
    peephole: Tensor | None = None
    """p, (K, H), rows in the order of ``LSTMOptions.peephole_gates``"""
    norm_input: Tensor | None = None
    """gain of LN_x, (G*H,); its shift is b"""
    norm_recurrent: Tensor | None = None
    """gain of LN_h, (G*H,); its shift is b"""
    norm_cell: Tensor | None = None
    """gain and shift of LN_c, (2, H)"""
    projection: Tensor | None = None
    """R, (P, H)"""


def weight_shapes(options: LSTMOptions) -> dict[str, tuple[int, ...]]:
    """Return the shape of each field of ``LayerWeights`` that these options use, in the order of the fields."""
    hidden, rows = options.hidden_size, len(options.gates) * options.hidden_size
    shapes: dict[str, tuple[int, ...]] = {
        "input": (rows, options.input_size),
        "recurrent": (rows, options.output_size),
    }
    if options.bias:
        shapes["bias"] = (rows,)
    if options.peephole:
        shapes["peephole"] = (len(options.peephole_gates), hidden)
    if options.layer_norm:
        shapes |= {"norm_input": (rows,), "norm_recurrent": (rows,), "norm_cell": (2, hidden)}
    if options.proj_size:
        shapes["projection"] = (options.proj_size, hidden)
    return shapes


@lru_cache(maxsize=256)
def expected_shapes(options: LSTMOptions) -> tuple[tuple[int, ...] | None, ...]:
    """Return the shape of each field of ``LayerWeights``; ``None`` where these options do not use it."""
    shapes = weight_shapes(options)
    return tuple(shapes.get(field) for field in LayerWeights._fields)


def of_direction(parameters: Sequence[Tensor | None], index: int) -> Sequence[Tensor | None]:
    """Return the fields of one direction's ``LayerWeights`` from those of all in one row."""
    size = len(LayerWeights._fields)
    return parameters[index * size : (index + 1) * size]
