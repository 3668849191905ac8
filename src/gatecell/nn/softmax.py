"""The cross-entropy of a linear layer over many classes, without ever holding all of its outputs."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import cross_entropy, linear

from gatecell.kernels.options import Precision

_CHUNK_ELEMENTS = 2**20
"""Outputs that are held at a time: 4 MB in float32, which stay in a processor's cache between the passes over them.
With less, the gradient of the weights is added to too often."""


def linear_cross_entropy(
    features: Tensor, weight: Tensor, bias: Tensor | None, target: Tensor, *, precision: Precision = "full"
) -> Tensor:
    """Return the sum of ``cross_entropy(linear(features, weight, bias), target)`` over all rows.

    The outputs are computed some rows at a time, and, where a gradient is wanted, turned into it at once: of the
    ``(N, V)`` outputs, softmax and gradients, which PyTorch's own functions write and read several times, only a part
    that fits a cache is ever there. A gradient that is to have one itself (``create_graph=True``) is PyTorch's own.

    Parameters
    ----------
    features : (N, P)
    weight : (V, P)
    bias : (V,), optional
    target : (N,) int64, in 0..V - 1
    precision : "full" or "bfloat16"
        Of the products, of the outputs that they give and of the gradients that go into the next ones; the softmax,
        the loss and the sums over chunks are as exact as ``features`` are. Where the processor multiplies bfloat16,
        a step takes half the time.

    Returns
    -------
    Tensor
        A single number, in the numbers of ``features``.
    """
    total: Tensor = _LinearCrossEntropy.apply(  # type: ignore[no-untyped-call]
        features, weight, bias, target, torch.is_grad_enabled(), precision == "bfloat16"
    )
    return total


class _LinearCrossEntropy(Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        target: Tensor,
        differentiable: bool,
        rounded: bool,
    ) -> Tensor:
        wanted = [differentiable and needed for needed in ctx.needs_input_grad[:3]]
        grads = _Gradients(features, weight, bias, wanted, rounded)
        total = features.new_zeros(())
        n_rows = max(1, _CHUNK_ELEMENTS // len(weight))
        held = features.new_empty(min(n_rows, len(features)), len(weight))
        for start in range(0, len(features), n_rows):
            rows = slice(start, start + n_rows)
            classes = target[rows, None]
            outputs = grads.outputs(rows, held[: len(classes)])
            own, largest = outputs.gather(1, classes), outputs.amax(1, keepdim=True)
            torch.softmax(outputs, 1, out=outputs)
            # -log of the class's own probability, by way of the largest one, which cannot be rounded to 0
            total += (largest - outputs.amax(1, keepdim=True).log() - own).sum()
            if any(wanted):
                outputs.scatter_add_(1, classes, outputs.new_full(classes.shape, -1.0))
                grads.add(rows, outputs)
        ctx.grads = grads.values
        ctx.save_for_backward(features, weight, bias, target)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            return _differentiable(ctx, grad)
        scale = float(grad)
        # the tensors are this function's own and are given away, so they are scaled where they lie
        scaled = [None if value is None else value if scale == 1.0 else value.mul_(scale) for value in ctx.grads]
        ctx.grads = ()
        return (*scaled, None, None, None)


def _differentiable(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    *inputs, target = ctx.saved_tensors
    wanted = [item for item, needed in zip(inputs, ctx.needs_input_grad, strict=False) if needed]
    total = cross_entropy(linear(*inputs), target, reduction="sum")
    found = iter(torch.autograd.grad(total, wanted, grad, create_graph=True))
    return (*(next(found) if needed else None for needed in ctx.needs_input_grad[:3]), None, None, None)


class _Gradients:
    """The products of a layer: its outputs, and the gradients of features, weight and bias, added up by chunks."""

    def __init__(
        self, features: Tensor, weight: Tensor, bias: Tensor | None, wanted: list[bool], rounded: bool
    ) -> None:
        self._rounded, self._bias = rounded, bias
        self._features, self._weight = (item.bfloat16() if rounded else item for item in (features, weight))
        self.values = [
            torch.empty_like(features) if wanted[0] else None,
            torch.zeros_like(weight) if wanted[1] else None,
            torch.zeros_like(bias) if bias is not None and wanted[2] else None,
        ]

    def outputs(self, rows: slice, out: Tensor) -> Tensor:
        """Return the outputs of some rows ``(n, V)``, in the memory of ``out``."""
        features, weight = self._features[rows], self._weight.t()
        if self._rounded:
            out.copy_(torch.mm(features, weight))
            return out if self._bias is None else out.add_(self._bias)
        if self._bias is None:
            return torch.mm(features, weight, out=out)
        return torch.addmm(self._bias, features, weight, out=out)

    def add(self, rows: slice, outputs: Tensor) -> None:
        """Add what the gradient of some rows' outputs ``(n, V)`` gives."""
        of_features, of_weight, of_bias = self.values
        if of_bias is not None:
            of_bias += outputs.sum(0)
        if self._rounded:
            outputs = outputs.bfloat16()
            if of_features is not None:
                of_features[rows] = torch.mm(outputs, self._weight)
            if of_weight is not None:
                of_weight += torch.mm(outputs.t(), self._features[rows])
            return
        if of_features is not None:
            torch.mm(outputs, self._weight, out=of_features[rows])
        if of_weight is not None:
            of_weight.addmm_(outputs.t(), self._features[rows])
