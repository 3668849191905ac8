"""Dropout: of single values, drawn sixteen bits a value, and of whole features or steps."""

import torch
from torch import Tensor
from torch.nn import functional

_LEVELS = 1 << 16
_VALUES_A_DRAW = 4
"""PyTorch draws whole numbers of 64 bits, each of which decides about four values."""


def dropout(x: Tensor, p: float, training: bool = True) -> Tensor:
    """Return ``x`` with each value 0 with probability ``p``, the others divided by ``1 - p`` (Srivastava et al. 2014).

    On a CPU it takes a fraction of the time of ``torch.nn.functional.dropout``, which draws a number of its own for
    each value: between two layers that took as long as a layer. Elsewhere, and where a graph is traced, that one runs.

    Parameters
    ----------
    x : Tensor of floating-point numbers, any shape
    p : float in [0, 1)
        On a CPU rounded to a multiple of 1/65536 below 1.
    training : bool
        False: ``x`` is returned as it is.
    """
    if not training or not p:
        return x
    if x.device.type != "cpu" or torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined,no-untyped-call]
        return functional.dropout(x, p)
    dropped = min(round(p * _LEVELS), _LEVELS - 1)
    n_draws = -(-x.numel() // _VALUES_A_DRAW)
    draws = torch.empty(n_draws, dtype=torch.int64, device=x.device).random_(-(2**63), None)
    bits = draws.view(torch.int16)[: x.numel()].view(x.shape)
    kept = (bits >= dropped - _LEVELS // 2).to(x.dtype)
    return x * kept.mul_(_LEVELS / (_LEVELS - dropped))


def dropout_together(x: Tensor, p: float, *shape: int) -> Tensor:
    """Return ``x`` with values dropped as a whole along the dimensions in which ``shape`` is 1; ``p`` as ``dropout``.

    A mask of this shape is drawn, by PyTorch's own dropout: it has so few values that either way takes the same.
    """
    return x * functional.dropout(x.new_ones(shape), p)
