"""Dropout: of single values, drawn sixteen bits a value, and of whole features or steps."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from gatecell.kernels.draws import device_generator
from gatecell.kernels.interception import has_numbers

_LEVELS = 1 << 16
_VALUES_A_DRAW = 4
"""PyTorch draws whole numbers of 64 bits, each of which decides about four values."""


def dropout(x: Tensor, p: float, training: bool = True, generator: torch.Generator | None = None) -> Tensor:
    """Return ``x`` with each value 0 with probability ``p``, the others divided by ``1 - p`` (Srivastava et al. 2014).

    On a CPU it takes a fraction of the time of ``torch.nn.functional.dropout``, which draws a number of its own for
    each value: between two layers that took as long as a layer. Elsewhere, and where a graph is made or a transform
    runs, that one runs.

    Parameters
    ----------
    x : Tensor of floating-point numbers, any shape
    p : float in [0, 1]
        On a CPU rounded to a multiple of 1/65536 below 1.
    training : bool
        False: ``x`` is returned as it is.
    generator : torch.Generator, optional
        Of the CPU; by default PyTorch's own.
    """
    if not training or not p:
        return x
    if p == 1.0:
        return functional.dropout(x, p)
    if not has_numbers(x):
        return functional.dropout(x, p) if generator is None else x * _mask(x, p, x.shape, generator)
    dropped = min(round(p * _LEVELS), _LEVELS - 1)
    n_draws = -(-x.numel() // _VALUES_A_DRAW)
    draws = torch.empty(n_draws, dtype=torch.int64, device=x.device).random_(-(2**63), None, generator=generator)
    bits = draws.view(torch.int16)[: x.numel()].view(x.shape)
    kept = (bits >= dropped - _LEVELS // 2).to(x.dtype)
    return x * kept.mul_(_LEVELS / (_LEVELS - dropped))


def dropout_together(x: Tensor, p: float, *shape: int, generator: torch.Generator | None = None) -> Tensor:
    """Return ``x`` with values dropped as a whole along the dimensions in which ``shape`` is 1.

    A mask of this shape is drawn as PyTorch's own dropout does: it has so few values that either way takes the same.
    ``p`` and ``generator`` are those of ``dropout``.
    """
    return x * _mask(x, p, shape, generator)


def _mask(x: Tensor, p: float, shape: Sequence[int], generator: torch.Generator | None) -> Tensor:
    if generator is None:
        return functional.dropout(x.new_ones(shape), p)
    drawn = x.new_empty(shape).bernoulli_(1 - p, generator=device_generator(generator, x.device))
    return drawn.div_(1 - p)
