"""The cross-entropy of a linear layer over many classes, without ever holding all of its outputs."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import cross_entropy

from gatecell.kernels.options import Precision
from gatecell.nn.products import linear

_CHUNK_ELEMENTS = 2**22
"""Outputs that are held at a time: 16 MB in float32. With less, products are small and the gradient of the weights is
added to too often; more would leave every cache between the passes over them."""
_ROUNDED_CHUNKS = 4
"""Chunks whose gradients are held in bfloat16 until they go into products together, which take less time so."""


def linear_cross_entropy(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    target: Tensor,
    *,
    scale: float = 1.0,
    precision: Precision = "full",
) -> Tensor:
    """Return the sum of ``cross_entropy(linear(features, weight, bias), target)`` over all rows, times ``scale``.

    The outputs are computed some rows at a time, and, where a gradient is wanted, turned into it at once: of the
    ``(N, V)`` outputs, softmax and gradients, which PyTorch's own functions write and read several times, only a part
    that fits a cache is ever there. A gradient that is to have one itself (``create_graph=True``) is PyTorch's own.

    Parameters
    ----------
    features : (N, P)
    weight : (V, P)
    bias : (V,), optional
    target : (N,) int64, in 0..V - 1
    scale : float
        Here it takes no time; after the function, it is a pass over the gradient of the weights.
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
        features, weight, bias, target, scale, precision == "bfloat16", torch.is_grad_enabled()
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
        scale: float,
        rounded: bool,
        differentiable: bool,
    ) -> Tensor:
        wanted = [differentiable and needed for needed in ctx.needs_input_grad[:3]]
        layer = (_RoundedLayer if rounded else _Layer)(features, weight, bias, wanted, scale)
        total = features.new_zeros(())
        n_rows = max(1, _CHUNK_ELEMENTS // len(weight))
        for start in range(0, len(features), n_rows):
            rows = slice(start, start + n_rows)
            classes = target[rows, None]
            outputs = layer.outputs(rows)
            own, largest = outputs.gather(1, classes), outputs.amax(1, keepdim=True)
            torch.softmax(outputs, 1, out=outputs)
            # -log of the class's own probability, by way of the largest one, which cannot be rounded to 0
            total += (largest - outputs.amax(1, keepdim=True).log() - own).sum()
            if any(wanted):
                outputs.scatter_add_(1, classes, outputs.new_full(classes.shape, -1.0))
                layer.add(rows, outputs)
        ctx.grads, ctx.scale = layer.gradients(), scale
        ctx.save_for_backward(features, weight, bias, target)
        return total.mul_(scale)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            return _differentiable(ctx, grad)
        scale = float(grad)
        # the tensors are this function's own and are given away, so they are scaled where they lie
        scaled = [None if value is None else value if scale == 1.0 else value.mul_(scale) for value in ctx.grads]
        ctx.grads = ()
        return (*scaled, None, None, None, None)


def _differentiable(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    *inputs, target = ctx.saved_tensors
    wanted = [item for item, needed in zip(inputs, ctx.needs_input_grad, strict=False) if needed]
    total = cross_entropy(torch.nn.functional.linear(*inputs), target, reduction="sum") * ctx.scale
    found = iter(torch.autograd.grad(total, wanted, grad, create_graph=True))
    return (*(next(found) if needed else None for needed in ctx.needs_input_grad[:3]), None, None, None, None)


class _Layer:
    """A linear layer, chunk by chunk: its outputs, and what their gradients give for features, weight and bias.

    The gradients are times ``scale``: that of the weight by way of the features, which are fewer.
    """

    def __init__(self, features: Tensor, weight: Tensor, bias: Tensor | None, wanted: list[bool], scale: float) -> None:
        self._features, self._weight, self._bias = features, weight, bias
        self._scaled = features if scale == 1.0 else features * scale
        self._scale = scale
        self._of_features = torch.empty_like(features) if wanted[0] else None
        self._of_weight = torch.zeros_like(weight) if wanted[1] else None
        self._of_bias = torch.zeros_like(bias) if bias is not None and wanted[2] else None

    def outputs(self, rows: slice) -> Tensor:
        """Return the outputs of some rows ``(n, V)``."""
        return linear(self._features[rows], self._weight, self._bias)

    def add(self, rows: slice, outputs: Tensor) -> None:
        """Take the gradient of some rows' outputs ``(n, V)``."""
        if self._of_bias is not None:
            self._of_bias += outputs.sum(0)
        self._multiply(rows, outputs)

    def _multiply(self, rows: slice, outputs: Tensor) -> None:
        if self._of_features is not None:
            self._of_features[rows] = linear(outputs, self._weight.t())
        if self._of_weight is not None:
            # (P, V) turned round, not (V, P): products are faster with the short side as rows
            self._of_weight += linear(self._scaled[rows].t(), outputs.t()).t()

    def gradients(self) -> list[Tensor | None]:
        """Return the gradients of features, weight and bias."""
        for grad in (self._of_features, self._of_bias):
            if grad is not None and self._scale != 1.0:
                grad.mul_(self._scale)
        return [self._of_features, self._of_weight, self._of_bias]


class _RoundedLayer(_Layer):
    """The same in bfloat16: gradients are gathered until there are enough of them for a product worth its time."""

    def __init__(self, features: Tensor, weight: Tensor, bias: Tensor | None, wanted: list[bool], scale: float) -> None:
        super().__init__(features, weight, bias, wanted, scale)
        self._rounded = features.bfloat16(), weight.bfloat16()
        self._scaled = self._scaled.bfloat16()
        self._gathered: list[Tensor] = []
        self._first = 0

    def outputs(self, rows: slice) -> Tensor:
        """Return the outputs of some rows ``(n, V)``."""
        features, weight = self._rounded
        rounded = torch.mm(features[rows], weight.t())
        return rounded.to(self._features.dtype) if self._bias is None else rounded + self._bias

    def _multiply(self, rows: slice, outputs: Tensor) -> None:
        self._gathered.append(outputs.bfloat16())
        if len(self._gathered) == _ROUNDED_CHUNKS:
            self._multiply_gathered()

    def _multiply_gathered(self) -> None:
        outputs = torch.cat(self._gathered)
        rows = slice(self._first, self._first + len(outputs))
        if self._of_features is not None:
            self._of_features[rows] = torch.mm(outputs, self._rounded[1])
        if self._of_weight is not None:
            self._of_weight += torch.mm(outputs.t(), self._scaled[rows])
        self._gathered, self._first = [], rows.stop

    def gradients(self) -> list[Tensor | None]:
        """Return the gradients of features, weight and bias."""
        if self._gathered:
            self._multiply_gathered()
        return super().gradients()
