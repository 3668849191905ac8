"""The native engine as operators of PyTorch, for ``torch.compile`` and ``torch.export``.

Both see an operator as one node: its shapes come from the fake kernels, its gradient from the autograd formula.
Outside of them the engine is called directly (``native.py``): passing through PyTorch's dispatcher takes longer than a
small LSTM.
"""

from typing import Any

import torch
from torch import Tensor

from gatecell.kernels import launch
from gatecell.kernels.launch import Call
from gatecell.kernels.options import PRECISIONS, LSTMOptions
from gatecell.kernels.weights import LayerWeights, weight_shapes

_FLAGS = ("bias", "peephole", "coupled_gates", "layer_norm")
_SIZES = ("input_size", "hidden_size", "proj_size")
_RATES = ("input_dropout", "recurrent_dropout", "zoneout_h", "zoneout_c")


def run_direction(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: LayerWeights,
    options: LSTMOptions,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    reverse: bool = False,
    training: bool = False,
    seed: Tensor | None = None,
    stream: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run one direction of one layer as an operator; see ``reference.run_direction``."""
    output, h_n, c_n, _ = torch.ops.gatecell.lstm_direction(
        x,
        h,
        c,
        [weight for weight in weights if weight is not None],
        lengths,
        mask,
        seed,
        *encode(options),
        reverse,
        training,
        stream,
    )
    return output, h_n, c_n


@torch.library.custom_op("gatecell::lstm_direction", mutates_args=(), device_types="cpu")
def _forward(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: list[Tensor],
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    integers: list[int],
    rates: list[float],
    reverse: bool,
    training: bool,
    stream: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    options = _options(integers, rates)
    call = Call(options, lengths, mask, (reverse,), training, seed, stream)
    results = launch.forward(
        call,
        x.contiguous(),
        h.contiguous()[None],
        c.contiguous()[None],
        _named(options, weights),
        save=True,
        saved_bytes=launch.most_saved_bytes(options, x.dtype, x.shape[0] * x.shape[1]),
    )
    return results.output, results.h[0], results.c[0], results.saved[0]


@_forward.register_fake
def _forward_fake(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: list[Tensor],
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    integers: list[int],
    rates: list[float],
    reverse: bool,
    training: bool,
    stream: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    options = _options(integers, rates)
    rows, steps, _ = x.shape
    saved = launch.most_saved_bytes(options, x.dtype, rows * steps)
    return (
        x.new_empty(rows, steps, options.output_size),
        torch.empty_like(h, memory_format=torch.contiguous_format),
        torch.empty_like(c, memory_format=torch.contiguous_format),
        x.new_empty(saved, dtype=torch.uint8),
    )


@torch.library.custom_op("gatecell::lstm_direction_backward", mutates_args=(), device_types="cpu")
def _backward(
    d_output: Tensor,
    d_h: Tensor,
    d_c: Tensor,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: list[Tensor],
    output: Tensor,
    saved: Tensor,
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    integers: list[int],
    rates: list[float],
    reverse: bool,
    training: bool,
    stream: int,
) -> list[Tensor]:
    options = _options(integers, rates)
    call = Call(options, lengths, mask, (reverse,), training, seed, stream)
    x, h, c = x.contiguous(), h.contiguous(), c.contiguous()
    found = launch.backward(
        call,
        x,
        h[None],
        c[None],
        _named(options, weights),
        output,
        [saved],
        d_output,
        d_h[None],
        d_c[None],
        need_x=True,
        need_h=True,
        need_c=True,
    )
    assert found.x is not None
    assert found.h is not None
    assert found.c is not None
    return [found.x, found.h[0], found.c[0], *(weight for weight in found.parameters if weight is not None)]


@_backward.register_fake
def _backward_fake(
    d_output: Tensor,
    d_h: Tensor,
    d_c: Tensor,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: list[Tensor],
    output: Tensor,
    saved: Tensor,
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    integers: list[int],
    rates: list[float],
    reverse: bool,
    training: bool,
    stream: int,
) -> list[Tensor]:
    return [torch.empty_like(value, memory_format=torch.contiguous_format) for value in (x, h, c, *weights)]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, h, c, weights, lengths, mask, seed, *ctx.rest = inputs
    ctx.save_for_backward(x, h, c, lengths, mask, seed, output[0], output[3], *weights)


def _gradients(ctx: Any, d_output: Tensor, d_h: Tensor, d_c: Tensor, _: Tensor) -> tuple[Any, ...]:
    x, h, c, lengths, mask, seed, output, saved, *weights = ctx.saved_tensors
    d_x, d_h, d_c, *d_weights = torch.ops.gatecell.lstm_direction_backward(
        d_output, d_h, d_c, x, h, c, weights, output, saved, lengths, mask, seed, *ctx.rest
    )
    return (d_x, d_h, d_c, d_weights, *[None] * 8)


_forward.register_autograd(_gradients, setup_context=_setup_context)


def encode(options: LSTMOptions) -> tuple[list[int], list[float]]:
    """Return the options as lists of numbers, which is what an operator takes."""
    flags = [int(getattr(options, name)) for name in _FLAGS]
    integers = [*(getattr(options, name) for name in _SIZES), *flags, PRECISIONS.index(options.precision)]
    return integers, [float(getattr(options, name)) for name in _RATES]


def _options(integers: list[int], rates: list[float]) -> LSTMOptions:
    *numbers, precision = integers
    values: dict[str, Any] = dict(zip((*_SIZES, *_FLAGS, *_RATES), (*numbers, *rates), strict=True))
    values |= {name: bool(values[name]) for name in _FLAGS} | {"precision": PRECISIONS[precision]}
    return LSTMOptions(**values)


def _named(options: LSTMOptions, weights: list[Tensor]) -> LayerWeights:
    values = (weight.contiguous() for weight in weights)
    return LayerWeights(**dict(zip(weight_shapes(options), values, strict=True)))
