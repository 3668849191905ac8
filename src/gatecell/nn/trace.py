"""What happens inside: the gates and states of every step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gatecell.kernels import reference
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights

Direction = tuple[int, bool, LayerWeights]
"""Index among the states, whether reverse, weights."""


@dataclass(frozen=True)
class LayerTrace:
    """The values of every step of one layer and direction, each (B, T, H), ``h`` (B, T, P).

    Step ``t`` stands at index ``t``, in a reverse direction too. At a step that does not count, ``c`` and ``h`` are
    carried, and the gates are those that had no effect.
    """

    layer: int
    """Index of the layer, 0 being next to the input."""
    reverse: bool
    """Whether this is the reverse direction."""
    i: Tensor
    """Input gate, in (0, 1)."""
    f: Tensor
    """Forget gate, in (0, 1)."""
    g: Tensor
    """Candidate, in (-1, 1)."""
    o: Tensor
    """Output gate, in (0, 1)."""
    c: Tensor
    """Cell state after the step."""
    h: Tensor
    """Hidden state after the step."""


def trace_stack(
    x: Tensor,
    hx: tuple[Tensor, Tensor],
    layers: Sequence[tuple[LSTMOptions, Sequence[Direction]]],
    mask: Tensor | None,
) -> Iterator[tuple[int, bool, list[Tensor]]]:
    """Yield (layer, whether reverse, values i, f, g, o, c, h) for each layer and direction.

    Parameters
    ----------
    x : (B, T, I), T at least 1
    hx : (h_0, c_0)
        (L * D, B, P) and (L * D, B, H).
    layers
        The options and the directions of each layer.
    mask : (B, T) bool, optional
        Which steps count.
    """
    for layer, (options, directions) in enumerate(layers):
        outputs = []
        for index, reverse, weights in directions:
            steps = dict(reference.unroll(x, hx[0][index], hx[1][index], weights, options, mask=mask, reverse=reverse))
            columns = zip(*(steps[t] for t in range(x.shape[1])), strict=True)
            values = [torch.stack(column, dim=1) for column in columns]
            yield layer, reverse, values
            outputs.append(values[-1] if mask is None else values[-1] * mask[..., None])
        x = torch.cat(outputs, dim=2)
